package lift

import (
	"context"
	"log/slog"

	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
)

// After leaves work for when the invocation has been answered, so that its caller does
// not wait for it:
//
//	lift.After(ctx, func(ctx context.Context) { _ = queue.Notify(ctx, order) })
//
// ctx is the handler's or made of it. In a function that [Start] serves, the work runs
// when the answer, the error or the end of the stream has been sent, also where Lambda
// refused that as too late or too large, and before the next invocation is asked for: one
// after another, in the order left. Until all of it is done Lambda keeps the process for
// the invocation, bills it, and ends the process at the invocation's deadline. Everywhere
// else (under aws-lambda-go's own loop, App.Invoke, App.ServeHTTP, package lifttest without
// a process), and when the invocation's work is over already, the work runs at once, before
// After returns. So it must not wait for what the handler does next, nor for a lock that
// the handler holds.
//
// The work's context has the values of ctx, so logs, metrics and traces are those of the
// event, and the invocation's deadline. The end of the handler does not cancel it. What the
// work counts with package metric after the event's line has been written is in a line of
// its own. A panic is logged, at level error, and changes nothing else: neither the answer
// nor the work behind it, and the process lives on.
//
// The work runs once, whatever the answer is. It is lost with a process that ends first,
// and nothing tries it again: leave what something else makes up for. After is safe for
// concurrent use.
//
// Lambda hands an answer on when it is sent, and freezes the process when the next
// invocation is asked for:
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
func After(ctx context.Context, do func(ctx context.Context)) {
	left, _ := ctx.Value(runtimeapi.AfterKey{}).(*runtimeapi.After)
	deadline, ends := ctx.Deadline()
	if left != nil {
		deadline, ends = left.Deadline, true
	}
	work := func() {
		ctx := context.WithoutCancel(ctx)
		if ends {
			bounded, cancel := context.WithDeadline(ctx, deadline)
			defer cancel()
			ctx = bounded
		}
		defer func() {
			if value := recover(); value != nil {
				Logger(ctx).LogAttrs(ctx, slog.LevelError, "the work after the answer panicked", slog.Any("failure", runtimeapi.Panicked(value)))
			}
		}()
		do(ctx)
	}
	if left == nil || !left.Leave(work) {
		work()
	}
}
