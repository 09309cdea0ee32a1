package wire

import "time"

// A Schedule is one that the application declares, with what is stored of it: the
// answer to [ActionPauseSchedule], [ActionResumeSchedule] and [ActionRunSchedule].
type Schedule struct {
	Name     string        `json:"name"`
	Cron     string        `json:"cron,omitempty"`     // or EveryMS
	EveryMS  int64         `json:"every_ms,omitempty"` // each multiple of it since 1970 in UTC
	TimeZone string        `json:"time_zone"`          // by whose clock the cron expression goes
	Action   string        `json:"action"`
	Tenant   string        `json:"tenant"`  // whose requests it starts
	Subject  string        `json:"subject"` // whose requests it starts
	Overlap  bool          `json:"overlap"` // whether a request is started while the one before has not ended
	Paused   bool          `json:"paused"`
	Next     []time.Time   `json:"next"` // the next three times; none while it is paused
	Last     *ScheduledRun `json:"last,omitempty"`
}

// A ScheduledRun is the request that a schedule started last.
type ScheduledRun struct {
	RequestID    string     `json:"request_id"`
	ScheduledFor *time.Time `json:"scheduled_for,omitempty"` // the time that started it; absent for one that an operator started
	State        string     `json:"state,omitempty"`         // absent when the request is not kept any more
}

// A ScheduleList is the answer to [ActionSchedules]: the schedules of the operator's
// tenant, by name.
type ScheduleList struct {
	Schedules []Schedule `json:"schedules"`
}

// ScheduleRef is the payload of the reserved actions that name a schedule.
type ScheduleRef struct {
	Name string `json:"name"`

	// RequestID is the id of the request that [ActionRunSchedule] starts, so that the
	// message may be sent again; empty: the server makes one.
	RequestID string `json:"request_id,omitempty"`
}
