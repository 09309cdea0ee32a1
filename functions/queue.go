package functions

import (
	"context"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
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

// dispatchTimeout bounds a dispatch after the answer, as the domain bounds those that a
// client waits for.
const dispatchTimeout = 5 * time.Second

// afterAnswer is a queue of what an event's handler dispatches once the client has its
// answer: what the client asked for is stored by then, and what becomes of the dispatch
// does not change the answer. So it accepts each dispatch, logs one that fails, and the
// sweep makes up for it. Without an event there is no answer to wait for, and it is the queue within.
type afterAnswer struct{ counted }

// Dispatch implements [streamer.Queue].
func (q afterAnswer) Dispatch(ctx context.Context, key request.Key, due time.Time) error {
	if lift.EventFrom(ctx) == nil {
		return q.counted.Dispatch(ctx, key, due)
	}
	lift.After(ctx, func(ctx context.Context) {
		bounded, cancel := context.WithTimeout(ctx, dispatchTimeout)
		defer cancel()
		if err := q.counted.Dispatch(bounded, key, due); err != nil {
			lift.Logger(ctx).WarnContext(ctx, "dispatch failed; the sweep will dispatch the request", "request_id", key.ID,
				"error", err.Error())
		}
	})
	return nil
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
