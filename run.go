package streamer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const (
	// progressEvery is how often at most watchers get a progress frame; of what was
	// reported between two the newest wins.
	progressEvery = 100 * time.Millisecond
	// storeTimeout bounds one write, well below any lease.
	storeTimeout = 5 * time.Second
	// outputEvery is how often at most output is stored, and so how late at most
	// its watchers get it.
	outputEvery = 200 * time.Millisecond
)

// storeRetry paces a write that is tried again; only its delays count.
var storeRetry = RetryPolicy{Base: 50 * time.Millisecond, Cap: 5 * time.Second}

// A run is one claim of a request, from the claim to the write that ends it. One
// goroutine, in work, owns all of it; the action runs in another and is seen
// only through job and done.
type run struct {
	p      *Processor
	r      *request.Request // the row as this run last saw it
	action Action
	job    *Job
	logger *slog.Logger

	began   time.Time         // since when Ran is not accounted for
	saved   time.Time         // when the row was last written
	lease   time.Time         // when the lease ends, by this process's clock
	latest  *request.Progress // newer than the row; nil when it is not
	held    *request.Progress // not sent because of the pace; nil when there is none
	unsaved int64             // revs given out since the row was written
	gone    []string          // connections that closed since the row was written
	sent    time.Time         // when the last progress frame was; zero: never

	recording *recording // the step that is to be stored; nil when there is none
	tries     int        // of storing it
	until     time.Time  // when it is given up, by the clock that does not jump
}

// outcome is what came of an action. abandoned says that it has not returned.
type outcome struct {
	result    json.RawMessage
	err       error
	abandoned bool
}

// newRun begins the run of a request that was just claimed.
func newRun(p *Processor, r *request.Request) *run {
	at := p.Now()
	logger := p.Logger.With("request_id", r.ID, "action", r.Action, "correlation_id", r.CorrelationID,
		"tenant", r.Tenant, "attempt", r.Attempt, "fence", r.Fence)
	return &run{
		p: p, r: r, logger: logger, began: at, saved: at, lease: r.DueAt,
		job: &Job{
			key: r.Key, payload: r.Payload, metadata: r.Metadata, attempt: r.Attempt,
			who:    Principal{Tenant: r.Tenant, Subject: r.Subject},
			logger: logger, clock: p.Now, wake: make(chan struct{}, 1), over: make(chan struct{}),
			recordings: make(chan recording), waited: r.Await, checkpoint: r.Checkpoint, mark: r.OutputMark,
			steps: stepsOf(r), emitted: r.OutputMark, kept: r.Output,
		},
	}
}

// stepsOf is a copy of a request's steps that a job may add to.
func stepsOf(r *request.Request) map[string]json.RawMessage {
	steps := maps.Clone(r.Steps)
	if steps == nil {
		steps = map[string]json.RawMessage{}
	}
	return steps
}

