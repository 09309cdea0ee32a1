package streamer

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Limits bound how much one tenant or principal may have of a stage. The zero
// value bounds nothing. All functions of a stage must have the same.
//
// One tenant's backlog does not hold up another tenant's request: what waits for
// its own tenant's place waits in a line of its own. Set RunningPerTenant below
// every action's MaxRunning, so that no tenant alone fills an action.
type Limits struct {
	RunningPerTenant int // requests of a tenant that run at a time; 0: no limit

	// OpenPerPrincipal is how many requests a principal may have that are not
	// final; one more is refused with RATE_LIMITED. 0: no limit.
	OpenPerPrincipal int
}

// open are the slots of a new request.
func (l Limits) open(key request.Key) []request.Slot {
	if l.OpenPerPrincipal <= 0 {
		return nil
	}
	name := request.PrefixOpen + strconv.Itoa(len(key.Tenant)) + ":" + key.Tenant + "/" + key.Subject
	return []request.Slot{{Name: name, Limit: l.OpenPerPrincipal}}
}

// running are the slots of a claim, the tenant's first: a request that lacks
// both waits in its tenant's line.
func (l Limits) running(tenant string, action ActionConfig) []request.Slot {
	var slots []request.Slot
	if l.RunningPerTenant > 0 {
		slots = append(slots, request.Slot{Name: request.PrefixTenant + tenant, Limit: l.RunningPerTenant})
	}
	if action.MaxRunning > 0 {
		slots = append(slots, request.Slot{Name: request.PrefixAction + action.Name, Limit: action.MaxRunning})
	}
	return slots
}

// wakeNext makes one request due for each place that was given back. One that a
// newcomer is faster than is blocked again, in its old place in the line.
func (p *Processor) wakeNext(ctx context.Context, released []string) {
	for _, slot := range released {
		if strings.HasPrefix(slot, request.PrefixOpen) {
			continue
		}
		next, err := p.Store.BlockedRequests(ctx, slot, wakeTries)
		if err != nil {
			p.Logger.WarnContext(ctx, "looking for who waits failed; the sweep will", "slot", slot, "error", err.Error())
			continue
		}
		for _, r := range next {
			_, err := p.Store.ChangeRequest(ctx, r.Key, request.Resume(p.Now(), slot))
			if err == nil {
				break
			}
			var conflict *request.ConflictError
			if !errors.As(err, &conflict) && !errors.Is(err, request.ErrNotFound) {
				p.Logger.WarnContext(ctx, "waking a request failed; the sweep will", "request_id", r.ID, "error", err.Error())
				break
			}
		}
	}
}

// wakeTries is how many of those who wait are tried when others wake them too.
const wakeTries = 8

// why says why a request waits, from the places of its limit to its own in the
// line; nil for one that does not wait.
func (s *Requests) why(ctx context.Context, r *request.Request) (*wire.Waiting, error) {
	w := r.Waiting()
	if w == nil || r.Blocked == "" {
		return w, nil
	}
	line, err := s.Store.BlockedRequests(ctx, r.Blocked, lineLength)
	if err != nil {
		return nil, err
	}
	w.Position = 1 + slices.IndexFunc(line, func(other *request.Request) bool { return other.Key == r.Key })
	w.Running, err = s.Store.PlacesTaken(ctx, r.Blocked)
	return w, err
}

// lineLength is how far Why looks; a position behind it is given as zero.
const lineLength = 200
