package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// sparse is how far apart a schedule's times are at least of which none may be left out,
// unless the store was down for most of what lies between two.
const sparse = 30 * time.Minute

// enough is how long the store has to answer without a break for a sweep to start what is
// due, though some ticks are lost, their workers die and clocks jump.
const enough = sparse / 3

// An outage is how long the store answered nothing, by the processes' clocks.
type outage struct{ from, until time.Time }

// reachable reports whether the store answered for long enough between two times.
func (d *driver) reachable(from, to time.Time) bool {
	up := from
	for _, o := range d.outages {
		if o.from.Before(to) && o.from.Sub(up) >= enough {
			return true
		}
		if o.until.After(up) {
			up = o.until
		}
	}
	return to.Sub(up) >= enough
}

// A scheduled is what the driver saw of a schedule.
type scheduled struct {
	streamer.Schedule
	alone   *streamer.Schedules // it and no other
	since   time.Time           // its first sweep; zero before
	started map[time.Time]*tracked
}

// checkSchedules says what is wrong with the schedules for a proof.
func (c Config) checkSchedules() error {
	if len(c.Parts.Schedules) > 0 && c.Quiet != "" {
		return errors.New("prove: Parts has Schedules beside Quiet, which leaves no room for them")
	}
	for _, s := range c.Parts.Schedules {
		if one := c.caseOf(s.Action); len(one.Signals) > 0 || one.Redrives > 0 {
			return fmt.Errorf("prove: schedule %q: the case of %q needs a client, for its signals or redrives", s.Name, s.Action)
		}
	}
	_, err := c.schedules()
	return err
}

// caseOf is an action's case, or one that wants nothing.
func (c Config) caseOf(action string) *Case {
	if n := slices.IndexFunc(c.Cases, func(one Case) bool { return one.Action.Name() == action }); n >= 0 {
		return &c.Cases[n]
	}
	return &Case{Want: func(json.RawMessage, Outcome) error { return nil }}
}

// schedules are the schedules, each for itself, by name.
func (c Config) schedules() (map[string]*scheduled, error) {
	all, err := c.actions(c.Store)
	if err != nil {
		return nil, err
	}
	registry, made := streamer.NewRegistry(all...), map[string]*scheduled{}
	for _, s := range c.Parts.Schedules {
		alone, err := registry.Schedules(s)
		if err != nil {
			return nil, err
		}
		made[s.Name] = &scheduled{Schedule: s, alone: alone, started: map[time.Time]*tracked{}}
	}
	return made, nil
}

// schedulesOf are the schedules that a process has: of the actions of its version.
func (d *driver) schedulesOf(p *process, registry *streamer.Registry) *streamer.Schedules {
	known := slices.DeleteFunc(slices.Clone(d.Parts.Schedules), func(s streamer.Schedule) bool { return s.Action == p.lacks })
	made, err := registry.Schedules(known...)
	if err != nil {
		panic(err) // Run has made them once; see withDefaults
	}
	return made
}

// onlyScheduled reports whether nothing is left but what schedules have started. From then
// on they start nothing more, so that all becomes quiescent.
func (d *driver) onlyScheduled() bool {
	if !d.quiescing {
		return false
	}
	for key := range d.unnotified {
		if d.byKey[key].owner != nil {
			return false
		}
	}
	return true
}

// noted sees a schedule's state that was just stored.
func (d *driver) noted(state request.ScheduleState) {
	if s := d.scheduled[state.Name]; s != nil && s.since.IsZero() {
		s.since = state.Since
	}
}

