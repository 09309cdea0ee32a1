package streamer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A SweepReport counts what a sweep did.
type SweepReport struct {
	Dispatched       int // queued requests that were dispatched: their time came near, or their dispatch was lost
	Waiting          int // due requests whose dispatch waits in the queue behind others
	LeaseExpirations int // expired leases that were taken away, their requests queued again
	Failed           int // requests given up because their leases expired too often
	Resumed          int // throttled requests that were made due, since their limit had free permits
	Notified         int // final requests whose subscribers were notified again, all of them
	Unnotified       int // final requests of whose subscribers some could not be reached
	Abandoned        int // of those, the ones whose subscribers will not be notified again
	Started          int // requests of schedules whose time has come
	Skipped          int // times of schedules at which the request before had not ended
	Undecodable      int // requests that were left out since their rows do not decode

	Due    int           // requests that were looked at
	Oldest time.Duration // how late the latest of those is that no worker has yet or that was not announced
	Latest *request.Request

	Closed int // connections whose token had expired
	Pruned int // connections that had closed without a $disconnect

	CutShort bool // the sweep's time ended before it had looked at everything
}

// Sweep finds the work that no worker has: queued requests whose dispatch was
// lost or whose time comes near, running ones whose lease has expired, throttled
// ones whose limit has free permits, final ones whose subscribers may not know,
// connections that should be over, and schedules whose time has come. Each kind has a window of its own, so that no
// backlog of one delays another. It goes on after a fault with one of them and
// returns what went wrong, joined. Several sweeps may run at a time.
func (p *Processor) Sweep(ctx context.Context) (SweepReport, error) {
	bounded, cancel := context.WithTimeout(ctx, p.SweepTime)
	defer cancel()
	s := &sweep{Processor: p, at: p.Now(), push: &impatient{Pusher: p.Push}, met: map[string]int{}}
	s.askBacklog(bounded)
	var kinds sync.WaitGroup
	for _, kind := range []request.LookKind{request.LookDispatch, request.LookLease, request.LookTimer, request.LookNotify} {
		kinds.Go(func() { s.looks(bounded, kind) })
	}
	kinds.Go(func() { s.limits(bounded) })
	kinds.Go(func() { s.connections(bounded) })
	kinds.Go(func() { s.schedules(bounded) })
	kinds.Wait()
	s.postponed(bounded)
	each(bounded, oldestFirst(s.final), s.announce)
	if ctx.Err() == nil && bounded.Err() != nil {
		s.report.CutShort = true
	}
	return s.report, errors.Join(s.faults...)
}

// A sweep is one under way.
type sweep struct {
	*Processor
	at      time.Time
	push    *impatient
	backlog bool // dispatches that are due wait in the queue

	mu     sync.Mutex
	report SweepReport
	faults []error
	final  []*request.Request // that have no window of their own
	met    map[string]int     // queued requests of each tenant
	rest   []*request.Request // those behind the first of a tenant, with what a look needs
}

// count adds to the report.
func (s *sweep) count(what *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*what++
}

// fault notes what went wrong, but for what the end of the sweep's time explains.
func (s *sweep) fault(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Errorf("%s: %w", what, err))
}

// late notes a request that still waits for something since a time.
func (s *sweep) late(r *request.Request, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if late := s.at.Sub(since); late > s.report.Oldest {
		s.report.Oldest, s.report.Latest = late, r
	}
}

// askBacklog asks the queue once: what is in it is not lost. A queue that does not say
// is taken as empty, since a dispatch too many harms less than one too few.
func (s *sweep) askBacklog(ctx context.Context) {
	waiting, err := s.Dispatch.Backlog(ctx)
	if err != nil {
		s.fault(ctx, "ask for the queue's backlog", err)
	}
	s.backlog = waiting > 0
}

// looks goes through the requests whose next look is due, of one kind, page by page.
func (s *sweep) looks(ctx context.Context, kind request.LookKind) {
	q := request.DueQuery{Kind: kind, Until: s.at, Limit: s.SweepPage}
	for {
		page, cursor, err := s.Store.DueRequests(ctx, q)
		if !s.decodable(ctx, err) {
			s.fault(ctx, "list due requests", err)
			return
		}
		s.mu.Lock()
		s.report.Due += len(page)
		s.mu.Unlock()
		var dispatches pendingDispatches
		each(ctx, page, func(ctx context.Context, r *request.Request) { s.look(ctx, kind, r, &dispatches) })
		s.send(ctx, oldestFirst(dispatches.all))
		if q.Cursor = cursor; cursor == "" || ctx.Err() != nil {
			return
		}
	}
}

