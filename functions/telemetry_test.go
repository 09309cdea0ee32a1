package functions_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/trace"
)

const (
	unsampled = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"
	sampled   = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
)

// forgetful is a store that takes everything at once.
type forgetful struct{ streamer.ConnectionStore }

func (forgetful) DeleteConnection(context.Context, string) error { return nil }

// Each event is one line: a dashboard's figures are of all events, and once.
func TestEachEventIsOneLineOfMetrics(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	run := lifttest.JSON{Value: functions.RunInvocation{Run: streamer.Key{Tenant: "acme", Subject: "ada", ID: "none"}}}
	told := 0
	for _, tt := range []struct {
		name, function            string
		app                       *lift.App
		event                     lifttest.Event
		errors, refusals, isStart any // of the line; nil where it has none
		of                        []string
	}{
		{"a token that is good", "connect", s.connect, lifttest.Connect{ConnectionID: "c1", Header: bearer(s.token(t, nil))}, 0.0, 0.0, 1.0, nil},
		{"no token", "connect", s.connect, lifttest.Connect{}, 0.0, 1.0, nil, nil},
		{"a message", "router", s.router, lifttest.Message{ConnectionID: "c1", Body: `{"id":"a","action":"mirror"}`}, 0.0, 0.0, 1.0, nil},
		{"a page that is not there", "router", s.router, lifttest.HTTP{Path: "/none"}, 0.0, 1.0, nil, nil},
		{"a sweep", "processor", s.processor, lifttest.Schedule{}, 0.0, 0.0, 1.0, []string{"OldestDue", "Due"}},
		{"a run", "processor", s.processor, run, 0.0, 0.0, nil, nil},
		{"the end", "disconnect", s.disconnect, lifttest.Disconnect{ConnectionID: "c1"}, 0.0, 0.0, 1.0, nil},
		{"no store", "disconnect", s.disconnect, lifttest.Disconnect{ConnectionID: "c1"}, 1.0, 0.0, nil, nil},
	} {
		if tt.name == "no store" {
			s.store.Close()
		}
		lifttest.Invoke(t.Context(), t, tt.app, tt.event)
		lines := s.metrics.Documents(t)[told:]
		told += len(lines)
		if len(lines) != 1 {
			t.Fatalf("%s: %d lines: %v", tt.name, len(lines), lines)
		}
		line := lines[0]
		if line["FunctionName"] != tt.function || line["Errors"] != tt.errors || line["Refusals"] != tt.refusals || line["ColdStart"] != tt.isStart {
			t.Errorf("%s: %v", tt.name, line)
		}
		for _, name := range append(tt.of, "Duration") {
			if _, ok := line[name].(float64); !ok {
				t.Errorf("%s: %s is %v", tt.name, name, line[name])
			}
		}
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
			app := functions.Disconnect(functions.DisconnectConfig{Connections: forgetful{}, Logger: slog.New(slog.DiscardHandler), Telemetry: bm.telemetry})
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
