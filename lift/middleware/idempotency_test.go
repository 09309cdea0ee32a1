package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// A counted app answers each call with its number, guarded by Idempotency.
type counted struct {
	*lift.App
	log   lifttest.Log
	now   atomic.Int64 // seconds after lifttest.When
	calls atomic.Int64
	do    lift.HandlerFunc // instead of the number, when set
}

func newCounted(change func(*middleware.IdempotencyConfig)) *counted {
	c := new(counted)
	cfg := middleware.IdempotencyConfig{
		Store: middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{
			Now: func() time.Time { return lifttest.When.Add(time.Duration(c.now.Load()) * time.Second) },
		}),
		Lease: time.Minute,
	}
	if change != nil {
		change(&cfg)
	}
	claims := func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			if user := e.Header("X-User"); user != "" {
				issuer := e.Header("X-Issuer")
				e.Claims = &lift.Claims{Issuer: issuer, Subject: user}
			}
			return next.Handle(ctx, e)
		})
	}
	h := lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		n := c.calls.Add(1)
		if c.do != nil {
			return c.do(ctx, e)
		}
		return &lift.Response{Status: 201, Header: http.Header{"X-N": {fmt.Sprint(n)}, "Set-Cookie": {"a=1", "b=2"}}, Body: []byte{0xff, byte(n)}}, nil
	})
	c.App = lift.New(lift.Config{Logger: c.log.Logger()})
	c.App.Use(middleware.Recover(), claims, middleware.Idempotency(cfg))
	c.App.HTTP("/things", h)
	c.App.HTTP("/others", h)
	c.App.DynamoDB(h)
	c.App.Schedule(h)
	c.App.Kinesis(h)
	c.App.SQS(h)
	c.App.SNS(h)
	c.App.S3(h)
	c.App.EventBridge("Example", h)
	return c
}

func (c *counted) post(t *testing.T, path, key, user, body string) lifttest.Answer {
	t.Helper()
	header := http.Header{}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	if user != "" {
		header.Set("X-User", user)
	}
	return lifttest.Invoke(t.Context(), t, c.App, lifttest.HTTP{Method: "POST", Path: path, Header: header, Body: []byte(body)})
}

// Callers with one key are told apart by issuer, subject and key, each with its length:
// what stands in one never runs into the next.
func TestIdempotencyKeysOfCallers(t *testing.T) {
	t.Parallel()
	c := newCounted(nil)
	for n, caller := range []struct{ issuer, user, key string }{
		{"iss", "ada", "k1"}, {"other", "ada", "k1"}, {"issa", "da", "k1"}, {"iss", "adak", "1"}, {"iss", "ad", "ak1"},
		{"iss a", "b", "k1"}, {"iss", "a b", "k1"}, {"iss", "a", "b k1"},
	} {
		t.Run(fmt.Sprint(caller), func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, c.App, lifttest.HTTP{Method: "POST", Path: "/things",
				Header: http.Header{"Idempotency-Key": {caller.key}, "X-User": {caller.user}, "X-Issuer": {caller.issuer}}})
			if want := fmt.Sprint(n + 1); answer.Status != 201 || answer.Header.Get("X-N") != want {
				t.Errorf("got %d of call %s, want an answer of its own, of call %s", answer.Status, answer.Header.Get("X-N"), want)
			}
		})
	}
}

