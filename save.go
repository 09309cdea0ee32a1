package streamer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pay-theory/streamer/request"
)

// save is the heartbeat: one write that renews the lease, stores progress and
// checkpoint, and brings back whether the request was cancelled and who watches.
// It returns ErrLeaseLost when the request is no longer this run's, and nil
// after a transient fault, which the next heartbeat makes good.
func (w *run) save(ctx context.Context) error {
	at := w.p.Now()
	change := w.collect(request.Renew(at, w.p.Lease), at)
	err := w.write(ctx, change)
	if err == nil {
		w.lease = change.Set.DueAt
		return nil
	}
	w.restore(change)
	conflict, moved := errors.AsType[*request.ConflictError](err)
	switch {
	case moved && w.owns(ctx, conflict.Request):
		return nil // an earlier write's answer was lost; the next one fits
	case moved, errors.Is(err, request.ErrNotFound), errors.Is(err, ErrLeaseLost):
		return ErrLeaseLost
	}
	w.logger.WarnContext(ctx, "heartbeat failed", "error", err.Error())
	if !w.p.Now().Before(w.lease) {
		return ErrLeaseLost
	}
	return nil
}

// owns reports whether the row is still this run's, and if so adopts it: a write
// of this run's was stored and only its answer was lost.
func (w *run) owns(ctx context.Context, r *request.Request) bool {
	if r.State != request.Running || r.Fence != w.r.Fence {
		return false
	}
	w.adopt(ctx, r)
	w.began, w.saved, w.lease = r.UpdatedAt, r.UpdatedAt, r.DueAt
	return true
}

// pendingSteps is where steps come from, while none is under way.
func (w *run) pendingSteps() <-chan pendingStep {
	if w.pending != nil {
		return nil
	}
	return w.job.pendingSteps
}

// settleStep tells the action what came of the step that is under way, if any.
func (w *run) settleStep(err error) {
	if w.pending != nil {
		w.pending.done <- err
		w.pending = nil
	}
}

// giveUpStep tells the action that the step under way, if any, is not stored since
// the run is over. Whatever the action makes of that is no outcome of its own.
func (w *run) giveUpStep(cause error) {
	if w.pending != nil {
		w.unstored = true
		w.settleStep(cause)
	}
}

// storeStep tries to store the step that is under way. A transient fault is worth
// another try, since the effect behind the step has happened: until the lease is
// over, or for the time of a whole one where heartbeats renew it meanwhile. Then it
// returns ErrLeaseLost: a store that is out of reach is never the action's failure.
func (w *run) storeStep(ctx context.Context) (transient bool, err error) {
	// A step is never stored ahead of its output, which no run would emit again.
	for w.pending.step.Output > w.r.Output+maxOutputBatch {
		if err := w.save(ctx); err != nil {
			return false, err
		}
		if w.cutOff {
			w.tries++
			return time.Now().Before(w.until), ErrLeaseLost
		}
	}
	if err := w.pending.fits(w.r); err != nil {
		return false, err
	}
	at := w.p.Now()
	change := w.collect(w.pending.change(request.Renew(at, w.p.Lease)), at)
	if change.Set.Step != nil {
		change.If.Steps = new(len(w.r.Steps)) // a signal that came meanwhile may have taken the room
	}
	if err = w.write(ctx, change); err == nil {
		w.lease = change.Set.DueAt
		return false, nil
	}
	w.restore(change)
	w.tries++
	conflict, moved := errors.AsType[*request.ConflictError](err)
	public, isPublic := errors.AsType[*Error](err)
	switch {
	case moved && w.owns(ctx, conflict.Request):
		if w.pending.in(w.r) {
			return false, nil // an earlier try was stored, and its answer was lost
		}
		return true, err // an earlier write was; the next try fits
	case moved, errors.Is(err, request.ErrNotFound), errors.Is(err, ErrLeaseLost):
		return false, ErrLeaseLost
	case isPublic && !public.Retryable:
		return false, err // it does not fit
	}
	w.logger.WarnContext(ctx, "store step failed", "step", w.pending.step.Name, "tries", w.tries, "error", err.Error())
	if !time.Now().Before(w.until) {
		return false, ErrLeaseLost
	}
	return true, err
}

// collect adds to a change what this run has to store in any case. It is a change of
// the row as this run knows it: a write that was given up and lands late must not
// undo a newer one.
func (w *run) collect(c request.Change, at time.Time) request.Change {
	if c.Set.Progress == nil && w.latest != nil {
		c.Set.Progress = w.latest
		if c.Set.State == "" {
			w.unsaved++ // the row's progress may be newer than the last frame's
		}
	}
	c.Set.Output, _ = w.job.takeOutput()
	c.Set.Checkpoint, c.Set.OutputMark = w.job.takeCheckpoint(w.r.Output + int64(len(c.Set.Output)))
	if c.Set.Checkpoint != nil || c.Set.Step != nil || c.Set.State == "" && c.Set.Children.Total > 0 {
		c.Set.Clear = append(slices.Clone(c.Set.Clear), request.AttrLeaseExpirations) // the work moves
	}
	c.If.OutputAt = nil
	if len(c.Set.Output) > 0 {
		c.If.OutputAt = new(w.r.Output)
	}
	if c.Set.State != "" {
		c = c.LookedAtEvery(w.p.SweepEvery)
		c.Set.Release = request.Releasable(w.r.Permits, c.Set.State)
	}
	c.Set.AddRev += w.unsaved
	c.Set.AddRan = at.Sub(w.began)
	c.Set.Unsubscribe = w.gone
	c.If.UnchangedSince = w.r.UpdatedAt
	c.Brief = true // the job has the payload
	return c.LeaveLook(w.r).ByWorker(w.r.Fence)
}

// restore makes a checkpoint that could not be stored fresh again, unless the
// action has set a newer one.
func (w *run) restore(c request.Change) {
	if c.Set.Checkpoint != nil {
		w.job.mu.Lock()
		w.job.fresh = true
		w.job.mu.Unlock()
	}
}

// write stores a change of this run's and, when it is stored, discards what was
// collected for it. A worker that slept through the end of its lease may still write,
// since the fence refuses it where another has the request. One whose last write
// failed writes nothing behind that end, and gets ErrLeaseLost: the store is out of its
// reach, and an outcome that lands minutes later would surprise its clients.
func (w *run) write(ctx context.Context, c request.Change) error {
	timeout := storeTimeout
	switch left := w.lease.Sub(w.p.Now()); {
	case left > 0:
		timeout = min(timeout, left)
	case w.cutOff:
		return ErrLeaseLost
	}
	// The function's own context may have ended already; the outcome must still
	// be stored.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	r, err := w.p.Store.ChangeRequest(bounded, w.r.Key, c)
	w.cutOff = err != nil
	if err != nil {
		return err
	}
	w.adopt(ctx, r)
	w.began, w.saved = c.Set.UpdatedAt, c.Set.UpdatedAt
	w.latest, w.unsaved, w.gone = nil, 0, nil
	return nil
}

// adopt takes over the row as it is and pushes the output that is new in it.
func (w *run) adopt(ctx context.Context, r *request.Request) {
	from, n := w.r.Output, int(r.Output-w.r.Output)
	chunks, _ := w.job.takeOutput()
	w.r = r
	if n > 0 {
		w.job.stored(n)
		for _, frame := range outputFrames(r.ID, from, chunks[:n]) {
			w.broadcast(ctx, frame)
		}
	}
}