// work runs the action and everything around it until the outcome is stored.
func (w *run) work(ctx context.Context) error {
	w.logger.InfoContext(ctx, "request claimed", "slice", w.r.Slices)
	action, err := w.p.Actions.find(w.r.Action)
	if err != nil {
		return w.end(ctx, w.ended(request.Fail(w.p.Now(), w.p.Retention, request.WireError(err, w.r.CorrelationID))))
	}
	w.action = action
	if w.r.CancelRequested {
		return w.end(ctx, w.ended(request.Cancel(w.p.Now(), w.p.Retention, w.r.CorrelationID)))
	}

	// The action's context ends only with a cause of ours: an action must be able
	// to tell a slice's end from a cancel.
	actionCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	done := make(chan outcome, 1)
	go func() {
		result, err := invoke(actionCtx, action, w.job)
		done <- outcome{result: result, err: err}
	}()

	heartbeat := time.NewTicker(w.p.Heartbeat)
	defer heartbeat.Stop()
	limit := time.NewTimer(max(action.config.Limit-w.r.Ran, 0))
	defer limit.Stop()
	sliceEnd := w.sliceTimer(ctx)
	defer sliceEnd.Stop()
	grace := idleTimer()
	defer grace.Stop()
	pace := idleTimer()
	defer pace.Stop()
	flush := idleTimer()
	defer flush.Stop()
	again := idleTimer()
	defer again.Stop()

	stop := func(cause error) {
		if actionCtx.Err() == nil {
			cancel(cause)
			grace.Reset(w.p.Grace)
			w.recorded(cause)
		}
	}
	save := func() {
		switch err := w.save(ctx); {
		case errors.Is(err, ErrLeaseLost):
			stop(ErrLeaseLost)
		case w.r.CancelRequested:
			stop(ErrCancelled)
		}
	}
	record := func() {
		passing, err := w.record(ctx)
		if passing && actionCtx.Err() == nil {
			again.Reset(storeRetry.delay(w.r.Key, w.tries))
			return
		}
		w.recorded(err)
		if errors.Is(err, ErrLeaseLost) {
			stop(ErrLeaseLost)
		}
	}
	closing := ctx.Done()
	for {
		select {
		case out := <-done:
			return w.finish(ctx, out, context.Cause(actionCtx))
		case <-grace.C:
			w.logger.WarnContext(ctx, "action did not return in time", "cause", context.Cause(actionCtx).Error())
			return w.finish(ctx, outcome{err: context.Cause(actionCtx), abandoned: true}, context.Cause(actionCtx))
		case <-w.job.wake:
			w.publish(ctx, pace)
			if output, _ := w.job.takeOutput(); len(output) > 0 {
				flush.Reset(max(outputEvery-w.p.Now().Sub(w.saved), 0))
			}
		case <-flush.C:
			save()
			if output, _ := w.job.takeOutput(); len(output) > 0 {
				flush.Reset(outputEvery)
			}
		case r := <-w.recordings():
			w.recording, w.tries, w.until = &r, 0, time.Now().Add(w.p.Lease)
			record()
		case <-again.C:
			if w.recording != nil {
				record()
			}
		case <-pace.C:
			w.publish(ctx, pace)
		case <-heartbeat.C:
			save()
		case <-limit.C:
			stop(ErrLimit)
		case <-sliceEnd.C:
			stop(ErrSliceEnd)
		case <-closing:
			closing = nil
			stop(ErrSliceEnd)
		}
		if w.latest != nil && w.p.Now().Sub(w.saved) >= w.p.SaveEvery {
			save()
		}
	}
}

// sliceTimer fires a margin before the function's deadline; never when there is
// none. Half of the time that is left always belongs to the action.
func (w *run) sliceTimer(ctx context.Context) *time.Timer {
	deadline, ok := ctx.Deadline()
	if !ok {
		return idleTimer()
	}
	left := time.Until(deadline)
	return time.NewTimer(left - min(w.p.SliceMargin, left/2))
}

// idleTimer fires only after a Reset.
func idleTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// publish sends the newest progress, now or when the pace allows.
func (w *run) publish(ctx context.Context, pace *time.Timer) {
	if newest := w.job.take(); newest != nil {
		w.latest, w.held = newest, newest
	}
	if w.held == nil {
		return
	}
	if wait := progressEvery - time.Since(w.sent); wait > 0 {
		pace.Reset(wait)
		return
	}
	w.push(ctx, *w.held)
	w.held = nil
}

func (w *run) push(ctx context.Context, p request.Progress) {
	w.sent = time.Now()
	w.unsaved++
	w.broadcast(ctx, wire.Frame{Type: wire.TypeProgress, RequestID: w.r.ID, Rev: w.r.Rev + w.unsaved,
		Percentage: p.Percentage, Message: p.Message, Metadata: p.Metadata, Timestamp: w.p.Now()})
}

