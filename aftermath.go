package streamer

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pay-theory/streamer/request"
)

// An aftermath is what follows the end of a request: its subscribers and its parent are
// notified, and its children that are open are cancelled. Until all of that has been done
// the sweep looks at the request and does it again, and doing it twice does no harm.
type aftermath struct {
	store                 request.Store
	push                  Pusher
	dispatch              Queue
	logger                *slog.Logger
	now                   func() time.Time
	retention, sweepEvery time.Duration
}

func (p *Processor) aftermath() aftermath {
	return aftermath{p.Store, p.Push, p.Dispatch, p.Logger, p.Now, p.Retention, p.SweepEvery}
}

func (s *Requests) aftermath() aftermath {
	return aftermath{s.Store, s.Push, s.Dispatch, s.logger(), func() time.Time { return now(s.Now) }, s.retention(), s.sweepEvery()}
}

// familyTimeout bounds what one aftermath does for a request's children and parent; the
// sweep goes on with the rest.
const familyTimeout = 10 * time.Second

// changeTries is how often a change is decided anew that another writer is faster than.
const changeTries = 8

// of does what follows the end of r, for the subscribers first. It reports whether they
// know, which a sweep may give up, and whether the family does, which it must not. A push
// is tried so often. A client may hear of the end twice and knows by rev.
func (a aftermath) of(ctx context.Context, r *request.Request, tries int) (subscribers, family bool) {
	subscribers = a.notify(ctx, r, tries)
	ctx = request.NewContext(ctx, r.Key)
	bounded, cancel := context.WithTimeout(ctx, familyTimeout)
	defer cancel()
	children := a.cancelChildren(bounded, r)
	family = a.notifyParent(bounded, r) && children
	return subscribers && (!family || a.done(ctx, r)), family
}

// notify sends every subscriber how the request ended, and reports whether it could.
func (a aftermath) notify(ctx context.Context, r *request.Request, tries int) bool {
	_, failed := send(ctx, a.push, a.logger, r.Key, r.Subscribers, finalFrame(r).Append(nil), tries)
	return len(failed) == 0
}

// done notes that nothing is left to do for the end of r.
func (a aftermath) done(ctx context.Context, r *request.Request) bool {
	_, err := a.store.ChangeRequest(ctx, r.Key, request.MarkNotified(r))
	if err == nil || hasMoved(err) {
		return true
	}
	a.logger.WarnContext(ctx, "mark request notified failed; the sweep will notify again", "request_id", r.ID, "error", err.Error())
	return false
}

// notifyParent tells the parent of a request that has ended. Only the last child to end,
// one that failed, and a few that move its progress read it: the others read how many are
// open.
func (a aftermath) notifyParent(ctx context.Context, r *request.Request) bool {
	if r.Parent.ID == "" {
		return true
	}
	key := r.ParentKey()
	open, err := a.store.PermitsHeld(ctx, request.ChildPermit(key).Name)
	var parent *request.Request
	if err == nil {
		if open > 0 && r.State == request.Succeeded && !r.Parent.Reports {
			return true
		}
		parent, err = a.store.LoadRequest(ctx, key)
	}
	for try := 0; err == nil && try < changeTries; try++ {
		change, needed := a.atParent(parent, r, open)
		if !needed {
			return true
		}
		var changed *request.Request
		changed, err = a.store.ChangeRequest(ctx, key, change)
		if conflict, moved := errors.AsType[*request.ConflictError](err); moved {
			parent, err = conflict.Request, nil
			continue
		}
		if err == nil {
			a.moved(ctx, changed, change)
			return true
		}
	}
	if errors.Is(err, request.ErrNotFound) {
		return true
	}
	if err != nil {
		a.logger.WarnContext(ctx, "notify parent failed; the sweep will", "request_id", r.ID, "parent_id", key.ID, "error", err.Error())
	}
	return false
}

