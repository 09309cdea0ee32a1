package middleware

import (
	"context"
	"fmt"

	"github.com/pay-theory/streamer/lift"
)

// BodyLimit refuses HTTP requests, WebSocket messages and direct invocations
// whose body, decoded, has more than limit bytes, with 413 or what stands for it
// there. AWS has limits of its own, of 10 MB, 128 KB and 6 MB.
func BodyLimit(limit int) lift.Middleware {
	if limit <= 0 {
		panic(fmt.Sprintf("lift/middleware: BodyLimit of %d bytes", limit))
	}
	return lift.Only("middleware.BodyLimit", func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			if len(e.Body) > limit {
				return nil, lift.Errorf(lift.CodeTooLarge, "the body has more than %d bytes", limit)
			}
			return next.Handle(ctx, e)
		})
	}, lift.TriggerHTTP, lift.TriggerMessage, lift.TriggerDirect)
}
