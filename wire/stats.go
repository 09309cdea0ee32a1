package wire

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"time"
)

// AllTenants as the tenant of a [StatsQuery] asks for every tenant of the stage.
const AllTenants = "*"

// StatsQuery is the query of GET /stats/states, /stats/waiting and /stats/failures.
type StatsQuery struct {
	Subject string    // whose requests; empty or AllSubjects: every subject's
	Action  string    // only requests of this action; empty: all
	Since   time.Time // only requests created at or after; zero: no bound
	Until   time.Time // only requests created before; zero: no bound
	Cursor  string    // from the page before; empty: the first page
}

// States is a page of counts of requests. A page counts a part of the requests, each of
// which is in one page; [States.Add] adds pages up. What changes while the pages are read
// may be counted in the state before or after, or be missing.
type States struct {
	States   []StateCount   `json:"states"`           // in the order of a request's life
	Actions  []ActionStates `json:"actions"`          // by name
	Subjects []Load         `json:"subjects"`         // that have open requests, the most queued first; at most 100 in a page
	Cursor   string         `json:"cursor,omitempty"` // for the next page; empty: this is the last
}

// A StateCount is how many requests are in a state.
type StateCount struct {
	State  string    `json:"state"`
	Count  int       `json:"count"`
	Oldest time.Time `json:"oldest"` // when the oldest of them was created
}

// ActionStates is how many requests of an action are in each state; states of none are left out.
type ActionStates struct {
	Action string         `json:"action"`
	States map[string]int `json:"states"`
}

// A Load is how many requests of a subject, or of a tenant where it names no subject, are open.
type Load struct {
	Tenant  string `json:"tenant,omitempty"` // only where every tenant was asked for
	Subject string `json:"subject,omitempty"`
	Queued  int    `json:"queued"`
	Running int    `json:"running"`
}

// WaitingStats is a page of what open requests wait for and which workers hold the others.
// [WaitingStats.Add] adds pages up, as those of [States].
type WaitingStats struct {
	Waiting  []WaitingCount `json:"waiting"`           // the most requests first
	Workers  []WorkerLoad   `json:"workers"`           // by name
	Tenants  []Load         `json:"tenants,omitempty"` // only where every tenant was asked for; the most queued first
	Subjects []Load         `json:"subjects"`          // the most queued first; at most 100 in a page
	Cursor   string         `json:"cursor,omitempty"`  // for the next page; empty: this is the last
}

// A WaitingCount is how many queued requests wait for one thing.
type WaitingCount struct {
	For    string    `json:"for"`             // as in [Waiting]
	Limit  string    `json:"limit,omitempty"` // the limit's name, where they wait for a permit
	Count  int       `json:"count"`
	Oldest time.Time `json:"oldest"` // when the oldest of them was created
}

// A WorkerLoad is what a worker has claimed and not ended.
type WorkerLoad struct {
	Worker   string        `json:"worker"`
	Running  int           `json:"running"`
	Since    time.Time     `json:"since"`    // its oldest claim
	Requests []HeldRequest `json:"requests"` // the oldest claims first, at most 20
}

// A HeldRequest is one that a worker has claimed.
type HeldRequest struct {
	RequestName
	Action    string    `json:"action"`
	ClaimedAt time.Time `json:"claimed_at"`
}

// A RequestName says which request it is.
type RequestName struct {
	Tenant  string `json:"tenant,omitempty"` // only where every tenant was asked for
	Subject string `json:"subject"`
	ID      string `json:"id"`
}

// Failures is a page of why requests failed, the most frequent first. [Failures.Add] adds
// pages up, as those of [States].
type Failures struct {
	Failures []Failure `json:"failures"`
	Cursor   string    `json:"cursor,omitempty"` // for the next page; empty: this is the last
}

// A Failure is a group of requests that are FAILED, of one action and code, whose messages
// differ at most in numbers.
type Failure struct {
	Action  string      `json:"action"`
	Code    Code        `json:"code"`
	Message string      `json:"message"`        // with # in the place of numbers, hexadecimal ones included, and of ids
	Kind    string      `json:"kind,omitempty"` // of the cause, where the code is INTERNAL_ERROR and the cause is known
	Count   int         `json:"count"`
	First   time.Time   `json:"first"` // when the first of them failed
	Last    time.Time   `json:"last"`
	Sample  RequestName `json:"sample"` // the one that failed last
}

// What a page has at most.
const (
	maxLoads = 100 // subjects
	maxHeld  = 20  // requests of a worker
)

