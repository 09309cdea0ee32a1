package request

import "time"

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
