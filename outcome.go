package streamer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// finish stores what came of the action and tells the subscribers when it is
// final.
func (w *run) finish(ctx context.Context, out outcome, cause error) error {
	w.job.close()
	if errors.Is(cause, ErrLeaseLost) {
		w.logger.WarnContext(ctx, "lease lost; the outcome of this run is discarded")
		w.job.family.cancelOrphans(ctx)
		return nil
	}
	if newest := w.job.take(); newest != nil {
		w.latest = newest
		if w.pushed == nil && time.Since(w.sent) >= progressEvery {
			w.push(ctx, *newest)
		}
	}
	if w.unstored {
		out = outcome{err: cause, abandoned: out.abandoned}
	}
	return w.end(ctx, w.decide(ctx, out, cause))
}

// decide turns an outcome into the transition that it means.
func (w *run) decide(ctx context.Context, out outcome, cause error) request.Change {
	at, retention := w.p.Now(), w.p.Retention
	failFor := func(err, why error) request.Change {
		return w.endAttempt(request.Fail(at, retention, request.WireError(err, w.r.CorrelationID)), why)
	}
	fail := func(err error) request.Change { return failFor(err, err) }
	more, continues := errors.AsType[*continuation](out.err)
	nap, snoozes := errors.AsType[*snooze](out.err)
	wait, waits := errors.AsType[*waitForSignalError](out.err)
	family, waitsForChildren := errors.AsType[*waitForChildrenError](out.err)
	stopped := out.abandoned || errors.Is(out.err, context.Canceled) || errors.Is(out.err, cause)

	switch {
	case out.err == nil && len(out.result) > request.MaxResult:
		return fail(Errorf(wire.PayloadTooLarge, "the result has %d bytes, %d are allowed: store it elsewhere and return a reference",
			len(out.result), request.MaxResult))
	case out.err == nil:
		last := w.r.Progress.Message
		if w.latest != nil {
			last = w.latest.Message
		}
		return request.Succeed(at, retention, out.result, last)
	case errors.Is(cause, ErrCancelled) || w.r.CancelRequested:
		return w.endAttempt(request.Cancel(at, retention, w.r.CorrelationID), nil)
	case errors.Is(cause, ErrLimit):
		err := limitError(w.action.config.Limit)
		return failFor(err, stoppedError(err, out))
	case continues || snoozes || waits || waitsForChildren || errors.Is(cause, ErrSliceEnd) && stopped:
		if w.r.Slices+1 >= w.action.config.MaxSlices {
			return fail(Errorf(wire.Timeout, "the action was continued %d times, which is its limit", w.action.config.MaxSlices))
		}
		switch {
		case waits:
			return request.Wait(at, wait.Await)
		case waitsForChildren:
			return request.WaitForChildren(at, at.Add(w.p.childrenLook()), family.Children)
		case snoozes:
			return request.Continue(at, nap.Duration)
		case continues && more.state != nil:
			if err := w.job.SetCheckpoint(more.state); err != nil {
				return fail(err)
			}
		}
		return request.Continue(at, 0)
	}

	if mismatch, ok := errors.AsType[*mismatchError](out.err); ok {
		return w.putBack(at, mismatch)
	}
	if _, public := errors.AsType[*Error](out.err); !public {
		w.logger.ErrorContext(ctx, "action failed", "error", out.err.Error())
	}
	policy := w.action.config.Retry
	again, after := policy.retryable(out.err)
	if again && w.r.Attempt < policy.Attempts {
		return w.endAttempt(request.Retry(at, max(after, policy.delay(w.r.Key, w.r.Attempt)), request.WireError(out.err, w.r.CorrelationID)),
			out.err)
	}
	return fail(out.err)
}

// endAttempt has this run join the history with the transition's error, and with the cause
// of that; nil: a cancel, which needs none.
func (w *run) endAttempt(c request.Change, cause error) request.Change {
	c.Set.History = request.EndAttempt(w.r, c.Set.UpdatedAt, c.Set.Error.Code, w.p.causeOf(cause))
	return c
}