// Add adds a page. The sum has the page's cursor, and all subjects of its pages.
func (s *States) Add(page States) {
	s.States = merge(s.States, page.States, func(c StateCount) string { return c.State }, func(sum *StateCount, c StateCount) {
		sum.Count, sum.Oldest = sum.Count+c.Count, earlier(sum.Oldest, c.Oldest)
	})
	order := []string{StateQueued, StateRunning, StateSucceeded, StateFailed, StateCancelled}
	sortFunc(s.States, func(a, b StateCount) int { return slices.Index(order, a.State) - slices.Index(order, b.State) })
	s.Actions = merge(s.Actions, page.Actions, func(a ActionStates) string { return a.Action }, func(sum *ActionStates, a ActionStates) {
		sum.States = maps.Clone(sum.States)
		for state, n := range a.States {
			sum.States[state] += n
		}
	})
	sortFunc(s.Actions, func(a, b ActionStates) int { return cmp.Compare(a.Action, b.Action) })
	s.Subjects = mergeLoads(s.Subjects, page.Subjects)
	s.Cursor = page.Cursor
}

// Add adds a page. The sum has the page's cursor, and all subjects and tenants of its pages.
func (w *WaitingStats) Add(page WaitingStats) {
	type reason struct{ why, limit string }
	w.Waiting = merge(w.Waiting, page.Waiting, func(c WaitingCount) reason { return reason{c.For, c.Limit} },
		func(sum *WaitingCount, c WaitingCount) {
			sum.Count, sum.Oldest = sum.Count+c.Count, earlier(sum.Oldest, c.Oldest)
		})
	sortFunc(w.Waiting, func(a, b WaitingCount) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.For, b.For), cmp.Compare(a.Limit, b.Limit))
	})
	w.Workers = merge(w.Workers, page.Workers, func(l WorkerLoad) string { return l.Worker }, func(sum *WorkerLoad, l WorkerLoad) {
		sum.Running, sum.Since = sum.Running+l.Running, earlier(sum.Since, l.Since)
		sum.Requests = slices.Concat(sum.Requests, l.Requests)
	})
	sortFunc(w.Workers, func(a, b WorkerLoad) int { return cmp.Compare(a.Worker, b.Worker) })
	for i := range w.Workers {
		held := &w.Workers[i].Requests
		*held = slices.Clone(*held)
		sortFunc(*held, func(a, b HeldRequest) int {
			return cmp.Or(a.ClaimedAt.Compare(b.ClaimedAt), compareNames(a.RequestName, b.RequestName))
		})
		*held = (*held)[:min(len(*held), maxHeld)]
	}
	if len(page.Tenants) > 0 {
		w.Tenants = mergeLoads(w.Tenants, page.Tenants)
	}
	w.Subjects = mergeLoads(w.Subjects, page.Subjects)
	w.Cursor = page.Cursor
}

// Add adds a page. The sum has the page's cursor.
func (f *Failures) Add(page Failures) {
	type group struct {
		action, message, kind string
		code                  Code
	}
	f.Failures = merge(f.Failures, page.Failures, func(f Failure) group { return group{f.Action, f.Message, f.Kind, f.Code} },
		func(sum *Failure, f Failure) {
			sum.Count, sum.First = sum.Count+f.Count, earlier(sum.First, f.First)
			if f.Last.After(sum.Last) {
				sum.Last, sum.Sample = f.Last, f.Sample
			}
		})
	sortFunc(f.Failures, func(a, b Failure) int {
		return cmp.Or(b.Count-a.Count, b.Last.Compare(a.Last), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message), cmp.Compare(a.Kind, b.Kind))
	})
	f.Cursor = page.Cursor
}

// Shortened is the page with as many subjects as one may have.
func (s States) Shortened() States {
	s.Subjects = s.Subjects[:min(len(s.Subjects), maxLoads)]
	return s
}

// Shortened is the page with as many subjects as one may have.
func (w WaitingStats) Shortened() WaitingStats {
	w.Subjects = w.Subjects[:min(len(w.Subjects), maxLoads)]
	return w
}

func mergeLoads(sum, more []Load) []Load {
	type name struct{ tenant, subject string }
	sum = merge(sum, more, func(l Load) name { return name{l.Tenant, l.Subject} }, func(sum *Load, l Load) {
		sum.Queued, sum.Running = sum.Queued+l.Queued, sum.Running+l.Running
	})
	sortFunc(sum, func(a, b Load) int {
		return cmp.Or(b.Queued-a.Queued, b.Running-a.Running, cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Subject, b.Subject))
	})
	return sum
}

// sortFunc is slices.SortFunc with one code for all types: that has one for each, and
// each of them is 16 KB of every function that answers statistics.
func sortFunc[T any](all []T, compare func(a, b T) int) {
	sort.Slice(all, func(i, j int) bool { return compare(all[i], all[j]) < 0 })
}

// merge adds each of more to the one of sum that has its key, or appends it. The sum is
// never nil.
func merge[K comparable, V any](sum, more []V, key func(V) K, add func(sum *V, v V)) []V {
	sum = append(make([]V, 0, len(sum)+len(more)), sum...)
	at := make(map[K]int, len(sum))
	for i, v := range sum {
		at[key(v)] = i
	}
	for _, v := range more {
		if i, known := at[key(v)]; known {
			add(&sum[i], v)
			continue
		}
		at[key(v)] = len(sum)
		sum = append(sum, v)
	}
	return sum
}

func compareNames(a, b RequestName) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.ID, b.ID))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
