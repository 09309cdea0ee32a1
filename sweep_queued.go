package streamer

import (
	"context"
	"sync"
	"time"

	"github.com/pay-theory/streamer/request"
)

const (
	// waitingLook and latestLook are when the sweep looks again at the earliest and at
	// the latest at a request whose dispatch waits in the queue behind others.
	waitingLook = 5 * time.Minute
	latestLook  = time.Hour

	// redispatched is how many late requests of a tenant one sweep dispatches though others
	// wait in the queue: one whose dispatch was lost must not hide behind another tenant's
	// backlog.
	redispatched = 100
)

// pendingDispatches are requests that are to be dispatched.
type pendingDispatches struct {
	mu  sync.Mutex
	all []*request.Request
}

func (d *pendingDispatches) add(r *request.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, r)
}

// queued has a queued request dispatched that is due soon or whose dispatch was lost.
// While the queue has others that are due, that is so for the first of a tenant alone. The
// rest is looked at again after as long as it has waited: so a backlog costs a write with
// the logarithm of its wait, and is not buried under dispatches.
func (s *sweep) queued(ctx context.Context, r *request.Request, dispatches *pendingDispatches) {
	waited := s.at.Sub(r.DueAt) // below zero: it is due later
	if waited > 0 {
		s.late(r, r.DueAt)
	}
	switch {
	case s.Paused:
	case -waited > request.TimerAhead:
		s.lookAgain(ctx, r, request.Look{Kind: request.LookTimer, At: r.DueAt.Add(-request.TimerAhead)})
	case waited > 0 && s.backlog && !s.oneOfFew(r.Tenant):
		if s.lookAgain(ctx, r, request.Look{Kind: request.LookDispatch, At: s.at.Add(min(max(waited, waitingLook), latestLook))}) {
			s.count(&s.report.Waiting)
		}
	default:
		next := later(s.at, r.DueAt).Add(min(max(waited, s.SweepEvery), latestLook))
		if s.lookAgain(ctx, r, request.Look{Kind: request.LookDispatch, At: next}) {
			dispatches.add(r)
		}
	}
}

// oneOfFew reports whether the sweep has met no more than redispatched late requests of a
// tenant, this one included.
func (s *sweep) oneOfFew(tenant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.met[tenant]++
	return s.met[tenant] <= redispatched
}

// send dispatches requests whose next looks are noted. Where that fails, the next sweep
// looks again.
func (s *sweep) send(ctx context.Context, queued []*request.Request) {
	if len(queued) == 0 {
		return
	}
	dispatches := make([]request.Dispatch, len(queued))
	for i, r := range queued {
		dispatches[i] = request.Dispatch{Key: r.Key, Due: r.DueAt}
	}
	for i, err := range s.Dispatch.DispatchAll(ctx, dispatches) {
		if err == nil {
			s.count(&s.report.Dispatched)
			continue
		}
		s.fault(ctx, "dispatch request", err)
		undo := request.LookAgain(queued[i], queued[i].Look)
		undo.If.LookAt = time.Time{}
		undone, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		if _, err := s.Store.ChangeRequest(undone, queued[i].Key, undo); err != nil && !hasMoved(err) {
			s.fault(ctx, "take the next look back", err)
		}
		cancel()
	}
}

// limits makes throttled requests due whose limits have free permits: whoever released
// those died before it could, or the limit was raised or is gone.
func (s *sweep) limits(ctx context.Context) {
	cursor := ""
	for {
		names, next, err := s.Store.ThrottlingLimits(ctx, s.SweepPage, cursor)
		if err != nil {
			s.fault(ctx, "list limits that throttle", err)
			return
		}
		each(ctx, names, s.resumeLimit)
		if cursor = next; cursor == "" || ctx.Err() != nil {
			return
		}
	}
}

// resumeLimit makes as many throttled requests of a limit due as it has free permits.
func (s *sweep) resumeLimit(ctx context.Context, limit string) {
	for {
		free := s.SweepPage
		most := s.Limits.of(s.Actions, limit)
		if most > 0 {
			held, err := s.Store.PermitsHeld(ctx, limit)
			if err != nil {
				s.fault(ctx, "count permits", err)
				return
			}
			free = min(free, most-held)
		}
		if free <= 0 {
			return
		}
		throttled, err := s.Store.ThrottledRequests(ctx, limit, free)
		if !s.decodable(ctx, err) {
			s.fault(ctx, "list throttled requests", err)
			return
		}
		each(ctx, throttled, s.resume)
		if most > 0 || len(throttled) < free || ctx.Err() != nil {
			return
		}
	}
}

// resume makes a throttled request due, and dispatches it.
func (s *sweep) resume(ctx context.Context, r *request.Request) {
	resumed, err := s.Store.ChangeRequest(ctx, r.Key, request.Resume(s.Now(), r.ThrottledBy).LookedAtEvery(s.SweepEvery))
	switch {
	case hasMoved(err):
		return
	case err != nil:
		s.fault(ctx, "resume request", err)
		return
	}
	s.count(&s.report.Resumed)
	dispatchQueued(ctx, s.Dispatch, s.Logger, resumed)
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
