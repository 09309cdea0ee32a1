package middleware

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// ErrDeadline is the cause of a context that Deadline cancelled.
var ErrDeadline = errors.New("the time to answer is up")

// Deadline cancels the handler's context, with ErrDeadline as the cause, at the
// event's Deadline or after limit, whichever comes first; a limit of 0 leaves
// the event's Deadline alone. API Gateway waits 29 seconds at most, so that is
// the limit for functions behind it that may run longer.
//
// The context of a handler whose answer is streamed ends with the stream. When it
// was cancelled so and the handler then returns an error, the answer is a timeout:
// 504 over HTTP, an error frame, a failed record. Handlers must heed their context;
// one that does not is ended by Lambda at its own deadline.
func Deadline(limit time.Duration) lift.Middleware {
	if limit < 0 {
		panic(fmt.Sprintf("lift/middleware: Deadline of %s", limit))
	}
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			at := e.Deadline
			if limit > 0 {
				if end := time.Now().Add(limit); at.IsZero() || end.Before(at) {
					at = end
				}
			}
			if at.IsZero() {
				return next.Handle(ctx, e)
			}
			ctx, cancel := context.WithDeadlineCause(ctx, at, ErrDeadline)
			streams := false
			defer func() {
				if !streams {
					cancel()
				}
			}()
			res, err := next.Handle(ctx, e)
			streams = err == nil && res.Streams()
			if streams {
				run := res.Stream
				res.Stream = func(w io.Writer) error {
					defer cancel()
					return timely(ctx, run(w))
				}
			}
			return res, timely(ctx, err)
		})
	}
}

// timely is the error of a handler, or a timeout in its place when its time is up.
func timely(ctx context.Context, err error) error {
	if err == nil || context.Cause(ctx) != ErrDeadline {
		return err
	}
	if _, public := lift.AsError(err); public {
		return err
	}
	return &lift.Error{Code: lift.CodeTimeout, Message: "the time was not enough", Cause: err}
}
