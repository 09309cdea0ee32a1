package request

import (
	"context"
	"time"
)

// A Store keeps durable requests. All methods are safe for concurrent use; a write
// that returned nil survives the death of the process. Times are kept to the
// millisecond, in UTC. Errors other than those named are transient faults of the
// store. The conformance suite is store/storetest.
type Store interface {
	// CreateRequest stores r unless its key is taken, in one atomic step, and
	// acquires permits for it, whose names r.Permits has already. When
	// the key is taken it changes nothing and returns the request that has it,
	// with created false. A taken key whose ExpiresAt is not later than
	// r.CreatedAt counts as free. It returns a *LimitError when the key is free
	// and a permit is not.
	CreateRequest(ctx context.Context, r *Request, acquire ...Permit) (stored *Request, created bool, err error)

	// LoadRequest returns a whole request, or ErrNotFound for a key that is not
	// there. The read is strongly consistent.
	LoadRequest(ctx context.Context, key Key) (*Request, error)

	// ChangeRequest applies c to the request in one atomic step and returns it
	// as it is then, whole unless c.Brief. It returns ErrNotFound for a key that is
	// not there, a *ConflictError with the row as it is when a guard does not hold,
	// and a *LimitError when all of them hold but a permit to acquire is not there. A
	// change that Check refuses, or with a guard or effect that the store does not
	// know, is an error and changes nothing.
	ChangeRequest(ctx context.Context, key Key, c Change) (*Request, error)

	// ReadOutput returns up to limit chunks of a request's output from an offset
	// on, in order; none for an offset at its end or a key that is not there.
	// The read is strongly consistent.
	ReadOutput(ctx context.Context, key Key, from int64, limit int) ([]Chunk, error)

	Lister
	StatsReader
	DueLister
	PermitLister
	ChildLister
	ScheduleStore
}

// A PermitLister reads what limits hold up.
type PermitLister interface {
	// ThrottledRequests returns up to n requests in brief that wait for a permit of the
	// limit, the highest priority first, then the oldest. The read may be
	// eventually consistent. Rows that do not decode are left out, and an
	// [*UndecodableError] beside the rest names them.
	ThrottledRequests(ctx context.Context, limit string, n int) ([]*Request, error)

	// PermitsHeld returns how many requests hold a permit of the limit. The read is
	// strongly consistent.
	PermitsHeld(ctx context.Context, limit string) (int, error)

	// ThrottlingLimits returns up to n names of limits that requests may be waiting
	// for, in an order of the store's, and a cursor for the next, which is empty at
	// the end. None is left out that a request has waited for since a second ago.
	ThrottlingLimits(ctx context.Context, n int, cursor string) (names []string, next string, err error)
}

// A RequestLister reads many requests.
type Lister interface {
	// ListRequests returns a page of requests in brief, that is without Payload,
	// Checkpoint, Steps, StepTimes and Result; newest first by CreatedAt, then by
	// descending ID, and a cursor for the next page, which is empty on the last. A page
	// of a query for a state or an action may have fewer than Limit, or none, and a cursor
	// nevertheless: a store looks at so many requests at a time. A request that is created
	// or changed meanwhile may or may not be seen. Rows that do not decode are left out,
	// and an [*UndecodableError] beside the page and its cursor names them. A cursor that
	// this store did not make is an [*Error] with VALIDATION_ERROR.
	ListRequests(ctx context.Context, q Query) (page []*Request, cursor string, err error)
}

// A StatsReader reads what operators count.
type StatsReader interface {
	// CountRequests counts requests of a tenant by subject, action and state, and returns a
	// cursor for the next page, which is empty on the last. A page looks at q.Limit requests at
	// the most, 1 to 100,000, or at fewer, so that it may count none of those that are asked for
	// and have a cursor nevertheless. Pages count a request once that does not change meanwhile;
	// one that does may be counted in the state before or after, twice or not at all. Those that
	// q.Kept leaves out are counted by a store that would have to read each row to tell them; it
	// says so. The read may be eventually consistent. Rows that do not decode are left out, and an
	// [*UndecodableError] beside the counts names them. A cursor that this store did not make, or
	// made for another tenant, is an [*Error] with VALIDATION_ERROR.
	CountRequests(ctx context.Context, q Query) (counts []Count, cursor string, err error)

	// OpenRequests returns a page of requests in brief that are QUEUED or RUNNING, in an order of
	// the store's: of one tenant, or of every tenant where q names none. Otherwise it is as
	// ListRequests is, and what changes while pages are read is as with CountRequests.
	OpenRequests(ctx context.Context, q Query) (page []*Request, cursor string, err error)
}

// A Count is how many requests of one subject and action are in a state.
type Count struct {
	Subject  string
	Action   string
	State    State
	Requests int
	Oldest   time.Time // when the oldest of them was created
}

// A Query selects requests of one tenant.
type Query struct {
	Tenant  string    // required, but by OpenRequests
	Subject string    // empty: every subject of the tenant
	Action  string    // empty: every action
	State   State     // empty: every state
	From    time.Time // created at or after; zero: no bound
	Until   time.Time // created before; zero: no bound
	Kept    time.Time // for CountRequests: the retention is not over at that time; zero: no bound
	Limit   int       // of the page, 1 to 1000; required
	Cursor  string    // from the page before; empty: the first page
}

// Selects reports whether the query asks for a request, whatever its page is.
func (q Query) Selects(r *Request) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(q.Tenant, r.Tenant) && is(q.Subject, r.Subject) && is(q.Action, r.Action) && is(string(q.State), string(r.State)) &&
		!r.CreatedAt.Before(q.From) && (q.Until.IsZero() || r.CreatedAt.Before(q.Until))
}

// A DueLister finds work that is due for a look.
type DueLister interface {
	// DueRequests returns a page of requests in brief, of whatever state, whose Look is of the
	// kind and not later than the time, the longest due first, and a cursor for the
	// next page, which is empty on the last. A page may have fewer than Limit, or
	// none, and a cursor nevertheless. What is changed meanwhile may be seen or
	// not; what stays as it is, pages show once. The read may be eventually consistent. Rows
	// that do not decode hold up no others: they are left out, the cursor passes
	// them, and an [*UndecodableError] beside the page names them.
	DueRequests(ctx context.Context, q DueQuery) (page []*Request, cursor string, err error)
}

// A DueQuery selects requests by their looks.
type DueQuery struct {
	Kind   LookKind
	Until  time.Time // looks that are not later; required
	Limit  int       // of the page, 1 to 1000; required
	Cursor string    // from the page before, of a query with the same kind and time; empty: the first page
}
