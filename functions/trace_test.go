package functions

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift/trace"
)

// Most runs are not sampled.
func TestARunThatIsNotTracedAllocatesNothing(t *testing.T) {
	tracer, err := trace.New(trace.Config{Daemon: "127.0.0.1:2000"})
	if err != nil {
		t.Fatal(err)
	}
	unsampled, _ := tracer.Start(t.Context(), "event",
		trace.Caller{Lambda: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"})
	run, job := traced(func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, nil }), new(streamer.Job)
	for name, ctx := range map[string]context.Context{"no trace": t.Context(), "not sampled": unsampled} {
		t.Run(name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, func() { _, _ = run(ctx, job) }); n != 0 {
				t.Errorf("got %v allocations, want 0", n)
			}
		})
	}
}

func BenchmarkTraced(b *testing.B) {
	run, job := traced(func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, nil }), new(streamer.Job)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = run(ctx, job)
	}
}
