package dynamo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/wire"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	good := dynamo.Config{Region: "eu-central-1", Credentials: credentials(), RequestsTable: "r", ConnectionsTable: "c"}
	for want, edit := range map[string]func(*dynamo.Config){
		"Region":           func(c *dynamo.Config) { c.Region = "" },
		"Credentials":      func(c *dynamo.Config) { c.Credentials = nil },
		"no table":         func(c *dynamo.Config) { c.RequestsTable, c.ConnectionsTable = "", "" },
		"Endpoint":         func(c *dynamo.Config) { c.Endpoint = "localhost:8000" },
		"not a valid HTTP": func(c *dynamo.Config) { c.Endpoint = "http://" },
		"OutputKept":       func(c *dynamo.Config) { c.OutputKept = -1 },
		"Shards":           func(c *dynamo.Config) { c.Shards = -1 },
	} {
		c := good
		edit(&c)
		if _, err := dynamo.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
	if _, err := dynamo.New(good); err != nil {
		t.Error(err)
	}
}

func TestATableThatTheConfigDoesNotName(t *testing.T) {
	t.Parallel()
	s, f := offline(t, refused, func(c *dynamo.Config) { c.RequestsTable = "" })
	if _, err := s.LoadRequest(t.Context(), key); err == nil || f.made() != "" {
		t.Errorf("error %v, calls %s", err, f.made())
	}
}

func TestCallsGoToTheRegionSigned(t *testing.T) {
	t.Parallel()
	var got *http.Request
	s, _ := offline(t, func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		got = req
		return answer(200, "{}")(req, nil)
	}, func(c *dynamo.Config) {
		c.Region = "eu-west-3"
		c.Credentials = sigv4.Static(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "session"})
	})
	if err := s.DeleteConnection(t.Context(), "c-1"); err != nil {
		t.Fatal(err)
	}
	authorization := got.Header.Get("Authorization")
	if got.URL.Host != "dynamodb.eu-west-3.amazonaws.com" || got.URL.Scheme != "https" ||
		got.Header.Get("X-Amz-Security-Token") != "session" ||
		!strings.Contains(authorization, "AKIDEXAMPLE/") || !strings.Contains(authorization, "/eu-west-3/dynamodb/aws4_request") ||
		!strings.Contains(authorization, "x-amz-target") {
		t.Errorf("called %s with %v", got.URL, got.Header)
	}
}

func TestNoCredentials(t *testing.T) {
	t.Parallel()
	fault := errors.New("the endpoint of the credentials is away")
	s, f := offline(t, refused, func(c *dynamo.Config) {
		c.Attempts = 2
		c.Credentials = func(context.Context) (sigv4.Credentials, error) { return sigv4.Credentials{}, fault }
	})
	if err := s.DeleteConnection(t.Context(), "c-1"); !errors.Is(err, fault) || f.made() != "" {
		t.Errorf("error %v, calls %s", err, f.made())
	}
}

// The filter of an event source mapping and a stream's consumer read these.
func TestWhatAStreamShows(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	var put struct{ Item map[string]map[string]any }
	f.reset(firsts(1, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		raw, err := io.ReadAll(req.Body)
		if err == nil {
			err = json.Unmarshal(raw, &put)
		}
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(raw))
		return next.RoundTrip(req)
	}))
	create(t, s, "r-1")
	for attribute, want := range map[string]string{"tenant": "acme", "subject": "ada", "id": "r-1", "state": "QUEUED"} {
		if got := put.Item[attribute]["S"]; got != want {
			t.Errorf("%s is %v, want the string %q", attribute, put.Item[attribute], want)
		}
	}
	if _, present := put.Item["ttl"]; present {
		t.Error("a queued request has a time to live")
	}
}

func TestARowOfAnotherProgramIsAFault(t *testing.T) {
	t.Parallel()
	s, _ := faulty(t, nil)
	for n, attribute := range []string{"rev", "payload", "cancel", "progress", "error", "subscribers", "metadata", "steps", "await",
		"history", "slots", "output", "ready", "due"} {
		r := newRequest(fmt.Sprint("r-", n))
		create(t, s, r.ID)
		if err := s.PutRaw(t.Context(), r.Key, attribute, "odd"); attribute == "due" {
			if err == nil {
				t.Error("the index of what is due takes a string")
			}
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		if got, err := s.LoadRequest(t.Context(), r.Key); err == nil || !strings.Contains(err.Error(), "attribute "+attribute+" is no ") {
			t.Errorf("%s: loaded %+v, %v", attribute, got, err)
		}
		if _, err := s.ChangeRequest(t.Context(), r.Key,
			request.Change{If: request.Guards{States: []request.State{request.Failed}}}); err == nil || errors.Is(err, request.ErrNotFound) {
			t.Errorf("%s: changed, %v", attribute, err)
		}
	}
}

func TestTooLargeForAnItem(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	r := newRequest("r-1")
	r.Payload = bytes.Repeat([]byte("x"), 400<<10)
	_, _, err := s.CreateRequest(t.Context(), r)
	wantCode(t, err, wire.PayloadTooLarge)
	_, err = s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{Result: r.Payload, Checkpoint: r.Payload}})
	wantCode(t, err, wire.PayloadTooLarge)
	if got := f.made(); got != "" {
		t.Errorf("calls were made: %s", got)
	}

	r.Payload, r.Checkpoint = nil, bytes.Repeat([]byte("x"), 300<<10)
	if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	_, err = s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{
		Progress: &request.Progress{Metadata: bytes.Repeat([]byte("x"), 150<<10)}}})
	wantCode(t, err, wire.PayloadTooLarge) // which the server alone can tell
}

// What the store reckons must not be below what DynamoDB does, or a request that
// passes here is refused there.
func TestTheLargestItemByOurReckoningFits(t *testing.T) {
	t.Parallel()
	s, _ := faulty(t, nil)
	r := newRequest("r-1")
	r.Subscribers, r.Metadata, r.Error = []string{"a", "b"}, map[string]string{"a": "b"}, &wire.Error{Retry: &wire.Retry{}}
	r.Checkpoint = bytes.Repeat([]byte("x"), 400<<10-s.RowSize(r)-len("checkpoint"))
	if size := s.RowSize(r); size != 400<<10 {
		t.Fatalf("the row has %d bytes", size)
	}
	if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
		t.Error(err)
	}
}

func TestTablesCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	if err := s.CreateTables(t.Context()); err != nil {
		t.Error(err)
	}
	create(t, s, "r-1")
}

func TestMoreShardsFindWhatFewerWrote(t *testing.T) {
	t.Parallel()
	var config dynamo.Config
	few := open(t, func(c *dynamo.Config) { c.Shards = 2; config = *c })
	for n := range 20 {
		r := newRequest(fmt.Sprint("r-", n))
		r.Look.Kind = request.LookLease
		if _, _, err := few.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	config.Shards = 8
	many, err := dynamo.New(config)
	if err != nil {
		t.Fatal(err)
	}
	due, _, err := many.DueRequests(t.Context(), request.DueQuery{Kind: request.LookLease, Until: epoch.Add(time.Hour), Limit: 100})
	if err != nil || len(due) != 20 {
		t.Errorf("%d are due, %v", len(due), err)
	}
}
