package streamer

import (
	"context"
	"errors"
	"fmt"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// startScheduled starts a schedule's request, and reports whether it did: it may be there
// already.
func (s *Requests) startScheduled(ctx context.Context, one *schedule, m wire.Message, correlationID string) (created bool, err error) {
	caller := Caller{Principal: Principal{Tenant: one.Tenant, Subject: one.Subject}, CorrelationID: correlationID}
	frame, err := s.enqueue(ctx, caller, m, one.action.config.Priority, one.permits()...)
	return err == nil && frame.Type == wire.TypeAcknowledgment, err
}

// overlaps reports whether a schedule's request was refused since the one before has not
// ended.
func (s *schedule) overlaps(err error) bool {
	full, refused := errors.AsType[*request.LimitError](err)
	return refused && full.Permit == request.SchedulePermit(s.Name)
}

// saveSchedule stores what edit makes of a schedule's state, and asks it again about the
// state of another write that came between. edit reports whether there is anything to
// store.
func saveSchedule(ctx context.Context, store request.ScheduleStore, state request.ScheduleState,
	edit func(*request.ScheduleState) bool) (request.ScheduleState, error) {
	const tries = 8
	for range tries {
		if !edit(&state) {
			return state, nil
		}
		saved, err := store.SaveSchedule(ctx, state)
		if err != nil {
			return state, err
		}
		if saved {
			state.Rev++
			return state, nil
		}
		states, err := store.LoadSchedules(ctx, []string{state.Name})
		if err != nil {
			return state, err
		}
		state = states[0]
	}
	return state, fmt.Errorf("schedule %s is changing hands", state.Name)
}

// schedules starts what is due of schedules.
func (s *sweep) schedules(ctx context.Context) {
	if s.Schedules == nil || len(s.Schedules.names) == 0 || s.Paused {
		return
	}
	states, err := s.Store.LoadSchedules(ctx, s.Schedules.names)
	if err != nil {
		s.fault(ctx, "load schedules", err)
		return
	}
	requests := &Requests{Store: s.Store, Actions: s.Actions, Push: s.Push, Dispatch: s.Dispatch, Limits: s.Limits,
		Retention: s.Retention, SweepEvery: s.SweepEvery, Now: s.Now, Logger: s.Logger}
	each(ctx, states, func(ctx context.Context, state request.ScheduleState) {
		if err := s.startDue(ctx, requests, s.Schedules.all[state.Name], state); err != nil {
			s.fault(ctx, "schedule "+state.Name, err)
		}
	})
}

// startDue starts the request of the latest time of a schedule that has come, and only
// then notes the time: who dies between the two leaves it to the next tick, which finds
// the request.
func (s *sweep) startDue(ctx context.Context, requests *Requests, one *schedule, state request.ScheduleState) error {
	if state.Paused {
		return nil
	}
	if state.Since.IsZero() { // its times begin now
		_, err := saveSchedule(ctx, s.Store, state, func(state *request.ScheduleState) bool {
			unseen := state.Since.IsZero()
			state.Since = s.at
			return unseen
		})
		return err
	}
	at, times := one.latest(later(state.Since, state.Fired), s.at)
	if at.IsZero() {
		return nil
	}
	id := one.requestID(at)
	logger := s.Logger.With("schedule", one.Name, "tenant", one.Tenant, "request_id", id, "late_ms", s.at.Sub(at).Milliseconds())
	created, err := requests.startScheduled(ctx, one, one.message(id, at), id)
	skipped := one.overlaps(err)
	_, refused := errors.AsType[*request.LimitError](err)
	public, _ := errors.AsType[*Error](err)
	switch {
	case skipped:
		logger.WarnContext(ctx, "scheduled request skipped: the one before has not ended", "before", state.Last)
		s.count(&s.report.Skipped)
	case refused:
		logger.WarnContext(ctx, "scheduled request refused; the next tick tries again", "error", err.Error())
		return nil
	case public != nil && public.Code == wire.DuplicateRequest: // a deploy has changed the schedule since its start
		logger.WarnContext(ctx, "scheduled request exists with another action or payload; it stays", "error", err.Error())
	case err != nil:
		return err
	case created:
		logger.InfoContext(ctx, "scheduled request started", "passed_over", times-1)
		s.count(&s.report.Started)
	}
	_, err = saveSchedule(ctx, s.Store, state, func(state *request.ScheduleState) bool {
		if !at.After(state.Fired) {
			return false
		}
		if state.Fired = at; !skipped {
			state.Last = id
		}
		return true
	})
	return err
}
