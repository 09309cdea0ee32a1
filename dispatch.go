package streamer

import (
	"context"
	"time"

	"github.com/pay-theory/streamer/request"
)

// A Dispatcher asks for a look at a request, elsewhere and from due on: on AWS by
// a message of an SQS queue. It returns when the dispatch is accepted. One may
// arrive twice, late, early or not at all: the claim of a request is conditional,
// and the sweep dispatches what waits too long.
type Dispatcher interface {
	Dispatch(ctx context.Context, key request.Key, due time.Time) error
}

// A Queue is a Dispatcher that takes many dispatches at once and knows how many of
// them wait.
type Queue interface {
	Dispatcher

	// DispatchAll returns an error for each of the dispatches, nil where it is
	// accepted.
	DispatchAll(ctx context.Context, dispatches []Dispatch) []error

	// Backlog is about how many dispatches wait that are due.
	Backlog(ctx context.Context) (int, error)
}

// A Dispatch names a request and the time at which it is due.
type Dispatch struct {
	Key request.Key
	Due time.Time
}

// MaxDelay is how far ahead a dispatch can be due, as SQS has it (Amazon SQS API
// Reference, "SendMessage", DelaySeconds).
const MaxDelay = 15 * time.Minute

// A QueueFunc makes a Queue of a function that takes one dispatch at a time. It
// reports no backlog, so a sweep takes what waits too long as lost.
type QueueFunc func(ctx context.Context, key request.Key, due time.Time) error

// Dispatch implements [Dispatcher].
func (f QueueFunc) Dispatch(ctx context.Context, key request.Key, due time.Time) error {
	return f(ctx, key, due)
}

// DispatchAll implements [Queue].
func (f QueueFunc) DispatchAll(ctx context.Context, dispatches []Dispatch) []error {
	faults := make([]error, len(dispatches))
	for i, d := range dispatches {
		faults[i] = f(ctx, d.Key, d.Due)
	}
	return faults
}

// Backlog implements [Queue].
func (f QueueFunc) Backlog(context.Context) (int, error) { return 0, nil }
