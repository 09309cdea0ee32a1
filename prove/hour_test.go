package prove_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/prove"
)

// One hour of work in invocations of a minute each, and ten workers that die
// over it.
func TestAnHourInSlicesOfAMinute(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(*testing.T) prove.Store{
		"sqlite": func(t *testing.T) prove.Store { return openSQLite(t) },
		"dynamo": func(t *testing.T) prove.Store { return openDynamo(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := prove.Run(t, prove.Config{
				Store: store(t), Cases: []prove.Case{hour()}, Seed: *seed, Requests: 1, Kills: 10, Faults: 0.001,
				Slice: time.Minute, Processor: streamer.ProcessorConfig{SliceMargin: 5 * time.Second},
			})
			t.Logf("\n%s", report)
			if report.Killed() != 10 || report.Warped < time.Hour || report.Runs < 60 {
				t.Errorf("%d kills, %d runs in %v; want 10 kills, and at least 60 runs in an hour", report.Killed(), report.Runs, report.Warped)
			}
		})
	}
}

// hour adds up a number for each of 3600 seconds.
func hour() prove.Case {
	type state struct{ Second, Total int }
	return prove.Case{
		Action: streamer.NewAction(streamer.ActionConfig{Name: "hour", Long: true, Limit: 10 * time.Hour},
			func(ctx context.Context, job *streamer.Job, _ struct{}) (int, error) {
				var at state
				if _, err := job.Checkpoint(&at); err != nil {
					return 0, err
				}
				for at.Second < 3600 {
					if err := work(ctx, time.Second); errors.Is(err, streamer.ErrSliceEnd) {
						return 0, streamer.Continue(at)
					} else if err != nil {
						return 0, err
					}
					at.Second++
					at.Total += at.Second * at.Second
					if err := job.SetCheckpoint(at); err != nil {
						return 0, err
					}
					job.Progress(float64(at.Second)/36, "working")
				}
				return at.Total, nil
			}),
		Want: func(_ json.RawMessage, got prove.Outcome) error {
			const n = 3600
			return succeeded(func(int) any { return n * (n + 1) * (2*n + 1) / 6 })(json.RawMessage(`{}`), got)
		},
	}
}