// scheduledFor sees a request that was just stored for a time of a schedule, and holds it
// against the others. It goes by what the action is shown, and not by the id.
func (d *driver) scheduledFor(row *request.Request) *tracked {
	s := d.scheduled[row.Metadata["schedule"]]
	at, err := time.Parse(time.RFC3339, row.Metadata["scheduled_for"])
	if s == nil || err != nil {
		d.find(&d.report.Wrong, nil, "%s was created by no client and no schedule: %v", row.ID, row.Metadata)
		return nil
	}
	r := &tracked{id: row.ID, key: row.Key, c: d.caseOf(s.Action), payload: row.Payload, acked: true}
	switch before := s.started[at]; {
	case before != nil:
		d.find(&d.report.Doubled, r, "%s of schedule %s started %s, too", at, s.Name, before.id)
	case row.CreatedAt.Before(at):
		d.find(&d.report.Wrong, r, "%s of schedule %s was started at %v, before its time", at, s.Name, row.CreatedAt)
	case row.Action != s.Action || row.Tenant != s.Tenant || row.Subject != s.Subject:
		d.find(&d.report.Wrong, r, "schedule %s started %s of %s/%s", s.Name, row.Action, row.Tenant, row.Subject)
	}
	for earlier, other := range s.started {
		if !s.Overlap && !other.row.State.Final() {
			d.find(&d.report.Doubled, r, "%s of schedule %s was started while that of %s had not ended", at, s.Name, earlier)
		}
	}
	s.started[at] = r
	d.byKey[row.Key] = r
	d.report.Scheduled++
	return r
}

// judgeSchedules looks at what each schedule has started, when all is quiescent, and at
// what it has not.
func (d *driver) judgeSchedules() {
	for _, declared := range d.Parts.Schedules {
		s := d.scheduled[declared.Name]
		for _, r := range s.started {
			d.judgeScheduled(r)
		}
		sure := d.lastTick.Add(-sparse / 2) // until then no fault keeps a time from being started
		if s.since.IsZero() {
			s.since = epoch.Add(sparse / 2)
		}
		for at := s.next(s.since); at.Before(sure); at = s.next(at) {
			if s.started[at] == nil && s.next(at).Sub(at) >= sparse && !s.skips(at) && d.reachable(at, s.next(at)) {
				d.find(&d.report.Lost, nil, "%s of schedule %s has started nothing", at, s.Name)
			}
		}
	}
}

// judgeScheduled looks at a request that a schedule has started.
func (d *driver) judgeScheduled(r *tracked) {
	var row *request.Request
	var out []request.Chunk
	var err error
	d.out.do(func(ctx context.Context) {
		if row, err = d.store.LoadRequest(ctx, r.key); err == nil {
			out, err = d.store.ReadOutput(ctx, r.key, 0, request.MaxOutput)
		}
	})
	switch {
	case err != nil:
		d.find(&d.report.Lost, r, "it was started by its schedule, and loading it says: %v", err)
		return
	case !row.State.Final() || !row.Look.At.IsZero() || len(row.Permits) > 0:
		d.find(&d.report.Stuck, r, "it is %s, its look is %v and it holds permits of %v", row.State, row.Look.At, row.Permits)
		return
	}
	got := Outcome{ID: r.id, State: row.State, Result: row.Result, Error: row.Error, Steps: row.Steps}
	for _, chunk := range out {
		got.Output = append(got.Output, chunk.Data)
	}
	if err := r.c.Want(r.payload, got); err != nil {
		d.find(&d.report.Wrong, r, "the outcome is wrong: %v", err)
	}
}

// skips reports whether a schedule's request for an earlier time had not ended at a time.
func (s *scheduled) skips(at time.Time) bool {
	for earlier, r := range s.started {
		if !s.Overlap && earlier.Before(at) && r.row.FinishedAt.After(at.Add(-2*maxSkew)) {
			return true
		}
	}
	return false
}

// next is the first of the schedule's times after another, as operators are shown it.
func (s *scheduled) next(after time.Time) time.Time {
	operator := streamer.Caller{Principal: streamer.Principal{Tenant: s.Tenant, Scopes: []string{request.OperatorScope}}}
	requests := &streamer.Requests{Store: unstored{}, Schedules: s.alone, Now: func() time.Time { return after }}
	shown, err := requests.ListSchedules(context.Background(), operator)
	if err != nil {
		panic(err) // nothing is asked that could fail
	}
	return shown.Schedules[0].Next[0]
}

// unstored is a store that knows of no schedule.
type unstored struct{ request.Store }

func (unstored) LoadSchedules(_ context.Context, names []string) ([]request.ScheduleState, error) {
	states := make([]request.ScheduleState, len(names))
	for i, name := range names {
		states[i].Name = name
	}
	return states, nil
}