// atParent is the change of the parent that the end of a child means.
func (a aftermath) atParent(parent, child *request.Request, open int) (change request.Change, needed bool) {
	decides := open == 0 || child.State != request.Succeeded // how long the parent waits, as far as a child can know
	children := parent.Children.WithOpen(open)
	switch {
	case parent.State == request.Running:
		change = request.NotifyParent(a.now())
		change.If.Fence = parent.Fence
		return change, decides && parent.Steps[change.Set.Step.Name] == nil
	case !parent.WaitsForChildren():
		return change, false // it has ended, or looks at its children when it is claimed
	case open == 0 || decides && parent.Children.First:
		change = request.ResumeParent(a.now(), children).LookedAtEvery(a.sweepEvery)
		change.If.Fence = parent.Fence
		return change, true
	}
	return request.ReportChildren(parent, a.now(), children), children.Ended > parent.Children.Ended
}

// moved has the parent's watchers see how many of its children have ended, and dispatches
// it if it is due.
func (a aftermath) moved(ctx context.Context, parent *request.Request, change request.Change) {
	if change.Set.Progress != nil {
		send(ctx, a.push, a.logger, parent.Key, parent.Subscribers, waitingFrame(parent).Append(nil), 1)
	}
	if change.Set.State == request.Queued {
		dispatchQueued(ctx, a.dispatch, a.logger, parent)
	}
}

// cancelChildren cancels the children of a request that are open. It reports whether all
// have ended or were asked to stop.
func (a aftermath) cancelChildren(ctx context.Context, r *request.Request) bool {
	if r.Children.Total == 0 {
		return true
	}
	open, err := a.store.PermitsHeld(ctx, request.ChildPermit(r.Key).Name)
	q := request.ChildQuery{Parent: r.Key, Limit: 1000}
	var failed atomic.Int64
	for more := open > 0; err == nil && more; more = q.Cursor != "" {
		var page []*request.Request
		page, q.Cursor, err = a.store.ListChildren(ctx, q)
		if _, failure := logUndecodable(ctx, a.logger, err); failure == nil {
			err = nil // what does not decode runs nowhere
		}
		each(ctx, page, func(ctx context.Context, child *request.Request) {
			if _, redrives := child.ChildName(); redrives > r.Redrives {
				return // the request was redriven since, and waits for it
			}
			if !a.cancelChild(ctx, child, r.CorrelationID) {
				failed.Add(1)
			}
		})
	}
	if err != nil {
		a.logger.WarnContext(ctx, "cancel children failed; the sweep will", "request_id", r.ID, "error", err.Error())
	}
	return err == nil && failed.Load() == 0 && ctx.Err() == nil
}

// cancelChild cancels a child whose parent does not wait for it any more, unless it has
// ended. It reports whether that is stored.
func (a aftermath) cancelChild(ctx context.Context, child *request.Request, correlationID string) bool {
	for range changeTries {
		var change request.Change
		switch {
		case child.State == request.Queued:
			change = request.Cancel(a.now(), a.retention, correlationID)
			change.Set.Release = request.Releasable(child.Permits, request.Cancelled)
		case child.State == request.Running && !child.CancelRequested:
			change = request.AskToCancel()
		default:
			return true
		}
		change.If.States, change.If.Fence, change.Brief = []request.State{child.State}, child.Fence, true
		changed, err := a.store.ChangeRequest(ctx, child.Key, change)
		if conflict, moved := errors.AsType[*request.ConflictError](err); moved {
			child = conflict.Request
			continue
		}
		if err != nil {
			if errors.Is(err, request.ErrNotFound) {
				return true
			}
			a.logger.WarnContext(ctx, "cancel child failed", "request_id", child.ID, "error", err.Error())
			return false
		}
		if changed.State.Final() {
			subscribers := a.notify(ctx, changed, 1)
			if a.cancelChildren(ctx, changed) && subscribers {
				a.done(ctx, changed)
			}
		}
		return true
	}
	return false
}
