package middleware

import (
	"context"
	"errors"
	"fmt"
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
// When the context was cancelled so and the handler then returns an error, the
// answer is a timeout: 504 over HTTP, an error frame, a failed record. Handlers
// must heed their context; one that does not is ended by Lambda at its own
// deadline.
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
			defer cancel()
			res, err := next.Handle(ctx, e)
			if err != nil && context.Cause(ctx) == ErrDeadline {
				if _, public := lift.AsError(err); !public {
					err = &lift.Error{Code: lift.CodeTimeout, Message: "the time was not enough", Cause: err}
				}
			}
			return res, err
		})
	}
}
