package storetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/internal/model"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// happen lets an event happen, whether or not it does anything.
func (l *lifecycle) happen(event model.Event) {
	l.t.Helper()
	ctx := l.t.Context()
	var err error
	switch event {
	case model.Submit:
		l.submit(l.key.ID)
	case model.SubmitFor:
		_, err = l.requests.Submit(ctx, l.who, wire.Message{ID: l.key.ID, Action: "obey", NotBefore: epoch.Add(500 * time.Hour)})
	case model.Tick:
		err = l.tick()
	case model.Cancel:
		_, err = l.requests.Cancel(ctx, l.who, l.key.ID)
	case model.Signal:
		_, err = l.requests.Signal(ctx, l.who, wire.Signal{RequestID: l.key.ID, Token: "go"})
	case model.Redrive:
		_, err = l.requests.Redrive(ctx, l.who, l.key.ID)
	case model.Claim:
		if a := l.claim(l.key); a != nil {
			l.worker = a
		}
	case model.Sweep:
		_, err = l.processor.Sweep(ctx)
	case model.Release:
		l.release()
	case model.ChildEnds:
		err = l.endChild()
	default:
		l.work(event)
	}
	var declared *streamer.Error // a refusal is one way to change nothing
	if err != nil && (!errors.As(err, &declared) || declared.Code == wire.ServiceUnavailable) {
		l.t.Fatalf("%s: %v", event, err)
	}
}

// tick has a sweep find the schedule's time, as if no other had before.
func (l *lifecycle) tick() error {
	states, err := l.s.LoadSchedules(l.t.Context(), []string{l.key.Tenant})
	if err != nil {
		return err
	}
	state := request.ScheduleState{Name: l.key.Tenant, Rev: states[0].Rev, Since: epoch.Add(-time.Hour)}
	if _, err := l.s.SaveSchedule(l.t.Context(), state); err != nil {
		return err
	}
	ticked := *l.processor
	ticked.Store, ticked.Schedules = onlySchedules{l.s.Store}, l.schedules
	_, err = ticked.Sweep(l.t.Context())
	return err
}

// onlySchedules is a store in which a sweep finds no requests.
type onlySchedules struct{ Store }

func (onlySchedules) DueRequests(context.Context, request.DueQuery) ([]*request.Request, string, error) {
	return nil, "", nil
}

func (onlySchedules) ThrottlingLimits(context.Context, int, string) ([]string, string, error) {
	return nil, "", nil
}

// free ends a request of the tenant: the one that holds the place, if any.
func (l *lifecycle) release() {
	l.t.Helper()
	if l.blocker == nil {
		l.submit("bystander")
		l.blocker = l.claim(l.named("bystander"))
	}
	l.blocker.order(l.t, func(context.Context, *streamer.Job) (bool, error) { return true, nil })
}

// endChild ends the request's only child, which is made here where it has not started one.
func (l *lifecycle) endChild() error {
	l.t.Helper()
	r := child(l.key, "only", 1)
	if _, _, err := l.s.CreateRequest(l.t.Context(), r, request.ChildPermit(l.key)); err != nil {
		l.t.Fatal(err)
	}
	_, err := l.requests.Cancel(l.t.Context(), l.who, r.ID)
	return err
}

// work has the worker do something. One whose lease was taken hears of it.
func (l *lifecycle) work(event model.Event) {
	l.t.Helper()
	returns := func(err error) {
		l.worker.order(l.t, func(context.Context, *streamer.Job) (bool, error) { return true, err })
	}
	switch event {
	case model.Heartbeat:
		l.beat()
	case model.Step:
		l.worker.order(l.t, func(ctx context.Context, job *streamer.Job) (bool, error) {
			_, err := streamer.RunStep(ctx, job, "charge", func(context.Context) (int, error) { return 7, nil })
			if err != nil && !errors.Is(err, streamer.ErrLeaseLost) {
				l.t.Errorf("step: %v", err)
			}
			return false, nil
		})
	case model.Succeed:
		returns(nil)
	case model.Fail:
		returns(errForGood)
	case model.Error:
		returns(errForNow)
	case model.Continue:
		returns(streamer.Continue(1))
	case model.Snooze:
		returns(streamer.Snooze(time.Hour))
	case model.Await:
		l.worker.order(l.t, func(ctx context.Context, job *streamer.Job) (bool, error) {
			_, err := streamer.AwaitSignal[any](ctx, job, "go", time.Hour)
			return true, err
		})
	case model.Children:
		l.worker.order(l.t, func(ctx context.Context, job *streamer.Job) (bool, error) {
			_, err := streamer.AwaitChildren[string](ctx, job, streamer.UntilAllEnd, streamer.Child{Name: "only", Action: "obey"})
			return true, err
		})
	default:
		l.t.Fatalf("the suite does not know how to %s", event)
	}
}

// beat makes a heartbeat: progress that is saved, since the last save is long
// ago. It returns when it is stored, or the worker has heard that it is to stop.
func (l *lifecycle) beat() {
	l.t.Helper()
	l.advance(10 * time.Second)
	l.worker.order(l.t, func(_ context.Context, job *streamer.Job) (bool, error) {
		job.Progress(50, "half")
		return false, nil
	})
	settles(l.t, func() string {
		if r := l.row(); l.worker.ctx.Err() == nil && (r == nil || r.Progress.Percentage != 50) {
			return "no heartbeat was stored, and none was refused"
		}
		return ""
	})
	if cause := context.Cause(l.worker.ctx); cause != nil && !errors.Is(cause, streamer.ErrLeaseLost) &&
		!errors.Is(cause, streamer.ErrCancelled) {
		l.t.Errorf("the worker stops because of %v", cause)
	}
}

// situation says which of the model's situations the request is in.
func (l *lifecycle) situation() model.Situation {
	l.t.Helper()
	r, now := l.row(), l.processor.Now()
	switch {
	case r == nil:
		return model.Absent
	case r.State == request.Succeeded:
		return model.Succeeded
	case r.State == request.Failed:
		return model.Failed
	case r.State == request.Cancelled:
		return model.Cancelled
	case r.State == request.Queued && r.CancelRequested:
		return model.Situation{State: request.Queued, When: "asked to stop"}
	case r.State == request.Queued && r.ThrottledBy != "":
		return model.Throttled
	case r.WaitsForChildren():
		return model.Family
	case r.State == request.Queued && r.Await.Token != "":
		return model.Awaiting
	case r.State == request.Queued && r.DueAt.After(now):
		return model.Later
	case r.State == request.Queued && l.from == model.Full && !strings.Contains(strings.Join(r.Permits, " "), "tenant"):
		return model.Full
	case r.State == request.Queued:
		return model.Queued
	}
	over := !r.DueAt.After(now)
	switch {
	case over && r.CancelRequested:
		return model.ExpiredStopping
	case over && l.from == model.ExpiredOften:
		return model.ExpiredOften
	case over:
		return model.Expired
	case r.CancelRequested:
		return model.Stopping
	case l.from == model.LastAttempt:
		return model.LastAttempt
	}
	return model.Running
}
