package functions_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
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
