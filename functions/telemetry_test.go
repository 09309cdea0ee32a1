package functions_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/trace"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const (
	unsampled = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"
	sampled   = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
)

// forgetful is a store that takes everything at once.
type forgetful struct{ request.ConnectionStore }

func (forgetful) DeleteConnection(context.Context, string) error { return nil }

// Each event is one line: a dashboard's figures are of all events, and once.
func TestEachEventIsOneLineOfMetrics(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	run := lifttest.JSON{Value: functions.RunInvocation{Run: request.Key{Tenant: "acme", Subject: "ada", ID: "none"}}}
	s.open(t, "c2", nil)
	post := func(body string) lifttest.HTTP {
		return lifttest.HTTP{Method: "POST", Path: "/requests", Header: bearer(s.token(t, nil)), Body: []byte(body)}
	}
	seen := len(s.metrics.Documents(t))
	for _, tt := range []struct {
		name, function            string
		app                       *lift.App
		event                     lifttest.Event
		errors, refusals, isStart any // of the line; nil where it has none
		of                        []string
	}{
		{"a token that is good", "connect", s.connect, lifttest.Connect{ConnectionID: "c1", Header: bearer(s.token(t, nil))}, 0.0, 0.0, nil, nil},
		{"no token", "connect", s.connect, lifttest.Connect{}, 0.0, 1.0, nil, nil},
		{"a message", "router", s.router, lifttest.Message{ConnectionID: "c1", Body: `{"id":"a","action":"mirror"}`}, 0.0, 0.0, 1.0, nil},
		{"a page that is not there", "router", s.router, lifttest.HTTP{Path: "/none"}, 0.0, 1.0, nil, nil},
		{"a sweep", "processor", s.processor, lifttest.Schedule{}, 0.0, 0.0, 1.0, []string{"OldestDue", "Due"}},
		{"a run", "processor", s.processor, run, 0.0, 0.0, nil, nil},
		{"the end", "disconnect", s.disconnect, lifttest.Disconnect{ConnectionID: "c1"}, 0.0, 0.0, 1.0, nil},
		{"a message that is refused", "router", s.router, lifttest.Message{ConnectionID: "c1", Body: `{"id":"a","action":"none"}`}, 0.0,
			1.0, nil, nil},
		{"an action that fails", "router", s.router, lifttest.Message{ConnectionID: "c2", Body: `{"id":"a","action":"leaky"}`}, 0.0,
			0.0, nil, nil},
		{"an action that fails, by HTTP", "router", s.router, post(`{"id":"b","action":"leaky"}`), 0.0, 0.0, nil, nil},
		{"an action that refuses, by HTTP", "router", s.router, post(`{"id":"c","action":"picky"}`), 0.0, 1.0, nil, nil},
		{"no store for a message", "router", s.router, lifttest.Message{ConnectionID: "c2", Body: `{"id":"a","action":"mirror"}`}, 1.0,
			0.0, nil, nil},
		{"no store for a call", "router", s.router, lifttest.HTTP{Path: "/requests", Header: bearer(s.token(t, nil))}, 1.0, 0.0, nil, nil},
		{"no store for a connection", "connect", s.connect, lifttest.Connect{ConnectionID: "c3", Header: bearer(s.token(t, nil))}, 1.0,
			0.0, nil, nil},
		{"no store", "disconnect", s.disconnect, lifttest.Disconnect{ConnectionID: "c1"}, 1.0, 0.0, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "no store for a message" {
				s.store.Close()
			}
			lifttest.Invoke(t.Context(), t, tt.app, tt.event)
			lines := s.metrics.Documents(t)[seen:]
			seen += len(lines)
			if len(lines) != 1 {
				t.Fatalf("got %d lines of metrics, want 1: %v", len(lines), lines)
			}
			line := lines[0]
			if line["FunctionName"] != tt.function || line["Errors"] != tt.errors || line["Refusals"] != tt.refusals ||
				line["ColdStart"] != tt.isStart {
				t.Errorf("got %v, want FunctionName %s, Errors %v, Refusals %v, ColdStart %v",
					line, tt.function, tt.errors, tt.refusals, tt.isStart)
			}
			for _, name := range append(tt.of, "Duration") {
				if _, ok := line[name].(float64); !ok {
					t.Errorf("%s: got %v, want a number", name, line[name])
				}
			}
		})
	}
}

