package streamer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

const (
	// framesPerSecond bounds the progress frames of one request.
	framesPerSecond = 10
	// storeTimeout bounds one write, well below any lease.
	storeTimeout = 5 * time.Second
)

// A run is one claim of a request, from the claim to the write that ends it. One
// goroutine, in work, owns all of it; the action runs in another and is seen
// only through job and done.
type run struct {
	p      *Processor
	r      *Request // the row as this run last saw it
	action Action
	job    *Job
	logger *slog.Logger

	began   time.Time   // since when Ran is not accounted for
	saved   time.Time   // when the row was last written
	lease   time.Time   // when the lease ends, by this process's clock
	latest  *Progress   // newer than the row; nil when it is not
	held    *Progress   // not sent because of the pace; nil when there is none
	unsaved int64       // revs given out since the row was written
	gone    []string    // connections that closed since the row was written
	sent    []time.Time // of the last frames, at most framesPerSecond
}

// outcome is what came of an action. abandoned says that it has not returned.
type outcome struct {
	result    json.RawMessage
	err       error
	abandoned bool
}

func newRun(p *Processor, r *Request) *run {
	at := p.Now()
	logger := p.Logger.With("request_id", r.ID, "action", r.Action, "correlation_id", r.CorrelationID,
		"tenant", r.Tenant, "attempt", r.Attempt, "fence", r.Fence)
	return &run{
		p: p, r: r, logger: logger, began: at, saved: at, lease: r.DueAt,
		job: &Job{
			key: r.Key, payload: r.Payload, metadata: r.Metadata, attempt: r.Attempt,
			who:    Principal{Tenant: r.Tenant, Subject: r.Subject},
			logger: logger, wake: make(chan struct{}, 1), checkpoint: r.Checkpoint,
		},
	}
}