func TestIdempotencyOfRequests(t *testing.T) {
	t.Parallel()
	c := newCounted(nil)
	first := c.post(t, "/things", "k", "ada", "1")
	again := c.post(t, "/things", "k", "ada", "1")
	if first.Status != 201 || first.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("first %d %v", first.Status, first.Header)
	}
	if again.Status != 201 || !bytes.Equal(again.Body, first.Body) || again.Header.Get("X-N") != "1" ||
		len(again.Header["Set-Cookie"]) != 2 || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again %d %v %v", again.Status, again.Header, again.Body)
	}
	if answer := c.post(t, "/things", "k", "ada", "2"); answer.Status != 422 || answer.Header.Get("Retry-After") != "" {
		t.Errorf("another payload: %d %v", answer.Status, answer.Header)
	}
	if answer := c.post(t, "/things?x=1", "k", "ada", "1"); answer.Status != 422 {
		t.Errorf("another query: got %d, want 422", answer.Status)
	}
	for name, call := range map[string]func() lifttest.Answer{
		"another user":    func() lifttest.Answer { return c.post(t, "/things", "k", "eve", "1") },
		"nobody":          func() lifttest.Answer { return c.post(t, "/things", "k", "", "1") },
		"another route":   func() lifttest.Answer { return c.post(t, "/others", "k", "ada", "1") },
		"another key":     func() lifttest.Answer { return c.post(t, "/things", "l", "ada", "1") },
		"without key":     func() lifttest.Answer { return c.post(t, "/things", "", "ada", "1") },
		"without key, II": func() lifttest.Answer { return c.post(t, "/things", "", "ada", "1") },
		"GET": func() lifttest.Answer {
			return lifttest.Invoke(t.Context(), t, c.App, lifttest.HTTP{Path: "/things", Header: http.Header{"Idempotency-Key": {"k"}, "X-User": {"ada"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := c.calls.Load()
			if answer := call(); answer.Status != 201 || c.calls.Load() != before+1 {
				t.Errorf("%s: %d, %d calls", name, answer.Status, c.calls.Load()-before)
			}
		})
	}
	c.now.Store(24*3600 + 1)
	if answer := c.post(t, "/things", "k", "ada", "2"); answer.Status != 201 {
		t.Errorf("after a day: %d", answer.Status)
	}
}

func TestIdempotencyOfDeliveries(t *testing.T) {
	t.Parallel()
	c := newCounted(nil)
	deleted := lifttest.S3{Objects: []lifttest.S3Object{{Event: "ObjectRemoved:Delete", Key: "a"}, {Event: "ObjectRemoved:Delete", Key: "b"}}}.Payload()
	for range 2 {
		for _, event := range []lifttest.Event{
			lifttest.Stream{Records: make([]lifttest.Record, 2)}, lifttest.Schedule{},
			lifttest.Kinesis{Records: make([]lifttest.KinesisRecord, 2)}, lifttest.SQS{Messages: make([]lifttest.SQSMessage, 2)},
			lifttest.SNS{}, lifttest.EventBridge{},
			// Two objects of one request:
			lifttest.Raw(bytes.ReplaceAll(deleted, []byte("C3D13FE58DE4C801"), []byte("C3D13FE58DE4C800"))),
		} {
			if answer := lifttest.Invoke(t.Context(), t, c.App, event); answer.Err != nil || answer.Failed != nil {
				t.Errorf("answer %+v", answer)
			}
		}
	}
	if c.calls.Load() != 11 {
		t.Errorf("%d calls", c.calls.Load())
	}
}

func TestIdempotencyFailures(t *testing.T) {
	t.Parallel()
	c := newCounted(nil)
	for name, do := range map[string]lift.HandlerFunc{
		"error": func(context.Context, *lift.Event) (*lift.Response, error) { return nil, errors.New("boom") },
		"refusal": func(context.Context, *lift.Event) (*lift.Response, error) {
			return nil, lift.Errorf(lift.CodeNotFound, "no")
		},
		"panic": func(context.Context, *lift.Event) (*lift.Response, error) { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			c.do = do
			if answer := c.post(t, "/things", name, "", ""); answer.Status < 400 {
				t.Errorf("%s: %d", name, answer.Status)
			}
			c.do = nil
			if answer := c.post(t, "/things", name, "", ""); answer.Status != 201 || answer.Header.Get("Idempotency-Replayed") != "" {
				t.Errorf("after %s: %d", name, answer.Status)
			}
		})
	}
	c.do = func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil }
	c.post(t, "/things", "nothing", "", "")
	if answer := c.post(t, "/things", "nothing", "", ""); answer.Status != 204 || answer.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("an answer of nothing: %d %v", answer.Status, answer.Header)
	}
}

func TestIdempotencyWhileTheFirstCallRuns(t *testing.T) {
	t.Parallel()
	c := newCounted(nil)
	running, finish := make(chan bool), make(chan bool)
	c.do = func(context.Context, *lift.Event) (*lift.Response, error) {
		running <- true
		<-finish
		return &lift.Response{Status: 201}, nil
	}
	var first sync.WaitGroup
	first.Go(func() { c.post(t, "/things", "k", "", "") })
	<-running
	if answer := c.post(t, "/things", "k", "", ""); answer.Status != 409 || answer.Header.Get("Retry-After") != "1" {
		t.Errorf("the second call: %d %v", answer.Status, answer.Header)
	}
	// The lease ends: the first call is taken for dead, and its late answer does
	// not take the place of the second's.
	c.now.Store(61)
	var second sync.WaitGroup
	second.Go(func() { c.post(t, "/things", "k", "", "") })
	<-running
	finish <- true
	first.Wait()
	if line := c.log.Line(t, "idempotent answer not stored"); line["error"] != middleware.ErrClaimLost.Error() {
		t.Errorf("line %v", line)
	}
	if answer := c.post(t, "/things", "k", "", ""); answer.Status != 409 {
		t.Errorf("while the second runs: %d", answer.Status)
	}
	finish <- true
	second.Wait()
	if answer := c.post(t, "/things", "k", "", ""); answer.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("after all: %d", answer.Status)
	}
}

