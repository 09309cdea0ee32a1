package deployed

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
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
		failure = nil
		if streamer.IsFailure(ctx, err) {
			failure = marked(err)
		}
		return out, err
	}
}

// marked is a failure that the trace tells from the action's fault when it is its
// caller's.
func marked(err error) error {
	var declared *streamer.Error
	if !errors.As(err, &declared) {
		return err
	}
	return &lift.Error{Code: lift.CodeOf(declared.Code.HTTPStatus()), Message: declared.Message, Cause: declared.Cause}
}
