package streamer

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pay-theory/streamer/request"
)

const (
	// waitingLook and latestLook are when the sweep looks again at the earliest and at
	// the latest at a request whose dispatch waits in the queue behind others.
	waitingLook = 5 * time.Minute
	latestLook  = time.Hour

	// latestDispatch is after how long at the latest a queued request is dispatched again. The
	// template's alarm on the oldest of them goes by it.
	latestDispatch = 15 * time.Minute

	// redispatched is how many queued requests of a tenant one sweep dispatches as it meets
	// them, whatever the queue has: a dispatch that was lost must not hide behind another
	// tenant's backlog.
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

// queued has a queued request dispatched that is due soon or whose dispatch was lost. Those
// behind the first of a tenant wait until the sweep has been through all looks: there may
// be others' among them.
func (s *sweep) queued(ctx context.Context, r *request.Request, dispatches *pendingDispatches) {
	if s.at.After(r.DueAt) {
		s.late(r, r.DueAt)
	}
	switch {
	case s.Paused:
	case r.DueAt.Sub(s.at) > request.TimerAhead:
		s.lookAgain(ctx, r, request.Look{Kind: request.LookTimer, At: r.DueAt.Add(-request.TimerAhead)})
	case s.oneOfFew(r):
		s.dispatchLater(ctx, r, dispatches)
	}
}

// oneOfFew reports whether a request is among the first of its tenant that the sweep has
// met, and keeps one that is not for postponed.
func (s *sweep) oneOfFew(r *request.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.met[r.Tenant]++
	if s.met[r.Tenant] <= redispatched {
		return true
	}
	s.rest = append(s.rest, &request.Request{Key: r.Key, State: r.State, Fence: r.Fence, DueAt: r.DueAt, Look: r.Look})
	return false
}

// dispatchLater notes the next look at a request, and keeps it for send.
func (s *sweep) dispatchLater(ctx context.Context, r *request.Request, dispatches *pendingDispatches) {
	waited := s.at.Sub(r.DueAt) // below zero: it is due later
	next := later(s.at, r.DueAt).Add(min(max(waited, s.SweepEvery), latestDispatch))
	if s.lookAgain(ctx, r, request.Look{Kind: request.LookDispatch, At: next}) {
		dispatches.add(r)
	}
}

// postponed does what is left to do for the queued requests of tenants that have many.
// While the queue has others that are due, a late one is taken as waiting in it, and is
// looked at again after as long as it has waited: so a backlog costs a write with the
// logarithm of its wait, and is not buried under dispatches.
func (s *sweep) postponed(ctx context.Context) {
	for page := range slices.Chunk(oldestFirst(s.rest), s.SweepPage) {
		var dispatches pendingDispatches
		each(ctx, page, func(ctx context.Context, r *request.Request) {
			waited := s.at.Sub(r.DueAt)
			if !s.backlog || waited <= 0 {
				s.dispatchLater(ctx, r, &dispatches)
				return
			}
			if s.lookAgain(ctx, r, request.Look{Kind: request.LookDispatch, At: s.at.Add(min(max(waited, waitingLook), latestLook))}) {
				s.count(&s.report.Waiting)
			}
		})
		s.send(ctx, oldestFirst(dispatches.all))
	}
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
