package request

import (
	"context"
	"time"
)

// A ScheduleState is what is stored of a schedule. All else about it is in the code
// that declares it.
type ScheduleState struct {
	Name string // the schedule's, unique in the application
	Rev  int64  // rises with every write; 0: nothing is stored yet

	Paused bool      // no time of the schedule starts a request
	Since  time.Time // when it was first seen, or last resumed: the times before count for nothing
	Fired  time.Time // the latest of its times that was started or skipped; zero: none
	Last   string    // id of the request that it started last; empty: none
}

// A ScheduleStore keeps the states of schedules. All methods are safe for concurrent
// use, and a write that returned nil survives the death of the process.
type ScheduleStore interface {
	// LoadSchedules returns the states of the named schedules in the order of the
	// names, each of which is given once. One that is not stored has its name and
	// Rev 0. The read is strongly consistent.
	LoadSchedules(ctx context.Context, names []string) ([]ScheduleState, error)

	// SaveSchedule stores a state with a Rev of one more, in one atomic step, if the
	// stored one still has its Rev. It reports false, and changes nothing, when
	// another write came between.
	SaveSchedule(ctx context.Context, s ScheduleState) (saved bool, err error)
}

// schedulePrefix is what the names of schedules' permits begin with. A principal's
// have a number there.
const schedulePrefix = openPrefix + "schedule/"

// SchedulePermit is held by a schedule's request from its creation to its end, where
// no two of them may be open.
func SchedulePermit(name string) Permit { return Permit{Name: schedulePrefix + name, Limit: 1} }
