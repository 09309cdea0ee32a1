package prove_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/prove"
	"github.com/pay-theory/streamer/request"
)

// What an application gives to its other stacks is what is proved: actions that are
// made over the store, middleware, limits, lease and retention.
func TestPartsAreProved(t *testing.T) {
	t.Parallel()
	var wrapped, listed atomic.Int64
	var mu sync.Mutex
	var running, most int
	count := func(requests request.Lister) streamer.Action {
		return streamer.NewAction(streamer.ActionConfig{Name: "count", Long: true, Retry: streamer.RetryPolicy{Attempts: 100}},
			func(ctx context.Context, job *streamer.Job, in int) (int, error) {
				time.Sleep(time.Minute) // six leases
				if _, _, err := requests.ListRequests(ctx, request.Query{Tenant: job.Principal().Tenant, Limit: 1}); err != nil {
					return 0, err
				}
				listed.Add(1)
				return in + 1, nil
			})
	}
	parts := functions.Parts{
		Actions: func(requests request.Lister) ([]streamer.Action, error) {
			return []streamer.Action{count(requests)}, nil
		},
		ActionMiddleware: []func(streamer.ActionFunc) streamer.ActionFunc{func(next streamer.ActionFunc) streamer.ActionFunc {
			return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
				wrapped.Add(1)
				count := func(n int) {
					mu.Lock()
					defer mu.Unlock()
					running += n
					most = max(most, running)
				}
				count(1)
				defer count(-1)
				return next(ctx, job)
			}
		}},
		Limits: streamer.Limits{RunningPerTenant: 1}, Lease: 10 * time.Second, Retention: 400 * 24 * time.Hour,
	}
	report := prove.Run(t, prove.Config{
		Store: openSQLite(t), Seed: *seed, Requests: 40, Kills: -1, Faults: -1, Parts: parts,
		Cases: []prove.Case{{
			Action:  count(nil), // of which a proof takes the name alone
			Payload: func(rng *rand.Rand) json.RawMessage { return fmt.Append(nil, rng.IntN(1000)) },
			Want: func(payload json.RawMessage, got prove.Outcome) error {
				var in int
				if err := json.Unmarshal(payload, &in); err != nil || string(got.Result) != fmt.Sprint(in+1) {
					return fmt.Errorf("got %s for %s, want one more (%v)", got.Result, payload, err)
				}
				return nil
			},
		}},
	})
	t.Logf("\n%s", report)
	if wrapped.Load() < 40 || listed.Load() < 40 {
		t.Errorf("the middleware ran %d times and %d runs listed requests, want each of 40 requests at least", wrapped.Load(), listed.Load())
	}
	if most != 2 {
		t.Errorf("%d runs at a time, want 2: one of each tenant, as the limit of Parts says", most)
	}
}
