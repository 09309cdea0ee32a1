package prove_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/prove"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// No timer of a tenant is later than two sweeps, whatever another has: a backlog in the
// queue, throttled requests, clients that do not read, rows that do not decode, and
// an action that kills its worker each time.
func TestNoTenantWaitsForAnother(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		store    func(*testing.T) prove.Store
		requests int
	}{
		"SQLite":   {func(t *testing.T) prove.Store { return openSQLite(t) }, 160},
		"DynamoDB": {func(t *testing.T) prove.Store { return openDynamo(t) }, 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := prove.Run(t, prove.Config{
				Store: tt.store(t), Seed: *seed, Requests: tt.requests, Open: tt.requests, Quiet: "globex", Patience: 12 * time.Hour,
				Cases:     []prove.Case{naps(), timeouts(), slow(), sums(), deadly(), flaky(), charges()},
				Processor: streamer.ProcessorConfig{SweepPage: 10, MaxLeaseExpirations: 3},
				Parts:     functions.Parts{Limits: streamer.Limits{RunningPerTenant: 8}},
			})
			t.Logf("\n%s", report)
			if report.Latest < 30*time.Second || report.Injected["dispatch lost"] == 0 {
				t.Errorf("the latest was claimed after %v, with %d dispatches lost; want some that a sweep had to find", report.Latest,
					report.Injected["dispatch lost"])
			}
		})
	}
}

// timeouts wait for a signal that does not come.
func timeouts() prove.Case {
	return prove.Case{
		Payload: upTo(9),
		Action: action("timeout", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			_, err := streamer.AwaitSignal[any](ctx, job, "never", time.Duration(in.N)*7*time.Minute)
			return nil, err
		}),
		Want: failedWith(wire.Timeout),
	}
}

// deadly has a worker die of each run.
func deadly() prove.Case {
	return prove.Case{
		Payload: upTo(9), Deadly: true,
		Action: action("deadly", nil, func(ctx context.Context, _ *streamer.Job, in count) (any, error) {
			return in.N, work(ctx, time.Second)
		}),
		Want: func(payload json.RawMessage, got prove.Outcome) error {
			if got.State == request.Succeeded && bytes.Equal(got.Result, encoded(count{}.of(payload).N)) {
				return nil // it ran when nothing was injected any more
			}
			return failedWith(wire.InternalError)(payload, got)
		},
	}
}

// failedWith wants a failure with a code.
func failedWith(code wire.Code) func(json.RawMessage, prove.Outcome) error {
	return func(_ json.RawMessage, got prove.Outcome) error {
		if got.State != request.Failed || got.Error == nil || got.Error.Code != code {
			return fmt.Errorf("%s, want FAILED with %s", outcomeText(got), code)
		}
		return nil
	}
}