// 64 callers with the same key at the same time: one call, and each caller has
// its answer or is told to come back.
// A streamed answer is kept whole, and repeated.
func TestIdempotencyOfAStream(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger(), Streaming: []lift.GatewayKind{lift.GatewayFunctionURL}})
	app.Use(middleware.Idempotency(middleware.IdempotencyConfig{
		Store: middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{}), Lease: time.Minute,
	}))
	runs := 0
	app.HTTP("POST /", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Stream: func(w io.Writer) error {
			runs++
			_, err := io.WriteString(w, "abcd")
			return err
		}}, nil
	}))
	for _, replayed := range []string{"", "true"} {
		answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{
			Via: lifttest.FunctionURL, Method: http.MethodPost, Header: http.Header{"Idempotency-Key": {"k"}},
		})
		if answer.Status != 200 || string(answer.Body) != "abcd" || runs != 1 || answer.Header.Get("Idempotency-Replayed") != replayed {
			t.Errorf("got %d %q after %d runs, replayed %q", answer.Status, answer.Body, runs, answer.Header.Get("Idempotency-Replayed"))
		}
	}
}

func TestIdempotencyStampede(t *testing.T) {
	t.Parallel()
	c := newCounted(nil)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if answer := c.post(t, "/things", "k", "ada", "1"); answer.Status != 201 && answer.Status != 409 {
				t.Errorf("answer %d", answer.Status)
			}
		})
	}
	wg.Wait()
	if c.calls.Load() != 1 {
		t.Errorf("%d calls", c.calls.Load())
	}
}

// brokenStore fails where it is told to.
type brokenStore struct{ begin, complete, release error }

func (s brokenStore) Begin(context.Context, string, [32]byte, time.Duration) (middleware.IdempotencyClaim, error) {
	return middleware.IdempotencyClaim{Token: "t"}, s.begin
}
func (s brokenStore) Complete(ctx context.Context, _, _ string, _ []byte, _ time.Duration) error {
	return errors.Join(s.complete, ctx.Err())
}
func (s brokenStore) Release(ctx context.Context, _, _ string) error {
	return errors.Join(s.release, ctx.Err())
}

func TestIdempotencyWithoutItsStore(t *testing.T) {
	t.Parallel()
	away := errors.New("away: sesame")
	c := newCounted(func(cfg *middleware.IdempotencyConfig) { cfg.Store = brokenStore{begin: away} })
	if answer := c.post(t, "/things", "k", "", ""); answer.Status != 503 || c.calls.Load() != 0 || strings.Contains(string(answer.Body), "sesame") {
		t.Errorf("begin: %d %s", answer.Status, answer.Body)
	}
	c = newCounted(func(cfg *middleware.IdempotencyConfig) { cfg.Store = brokenStore{complete: away} })
	if answer := c.post(t, "/things", "k", "", ""); answer.Status != 201 {
		t.Errorf("complete: %d", answer.Status)
	}
	c.log.Line(t, "idempotent answer not stored")
	c = newCounted(func(cfg *middleware.IdempotencyConfig) { cfg.Store = brokenStore{release: away} })
	c.do = func(context.Context, *lift.Event) (*lift.Response, error) { return nil, errors.New("boom") }
	if answer := c.post(t, "/things", "k", "", ""); answer.Status != 500 {
		t.Errorf("release: %d", answer.Status)
	}
	c.log.Line(t, "idempotency key not released")

	// The time of the call is up, and its key is given back all the same.
	c = newCounted(func(cfg *middleware.IdempotencyConfig) { cfg.Store = brokenStore{} })
	ctx, cancel := context.WithCancel(t.Context())
	c.do = func(context.Context, *lift.Event) (*lift.Response, error) {
		cancel()
		return nil, ctx.Err()
	}
	lifttest.Invoke(ctx, t, c.App, lifttest.HTTP{Method: "POST", Path: "/things", Header: http.Header{"Idempotency-Key": {"k"}}})
	if lines := c.log.Lines(t, "idempotency key not released"); len(lines) != 0 {
		t.Errorf("lines %v", lines)
	}

	// So is its answer stored, when there is one.
	c = newCounted(func(cfg *middleware.IdempotencyConfig) { cfg.Store = brokenStore{} })
	ctx, cancel = context.WithCancel(t.Context())
	c.do = func(context.Context, *lift.Event) (*lift.Response, error) {
		cancel()
		return &lift.Response{Status: 201}, nil
	}
	lifttest.Invoke(ctx, t, c.App, lifttest.HTTP{Method: "POST", Path: "/things", Header: http.Header{"Idempotency-Key": {"k"}}})
	if lines := c.log.Lines(t, "idempotent answer not stored"); len(lines) != 0 {
		t.Errorf("got %v, want the answer stored", lines)
	}
}