// broadcast pushes a frame to whoever watches.
func (w *run) broadcast(ctx context.Context, frame wire.Frame) {
	watching := slices.DeleteFunc(slices.Clone(w.r.Subscribers), func(id string) bool { return slices.Contains(w.gone, id) })
	gone, _ := send(ctx, w.p.Push, w.logger, w.r.Key, watching, frame.Append(nil), 1)
	w.gone = append(w.gone, gone...)
}

// save is the heartbeat: one write that renews the lease, stores progress and
// checkpoint, and brings back whether the request was cancelled and who watches.
// It returns ErrLeaseLost when the request is no longer this run's, and nil
// after a passing fault, which the next heartbeat makes good.
func (w *run) save(ctx context.Context) error {
	at := w.p.Now()
	change := w.carry(request.Change{At: at, DueAt: at.Add(w.p.Lease)}, at)
	err := w.write(ctx, change)
	var conflict *request.ConflictError
	switch {
	case err == nil:
		w.lease = change.DueAt
		return nil
	case errors.As(err, &conflict) && w.mine(ctx, conflict.Request):
		w.restore(change) // an earlier write's answer was lost; the next one fits
		return nil
	case errors.As(err, &conflict), errors.Is(err, request.ErrNotFound):
		return ErrLeaseLost
	}
	w.restore(change)
	w.logger.WarnContext(ctx, "heartbeat failed", "error", err.Error())
	if !w.p.Now().Before(w.lease) {
		return ErrLeaseLost
	}
	return nil
}

// mine reports whether the row is still this run's, and if so takes it over: a
// write of this run's was stored and only its answer was lost.
func (w *run) mine(ctx context.Context, r *request.Request) bool {
	if r.State != request.Running || r.Fence != w.r.Fence {
		return false
	}
	w.told(ctx, r)
	w.began, w.saved, w.lease = r.UpdatedAt, r.UpdatedAt, r.DueAt
	return true
}

// recordings is where steps come from, while none is under way.
func (w *run) recordings() <-chan recording {
	if w.recording != nil {
		return nil
	}
	return w.job.recordings
}

// recorded tells the action what came of the step that is under way, if any.
func (w *run) recorded(err error) {
	if w.recording != nil {
		w.recording.done <- err
		w.recording = nil
	}
}

// record tries to store the step that is under way. A passing fault is worth
// another try, since the effect behind the step has happened: until the lease is
// over, or for the time of a whole one where heartbeats renew it meanwhile.
func (w *run) record(ctx context.Context) (passing bool, err error) {
	at := w.p.Now()
	step := w.recording.step
	change := w.carry(request.Change{At: at, DueAt: at.Add(w.p.Lease), Step: &step}, at)
	if err = w.write(ctx, change); err == nil {
		w.lease = change.DueAt
		return false, nil
	}
	w.restore(change)
	w.tries++
	var conflict *request.ConflictError
	var declared *Error
	switch {
	case errors.As(err, &conflict) && w.mine(ctx, conflict.Request):
		if w.r.Steps[step.Name] != nil {
			return false, nil // an earlier try was stored, and its answer was lost
		}
		return true, err // an earlier write was; the next try fits
	case errors.As(err, &conflict), errors.Is(err, request.ErrNotFound), !at.Before(w.lease):
		return false, ErrLeaseLost
	case errors.As(err, &declared) && !declared.Retryable:
		return false, err // it does not fit
	}
	w.logger.WarnContext(ctx, "storing a step failed", "step", step.Name, "tries", w.tries, "error", err.Error())
	return time.Now().Before(w.until), err
}

// carry adds to a change what this run has to store in any case. It is a change of
// the row as this run knows it: a write that was given up and lands late must not
// undo a newer one.
func (w *run) carry(c request.Change, at time.Time) request.Change {
	if c.Progress == nil && w.latest != nil {
		c.Progress = w.latest
		if c.To == "" {
			w.unsaved++ // the row's progress may be newer than the last frame's
		}
	}
	c.Checkpoint, c.OutputMark = w.job.takeCheckpoint()
	c.Output, _ = w.job.takeOutput()
	c.OutputAt = w.r.Output
	if c.To != "" {
		c.Release = request.Releasable(w.r.Slots, c.To)
	}
	c.AddRev += w.unsaved
	c.AddRan = at.Sub(w.began)
	c.Unsubscribe = w.gone
	c.UnchangedSince = w.r.UpdatedAt
	return c.ByWorker(w.r.Fence)
}

