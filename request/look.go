package request

import (
	"slices"
	"time"
)

// A Look is when the sweep looks at a request next, and what for. The zero Look
// is none. It may come early, since what moves DueAt need not move the look: a
// renewed lease does not. The sweep then gives the request a later one.
type Look struct {
	Kind LookKind
	At   time.Time // zero: never
}

// A LookKind is what a look expects to find. The sweep reads each kind by itself,
// so that no backlog of one delays another.
type LookKind int

// The kinds of looks. A version before the kinds wrote rows of every state as
// LookDispatch, so who reads that kind goes by the row's state.
const (
	LookDispatch LookKind = iota // QUEUED and dispatched: the dispatch is lost if the request is still there
	LookLease                    // RUNNING: its lease may have ended
	LookTimer                    // QUEUED for later than a dispatch can be delayed
	LookNotify                   // final: its subscribers may not know

	lookKinds
)

// LookKinds are all kinds of looks.
func LookKinds() []LookKind {
	kinds := make([]LookKind, lookKinds)
	for i := range kinds {
		kinds[i] = LookKind(i)
	}
	return kinds
}

// String names the kind, for logs and metrics.
func (k LookKind) String() string {
	switch k {
	case LookDispatch:
		return "dispatch"
	case LookLease:
		return "lease"
	case LookTimer:
		return "timer"
	case LookNotify:
		return "notify"
	}
	return "unknown"
}

const (
	// MaxDelay is how far ahead a dispatch can be due (Amazon SQS API Reference,
	// "SendMessage", DelaySeconds).
	MaxDelay = 15 * time.Minute
	// TimerAhead is how long before its time a sweep dispatches a request that is
	// farther ahead: some ticks of the schedule may be late or lost.
	TimerAhead = 5 * time.Minute
)

// A Dispatch names a request to look at, and the time from which it is due.
type Dispatch struct {
	Key Key
	Due time.Time
}

// QueuedLook is the first look at a request that was queued at a time and can be
// claimed from due on. A write that queues a request comes with a dispatch, unless due
// is farther ahead than MaxDelay: so the look is at one that is still queued when the
// first sweep after due comes, or at one that comes near.
func QueuedLook(at, due time.Time, sweepEvery time.Duration) Look {
	if due.Sub(at) > MaxDelay {
		return Look{LookTimer, due.Add(-TimerAhead)}
	}
	return Look{LookDispatch, due.Add(sweepEvery)}
}

// LookedAtEvery sets the look of a change that queues a request; see QueuedLook. A
// throttled request has none, since the limits that throttle are looked at.
func (c Change) LookedAtEvery(sweepEvery time.Duration) Change {
	switch {
	case c.Set.State != Queued:
	case c.Set.ThrottledBy != "":
		c.Set.Look, c.Set.Clear = Look{}, append(slices.Clone(c.Set.Clear), AttrLook)
	default:
		c.Set.Look = QueuedLook(c.Set.UpdatedAt, c.Set.DueAt, sweepEvery)
	}
	return c
}