// decodable counts and logs rows that a list left out. It reports false for a list
// that failed.
func (s *sweep) decodable(ctx context.Context, err error) bool {
	n, failure := logUndecodable(ctx, s.Logger, err)
	if n > 0 {
		s.fault(ctx, "list due requests", err)
		s.mu.Lock()
		s.report.Undecodable += n
		s.mu.Unlock()
	}
	return failure == nil
}

// look does what a request needs, by the state that it is in: the kind of its look may
// be older.
func (s *sweep) look(ctx context.Context, kind request.LookKind, r *request.Request, dispatches *pendingDispatches) {
	switch {
	case r.State == request.Running && r.DueAt.After(s.at):
		s.lookAgain(ctx, r, request.Look{Kind: request.LookLease, At: r.DueAt}) // it was renewed
	case r.State == request.Running:
		s.expireLease(ctx, r)
	case r.State.Final() && s.at.Sub(r.FinishedAt) < notifyAgainAfter:
		s.lookAgain(ctx, r, request.Look{Kind: request.LookNotify, At: r.FinishedAt.Add(notifyAgainAfter)}) // its worker is about to notify
	case r.State.Final() && kind == request.LookNotify:
		s.announce(ctx, r)
	case r.State.Final():
		s.announceLater(r)
	case r.ThrottledBy != "":
		s.resume(ctx, r)
	default:
		s.queued(ctx, r, dispatches)
	}
}

// lookAgain moves a request's next look. It reports whether it did: of several sweeps
// at a time one does.
func (s *sweep) lookAgain(ctx context.Context, r *request.Request, next request.Look) bool {
	_, err := s.Store.ChangeRequest(ctx, r.Key, request.LookAgain(r, next))
	if err != nil && !hasMoved(err) {
		s.fault(ctx, "note the next look", err)
	}
	return err == nil
}

// expireLease takes away a lease that its worker let expire, and dispatches the request
// unless it is over.
func (s *sweep) expireLease(ctx context.Context, r *request.Request) {
	at := s.Now()
	change := request.ExpireLease(at).LookedAtEvery(s.SweepEvery)
	switch {
	case r.CancelRequested:
		change = request.Cancel(at, s.Retention, r.CorrelationID).AfterLease(at)
	case r.LeaseExpirations+1 >= s.MaxLeaseExpirations:
		err := Errorf(wire.InternalError, "the work stopped without a word %d times in a row", r.LeaseExpirations+1)
		change = request.Fail(at, s.Retention, request.WireError(err, r.CorrelationID)).AfterLease(at)
		change.Set.AddLeaseExpirations = 1
	}
	change.Set.History = request.EndAttempt(r, at, wire.LeaseLost, s.causeOf(errLeaseExpired))
	change.Set.Release = request.Releasable(r.Permits, change.Set.State)
	changed, err := s.Store.ChangeRequest(ctx, r.Key, change.ByWorker(r.Fence))
	switch {
	case hasMoved(err):
		return // its worker came back, or another sweep was here first
	case err != nil:
		s.late(r, r.DueAt)
		s.fault(ctx, "expire lease", err)
		return
	}
	s.Logger.WarnContext(ctx, "lease expired", "request_id", r.ID, "action", r.Action, "correlation_id", r.CorrelationID,
		"worker", r.Worker, "fence", r.Fence, "state", changed.State)
	if changed.State == request.Failed {
		s.count(&s.report.Failed)
	} else {
		s.count(&s.report.LeaseExpirations)
	}
	if changed.State.Final() {
		s.announceLater(changed)
	}
	dispatchQueued(ctx, s.Dispatch, s.Logger, changed)
	s.resumeNext(ctx, change.Set.Release)
}

// connections sweeps the connections.
func (s *sweep) connections(ctx context.Context) {
	c := s.Connections
	if c.Store == nil || c.Closer == nil {
		return
	}
	closed, pruned, err := c.Sweep(ctx, s.SweepPage)
	s.mu.Lock()
	s.report.Closed, s.report.Pruned = closed, pruned
	s.mu.Unlock()
	if err != nil {
		s.fault(ctx, "sweep connections", err)
	}
}

// oldestFirst sorts what several goroutines have gathered: by when each request was due
// or has ended, and so that one sweep is like another of the same requests.
func oldestFirst(all []*request.Request) []*request.Request {
	slices.SortFunc(all, func(a, b *request.Request) int {
		return cmp.Or(later(a.DueAt, a.FinishedAt).Compare(later(b.DueAt, b.FinishedAt)), cmp.Compare(a.Tenant, b.Tenant),
			cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// each calls do for all of them, a few at a time, until ctx ends.
func each[T any](ctx context.Context, all []T, do func(context.Context, T)) {
	const parallel = 16
	free := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for _, one := range all {
		free <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-free }()
			do(ctx, one)
		})
	}
	wg.Wait()
}
