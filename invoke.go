package streamer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// invoke runs an action and turns its panic into an error, so that one action
// cannot take its function down.
func invoke(ctx context.Context, action Action, job *Job) (out json.RawMessage, err error) {
	defer func() {
		if v := recover(); v != nil {
			panicked := &panicError{action: action.Name(), value: fmt.Sprint(v), frame: panicFrame()}
			job.logger.ErrorContext(ctx, "action panicked", "panic", panicked.value, "stack", string(debug.Stack()))
			out, err = nil, panicked
		}
	}()
	job.action = action.Name()
	return action.run(ctx, job)
}

// IsFailure reports whether a run of an action, given ctx, that returned err has
// failed. It has not when the action goes on later, by [Continue], [Snooze] or
// [AwaitSignal], nor when the request was cancelled, the lease was lost, or the
// function's time was over first.
func IsFailure(ctx context.Context, err error) bool {
	if err == nil || goesOn(err) {
		return false
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, ErrCancelled), errors.Is(cause, ErrLeaseLost):
		return false
	case errors.Is(cause, ErrSliceEnd):
		return !errors.Is(err, context.Canceled) && !errors.Is(err, ErrSliceEnd)
	}
	return true
}

// goesOn reports whether an action that returned err wants to run again.
func goesOn(err error) bool {
	_, continues := errors.AsType[*continuation](err)
	_, snoozes := errors.AsType[*snooze](err)
	_, waits := errors.AsType[*waitForSignalError](err)
	_, waitsForChildren := errors.AsType[*waitForChildrenError](err)
	return continues || snoozes || waits || waitsForChildren
}

// An ActionError is how a short action failed, as opposed to what kept it from
// being run: the fault is the action's, and not the service's. Its text is Err's.
type ActionError struct {
	Action string // its name
	Err    error
}

// Error returns Err's text.
func (e *ActionError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ActionError) Unwrap() error { return e.Err }

// runShort runs a short action to its end and answers for its time limit, and for the
// message that its answer must fit into. Its errors are ActionErrors.
func runShort(ctx context.Context, action Action, job *Job) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, action.config.Limit, ErrLimit)
	defer cancel()
	out, err := invoke(ctx, action, job)
	job.close()
	switch {
	case err == nil && len(out) <= request.MaxInFrame:
		return out, nil
	case err == nil:
		err = Errorf(wire.PayloadTooLarge, "the answer of action %q has %d bytes, %d are allowed: it must return a reference to what it stored",
			action.Name(), len(out), request.MaxInFrame)
	case errors.Is(context.Cause(ctx), ErrLimit) && ctx.Err() != nil:
		err = limitError(action.config.Limit)
	case goesOn(err):
		err = fmt.Errorf("the short action %s cannot go on later (%w): set Long in its ActionConfig", action.Name(), err)
	}
	return nil, &ActionError{Action: action.Name(), Err: err}
}

func limitError(limit time.Duration) *Error {
	e := Errorf(wire.Timeout, "the action did not finish within its limit of %v", limit)
	e.Retryable = false
	return e
}
