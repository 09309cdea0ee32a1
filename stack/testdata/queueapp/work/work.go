// Package work has the actions of the queue's tests, which run in this process and as
// binaries.
package work

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
)

// Wait is what retry and snooze wait for, retry with jitter.
const Wait = time.Second

// Parts are those of an application with the actions.
func Parts() functions.Parts { return functions.Parts{Actions: Actions} }

// Actions are: hold, which takes the milliseconds of its payload; retry and snooze,
// which wait once and answer with the milliseconds that it took until they ran again;
// await, whose wait for a signal ends as many milliseconds as its payload says later.
func Actions(request.Lister) ([]streamer.Action, error) {
	config := func(name string) streamer.ActionConfig {
		return streamer.ActionConfig{Name: name, Long: true, Retry: streamer.RetryPolicy{Base: Wait, Attempts: 2}}
	}
	again := func(name string, outcome error) streamer.Action {
		return streamer.NewAction(config(name), func(_ context.Context, job *streamer.Job, _ any) (int64, error) {
			var before time.Time
			if _, err := job.Checkpoint(&before); err != nil {
				return 0, err
			}
			if before.IsZero() {
				if err := job.SetCheckpoint(time.Now()); err != nil {
					return 0, err
				}
				return 0, outcome
			}
			return time.Since(before).Milliseconds(), nil
		})
	}
	hold := streamer.NewAction(config("hold"), func(ctx context.Context, _ *streamer.Job, milliseconds int) (int, error) {
		select {
		case <-time.After(time.Duration(milliseconds) * time.Millisecond):
			return milliseconds, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
	await := streamer.NewAction(config("await"), func(ctx context.Context, job *streamer.Job, milliseconds int) (json.RawMessage, error) {
		return streamer.AwaitSignal[json.RawMessage](ctx, job, "signal", time.Duration(milliseconds)*time.Millisecond)
	})
	return []streamer.Action{hold, await, again("retry", errors.New("not yet")), again("snooze", streamer.Snooze(Wait))}, nil
}
