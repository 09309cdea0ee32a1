package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/trace"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// What tells one browser tab from another in the list of connections.
func TestAConnectionIsListedWithItsClient(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	var got wire.ConnectionList
	s.call(t, bearer(s.token(t, nil)), "GET", "/connections", "", "").Decode(t, &got)
	if len(got.Connections) != 1 || got.Connections[0].UserAgent != "lifttest" || got.Connections[0].SourceIP != "203.0.113.7" {
		t.Errorf("got %+v, want one of the user agent lifttest at 203.0.113.7", got.Connections)
	}
}

// A browser ends a connection whose answer selects what it did not offer (RFC 6455,
// section 4.1).
func TestNoSubprotocolThatWasNotOffered(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for name, offered := range map[string]string{"none": "", "another": "graphql-ws"} {
		t.Run(name, func(t *testing.T) {
			header := bearer(s.token(t, nil))
			if offered != "" {
				header.Set("Sec-WebSocket-Protocol", offered)
			}
			answer := lifttest.Invoke(t.Context(), t, s.connect, lifttest.Connect{Header: header})
			if got, there := answer.Header["Sec-Websocket-Protocol"]; answer.Status != http.StatusOK || there {
				t.Errorf("got %d with the subprotocol %q, want 200 without one", answer.Status, got)
			}
		})
	}
}

// An operator finds the lines of a tenant, of a request and of one kind of message.
func TestLinesSayWhoseAnEventIs(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	s.ask(t, "c1", `{"id":"r1","action":"long"}`)
	s.call(t, bearer(s.token(t, map[string]any{"sub": "olga", "scope": request.OperatorScope})), "DELETE", "/connections", "subject=ada", "")
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}
	lifttest.Invoke(t.Context(), t, s.processor, lifttest.JSON{Value: functions.NewRunInvocation(key, time.Time{})})
	var got []map[string]any
	for _, line := range s.log.Lines(t, "handled") {
		logged := map[string]any{}
		for _, name := range []string{"tenant", "frame", "request_id", "subject", "closed"} {
			if value, ok := line[name]; ok {
				logged[name] = value
			}
		}
		got = append(got, logged)
	}
	want := []map[string]any{
		{"tenant": "acme", "subject": "ada"},
		{"tenant": "acme", "request_id": "r1", "frame": "acknowledgment"},
		{"tenant": "acme", "subject": "ada", "closed": 1.0},
		{"tenant": "acme", "request_id": "r1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines: (-want +got)\n%s\n%s", diff, &s.log)
	}
}

// API Gateway gives up after 29 s; an answer must be on its way by then.
func TestTheTimeToAnswer(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	var left time.Duration
	s.parts.Middleware = []lift.Middleware{func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return next.Handle(ctx, e)
		})
	}}
	router := s.build(t, "router", functions.Router)
	lifttest.Invoke(t.Context(), t, router, lifttest.HTTP{Path: "/health"})
	if most := 28500 * time.Millisecond; left <= 0 || left > most {
		t.Errorf("a handler has %v to answer, want at most %v", left, most)
	}
}

