package streamer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// nextTimes is how many of its next times a schedule is shown with.
const nextTimes = 3

// ListSchedules returns the schedules that start requests of the caller's tenant, by
// name. It needs [request.OperatorScope], as the other use cases of schedules do.
func (s *Requests) ListSchedules(ctx context.Context, caller Caller) (wire.ScheduleList, error) {
	list := wire.ScheduleList{Schedules: []wire.Schedule{}}
	tenant, err := operates(caller)
	if err != nil || s.Schedules == nil {
		return list, err
	}
	names := slices.DeleteFunc(slices.Clone(s.Schedules.names), func(name string) bool {
		return s.Schedules.all[name].Tenant != tenant
	})
	states, err := s.Store.LoadSchedules(ctx, names)
	if err != nil {
		return list, unavailable("load schedules", err)
	}
	list.Schedules = make([]wire.Schedule, len(states))
	faults := make([]error, len(states))
	at := make([]int, len(states))
	for i := range at {
		at[i] = i
	}
	each(ctx, at, func(ctx context.Context, i int) {
		list.Schedules[i], faults[i] = s.showSchedule(ctx, s.Schedules.all[states[i].Name], states[i])
	})
	return list, cmp.Or(errors.Join(faults...), ctx.Err())
}

// PauseSchedule stops a schedule of the caller's tenant: none of its times starts a
// request until it is resumed, whatever is deployed. What it has started goes on, and a
// tick that is under way may start one more.
func (s *Requests) PauseSchedule(ctx context.Context, caller Caller, name string) (wire.Schedule, error) {
	return s.changeSchedule(ctx, caller, name, func(state *request.ScheduleState) bool {
		changes := !state.Paused
		state.Paused = true
		return changes
	})
}

// ResumeSchedule ends a pause. Times that passed meanwhile are not made up for.
func (s *Requests) ResumeSchedule(ctx context.Context, caller Caller, name string) (wire.Schedule, error) {
	return s.changeSchedule(ctx, caller, name, func(state *request.ScheduleState) bool {
		changes := state.Paused
		state.Paused, state.Since = false, now(s.Now)
		return changes
	})
}

// RunSchedule starts a schedule's request now, also of one that is paused; its own times
// stay as they are. The id is the request's; empty: one is made. The same id again
// starts nothing.
func (s *Requests) RunSchedule(ctx context.Context, caller Caller, name, id string) (wire.Schedule, error) {
	one, err := s.findSchedule(caller, name)
	if err != nil {
		return wire.Schedule{}, err
	}
	id = cmp.Or(id, request.NewID())
	if wrong := wire.CheckID(id); wrong != "" {
		return wire.Schedule{}, Errorf(wire.ValidationError, "request_id %s", wrong)
	}
	_, err = s.startScheduled(ctx, one, one.message(id, now(s.Now)), caller.CorrelationID)
	if one.overlaps(err) {
		return wire.Schedule{}, notEnded(name)
	}
	if err != nil {
		return wire.Schedule{}, err
	}
	return s.changeSchedule(ctx, caller, name, func(state *request.ScheduleState) bool {
		changes := state.Last != id
		state.Last = id
		return changes
	})
}

// notEnded refuses a second open request of a schedule.
func notEnded(name string) *Error {
	refused := Errorf(wire.RateLimited, "the last request of schedule %q has not ended, and its Overlap is off: "+
		"wait for it or cancel it", name)
	refused.After = 10 * time.Second
	return refused
}

// operates is the tenant whose schedules an operator means.
func operates(caller Caller) (tenant string, err error) {
	if !caller.Has(request.OperatorScope) {
		return "", Errorf(wire.Forbidden, "schedules need the scope %q", request.OperatorScope)
	}
	return caller.tenant()
}

// findSchedule finds a schedule of the caller's tenant. Another tenant's looks as one
// that is not there.
func (s *Requests) findSchedule(caller Caller, name string) (*schedule, error) {
	tenant, err := operates(caller)
	if err != nil {
		return nil, err
	}
	if s.Schedules != nil {
		if one := s.Schedules.all[name]; one != nil && one.Tenant == tenant {
			return one, nil
		}
	}
	return nil, Errorf(wire.NotFound, "there is no schedule %q", name)
}

// changeSchedule stores what edit makes of a schedule's state, and shows it.
func (s *Requests) changeSchedule(ctx context.Context, caller Caller, name string,
	edit func(*request.ScheduleState) bool) (wire.Schedule, error) {
	one, err := s.findSchedule(caller, name)
	if err != nil {
		return wire.Schedule{}, err
	}
	states, err := s.Store.LoadSchedules(ctx, []string{name})
	if err != nil {
		return wire.Schedule{}, unavailable("load schedule", err)
	}
	state, err := saveSchedule(ctx, s.Store, states[0], edit)
	if err != nil {
		return wire.Schedule{}, unavailable("save schedule", err)
	}
	return s.showSchedule(ctx, one, state)
}

// showSchedule is a schedule as operators see it.
func (s *Requests) showSchedule(ctx context.Context, one *schedule, state request.ScheduleState) (wire.Schedule, error) {
	shown := wire.Schedule{Name: one.Name, Cron: one.Cron, EveryMS: one.Every.Milliseconds(), TimeZone: cmp.Or(one.TimeZone, "UTC"),
		Action: one.Action, Tenant: one.Tenant, Subject: one.Subject, Overlap: one.Overlap, Paused: state.Paused, Next: []time.Time{}}
	at := later(now(s.Now), state.Fired)
	for !state.Paused && len(shown.Next) < nextTimes {
		if at = one.next(at); at.IsZero() {
			break
		}
		shown.Next = append(shown.Next, at.UTC())
	}
	if state.Last == "" {
		return shown, nil
	}
	shown.Last = &wire.ScheduledRun{RequestID: state.Last}
	if !state.Fired.IsZero() && one.requestID(state.Fired) == state.Last {
		shown.Last.ScheduledFor = &state.Fired
	}
	r, err := s.Store.LoadRequest(ctx, request.Key{Tenant: one.Tenant, Subject: one.Subject, ID: state.Last})
	switch {
	case errors.Is(err, request.ErrNotFound), err == nil && r.Expired(now(s.Now)):
	case err != nil:
		return shown, unavailable("load request", err)
	default:
		shown.Last.State = string(r.State)
	}
	return shown, nil
}
