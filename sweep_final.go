package streamer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pay-theory/streamer/request"
)

// notifyFor is how long the sweep goes on to notify the subscribers of a final request.
// With waits that double from notifyAgainAfter on, those are some eight times. A client
// that comes back later asks for the snapshot.
const notifyFor = time.Hour

// notifyAgainAfter is how long the sweep waits at least before it notifies somebody again.
const notifyAgainAfter = 30 * time.Second

// announceLater has a final request announced once all kinds of looks are through: a
// client that does not read must hold up none of them.
func (s *sweep) announceLater(r *request.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.final = append(s.final, r)
}

// announce notifies the subscribers of a final request. Where it cannot, it tries again
// after as long as it has tried, up to notifyFor.
func (s *sweep) announce(ctx context.Context, r *request.Request) {
	r, err := s.withResult(ctx, r)
	if err != nil {
		return
	}
	after := s.aftermath()
	after.push = s.push
	subscribers, family := after.of(ctx, r, 1)
	switch waited := s.at.Sub(r.FinishedAt); {
	case subscribers && family:
		s.count(&s.report.Notified)
	case ctx.Err() != nil:
	case waited >= notifyFor && family:
		s.count(&s.report.Unnotified)
		s.abandon(ctx, r)
	default:
		s.count(&s.report.Unnotified)
		s.late(r, r.FinishedAt)
		s.lookAgain(ctx, r, request.Look{Kind: request.LookNotify, At: s.at.Add(min(max(waited, notifyAgainAfter), latestLook))})
	}
}

// withResult loads what the list leaves out of a request that has a result.
func (s *sweep) withResult(ctx context.Context, r *request.Request) (*request.Request, error) {
	if r.State != request.Succeeded {
		return r, nil
	}
	whole, err := s.Store.LoadRequest(ctx, r.Key)
	if err != nil && !errors.Is(err, request.ErrNotFound) {
		s.late(r, r.FinishedAt)
		s.fault(ctx, "load result", err)
	}
	return whole, err
}

// abandon ends the announcements of a final request.
func (s *sweep) abandon(ctx context.Context, r *request.Request) {
	_, err := s.Store.ChangeRequest(ctx, r.Key, request.MarkNotified(r))
	switch {
	case hasMoved(err):
	case err != nil:
		s.fault(ctx, "abandon announcement", err)
	default:
		s.count(&s.report.Abandoned)
		s.Logger.WarnContext(ctx, "subscribers of a final request could not be reached, and are not tried again", "request_id", r.ID,
			"action", r.Action, "correlation_id", r.CorrelationID, "tries_for", s.at.Sub(r.FinishedAt).String())
	}
}

// impatient is a pusher that gives a connection up for the rest of a sweep once it has
// failed: the next of a thousand results would fail as slowly.
type impatient struct {
	Pusher
	failed sync.Map // of connection ids, with their errors
}

// Push implements [Pusher].
func (p *impatient) Push(ctx context.Context, connectionID string, frame []byte) error {
	if err, failed := p.failed.Load(connectionID); failed {
		return err.(error)
	}
	err := p.Pusher.Push(ctx, connectionID, frame)
	if err != nil {
		p.failed.Store(connectionID, err)
	}
	return err
}