// end writes the transition that ends this run, with all the output before it. A
// transient fault of the store is tried again while the lease lasts, and a write
// whose answer was lost is recognized.
func (w *run) end(ctx context.Context, outcome request.Change) error {
	tries := 0
	change, at := outcome, outcome.Set.UpdatedAt
	ahead := w.dispatchAhead(ctx, outcome)
	for stored := false; !stored; {
		if _, more := w.job.takeOutput(); more {
			before := w.r.Output
			if err := w.save(ctx); err != nil {
				return w.discard(ctx, outcome)
			}
			if w.r.Output > before {
				continue
			}
			tries++
			if !w.pause(ctx, tries, "output", errStored) {
				return fmt.Errorf("store output: %w", errStored)
			}
			continue
		}
		change = w.collect(outcome, at)
		err := w.write(ctx, change)
		if err == nil {
			break
		}
		refused, isPublic := errors.AsType[*Error](err)
		if isPublic && refused.Code == wire.PayloadTooLarge && change.Set.State != request.Failed {
			outcome = w.endAttempt(request.Fail(at, w.p.Retention, request.WireError(err, w.r.CorrelationID)), err) // without what was too large
			continue
		}
		w.restore(change)
		conflict, moved := errors.AsType[*request.ConflictError](err)
		switch {
		case moved && w.finished(ctx, conflict.Request, change):
			stored = true
		case moved && w.owns(ctx, conflict.Request):
			switch {
			case w.r.Steps[change.If.LacksStep] == nil:
			case change.Set.Await.Token == request.ChildrenToken:
				outcome = request.GoOnWithChildren(at) // some ended first
			default:
				outcome = request.Continue(at, 0) // the signal came first
			}
		case moved, errors.Is(err, request.ErrNotFound), errors.Is(err, ErrLeaseLost):
			return w.discard(ctx, outcome)
		default:
			tries++
			if !w.pause(ctx, tries, string(change.Set.State), err) {
				return fmt.Errorf("store outcome %s: %w", change.Set.State, err)
			}
		}
	}
	w.stopWaiting(ctx)
	line := []any{"state", w.r.State, "ran_ms", w.r.Ran.Milliseconds(), "rev", w.r.Rev}
	if expected := w.action.config.Expected; expected > 0 {
		line = append(line, "expected_ms", expected.Milliseconds())
	}
	w.logger.InfoContext(ctx, "request "+outcomeWord(change), line...)
	ctx = context.WithoutCancel(ctx)
	w.dispatchBehind(ctx, ahead)
	w.awaitPushes(ctx) // which come before the frame of the outcome
	switch waiting := w.r.Waiting(); {
	case w.r.State.Final():
		w.p.aftermath().of(ctx, w.r, pushTries)
	case waiting != nil && waiting.For != wire.WaitingWorker:
		w.broadcast(ctx, waitingFrame(w.r))
	}
	w.p.resumeNext(ctx, change.Set.Release)
	return nil
}

// dispatchAhead dispatches a request that an outcome queues for later before that is
// stored: so a crash between the two leaves a dispatch too many and not one too few.
// It returns the due time of what it dispatched; zero for an outcome that is due at
// once, is farther ahead than a dispatch can be, or could not be dispatched.
func (w *run) dispatchAhead(ctx context.Context, outcome request.Change) time.Time {
	due := outcome.Set.DueAt
	wait := due.Sub(w.p.Now())
	if outcome.Set.State != request.Queued || wait <= 0 || wait > request.MaxDelay || !dispatch(ctx, w.p.Dispatch, w.logger, w.r.Key, due) {
		return time.Time{}
	}
	return due
}

// dispatchBehind dispatches a request that is queued now, unless it was dispatched
// ahead and the store took it in time, or the sweep will since it is due much later.
func (w *run) dispatchBehind(ctx context.Context, ahead time.Time) {
	wait := w.r.DueAt.Sub(w.p.Now())
	if underWay := w.r.DueAt.Equal(ahead.Truncate(time.Millisecond)) && wait > 0; underWay || wait > request.MaxDelay {
		return
	}
	dispatchQueued(ctx, w.p.Dispatch, w.logger, w.r)
}

// pause waits before the outcome is stored again. It reports false when the lease
// or the context ends first.
func (w *run) pause(ctx context.Context, tries int, what string, err error) bool {
	pause := storeRetry.delay(w.r.Key, tries)
	if !w.p.Now().Add(pause).Before(w.lease) {
		return false
	}
	w.logger.WarnContext(ctx, "store outcome failed, trying again", "outcome", what, "error", err.Error())
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// stopWaiting cancels a request that this run has just queued and that was asked
// to stop since the run last heard: it would wait for its next run first, which
// may be hours away.
func (w *run) stopWaiting(ctx context.Context) {
	if w.r.State != request.Queued || !w.r.CancelRequested {
		return
	}
	change := request.Cancel(w.p.Now(), w.p.Retention, w.r.CorrelationID)
	change.If.States, change.If.Fence = []request.State{request.Queued}, w.r.Fence
	change.Set.Release = request.Releasable(w.r.Permits, request.Cancelled)
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	r, err := w.p.Store.ChangeRequest(bounded, w.r.Key, change)
	if err != nil {
		w.logger.WarnContext(ctx, "cancel queued request failed; its next run will", "error", err.Error())
		return
	}
	w.r = r
}

// errStored says that output could not be stored; why is in the log.
var errStored = errors.New("the store does not take it")

// finished reports whether the row is what the change makes of it: then the change
// was stored and only its answer was lost.
func (w *run) finished(ctx context.Context, r *request.Request, c request.Change) bool {
	if r.Fence != w.r.Fence || r.State != c.Set.State || !r.UpdatedAt.Equal(c.Set.UpdatedAt) {
		return false
	}
	r.Result = c.Set.Result // which a brief answer leaves out
	w.adopt(ctx, r)
	return true
}

// discard gives up on an outcome that is no longer this run's to store.
func (w *run) discard(ctx context.Context, outcome request.Change) error {
	w.logger.WarnContext(ctx, "lease lost; the outcome of this run is discarded", "outcome", outcome.Set.State)
	w.job.family.cancelOrphans(ctx)
	return nil
}

func outcomeWord(c request.Change) string {
	switch {
	case c.Set.State.Final():
		return "finished"
	case c.Set.Error != nil:
		return "will be retried"
	case c.Set.Await.Token == request.ChildrenToken:
		return "waits for its children"
	case c.Set.Await.Token != "":
		return "waits for a signal"
	}
	return "will be continued"
}