// work runs the action and everything around it until the outcome is stored.
func (w *run) work(ctx context.Context) error {
	w.logger.InfoContext(ctx, "request claimed", "slice", w.r.Slices)
	action, err := w.p.Actions.find(w.r.Action)
	if err != nil {
		return w.end(ctx, failed(w.p.Now(), w.p.Retention, WireError(err, w.r.CorrelationID)))
	}
	w.action = action
	if w.r.CancelRequested {
		return w.end(ctx, cancelled(w.p.Now(), w.p.Retention, w.r.CorrelationID))
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

	stop := func(cause error) {
		if actionCtx.Err() == nil {
			cancel(cause)
			grace.Reset(w.p.Grace)
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

// publish sends the progress that waits, oldest first, as far as the pace
// allows. Of what the pace holds back the newest goes out when it allows.
func (w *run) publish(ctx context.Context, pace *time.Timer) {
	waiting := w.job.take()
	if len(waiting) == 0 && w.held != nil {
		waiting = []Progress{*w.held}
	}
	if len(waiting) == 0 {
		return
	}
	w.held = nil
	newest := &waiting[len(waiting)-1]
	w.latest = newest
	for _, p := range waiting {
		if wait := w.wait(); wait > 0 {
			w.held = newest
			pace.Reset(wait)
			return
		}
		w.push(ctx, p)
	}
}

// wait is how long the pace holds the next frame back.
func (w *run) wait() time.Duration {
	if len(w.sent) < framesPerSecond {
		return 0
	}
	return time.Second - time.Since(w.sent[0])
}

func (w *run) push(ctx context.Context, p Progress) {
	if len(w.sent) == framesPerSecond {
		w.sent = append(w.sent[:0], w.sent[1:]...)
	}
	w.sent = append(w.sent, time.Now())
	w.unsaved++
	frame := wire.Frame{Type: wire.TypeProgress, RequestID: w.r.ID, Rev: w.r.Rev + w.unsaved,
		Percentage: p.Percentage, Message: p.Message, Metadata: p.Metadata, Timestamp: w.p.Now()}
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
	change := w.carry(Change{At: at, DueAt: at.Add(w.p.Lease)}, at)
	err := w.write(ctx, change)
	var conflict *ConflictError
	switch {
	case err == nil:
		w.lease = change.DueAt
		return nil
	case errors.As(err, &conflict), errors.Is(err, ErrNotFound):
		return ErrLeaseLost
	}
	w.restore(change)
	w.logger.WarnContext(ctx, "heartbeat failed", "error", err.Error())
	if !w.p.Now().Before(w.lease) {
		return ErrLeaseLost
	}
	return nil
}

// carry adds to a change what this run has to store in any case.
func (w *run) carry(c Change, at time.Time) Change {
	if c.Progress == nil && w.latest != nil {
		c.Progress = w.latest
		if c.To == "" {
			w.unsaved++ // the row's progress may be newer than the last frame's
		}
	}
	if c.Checkpoint == nil {
		c.Checkpoint = w.job.takeCheckpoint()
	}
	c.AddRev += w.unsaved
	c.AddRan = at.Sub(w.began)
	c.Unsubscribe = w.gone
	return c.by(w.r.Fence)
}

// restore makes a checkpoint that could not be stored fresh again, unless the
// action has set a newer one.
func (w *run) restore(c Change) {
	if c.Checkpoint != nil {
		w.job.mu.Lock()
		w.job.fresh = true
		w.job.mu.Unlock()
	}
}

// write stores a change of this run's and, when it is stored, forgets what it
// carried.
func (w *run) write(ctx context.Context, c Change) error {
	// The function's own context may have ended already; the outcome must still
	// be stored.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	r, err := w.p.Store.ChangeRequest(ctx, w.r.Key, c)
	if err != nil {
		return err
	}
	w.r = r
	w.began, w.saved = c.At, c.At
	w.latest, w.unsaved, w.gone = nil, 0, nil
	return nil
}

// finish stores what came of the action and tells the subscribers when it is
// final.
func (w *run) finish(ctx context.Context, out outcome, cause error) error {
	w.job.close()
	if errors.Is(cause, ErrLeaseLost) {
		w.logger.WarnContext(ctx, "lease lost; the outcome of this run is dropped")
		return nil
	}
	for _, p := range w.job.take() {
		w.latest = &p
		if w.wait() <= 0 {
			w.push(ctx, p)
		}
	}
	return w.end(ctx, w.decide(ctx, out, cause))
}

// decide turns an outcome into the step that it means.
func (w *run) decide(ctx context.Context, out outcome, cause error) Change {
	at, retention := w.p.Now(), w.p.Retention
	fail := func(err error) Change { return failed(at, retention, WireError(err, w.r.CorrelationID)) }
	var more *continuation
	wantsMore := errors.As(out.err, &more)
	stopped := out.abandoned || errors.Is(out.err, context.Canceled) || errors.Is(out.err, cause)

	switch {
	case out.err == nil && len(out.result) > MaxResult:
		return fail(Errorf(wire.PayloadTooLarge, "the result has %d bytes, %d are allowed: store it elsewhere and return a reference",
			len(out.result), MaxResult))
	case out.err == nil:
		last := w.r.Progress.Message
		if w.latest != nil {
			last = w.latest.Message
		}
		return succeeded(at, retention, out.result, last)
	case errors.Is(cause, ErrCancelled) || w.r.CancelRequested:
		return cancelled(at, retention, w.r.CorrelationID)
	case errors.Is(cause, ErrLimit):
		return fail(limitError(w.action.config.Limit))
	case wantsMore || errors.Is(cause, ErrSliceEnd) && stopped:
		if w.r.Slices+1 >= w.action.config.MaxSlices {
			return fail(Errorf(wire.Timeout, "the action was continued %d times, which is its limit", w.action.config.MaxSlices))
		}
		if wantsMore && more.state != nil {
			if err := w.job.SetCheckpoint(more.state); err != nil {
				return fail(err)
			}
		}
		return resumed(at, nil)
	}

	var declared *Error
	if !errors.As(out.err, &declared) {
		w.logger.ErrorContext(ctx, "action failed", "error", out.err.Error())
	}
	again, after := retryable(out.err)
	if policy := w.action.config.Retry; again && w.r.Attempt < policy.Attempts {
		return retried(at, max(after, policy.delay(w.r.Attempt)), WireError(out.err, w.r.CorrelationID))
	}
	return fail(out.err)
}

// end writes the step that ends this run. A passing fault of the store is tried
// again while the lease lasts, and a write whose answer was lost is recognized.
func (w *run) end(ctx context.Context, step Change) error {
	change := w.carry(step, step.At)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := w.write(ctx, change)
		var conflict *ConflictError
		switch {
		case err == nil:
		case errors.As(err, &conflict):
			if r := conflict.Request; r.Fence != w.r.Fence || r.State != change.To || !r.UpdatedAt.Equal(change.At) {
				w.logger.WarnContext(ctx, "lease lost; the outcome of this run is dropped", "outcome", change.To)
				return nil
			}
			w.r = conflict.Request
		case errors.Is(err, ErrNotFound):
			w.logger.WarnContext(ctx, "the request is no longer there")
			return nil
		case w.p.Now().Add(pause).Before(w.lease):
			w.logger.WarnContext(ctx, "storing the outcome failed, trying again", "outcome", change.To, "error", err.Error())
			time.Sleep(pause)
			continue
		default:
			return fmt.Errorf("store outcome %s: %w", change.To, err)
		}
		break
	}
	w.logger.InfoContext(ctx, "request "+outcomeWord(change), "state", w.r.State, "ran_ms", w.r.Ran.Milliseconds(), "rev", w.r.Rev)
	if w.r.State.Final() {
		announce(context.WithoutCancel(ctx), w.p.Store, w.p.Push, w.logger, w.r)
	}
	return nil
}

func outcomeWord(c Change) string {
	switch {
	case c.To.Final():
		return "finished"
	case c.AddAttempt > 0:
		return "will be retried"
	}
	return "will be continued"
}
