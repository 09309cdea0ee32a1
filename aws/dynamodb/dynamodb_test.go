package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/aws/dynamodb"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/middleware/storetest"
	"github.com/pay-theory/streamer/lift/sigv4"
)

func TestMain(m *testing.M) { dynamodbtest.Main(m) }

var tables atomic.Int64

func credentials(context.Context) (sigv4.Credentials, error) {
	return sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
}

func client(t *testing.T, transport http.RoundTripper) *call.Client {
	t.Helper()
	c, err := call.New(call.Config{Service: "dynamodb", Region: "us-east-1", Credentials: credentials, Endpoint: dynamodbtest.Endpoint(t), Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// table is one of the test's own, made as the package's documentation has it.
func table(t *testing.T, transport http.RoundTripper) dynamodb.Table {
	t.Helper()
	name := fmt.Sprintf("guard-%d-%d", os.Getpid(), tables.Add(1))
	c := client(t, nil)
	_, err := call.JSON[struct{}](t.Context(), c, "DynamoDB_20120810.CreateTable", map[string]any{
		"TableName": name, "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": []any{map[string]string{"AttributeName": "pk", "AttributeType": "S"}},
		"KeySchema":            []any{map[string]string{"AttributeName": "pk", "KeyType": "HASH"}},
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if transport != nil {
		c = client(t, transport)
	}
	return dynamodb.Table{Name: name, Client: c}
}

func idempotency(t *testing.T, table dynamodb.Table, now func() time.Time) *dynamodb.Idempotency {
	t.Helper()
	s, err := dynamodb.NewIdempotency(dynamodb.IdempotencyConfig{Table: table, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestIdempotencyStore(t *testing.T) {
	t.Parallel()
	storetest.Idempotency(t, func(t *testing.T, clock *storetest.Clock) middleware.IdempotencyStore {
		return idempotency(t, table(t, nil), clock.Now)
	})
}

func TestRateLimiter(t *testing.T) {
	t.Parallel()
	storetest.Limiter(t, func(t *testing.T, clock *storetest.Clock) middleware.Limiter {
		l, err := dynamodb.NewRateLimit(dynamodb.RateLimitConfig{Table: table(t, nil), Rate: 2, Burst: 3, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		return l
	})
}

// Two environments of a function, each with a client of its own, answer a request
// once.
func TestEnvironmentsShareAnswers(t *testing.T) {
	t.Parallel()
	shared := table(t, nil)
	calls := 0
	environment := func() *lift.App {
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
		app.Use(middleware.Idempotency(middleware.IdempotencyConfig{Store: idempotency(t, shared, nil), Lease: time.Minute}))
		app.HTTP("POST /", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
			calls++
			return &lift.Response{Status: 201, Body: fmt.Appendf(nil, "order %d", calls)}, nil
		}))
		return app
	}
	for n, replayed := range []string{"", "true"} {
		answer := lifttest.Invoke(t.Context(), t, environment(), lifttest.HTTP{Method: "POST", Header: http.Header{"Idempotency-Key": {"k"}}})
		if answer.Status != 201 || string(answer.Body) != "order 1" || answer.Header.Get("Idempotency-Replayed") != replayed {
			t.Errorf("environment %d: got %d %s, replayed %q", n, answer.Status, answer.Body, answer.Header.Get("Idempotency-Replayed"))
		}
	}
}

// lostAnswers loses the answer of the first call that it passes on, so that it is
// made again.
type lostAnswers struct{ calls atomic.Int64 }

func (l *lostAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && l.calls.Add(1)%2 == 1 {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return nil, errors.New("the connection was lost")
	}
	return res, err
}

// A write whose answer was lost is made again, and does not refuse its own first
// attempt.
func TestAnswersThatAreLost(t *testing.T) {
	t.Parallel()
	s := idempotency(t, table(t, new(lostAnswers)), nil)
	claim, err := s.Begin(t.Context(), "k", [32]byte{1}, time.Minute)
	if err != nil || claim.Token == "" {
		t.Fatalf("Begin: got %+v, %v; want a claim", claim, err)
	}
	if err := s.Complete(t.Context(), "k", claim.Token, []byte("answer"), time.Hour); err != nil {
		t.Errorf("Complete: got %v", err)
	}
	second, err := s.Begin(t.Context(), "other", [32]byte{1}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Release(t.Context(), "other", second.Token); err != nil {
		t.Errorf("Release: got %v", err)
	}
}

// What cannot be stored is an error, and no panic and no lost claim.
func TestFaults(t *testing.T) {
	t.Parallel()
	good := table(t, nil)
	s := idempotency(t, good, nil)
	claim, err := s.Begin(t.Context(), "k", [32]byte{1}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Complete(t.Context(), "k", claim.Token, make([]byte, 400<<10), time.Hour); err == nil || !strings.Contains(err.Error(), "409600 bytes") {
		t.Errorf("an answer that is too long: got %v", err)
	}
	missing := dynamodb.Table{Name: "no-such-table", Client: good.Client}
	lost := idempotency(t, missing, nil)
	if _, err := lost.Begin(t.Context(), "k", [32]byte{}, time.Minute); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") {
		t.Errorf("Begin without a table: got %v", err)
	}
	if err := lost.Complete(t.Context(), "k", "t", nil, time.Hour); err == nil || errors.Is(err, middleware.ErrClaimLost) {
		t.Errorf("Complete without a table: got %v", err)
	}
	if err := lost.Release(t.Context(), "k", "t"); err == nil {
		t.Error("Release without a table: got no error")
	}
	limit, err := dynamodb.NewRateLimit(dynamodb.RateLimitConfig{Table: missing, Rate: .5})
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := limit.Allow(t.Context(), "k"); err == nil || ok {
		t.Errorf("Allow without a table: got %t, %v", ok, err)
	}
	for name, cfg := range map[string]dynamodb.RateLimitConfig{
		"no table": {Rate: 1}, "no client": {Rate: 1, Table: dynamodb.Table{Name: "x"}},
		"no rate": {Table: good}, "a negative burst": {Table: good, Rate: 1, Burst: -1}, "too often": {Table: good, Rate: 1e7},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := dynamodb.NewRateLimit(cfg); err == nil {
				t.Error("got no error")
			}
		})
	}
	if _, err := dynamodb.NewIdempotency(dynamodb.IdempotencyConfig{}); err == nil {
		t.Error("NewIdempotency without a table: got no error")
	}
}
