package lift

import (
	"context"
	"fmt"
	"slices"
)

// A Handler answers one event: a request, a message, a record of a batch.
//
// A nil Response with a nil error is success with nothing to say. With an
// error, a Response gives the headers of the error's answer and nothing else,
// so that a middleware can add headers to every answer without hiding the error
// from those around it. Whatever is returned belongs to Lift from then on.
//
// Handle may run for several events at the same time: records of a batch, and
// invocations where Lambda gives a process several at once
// (AWS_LAMBDA_MAX_CONCURRENCY). On classic Lambda, work that it leaves behind stands
// still as soon as the invocation has been answered, and one that ignores its
// deadline is ended with its process; among several at once, work goes on, and the
// invocation is answered with a timeout in its place.
type Handler interface {
	Handle(ctx context.Context, e *Event) (*Response, error)
}

// A HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, e *Event) (*Response, error)

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, e *Event) (*Response, error) { return f(ctx, e) }

// A Middleware wraps a Handler. It is called once for each route, when the
// route is registered.
type Middleware func(next Handler) Handler

// Chain joins middlewares into one, the first outermost.
func Chain(mw ...Middleware) Middleware {
	return func(next Handler) Handler { return wrap(next, mw) }
}

// Only restricts a middleware to the triggers that it can guard. To register it
// for another trigger panics, with a sentence that begins with name, because a
// guard that is skipped in silence is worse than none.
func Only(name string, mw Middleware, triggers ...Trigger) Middleware {
	return func(next Handler) Handler {
		if r, ok := next.(registered); ok {
			if !slices.Contains(triggers, r.trigger) {
				panic(fmt.Sprintf("lift: %s cannot guard a %s handler (it applies to: %s); "+
					"register it on the routes that it fits instead of with App.Use", name, r.trigger, joinTriggers(triggers)))
			}
			return mw(next)
		}
		// Outside an App, as in a middleware's own test, only the event tells.
		guarded := mw(next)
		return HandlerFunc(func(ctx context.Context, e *Event) (*Response, error) {
			if !slices.Contains(triggers, e.Trigger) {
				return nil, fmt.Errorf("%s cannot guard a %s event", name, e.Trigger)
			}
			return guarded.Handle(ctx, e)
		})
	}
}

// registered is a Handler on its way through a stack: it knows what it is being
// registered for, so that a middleware can refuse.
type registered struct {
	Handler
	trigger Trigger
}

// wrap puts the stack around next, the first middleware outermost. What next is
// registered for is handed on from layer to layer.
func wrap(next Handler, stack []Middleware) Handler {
	r, known := next.(registered)
	for _, mw := range slices.Backward(stack) {
		next = mw(next)
		if next == nil {
			panic("lift: a middleware returned no handler")
		}
		if known {
			if inner, ok := next.(registered); ok {
				next = inner.Handler
			}
			next = registered{Handler: next, trigger: r.trigger}
		}
	}
	return next
}
