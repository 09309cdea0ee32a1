package streamer

import (
	"fmt"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// mismatchPatience is how long at least a request whose worker does not fit it is put
// back before it fails: a deploy, or its rollback, is over by then.
const mismatchPatience = 10 * time.Minute

// A mismatchError says that this worker's code does not fit a request that was
// accepted: it lacks the action, or cannot decode what is stored.
type mismatchError struct {
	what string
	err  error // why; nil for an action that it lacks
}

func (e *mismatchError) Error() string {
	if e.err == nil {
		return e.what
	}
	return e.what + ": " + e.err.Error()
}

func (e *mismatchError) Unwrap() error { return e.err }

// putBack queues a request again that this worker does not fit, for one that does. It
// costs no attempt. Once that has gone on for mismatchPatience, the request fails with
// a message that blames the deploy.
func (w *run) putBack(at time.Time, why *mismatchError) request.Change {
	since, times := w.mismatches()
	w.logger.Warn("worker does not fit the request", "error", why.Error(), "since", since, "times", times)
	if at.Sub(since) >= mismatchPatience {
		err := Errorf(wire.InternalError, "the deploy is at fault, not the request: %s, for %v now; deploy workers that fit it, then redrive it",
			why.what, at.Sub(since).Round(time.Second))
		return w.endAttempt(request.Fail(at, w.p.Retention, request.WireError(err, w.r.CorrelationID)), why)
	}
	wait := min(time.Second<<times, time.Minute)
	wait += RetryPolicy{Base: wait, Cap: wait}.delay(w.r.Key, times+1)
	err := Errorf(wire.ServiceUnavailable, "%s; a deploy may be under way, the request waits for it", why.what)
	return w.endAttempt(request.PutBack(at, wait, request.WireError(err, w.r.CorrelationID)), why)
}

// mismatches tells from the history since when, without a break, and how often the
// request was put back before this claim. The waits are such that all that a history
// remembers span more than mismatchPatience.
func (w *run) mismatches() (since time.Time, times int) {
	since = w.r.ClaimedAt
	for i := len(w.r.History) - 1; i >= 0; i-- {
		ended := w.r.History[i]
		if ended.Number != w.r.Attempt || ended.Code != wire.ServiceUnavailable || since.Sub(ended.EndedAt) > mismatchPatience {
			break
		}
		since = ended.StartedAt
		times++
	}
	return since, times
}

// mismatch is the error of stored data that does not decode. A short action's came
// with its message, and so the fault is the sender's.
func (j *Job) mismatch(what string, err error) error {
	if j.news == nil {
		return err
	}
	return &mismatchError{what: what + " of the request does not decode in the worker's version of the action", err: err}
}

// lacksAction is the mismatch of a worker that does not have the action.
func lacksAction(name string) *mismatchError {
	return &mismatchError{what: fmt.Sprintf("the worker does not know the action %q", name)}
}
