package functions

import (
	"context"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/request"
)

// counted is a queue whose failures an event's metrics count, as DispatchFailures:
// nothing else than the sweep's time shows them otherwise.
type counted struct{ streamer.Queue }

// Dispatch implements [streamer.Queue].
func (q counted) Dispatch(ctx context.Context, key request.Key, due time.Time) error {
	err := q.Queue.Dispatch(ctx, key, due)
	count(ctx, err)
	return err
}

// DispatchAll implements [streamer.Queue].
func (q counted) DispatchAll(ctx context.Context, dispatches []request.Dispatch) []error {
	faults := q.Queue.DispatchAll(ctx, dispatches)
	count(ctx, faults...)
	return faults
}

func count(ctx context.Context, faults ...error) {
	failed := 0
	for _, err := range faults {
		if err != nil {
			failed++
		}
	}
	if failed > 0 {
		metric.Add(ctx, "DispatchFailures", float64(failed), metric.Count)
	}
}
