package streamer

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Subscribe adds the caller's connection to those that get the request's live
// frames, and returns the snapshot of the same instant: nothing falls between.
func (s *Requests) Subscribe(ctx context.Context, caller Caller, id string) (wire.Frame, error) {
	r, err := s.change(ctx, caller, id, request.Subscribe(caller.Connection))
	if hasMoved(err) {
		return wire.Frame{}, Errorf(wire.RateLimited, "%d connections watch this request already; that is the most", request.MaxSubscribers)
	}
	if err != nil {
		return wire.Frame{}, err
	}
	return caller.frame(r), nil
}

// Unsubscribe ends the live frames on the caller's connection.
func (s *Requests) Unsubscribe(ctx context.Context, caller Caller, id string) (wire.Frame, error) {
	r, err := s.change(ctx, caller, id, request.Unsubscribe(caller.Connection))
	if err != nil {
		return wire.Frame{}, err
	}
	return caller.frame(r), nil
}

// Cancel ends a queued request at once, and asks the worker of a running one to
// stop: it learns of it with its next heartbeat. A final request stays as it is.
// The snapshot tells which it was, and whether this call changed anything: a running
// one may have been asked before.
func (s *Requests) Cancel(ctx context.Context, caller Caller, id string) (wire.Frame, error) {
	return s.changeWithRetry(ctx, caller, id, func(r *request.Request) (request.Change, bool) {
		at := now(s.Now)
		change := request.AskToCancel()
		switch {
		case r.State == request.Queued:
			change = request.Cancel(at, s.retention(), caller.CorrelationID)
			change.Set.Release = request.Releasable(r.Permits, request.Cancelled)
		case r.State.Final(), r.CancelRequested:
			return request.Change{}, false
		}
		return change.Audited(r, caller.audit(wire.EventCancel, at)), true
	})
}

// Redrive queues a failed request again, from its last checkpoint and with its
// stored steps, as its first attempt. One that is not FAILED stays as it is,
// and the snapshot tells. The caller's connection is subscribed unless the
// request has ended, so that a redrive whose answer was lost may be sent again.
func (s *Requests) Redrive(ctx context.Context, caller Caller, id string) (wire.Frame, error) {
	var schedule *schedule
	frame, err := s.changeWithRetry(ctx, caller, id, func(r *request.Request) (request.Change, bool) {
		watches := caller.Connection == "" || slices.Contains(r.Subscribers, caller.Connection)
		switch {
		case r.State == request.Failed:
			at := now(s.Now)
			change := request.Redrive(r, at)
			change.If.RoomFor, change.Set.Subscribe = caller.Connection, caller.Connection
			change.Set.Acquire = s.Limits.open(r)
			if schedule = s.Schedules.startedBy(r); schedule != nil {
				change.Set.Acquire = append(change.Set.Acquire, schedule.permits()...)
			}
			return change.Audited(r, caller.audit(wire.EventRedrive, at)), true
		case r.State.Final(), watches, len(r.Subscribers) >= request.MaxSubscribers:
			return request.Change{}, false
		}
		return request.Subscribe(caller.Connection), true
	})
	full, refused := errors.AsType[*request.LimitError](err)
	switch {
	case refused && schedule != nil && schedule.overlaps(err):
		return frame, notEnded(schedule.Name)
	case refused:
		return frame, tooManyOpen(full)
	}
	return frame, err
}

