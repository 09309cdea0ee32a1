package verify_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

// A job of five steps is dispatched, run and notified without a tick of the schedule, which
// fires once in an hour here. How much longer than its own work it takes is for
// the log: a busy machine makes it anything.
func TestAJobWaitsForNoTick(t *testing.T) {
	t.Parallel()
	var worked atomic.Int64 // nanoseconds of the job's own
	steps := streamer.NewAction(streamer.ActionConfig{Name: "five_steps", Long: true},
		func(ctx context.Context, job *streamer.Job, _ struct{}) (int, error) {
			for n := range 5 {
				if _, err := streamer.RunStep(ctx, job, fmt.Sprint("step ", n), func(context.Context) (int, error) {
					began := time.Now()
					sum := 0
					for time.Since(began) < 2*time.Millisecond {
						sum++
					}
					worked.Add(int64(time.Since(began)))
					return sum, nil
				}); err != nil {
					return 0, err
				}
				job.Progress(float64(20*(n+1)), "step")
			}
			return 5, nil
		})
	var log lifttest.Log
	running, err := stack.StartDev(t.Context(), stack.DevConfig{
		Data: t.TempDir(), Listen: "127.0.0.1:0", SweepEvery: time.Hour,
		Parts: functions.Parts{Logger: log.Logger(),
			Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{steps}, nil }},
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, running)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	target := targetOf(t, running)
	c := dial(t, ctx, target, target.Token)
	const jobs = 101
	over := make([]time.Duration, jobs)
	for n := range over {
		worked.Store(0)
		began := time.Now()
		result, err := c.Do(ctx, client.Request{Action: "five_steps", Payload: struct{}{}}, nil)
		if err != nil || string(result) != "5" {
			t.Fatalf("job %d: %s, %v", n, result, err)
		}
		over[n] = time.Since(began) - time.Duration(worked.Load())
	}
	slices.Sort(over)
	t.Logf("from the message to the result, less the job's own work: p50 %v, p90 %v", over[jobs/2], over[jobs*9/10])
}