// restore makes a checkpoint that could not be stored fresh again, unless the
// action has set a newer one.
func (w *run) restore(c request.Change) {
	if c.Checkpoint != nil {
		w.job.mu.Lock()
		w.job.fresh = true
		w.job.mu.Unlock()
	}
}

// write stores a change of this run's and, when it is stored, forgets what it
// carried.
func (w *run) write(ctx context.Context, c request.Change) error {
	// The function's own context may have ended already; the outcome must still
	// be stored.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	r, err := w.p.Store.ChangeRequest(bounded, w.r.Key, c)
	if err != nil {
		return err
	}
	w.told(ctx, r)
	w.began, w.saved = c.At, c.At
	w.latest, w.unsaved, w.gone = nil, 0, nil
	return nil
}

// told takes over the row as it is and pushes the output that is new in it.
func (w *run) told(ctx context.Context, r *request.Request) {
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

// finish stores what came of the action and tells the subscribers when it is
// final.
func (w *run) finish(ctx context.Context, out outcome, cause error) error {
	w.job.close()
	if errors.Is(cause, ErrLeaseLost) {
		w.logger.WarnContext(ctx, "lease lost; the outcome of this run is dropped")
		return nil
	}
	if newest := w.job.take(); newest != nil {
		w.latest = newest
		if time.Since(w.sent) >= progressEvery {
			w.push(ctx, *newest)
		}
	}
	return w.end(ctx, w.decide(ctx, out, cause))
}

// decide turns an outcome into the step that it means.
func (w *run) decide(ctx context.Context, out outcome, cause error) request.Change {
	at, retention := w.p.Now(), w.p.Retention
	fail := func(err error) request.Change {
		return w.ended(request.Fail(at, retention, request.WireError(err, w.r.CorrelationID)))
	}
	var (
		more *continuation
		nap  *snooze
		wait *park
	)
	wantsMore := errors.As(out.err, &more) || errors.As(out.err, &nap) || errors.As(out.err, &wait)
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
		return w.ended(request.Cancel(at, retention, w.r.CorrelationID))
	case errors.Is(cause, ErrLimit):
		return fail(limitError(w.action.config.Limit))
	case wantsMore || errors.Is(cause, ErrSliceEnd) && stopped:
		if w.r.Slices+1 >= w.action.config.MaxSlices {
			return fail(Errorf(wire.Timeout, "the action was continued %d times, which is its limit", w.action.config.MaxSlices))
		}
		switch {
		case wait != nil:
			return request.Wait(at, wait.Await)
		case nap != nil:
			return request.Continue(at, nap.Duration)
		case more != nil && more.state != nil:
			if err := w.job.SetCheckpoint(more.state); err != nil {
				return fail(err)
			}
		}
		return request.Continue(at, 0)
	}

	var declared *Error
	if !errors.As(out.err, &declared) {
		w.logger.ErrorContext(ctx, "action failed", "error", out.err.Error())
	}
	policy := w.action.config.Retry
	again, after := policy.retryable(out.err)
	if again && w.r.Attempt < policy.Attempts {
		return w.ended(request.Retry(at, max(after, policy.delay(w.r.Key, w.r.Attempt)), request.WireError(out.err, w.r.CorrelationID)))
	}
	return fail(out.err)
}

// ended has this run join the history with the step's error.
func (w *run) ended(step request.Change) request.Change {
	step.History = request.EndAttempt(w.r, step.At, step.Error.Code)
	return step
}