// Who waits for an answer gets it, whosever fault it is; the operator finds why
// in the log.
func TestAFaultIsAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	ada := bearer(s.token(t, nil))
	var problem struct{ Code, Detail, Request_ID, Correlation_ID string }

	answer := s.call(t, ada, "POST", "/requests", "", `{"id":"a","action":"leaky"}`)
	answer.Decode(t, &problem)
	line := s.log.Line(t, "action failed")
	if answer.Status != 500 || answer.Header.Get("Content-Type") != "application/problem+json" || problem.Code != "INTERNAL_ERROR" ||
		problem.Request_ID != "a" ||
		strings.Contains(problem.Detail, "10.0.0.7") || line["correlation_id"] != problem.Correlation_ID {
		t.Errorf("an action failed: %d %s; the log has %v", answer.Status, answer.Body, line)
	}
	if !strings.Contains(line["error"].(string), "10.0.0.7") || line["action"] != "leaky" || line["request_id"] != "a" ||
		line["level"] != "ERROR" {
		t.Errorf("the log has %v", line)
	}

	// To the domain an error of Lift's is as undeclared as any.
	if frame := s.ask(t, "c1", `{"id":"l","action":"lifted"}`); frame.Error == nil || frame.Error.Code != wire.InternalError ||
		frame.RequestID != "l" {
		t.Errorf("an action failed with an error of Lift's: %s", frame.Append(nil))
	}

	s.store.Close()
	frame := s.ask(t, "c1", `{"id":"b","action":"mirror"}`)
	if frame.Error == nil || frame.Error.Code != wire.ServiceUnavailable || frame.Error.Retry == nil ||
		!frame.Error.Retry.Retryable || frame.RequestID != "b" {
		t.Errorf("without a store a message is answered with %s", frame.Append(nil))
	}
	if line := s.log.Line(t, "failed"); line["level"] != "ERROR" || line["request_id"] != "b" || line["code"] != "SERVICE_UNAVAILABLE" ||
		!strings.Contains(line["error"].(string), "load connection") {
		t.Errorf("the log has %v", line)
	}
}

// An action that the function's own end cuts short is the function's fault, and
// may succeed later. One that its limit ends is not, and the longest limit of a
// short action is over before the router gives up.
func TestWhoseTimeIsUp(t *testing.T) {
	for _, tt := range []struct {
		name      string
		timeout   time.Duration // the function's
		retryable bool
		errors    float64
	}{
		{"the function's time is up first", 10 * time.Second, true, 1},
		{"the action's limit is up first", time.Minute, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSystem(t)
				s.open(t, "c1", nil)
				before := len(s.metrics.Documents(t))
				slow := []byte(`{"id":"a","action":"slow"}`)
				for _, event := range []lifttest.Event{
					lifttest.Message{ConnectionID: "c1", Body: string(slow)},
					lifttest.HTTP{Method: "POST", Path: "/requests", Header: bearer(s.token(t, nil)), Body: slow},
				} {
					ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
					body := string(lifttest.Invoke(ctx, t, s.router, event).Body)
					cancel()
					if !strings.Contains(body, `"code":"TIMEOUT"`) || !strings.Contains(body, `"request_id":"a"`) ||
						strings.Contains(body, `"retryable":true`) != tt.retryable {
						t.Errorf("got %s, want TIMEOUT of the request a, retryable %v", body, tt.retryable)
					}
				}
				for _, line := range s.metrics.Documents(t)[before:] {
					if line["Errors"] != tt.errors {
						t.Errorf("got the metrics %v, want Errors %v", line, tt.errors)
					}
				}
			})
		})
	}
}

// BenchmarkTelemetry sends an event through the stack of all functions.
func BenchmarkTelemetry(b *testing.B) {
	metrics, err := functions.Metrics("disconnect", io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	tracer, err := trace.New(trace.Config{Daemon: lifttest.NewDaemon(b).Address()})
	if err != nil {
		b.Fatal(err)
	}
	for _, bm := range []struct {
		name, trace string
		telemetry   functions.Telemetry
	}{
		{"none", sampled, functions.Telemetry{}},
		{"metrics", sampled, functions.Telemetry{Metrics: metrics}},
		{"a trace that is not sampled", unsampled, functions.Telemetry{Tracer: tracer}},
		{"a trace that is", sampled, functions.Telemetry{Tracer: tracer}},
		{"all", sampled, functions.Telemetry{Metrics: metrics, Tracer: tracer}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			app, err := functions.Disconnect(functions.Parts{Connections: forgetful{}, Logger: slog.New(slog.DiscardHandler),
				Telemetry: bm.telemetry})
			if err != nil {
				b.Fatal(err)
			}
			ctx, payload := lifttest.Traced(context.Background(), bm.trace), lifttest.Disconnect{}.Payload()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := app.Invoke(ctx, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
