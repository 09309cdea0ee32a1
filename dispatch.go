package streamer

import (
	"context"
	"log/slog"
	"time"

	"github.com/pay-theory/streamer/request"
)

// A Queue asks for looks at requests, elsewhere and from the time on that they are
// due: on AWS by messages of an SQS queue. What it accepts may arrive twice, late,
// early or not at all: the claim of a request is conditional, and the sweep dispatches
// what waits too long. It is safe for concurrent use.
type Queue interface {
	// Dispatch asks for a look at one request, and returns when that is accepted.
	Dispatch(ctx context.Context, key request.Key, due time.Time) error

	// DispatchAll returns an error for each of the dispatches, nil where it is
	// accepted.
	DispatchAll(ctx context.Context, dispatches []request.Dispatch) []error

	// Backlog is about how many dispatches wait that are due.
	Backlog(ctx context.Context) (int, error)
}

// A QueueFunc makes a Queue of a function that takes one dispatch at a time. It
// reports no backlog, so a sweep takes what waits too long as lost.
type QueueFunc func(ctx context.Context, key request.Key, due time.Time) error

// Dispatch implements [Queue].
func (f QueueFunc) Dispatch(ctx context.Context, key request.Key, due time.Time) error {
	return f(ctx, key, due)
}

// DispatchAll implements [Queue].
func (f QueueFunc) DispatchAll(ctx context.Context, dispatches []request.Dispatch) []error {
	faults := make([]error, len(dispatches))
	for i, d := range dispatches {
		faults[i] = f(ctx, d.Key, d.Due)
	}
	return faults
}

// Backlog implements [Queue].
func (f QueueFunc) Backlog(context.Context) (int, error) { return 0, nil }

// dispatchTimeout bounds one dispatch, so that a queue out of reach holds up no
// answer for long.
const dispatchTimeout = 5 * time.Second

// dispatch asks for a look at a request that a write has queued, or will. What
// becomes of the write does not hang on it: a dispatch that fails is logged, and the
// sweep makes up for it.
func dispatch(ctx context.Context, to Queue, logger *slog.Logger, key request.Key, due time.Time) bool {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), dispatchTimeout)
	defer cancel()
	if err := to.Dispatch(bounded, key, due); err != nil {
		logger.WarnContext(ctx, "dispatch failed; the sweep will dispatch the request", "request_id", key.ID, "error", err.Error())
		return false
	}
	return true
}

// dispatchQueued dispatches a request that a write has just left queued, unless it
// waits for a permit: whoever releases one dispatches it then.
func dispatchQueued(ctx context.Context, to Queue, logger *slog.Logger, r *request.Request) {
	if r.State == request.Queued && r.ThrottledBy == "" {
		dispatch(ctx, to, logger, r.Key, r.DueAt)
	}
}