// What a query says reaches the use case.
func TestQueriesOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	ada := bearer(s.token(t, nil))
	for _, id := range []string{"r1", "r2", "r3"} {
		s.call(t, ada, "POST", "/requests", "", fmt.Sprintf(`{"id":%q,"action":"talks"}`, id))
		s.open(t, "c-"+id, nil)
	}
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}
	lifttest.Invoke(t.Context(), t, s.processor, lifttest.JSON{Value: functions.NewRunInvocation(key, time.Time{})})

	t.Run("pages of requests", func(t *testing.T) {
		var first, second wire.List
		s.call(t, ada, "GET", "/requests", "limit=2", "").Decode(t, &first)
		s.call(t, ada, "GET", "/requests", "limit=2&cursor="+first.Cursor, "").Decode(t, &second)
		if len(first.Requests) != 2 || len(second.Requests) != 1 || second.Cursor != "" {
			t.Errorf("got pages of %d and %d, want 2 and 1", len(first.Requests), len(second.Requests))
		}
	})
	t.Run("children of a request", func(t *testing.T) {
		var list wire.List
		if s.call(t, ada, "GET", "/requests", "parent=r1", "").Decode(t, &list); len(list.Requests) != 0 {
			t.Errorf("got %d children of a request that has none", len(list.Requests))
		}
	})
	t.Run("pages of connections", func(t *testing.T) {
		var first, second wire.ConnectionList
		s.call(t, ada, "GET", "/connections", "limit=2", "").Decode(t, &first)
		s.call(t, ada, "GET", "/connections", "limit=2&cursor="+first.Cursor, "").Decode(t, &second)
		if len(first.Connections) != 2 || len(second.Connections) != 1 || second.Cursor != "" {
			t.Errorf("got pages of %d and %d, want 2 and 1", len(first.Connections), len(second.Connections))
		}
	})
	t.Run("output from an offset, with a limit", func(t *testing.T) {
		answer := s.call(t, ada, "GET", "/requests/r1/output", "from=1&limit=1", "")
		if want := `"chunks":["two"]`; !strings.Contains(string(answer.Body), want) {
			t.Errorf("got %s, want %s", answer.Body, want)
		}
	})
	t.Run("a wait for a newer rev", func(t *testing.T) {
		const wait = 50 * time.Millisecond
		for query, waits := range map[string]bool{"rev=9": true, "rev=0": false} {
			began := time.Now()
			s.call(t, ada, "GET", "/requests/r2", query+"&wait="+wait.String(), "")
			if took := time.Since(began); took >= wait != waits {
				t.Errorf("%s: answered after %v, want it to wait: %v", query, took, waits)
			}
		}
	})
	t.Run("a signal whose body is not JSON", func(t *testing.T) {
		answer := s.call(t, ada, "POST", "/requests/r2/signals/go", "", "{")
		if answer.Status != http.StatusBadRequest || !strings.Contains(string(answer.Body), "VALIDATION_ERROR") ||
			!strings.Contains(string(answer.Body), "the body is not valid JSON, at byte 1") {
			t.Errorf("got %d %s, want 400 VALIDATION_ERROR and the byte", answer.Status, answer.Body)
		}
	})
	t.Run("a run of a schedule", func(t *testing.T) {
		system := bearer(s.token(t, map[string]any{"sub": "olga", "scope": request.OperatorScope}))
		answer := s.call(t, system, "POST", "/schedules/nightly/run", "", `{"request_id":"mine"}`)
		if want := request.ResultPath("mine"); answer.Status != http.StatusAccepted || answer.Header.Get("Location") != want {
			t.Errorf("got %d %s with the Location %q, want 202 with %q", answer.Status, answer.Body, answer.Header.Get("Location"), want)
		}
	})
}

// A queue that fails is counted, since only the sweep's time shows it otherwise.
func TestDispatchesThatFailAreCounted(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.parts.Dispatch = streamer.QueueFunc(func(context.Context, request.Key, time.Time) error { return errors.New("throttled") })
	router, processor := s.build(t, "router", functions.Router), s.build(t, "processor", functions.Processor)
	submit := lifttest.HTTP{Method: "POST", Path: "/requests", Header: bearer(s.token(t, nil)), Body: []byte(`{"id":"r1","action":"long"}`)}
	lifttest.Invoke(t.Context(), t, router, submit)
	if got := s.metrics.Values(t, "DispatchFailures"); len(got) != 1 || got[0] != 1 {
		t.Errorf("got DispatchFailures %v after a submit, want 1", got)
	}
	const failed = "dispatch failed; the sweep will dispatch the request"
	event := s.log.Line(t, "handled")
	if line := s.log.Line(t, failed); line["request_id"] != "r1" || line["level"] != "WARN" || line["correlation_id"] != event["correlation_id"] {
		t.Errorf("got the line %v, want a warning with the correlation id of %v", line, event)
	}
	key, long := request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}, time.Now().Add(-time.Hour)
	queued := request.Change{Set: request.Effects{DueAt: long, Look: request.Look{At: long}}}
	if _, err := s.store.ChangeRequest(t.Context(), key, queued); err != nil {
		t.Fatal(err)
	}
	lifttest.Invoke(t.Context(), t, processor, lifttest.Schedule{})
	if got := s.metrics.Values(t, "DispatchFailures"); len(got) != 2 || got[1] != 1 {
		t.Errorf("got DispatchFailures %v after a sweep, want 1 more", got)
	}
	var oldest map[string]any
	for _, line := range s.log.Lines(t, "") {
		if group, ok := line["oldest"].(map[string]any); ok {
			oldest = group
		}
	}
	if oldest["request_id"] != "r1" || oldest["tenant"] != "acme" {
		t.Errorf("got %v as the oldest in the sweep's line, want r1 of acme", oldest)
	}
	// A program of one's own has no event to log it for.
	requests, err := functions.Requests(s.parts)
	if err != nil {
		t.Fatal(err)
	}
	ada := streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: "ada"}}
	if _, err := requests.Submit(t.Context(), ada, wire.Message{ID: "r2", Action: "long", Payload: json.RawMessage("1")}); err != nil {
		t.Fatal(err)
	}
	if lines := s.log.Lines(t, failed); lines[len(lines)-1]["request_id"] != "r2" {
		t.Errorf("got the lines %v, want one of r2 at the end", lines)
	}
}

