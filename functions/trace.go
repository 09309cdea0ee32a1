package functions

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift/trace"
)

var errPanicked = errors.New("panic")

// traced makes each run of an action a part of its event's trace, named after
// the action. What the action calls with its context is below it.
func traced(next streamer.ActionFunc) streamer.ActionFunc {
	return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
		ctx, part := trace.Start(ctx, job.Action())
		if part == nil {
			return next(ctx, job)
		}
		part.Annotate("request_id", job.ID())
		failure := errPanicked // so that a panic that passes is seen
		defer func() { part.End(failure) }()
		out, err := next(ctx, job)
		if failure = nil; streamer.IsFailure(ctx, err) {
			failure = err
		}
		return out, err
	}
}
