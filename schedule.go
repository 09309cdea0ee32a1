package streamer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A Schedule starts a request of a long action at each of its times. Name, Action,
// Tenant, Subject and either Cron or Every are required. What is declared here holds
// from the next deploy on; that it is paused is stored, and outlives deploys.
//
// The sweep starts what is due, so a request starts up to a tick after its time: a
// minute on AWS. Of several times that have passed since the last tick the latest one
// is started. Two ticks at once, or one that comes again, start one request: its id is
// made of the schedule's name and the time.
type Schedule struct {
	Name string // 1 to 64 characters of A-Z a-z 0-9 _ . -

	// Cron says when: minute, hour, day of the month, month and day of the week as
	// crontab(5) has them, or @hourly, @daily, @weekly, @monthly, @yearly. With * as the
	// hour it goes by the time that passes; any other hour names times of the day, each of
	// which comes once a day: a time that the clock leaps over when it does, and one
	// that it shows twice the first time.
	Cron string

	// Every is an interval in place of Cron, of whole minutes. The times are its
	// multiples since 1970 in UTC: every processor knows them without asking.
	Every time.Duration

	TimeZone string // by whose clock Cron goes, such as Europe/Berlin; "": UTC

	Action   string            // a long one
	Payload  any               // is encoded as JSON, a json.RawMessage as it is; nil: none
	Metadata map[string]string // of the request, beside "schedule", its name, and "scheduled_for", the time
	Tenant   string            // whose request it is
	Subject  string            // whose request it is; as no user's its ids are its own

	// Overlap starts a request also while the one before has not ended. Without it
	// such a time is skipped.
	Overlap bool

	// CatchUp is how late a time that was missed is still started, as after an outage, a
	// pause of the stage or a deploy. 0: 24 h; at most 31 days.
	CatchUp time.Duration
}

// The metadata of a scheduled request that the schedule adds.
const (
	metaSchedule     = "schedule"      // its name
	metaScheduledFor = "scheduled_for" // the time that it was started for, RFC 3339 in UTC
)

const (
	maxSchedules    = 100 // so that all of them fit into one message
	maxScheduleName = 64  // so that a request's id has room for the time
	maxCron         = 200
	maxCatchUp      = 31 * 24 * time.Hour
)

// Schedules are an application's schedules, checked. They are immutable.
type Schedules struct {
	all   map[string]*schedule
	names []string // in order
}

// A schedule is one that was checked.
type schedule struct {
	Schedule
	action  Action
	payload json.RawMessage
	cron    *cron // nil: by Every
	zone    *time.Location
}

// Schedules checks schedules of the registry's actions. The error names each that is
// wrong, and what to do.
func (r *Registry) Schedules(all ...Schedule) (*Schedules, error) {
	s := &Schedules{all: make(map[string]*schedule, len(all))}
	var faults []error
	for _, declared := range all {
		one, wrong := r.schedule(declared)
		if s.all[declared.Name] != nil {
			wrong = append(wrong, errors.New("another one has this name, too: give each its own"))
		}
		for _, fault := range wrong {
			faults = append(faults, fmt.Errorf("streamer: schedule %q: %w", declared.Name, fault))
		}
		s.all[declared.Name] = one
	}
	if len(all) > maxSchedules {
		faults = append(faults, fmt.Errorf("streamer: there are %d schedules, %d are allowed", len(all), maxSchedules))
	}
	s.names = slices.Sorted(maps.Keys(s.all))
	return s, errors.Join(faults...)
}

// schedule checks one.
func (r *Registry) schedule(declared Schedule) (one *schedule, wrong []error) {
	one = &schedule{Schedule: declared}
	one.CatchUp = cmp.Or(one.CatchUp, 24*time.Hour)
	one.Metadata = maps.Clone(one.Metadata)
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	check(wire.CheckID(one.Name) == "" && len(one.Name) <= maxScheduleName && !strings.Contains(one.Name, ":"),
		"the name must have 1 to %d characters of A-Z a-z 0-9 _ . -, and not dots alone", maxScheduleName)
	check(one.Tenant != "", "the Tenant is empty: say whose requests it starts")
	check(one.Subject != "" && one.Subject != wire.AllSubjects,
		"the Subject is %q: name the subject whose requests it starts, such as one of its own", one.Subject)
	check(one.CatchUp >= 0 && one.CatchUp <= maxCatchUp, "CatchUp is %v, want at most %v, or 0 for 24h", one.CatchUp, maxCatchUp)
	if err := one.readTimes(); err != nil {
		wrong = append(wrong, err)
	}
	if err := one.readRequest(r); err != nil {
		wrong = append(wrong, err)
	}
	return one, wrong
}

