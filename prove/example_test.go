package prove_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/prove"
	"github.com/pay-theory/streamer/store/sqlite"
)

var double = streamer.NewAction(streamer.ActionConfig{Name: "double", Long: true, Retry: streamer.RetryPolicy{Attempts: 10}},
	func(ctx context.Context, job *streamer.Job, in int) (int, error) {
		return streamer.RunStep(ctx, job, "double", func(context.Context) (int, error) {
			time.Sleep(20 * time.Second) // passes at once
			return 2 * in, nil
		})
	})

// How a user proves an action of theirs; docs/prove.md shows it.
func TestChargesAreProved(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	report := prove.Run(t, prove.Config{
		Store:    store,
		Requests: 100,
		Kills:    20,
		Cases: []prove.Case{{
			Action:  double, // a streamer.Action
			Payload: func(rng *rand.Rand) json.RawMessage { return fmt.Append(nil, rng.IntN(1000)) },
			Want: func(payload json.RawMessage, got prove.Outcome) error {
				var in, out int
				if err := errors.Join(json.Unmarshal(payload, &in), json.Unmarshal(got.Result, &out)); err != nil || out != 2*in {
					return fmt.Errorf("twice %s is %s (%v)", payload, got.Result, err)
				}
				return nil
			},
		}},
	})
	t.Log(report)
	if report.Requests != 100 || report.Killed() != 20 {
		t.Errorf("%d requests and %d kills, want 100 and 20", report.Requests, report.Killed())
	}
}