// A dispatch says by when the request is due, so that one that comes late or twice is
// known from one that is meant.
func TestADispatchHasItsTime(t *testing.T) {
	t.Parallel()
	due := time.UnixMilli(1_790_000_000_123)
	payload, err := functions.NewRunInvocation(request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}, due).Payload()
	if want := `{"run":{"tenant":"acme","subject":"ada","id":"r1"},"due":1790000000123}`; err != nil || string(payload) != want {
		t.Errorf("got %s, %v, want %s", payload, err, want)
	}
}

// A run whose outcome could not be stored is the sweep's: its message would find a row
// whose lease lasts, so it is done, counted and logged.
func TestAnOutcomeThatCouldNotBeStored(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	run := functions.NewRunInvocation(request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}, time.Time{})
	payload, err := run.Payload()
	if err != nil {
		t.Fatal(err)
	}
	s.call(t, bearer(s.token(t, nil)), "POST", "/requests", "", `{"id":"r1","action":"long"}`)
	s.parts.ActionMiddleware = []func(streamer.ActionFunc) streamer.ActionFunc{func(next streamer.ActionFunc) streamer.ActionFunc {
		return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			defer s.store.Close()
			return next(ctx, job)
		}
	}}
	processor := s.build(t, "processor", functions.Processor)
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond) // 0.5 s of it are Lift's margin
	defer cancel()
	message := lifttest.Invoke(ctx, t, processor, lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: string(payload)}}})
	if message.Err != nil || len(message.Failed) != 0 {
		t.Errorf("got %v, %v, want a message that does not come again", message.Failed, message.Err)
	}
	if got := s.metrics.Values(t, "Unstored"); len(got) != 1 || got[0] != 1 {
		t.Errorf("got Unstored %v, want 1", got)
	}
	if line := s.log.Line(t, "run failed; the sweep goes on with the request"); line["request_id"] != "r1" || line["level"] != "ERROR" {
		t.Errorf("got the line %v, want an error of r1", line)
	}
}

// The segment of an event has a part for the run of an action, by which the trace of a
// request is found, and which says that it failed.
func TestARunIsPartOfItsTrace(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	daemon := lifttest.NewDaemon(t)
	tracer, err := trace.New(trace.Config{Daemon: daemon.Address()})
	if err != nil {
		t.Fatal(err)
	}
	parts := s.parts
	parts.Telemetry.Tracer = tracer
	parts.ActionMiddleware = []func(streamer.ActionFunc) streamer.ActionFunc{func(next streamer.ActionFunc) streamer.ActionFunc {
		return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			if job.ID() == "panics" {
				panic("boom")
			}
			return next(ctx, job)
		}
	}}
	router, err := functions.Router(parts)
	if err != nil {
		t.Fatal(err)
	}
	for id, fault := range map[string]any{"goes-well": nil, "panics": true} {
		t.Run(id, func(t *testing.T) {
			lifttest.Invoke(lifttest.Traced(t.Context(), sampled), t, router, lifttest.HTTP{Method: "POST", Path: "/requests",
				Header: bearer(s.token(t, nil)), Body: []byte(fmt.Sprintf(`{"id":%q,"action":"mirror"}`, id))})
			run, event := daemon.Segment(t), daemon.Segment(t)
			notes, _ := run["annotations"].(map[string]any)
			if run["name"] != "mirror" || notes["request_id"] != id || run["fault"] != fault || run["parent_id"] != event["id"] {
				t.Errorf("got the part %v, want mirror of the request %s, fault %v, below %v", run, id, fault, event["id"])
			}
		})
	}
}