// readTimes reads when the schedule's times are.
func (s *schedule) readTimes() (err error) {
	switch {
	case (s.Cron == "") == (s.Every == 0):
		return errors.New("it needs either Cron or Every")
	case s.Every != 0 && (s.Every < time.Minute || s.Every%time.Minute != 0):
		return fmt.Errorf("its Every is %v, want whole minutes: what is due is started once a minute", s.Every)
	case s.Every != 0 && s.TimeZone != "":
		return fmt.Errorf("its Every takes no TimeZone %q: its times are the multiples since 1970 in UTC", s.TimeZone)
	case len(s.Cron) > maxCron:
		return fmt.Errorf("its Cron has %d characters, %d are allowed", len(s.Cron), maxCron)
	}
	s.TimeZone = cmp.Or(s.TimeZone, time.UTC.String())
	if s.zone, err = time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "Local" { // time.Local's own name is UTC on Lambda
		return fmt.Errorf("TimeZone %q is not known here: use a name such as Europe/Berlin; where the system has no database of time zones, "+
			`import _ "time/tzdata" in the program's main`, s.TimeZone)
	}
	if s.Every == 0 {
		s.cron, err = parseCron(s.Cron)
	}
	return err
}

// readRequest reads what the schedule's requests are.
func (s *schedule) readRequest(r *Registry) (err error) {
	if s.action, err = r.find(s.Action); err != nil {
		return fmt.Errorf("there is no action %q: register it, or remove the schedule", s.Action)
	}
	if !s.action.Long() {
		return fmt.Errorf("action %q is short, and a schedule starts durable requests: set Long in its ActionConfig", s.Action)
	}
	if s.Payload != nil {
		if s.payload, err = encodeOutput(s.Payload); err != nil {
			return fmt.Errorf("the Payload is not JSON: %w", err)
		}
	}
	if err := s.action.check(s.payload); err != nil {
		return fmt.Errorf("action %q refuses the Payload: %w", s.Action, err)
	}
	for _, key := range []string{metaSchedule, metaScheduledFor} {
		if _, taken := s.Metadata[key]; taken {
			return fmt.Errorf("the Metadata has %q, which a schedule sets itself: take another name", key)
		}
	}
	const added = len(metaSchedule) + maxScheduleName + len(metaScheduledFor) + len(time.RFC3339)
	switch size := metadataSize(s.Metadata); {
	case len(s.payload) > request.MaxPayload:
		return fmt.Errorf("the Payload has %d bytes, %d are allowed", len(s.payload), request.MaxPayload)
	case size > request.MaxMetadata-added:
		return fmt.Errorf("the Metadata has %d bytes, %d are allowed", size, request.MaxMetadata-added)
	}
	return nil
}

// next is the first of the schedule's times after another.
func (s *schedule) next(after time.Time) time.Time {
	if s.cron != nil {
		return s.cron.next(after, s.zone)
	}
	every := int64(s.Every / time.Second)
	return time.Unix((after.Unix()/every+1)*every, 0)
}

// latest is the latest of the schedule's times after one and until another that is still
// worth starting then, zero if there is none; and how many there were.
func (s *schedule) latest(after, until time.Time) (at time.Time, times int) {
	after = later(after, until.Add(-s.CatchUp))
	for next := s.next(after); !next.IsZero() && !next.After(until); next = s.next(next) {
		at, times = next, times+1
	}
	return at, times
}

// requestID is the id of the request that a time starts.
func (s *schedule) requestID(at time.Time) string {
	return "schedule:" + s.Name + ":" + at.UTC().Format(time.RFC3339)
}

// message asks for the schedule's request for a time.
func (s *schedule) message(id string, at time.Time) wire.Message {
	metadata := map[string]string{metaSchedule: s.Name, metaScheduledFor: at.UTC().Format(time.RFC3339)}
	maps.Copy(metadata, s.Metadata)
	return wire.Message{ID: id, Action: s.Action, Payload: s.payload, Metadata: metadata}
}

// startedBy is the schedule that started a request; nil: none that is still there did. A
// client of the schedule's own subject alone can say so of its message.
func (s *Schedules) startedBy(r *request.Request) *schedule {
	if s == nil {
		return nil
	}
	one := s.all[r.Metadata[metaSchedule]]
	if one == nil || one.Tenant != r.Tenant || one.Subject != r.Subject {
		return nil
	}
	return one
}

// permits are those that the schedule's request holds while it is open.
func (s *schedule) permits() []request.Permit {
	if s.Overlap {
		return nil
	}
	return []request.Permit{request.SchedulePermit(s.Name)}
}
