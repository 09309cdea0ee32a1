package streamer

import (
	"context"
	"encoding/json"
	"errors"
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
	// outputEvery is how often at most output is stored that does not fill a write, and
	// so how late at most its watchers get it.
	outputEvery = 200 * time.Millisecond
	// maxQueued is how many frames wait at most behind one that is under way.
	maxQueued = 16
)

// storeRetry paces a write that is tried again; only its delays count.
var storeRetry = RetryPolicy{Base: 50 * time.Millisecond, Cap: 5 * time.Second}

// A run is one claim of a request, from the claim to the write that ends it. One
// goroutine, in work, owns all of it; the action runs in another and is seen
// only through job and done. A third pushes one frame after another, so that no step and
// no outcome waits for a watcher.
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
	pushed  chan []string     // gets the connections that are gone when a frame is at all others; nil: none is under way
	queued  [][]byte          // frames behind that one

	pending  *pendingStep // the step that is to be stored; nil when there is none
	tries    int          // of storing it
	until    time.Time    // when it is given up, by the clock that does not jump
	cutOff   bool         // the last write failed
	unstored bool         // a step was given up: what the action makes of that is no outcome
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
	job := &Job{
		key: r.Key, payload: r.Payload, metadata: r.Metadata, attempt: r.Attempt,
		caller: Principal{Tenant: r.Tenant, Subject: r.Subject},
		logger: logger, clock: p.Now, news: make(chan struct{}, 1), over: make(chan struct{}),
		pendingSteps: make(chan pendingStep), waited: r.Await, checkpoint: r.Checkpoint, mark: r.OutputMark,
		steps: stepsOf(r), stepOutput: r.StepOutput, emitted: r.OutputMark, kept: r.Output,
	}
	job.family = &family{p: p, job: job, parent: r.Clone()}
	return &run{p: p, r: r, logger: logger, began: at, saved: at, lease: r.DueAt, job: job}
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
	if w.r.CancelRequested {
		return w.end(ctx, w.endAttempt(request.Cancel(w.p.Now(), w.p.Retention, w.r.CorrelationID), nil))
	}
	action, err := w.p.Actions.find(w.r.Action)
	if err != nil {
		return w.end(ctx, w.putBack(w.p.Now(), lacksAction(w.r.Action)))
	}
	w.action = action
	defer w.awaitPushes(ctx) // or Lambda would freeze them

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
			w.giveUpStep(cause)
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
	storeStep := func() {
		transient, err := w.storeStep(ctx)
		switch {
		case transient && actionCtx.Err() == nil:
			again.Reset(storeRetry.delay(w.r.Key, w.tries))
		case transient, errors.Is(err, ErrLeaseLost):
			stop(ErrLeaseLost)
			w.giveUpStep(context.Cause(actionCtx)) // which may have ended before
		default:
			w.settleStep(err)
			if w.r.CancelRequested { // which the write has brought back
				stop(ErrCancelled)
			}
		}
	}
	source := wakeupSource{done: done, closing: ctx.Done(), news: w.job.news, timers: [...]<-chan time.Time{wakeGrace: grace.C,
		wakeLimit: limit.C, wakeSliceEnd: sliceEnd.C, wakeHeartbeat: heartbeat.C, wakeAgain: again.C, wakeFlush: flush.C, wakePace: pace.C}}
	for {
		source.steps, source.pushed = w.pendingSteps(), w.pushed
		switch next := source.next(); next.wakeup {
		case wakeDone:
			return w.finish(ctx, next.out, context.Cause(actionCtx))
		case wakeGrace:
			w.logger.WarnContext(ctx, "action did not return in time", "cause", context.Cause(actionCtx).Error())
			return w.finish(ctx, outcome{err: context.Cause(actionCtx), abandoned: true}, context.Cause(actionCtx))
		case wakeNews:
			w.publish(ctx, pace)
			if output, _ := w.job.takeOutput(); len(output) > 0 {
				flush.Reset(max(outputEvery-w.p.Now().Sub(w.saved), 0))
			}
		case wakeFlush:
			save()
			switch output, more := w.job.takeOutput(); {
			case more && !w.cutOff:
				flush.Reset(0) // a full batch need not wait for more
			case len(output) > 0:
				flush.Reset(outputEvery)
			}
		case wakeStep:
			w.pending, w.tries, w.until = &next.step, 0, time.Now().Add(w.p.Lease)
			storeStep()
		case wakeAgain:
			if w.pending != nil {
				storeStep()
			}
		case wakePace:
			w.publish(ctx, pace)
		case wakePushed:
			w.arrived(ctx, next.gone)
			w.publish(ctx, pace)
		case wakeHeartbeat:
			save()
		case wakeLimit:
			stop(ErrLimit)
		case wakeSliceEnd:
			stop(ErrSliceEnd)
		case wakeClosing:
			source.closing = nil
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

// publish sends the newest progress, now or when the pace allows and what was sent before
// is at all watchers.
func (w *run) publish(ctx context.Context, pace *time.Timer) {
	if newest := w.job.take(); newest != nil {
		w.latest, w.held = newest, newest
	}
	if w.held == nil || w.pushed != nil {
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

// broadcast pushes a frame to whoever watches, behind those before it. It waits where
// watchers are slower than the action emits.
func (w *run) broadcast(ctx context.Context, frame wire.Frame) {
	w.queued = append(w.queued, frame.Append(nil))
	for len(w.queued) > maxQueued && w.pushed != nil {
		w.arrived(ctx, <-w.pushed)
	}
	w.pushNext(ctx)
}

// pushNext begins to push a frame, where none is under way.
func (w *run) pushNext(ctx context.Context) {
	if w.pushed != nil || len(w.queued) == 0 {
		return
	}
	frame, key, pushed := w.queued[0], w.r.Key, make(chan []string, 1)
	watching := slices.DeleteFunc(slices.Clone(w.r.Subscribers), func(id string) bool { return slices.Contains(w.gone, id) })
	w.queued, w.pushed = w.queued[1:], pushed
	go func() {
		gone, _ := send(ctx, w.p.Push, w.logger, key, watching, frame, 1)
		pushed <- gone
	}()
}

// arrived goes on behind the frame that was under way.
func (w *run) arrived(ctx context.Context, gone []string) {
	w.gone, w.pushed = append(w.gone, gone...), nil
	w.pushNext(ctx)
}

// awaitPushes waits until all frames are at their watchers, or for pushTimeout: a client
// asks for what it did not get.
func (w *run) awaitPushes(ctx context.Context) {
	for until := time.Now().Add(pushTimeout); w.pushed != nil; {
		if !time.Now().Before(until) {
			w.queued = nil
		}
		w.arrived(ctx, <-w.pushed)
	}
}