// end writes the step that ends this run, with all the output before it. A
// passing fault of the store is tried again while the lease lasts, and a write
// whose answer was lost is recognized.
func (w *run) end(ctx context.Context, step request.Change) error {
	tries := 0
	again := func(what string, err error) bool {
		tries++
		pause := storeRetry.delay(w.r.Key, tries)
		if !w.p.Now().Add(pause).Before(w.lease) {
			return false
		}
		w.logger.WarnContext(ctx, "storing the outcome failed, trying again", "outcome", what, "error", err.Error())
		time.Sleep(pause)
		return true
	}
	var change request.Change
	for {
		if _, more := w.job.takeOutput(); more {
			if before := w.r.Output; errors.Is(w.save(ctx), ErrLeaseLost) {
				return w.drop(ctx, step)
			} else if w.r.Output == before && !again("output", errStored) {
				return fmt.Errorf("store output: %w", errStored)
			}
			continue
		}
		change = w.carry(step, step.At)
		err := w.write(ctx, change)
		if err == nil {
			break
		}
		var refused *Error
		if errors.As(err, &refused) && refused.Code == wire.PayloadTooLarge && change.To != request.Failed {
			step = w.ended(request.Fail(step.At, w.p.Retention, request.WireError(err, w.r.CorrelationID))) // without what was too large
			continue
		}
		w.restore(change)
		var conflict *request.ConflictError
		switch {
		case errors.As(err, &conflict) && w.done(ctx, conflict.Request, change):
		case errors.As(err, &conflict) && w.mine(ctx, conflict.Request):
			if w.r.Steps[change.Lacks] != nil {
				step = request.Continue(step.At, 0) // the signal came first
			}
			continue
		case errors.As(err, &conflict), errors.Is(err, request.ErrNotFound):
			return w.drop(ctx, step)
		case again(string(change.To), err):
			continue
		default:
			return fmt.Errorf("store outcome %s: %w", change.To, err)
		}
		break
	}
	w.stopWaiting(ctx)
	w.logger.InfoContext(ctx, "request "+outcomeWord(change), "state", w.r.State, "ran_ms", w.r.Ran.Milliseconds(), "rev", w.r.Rev)
	ctx = context.WithoutCancel(ctx)
	if w.r.State.Final() {
		announce(ctx, w.p.Store, w.p.Push, w.logger, w.r)
	}
	w.p.wakeNext(ctx, change.Release)
	return nil
}

// stopWaiting cancels a request that this run has just queued and that was asked
// to stop since the run last heard: it would wait for its next run first, which
// may be hours away.
func (w *run) stopWaiting(ctx context.Context) {
	if w.r.State != request.Queued || !w.r.CancelRequested {
		return
	}
	change := request.Cancel(w.p.Now(), w.p.Retention, w.r.CorrelationID).InState(request.Queued)
	change.Fence, change.Release = w.r.Fence, request.Releasable(w.r.Slots, request.Cancelled)
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	r, err := w.p.Store.ChangeRequest(bounded, w.r.Key, change)
	if err != nil {
		w.logger.WarnContext(ctx, "cancelling a queued request failed; its next run will", "error", err.Error())
		return
	}
	w.r = r
}

// errStored says that output could not be stored; why is in the log.
var errStored = errors.New("the store does not take it")

// done reports whether the row is what the change makes of it: then the change
// was stored and only its answer was lost.
func (w *run) done(ctx context.Context, r *request.Request, c request.Change) bool {
	if r.Fence != w.r.Fence || r.State != c.To || !r.UpdatedAt.Equal(c.At) {
		return false
	}
	w.told(ctx, r)
	return true
}

// drop gives up on an outcome that is no longer this run's to store.
func (w *run) drop(ctx context.Context, step request.Change) error {
	w.logger.WarnContext(ctx, "lease lost; the outcome of this run is dropped", "outcome", step.To)
	return nil
}

func outcomeWord(c request.Change) string {
	switch {
	case c.To.Final():
		return "finished"
	case c.AddAttempt > 0:
		return "will be retried"
	case c.Park.Token != "":
		return "waits for a signal"
	}
	return "will be continued"
}