// Signal stores a signal for a request that is not final, and makes the request due
// when it waits for that signal. The first signal of a token counts, and a
// further one changes nothing. A final request refuses it.
func (s *Requests) Signal(ctx context.Context, caller Caller, in wire.Signal) (wire.Frame, error) {
	step := request.Step{Name: request.SignalStep(in.Token), Result: in.Payload}
	if len(step.Result) == 0 {
		step.Result = json.RawMessage("null")
	}
	switch {
	case in.Token == request.ChildrenToken:
		return wire.Frame{}, Errorf(wire.ValidationError, "the token %q belongs to the protocol: take another", in.Token)
	case in.Token == "" || len(in.Token) > request.MaxStepName:
		return wire.Frame{}, Errorf(wire.ValidationError, "a signal needs a token of 1 to %d bytes", request.MaxStepName)
	case !utf8.Valid(step.Result):
		return wire.Frame{}, Errorf(wire.ValidationError, "the signal is not UTF-8")
	case len(step.Result) > request.MaxStepResult:
		return wire.Frame{}, Errorf(wire.PayloadTooLarge, "the signal has %d bytes, %d are allowed", len(step.Result), request.MaxStepResult)
	}
	var refusal error
	frame, err := s.changeWithRetry(ctx, caller, in.RequestID, func(r *request.Request) (request.Change, bool) {
		own := len(step.Name) + len(step.Result)
		size := r.StepBytes() + own
		switch {
		case r.Steps[step.Name] != nil:
			return request.Change{}, false
		case r.State.Final():
			refusal = Errorf(wire.ValidationError, "the request has ended; no signal reaches it any more")
			return request.Change{}, false
		case size > request.MaxSteps:
			refusal = Errorf(wire.PayloadTooLarge, "the request's steps and signals would have %d bytes, %d are allowed", size, request.MaxSteps)
			return request.Change{}, false
		}
		at := now(s.Now)
		change := request.StoreStep(at, step)
		if r.Await.Token == in.Token && r.State == request.Queued {
			change = request.Deliver(at, step, in.Token)
		}
		if own > smallSignal || size > request.MaxSteps/2 {
			change.If.Steps = new(len(r.Steps)) // those that arrive at a time would not fit together
		}
		return change.Audited(r, caller.audit(wire.EventSignal, at)), true
	})
	if refusal != nil {
		return wire.Frame{}, refusal
	}
	return frame, err
}

// smallSignal is up to how many bytes of name and payload a signal is stored beside others
// that arrive at the same time, as long as there is room for many.
const smallSignal = 512

// audit is an entry of the audit for what the caller does.
func (caller Caller) audit(event string, at time.Time) wire.AuditEntry {
	return wire.AuditEntry{Event: event, By: caller.Subject, Tenant: caller.Tenant, At: at}
}

// changeWithRetry makes the change that fits the request as it stands, and looks again
// when it has moved meanwhile. decide is asked each time, and reports whether
// there is anything to change. The change is guarded by the fence and state
// that decide saw. The snapshot says that the call did something where the change is
// audited.
func (s *Requests) changeWithRetry(ctx context.Context, caller Caller, id string,
	decide func(*request.Request) (request.Change, bool)) (wire.Frame, error) {
	r, err := s.load(ctx, caller, id)
	if err != nil {
		return wire.Frame{}, err
	}
	const tries = 8
	for range tries {
		change, needed := decide(r)
		if !needed {
			return caller.answer(r, false), nil
		}
		change.If.States, change.If.Fence = []request.State{r.State}, r.Fence
		change = change.LookedAtEvery(s.sweepEvery())
		changed, err := s.change(ctx, caller, id, change)
		conflict, moved := errors.AsType[*request.ConflictError](err)
		switch {
		case moved:
			r = conflict.Request
			continue
		case err != nil:
			return wire.Frame{}, err
		}
		if changed.State.Final() {
			s.aftermath().of(ctx, changed, pushTries)
		}
		if !change.Set.DueAt.IsZero() {
			dispatchQueued(ctx, s.Dispatch, s.logger(), changed)
		}
		return caller.answer(changed, change.Set.Audit != nil), nil
	}
	return wire.Frame{}, Errorf(wire.ServiceUnavailable, "the request is changing hands; try again")
}

// answer is the frame of a request after a call that was to change it.
func (caller Caller) answer(r *request.Request, changed bool) wire.Frame {
	frame := caller.frame(r)
	frame.Request.Changed = &changed
	return frame
}

func (s *Requests) change(ctx context.Context, caller Caller, id string, c request.Change) (*request.Request, error) {
	if wire.CheckID(id) != "" {
		return nil, notFound(id)
	}
	key, err := caller.named(id)
	if err != nil {
		return nil, err
	}
	r, err := s.Store.ChangeRequest(ctx, key, c)
	switch {
	case errors.Is(err, request.ErrNotFound), err == nil && r.Expired(now(s.Now)):
		return nil, notFound(id)
	case isConflict(err):
		return nil, err
	case err != nil:
		return nil, unavailable("change request", err)
	}
	return r, nil
}

// isConflict reports whether a write found another state than it was made for.
func isConflict(err error) bool {
	_, conflict := errors.AsType[*request.ConflictError](err)
	_, full := errors.AsType[*request.LimitError](err)
	return conflict || full
}
