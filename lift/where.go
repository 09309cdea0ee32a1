package lift

import (
	"context"
	"slices"
)

// Where applies a middleware to some triggers and leaves it out for all others,
// such as HTTP headers in the stack of an app that has other handlers too:
//
//	app.Use(lift.Where(middleware.SecurityHeaders(cfg), lift.TriggerHTTP))
//
// A guard that is left out guards nothing. For a trigger that the middleware
// refuses itself, registration panics as without Where.
func Where(mw Middleware, triggers ...Trigger) Middleware {
	return func(next Handler) Handler {
		if r, ok := next.(registered); ok {
			if slices.Contains(triggers, r.trigger) {
				return mw(next)
			}
			return next
		}
		// Outside an App, as in a middleware's own test, only the event tells.
		with := mw(next)
		return HandlerFunc(func(ctx context.Context, e *Event) (*Response, error) {
			if slices.Contains(triggers, e.Trigger) {
				return with.Handle(ctx, e)
			}
			return next.Handle(ctx, e)
		})
	}
}

// Except is [Only] the other way round: it restricts a middleware to all
// triggers but those named.
func Except(name string, mw Middleware, triggers ...Trigger) Middleware {
	var others []Trigger
	for t := range triggerNames {
		if t := Trigger(t); t != 0 && !slices.Contains(triggers, t) {
			others = append(others, t)
		}
	}
	return Only(name, mw, others...)
}