func TestIdempotencyConfig(t *testing.T) {
	t.Parallel()
	c := newCounted(func(cfg *middleware.IdempotencyConfig) { cfg.Required = true })
	if answer := c.post(t, "/things", "", "", ""); answer.Status != 400 {
		t.Errorf("without a key: %d", answer.Status)
	}
	store := middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{})
	panics(t, "without a Store", func() { middleware.Idempotency(middleware.IdempotencyConfig{Lease: 1}) })
	panics(t, "with a Lease of 0s", func() { middleware.Idempotency(middleware.IdempotencyConfig{Store: store}) })
	panics(t, "NewMemoryIdempotency", func() { middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{MaxKeys: -1}) })
	if answer := lifttest.Invoke(t.Context(), t, newCounted(func(cfg *middleware.IdempotencyConfig) {
		cfg.Store = staleStore{}
	}).App, lifttest.Schedule{}); answer.Err == nil {
		t.Error("an answer that cannot be read passes")
	}
}

// staleStore has an answer for everything that nobody can read.
type staleStore struct{ brokenStore }

func (staleStore) Begin(_ context.Context, _ string, hash [32]byte, _ time.Duration) (middleware.IdempotencyClaim, error) {
	return middleware.IdempotencyClaim{Hash: hash, Done: true, Answer: []byte("{")}, nil
}

func TestMemoryIdempotencyIsBounded(t *testing.T) {
	t.Parallel()
	now := lifttest.When
	m := middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{MaxKeys: 3, MaxBytes: 10, Now: func() time.Time { return now }})
	ctx := t.Context()
	begin := func(key string) string {
		t.Helper()
		claim, err := m.Begin(ctx, key, [32]byte{}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return claim.Token
	}
	known := func(key string) bool {
		claim, err := m.Begin(ctx, key, [32]byte{}, time.Minute)
		if err == nil && claim.Token != "" {
			if err := m.Release(ctx, key, claim.Token); err != nil {
				t.Error(err)
			}
		}
		return err == nil && claim.Token == ""
	}
	a, b := begin("a"), begin("b")
	if err := m.Complete(ctx, "a", a, []byte("12345"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := m.Complete(ctx, "b", b, []byte("123456"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if known("a") || !known("b") {
		t.Error("of 11 bytes the first answer goes")
	}
	if err := m.Complete(ctx, "b", b, nil, time.Hour); !errors.Is(err, middleware.ErrClaimLost) {
		t.Errorf("a second Complete: %v", err)
	}
	c := begin("c")
	if err := m.Complete(ctx, "c", c, make([]byte, 11), time.Hour); err == nil {
		t.Error("an answer of 11 bytes is stored")
	}
	if err := m.Release(ctx, "c", "another's"); err != nil || !known("c") {
		t.Errorf("another's token gives the key back: %v", err)
	}
	begin("d")
	begin("e") // in the place of b
	if known("b") {
		t.Error("b is still there")
	}
	if _, err := m.Begin(ctx, "f", [32]byte{}, time.Minute); err == nil {
		t.Error("more calls run than there are keys")
	}
	now = now.Add(2 * time.Minute)
	if begin("f") == "" {
		t.Error("leases that have ended hold their keys")
	}
	if err := m.Complete(ctx, "c", c, nil, time.Hour); !errors.Is(err, middleware.ErrClaimLost) {
		t.Errorf("after the lease: %v", err)
	}
	f := begin("late")
	now = now.Add(time.Minute) // when no other call has taken the key
	if err := m.Complete(ctx, "late", f, nil, time.Hour); !errors.Is(err, middleware.ErrClaimLost) {
		t.Errorf("at the end of the lease: got %v, want ErrClaimLost", err)
	}
}
