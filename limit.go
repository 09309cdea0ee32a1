package streamer

import (
	"context"
	"errors"
	"slices"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Limits bound how much one tenant or principal may have of a stage. The zero
// value bounds nothing. All functions of a stage must have the same.
//
// One tenant's backlog does not hold up another tenant's request: what waits for
// a permit of its own tenant's limit waits in a queue of its own. Set
// RunningPerTenant below every action's MaxRunning, so that no tenant alone fills
// an action.
type Limits struct {
	RunningPerTenant int // requests of a tenant that run at a time; 0: no limit

	// OpenPerPrincipal is how many requests a principal may have that are not
	// final, children of requests not counted; one more is refused with RATE_LIMITED.
	// 0: no limit.
	OpenPerPrincipal int
}

// open are the permits of a request that is to be open. Those of children are counted for
// their parent, and not for the principal, who did not ask for them.
func (l Limits) open(r *request.Request) []request.Permit {
	if r.Parent.ID != "" {
		return []request.Permit{request.ChildPermit(r.ParentKey())}
	}
	if l.OpenPerPrincipal <= 0 {
		return nil
	}
	return []request.Permit{request.OpenPermit(r.Key, l.OpenPerPrincipal)}
}

// running are the permits of a claim, the tenant's first: a request that can have
// neither waits for its tenant's.
func (l Limits) running(tenant string, action ActionConfig) []request.Permit {
	var permits []request.Permit
	if l.RunningPerTenant > 0 {
		permits = append(permits, request.TenantPermit(tenant, l.RunningPerTenant))
	}
	if action.MaxRunning > 0 {
		permits = append(permits, request.ActionPermit(action.Name, action.MaxRunning))
	}
	return permits
}

// of is how many permits the limit of a name gives out; 0 for one that is not set.
func (l Limits) of(actions *Registry, name string) int {
	tenant, action := request.LimitedBy(name)
	if tenant != "" {
		return l.RunningPerTenant
	}
	a, err := actions.find(action)
	if err != nil {
		return 0
	}
	return a.config.MaxRunning
}

// resumeTries is how many throttled requests are tried when others resume them too.
const resumeTries = 8

// resumeNext makes one throttled request due for each permit that was released, and
// dispatches it. One that a newcomer is faster than is throttled again, in its old position.
func (p *Processor) resumeNext(ctx context.Context, released []string) {
	for _, limit := range released {
		if !request.Throttles(limit) {
			continue
		}
		next, err := p.Store.ThrottledRequests(ctx, limit, resumeTries)
		if _, err = logUndecodable(ctx, p.Logger, err); err != nil {
			p.Logger.WarnContext(ctx, "list throttled requests failed; the sweep will resume one", "limit", limit, "error", err.Error())
			continue
		}
		for _, r := range next {
			resumed, err := p.Store.ChangeRequest(ctx, r.Key, request.Resume(p.Now(), limit).LookedAtEvery(p.SweepEvery))
			if err == nil {
				dispatchQueued(ctx, p.Dispatch, p.Logger, resumed)
				break
			}
			if !hasMoved(err) {
				p.Logger.WarnContext(ctx, "resume request failed; the sweep will", "request_id", r.ID, "error", err.Error())
				break
			}
		}
	}
}

// hasMoved reports whether a change failed since the request is no longer as it
// was, or has gone.
func hasMoved(err error) bool {
	_, conflict := errors.AsType[*request.ConflictError](err)
	return conflict || errors.Is(err, request.ErrNotFound)
}

// queueLength is how far Why looks into a wait queue; a position behind it is
// given as zero.
const queueLength = 200

// why says why a request waits, from how many permits of its limit are held to its
// own position in the wait queue; nil for one that does not wait.
func (s *Requests) why(ctx context.Context, r *request.Request) (*wire.Waiting, error) {
	w := r.Waiting()
	if r.WaitsForChildren() {
		open, err := s.Store.PermitsHeld(ctx, request.ChildPermit(r.Key).Name)
		r.Children = r.Children.WithOpen(open)
		return w, err
	}
	if w == nil || r.ThrottledBy == "" {
		return w, nil
	}
	queue, err := s.Store.ThrottledRequests(ctx, r.ThrottledBy, queueLength)
	if _, err = logUndecodable(ctx, s.logger(), err); err != nil {
		return nil, err
	}
	w.Position = 1 + slices.IndexFunc(queue, func(other *request.Request) bool { return other.Key == r.Key })
	w.Running, err = s.Store.PermitsHeld(ctx, r.ThrottledBy)
	return w, err
}
