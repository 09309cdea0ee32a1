package streamer

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// DefaultRetention is how long a final request can still be read.
const DefaultRetention = 7 * 24 * time.Hour

// MaxWait is the longest that Requests.Wait waits.
const MaxWait = 20 * time.Second

// Requests holds the use cases of a principal and their requests, the same for
// a WebSocket message and an HTTP call. Errors that a client may see are
// [*Error]. It is safe for concurrent use.
type Requests struct {
	Store     RequestStore
	Actions   *Registry
	Push      Pusher
	Retention time.Duration    // 0: DefaultRetention
	Now       func() time.Time // nil: time.Now
	Logger    *slog.Logger     // nil: slog.Default
}

// A Caller is who asks, and over what.
type Caller struct {
	Principal
	Connection    string // the WebSocket connection that wants live frames; empty over HTTP
	CorrelationID string // of this call, for logs and errors
}

// Submit does what a message asks for: it runs a short action and returns its
// response frame, or stores a durable request and returns its acknowledgment
// frame. A message whose id, action and payload are those of a request that
// exists is that request, and the frame is its snapshot. The caller's connection
// is subscribed in the same write.
func (s *Requests) Submit(ctx context.Context, who Caller, m wire.Message) (wire.Frame, error) {
	action, err := s.Actions.find(m.Action)
	if err != nil {
		return wire.Frame{}, err
	}
	if !who.Has(action.config.Scope) {
		return wire.Frame{}, Errorf(wire.Forbidden, "action %q needs the scope %q", m.Action, action.config.Scope)
	}
	if len(m.Payload) > MaxPayload {
		return wire.Frame{}, Errorf(wire.PayloadTooLarge, "the payload has %d bytes, %d are allowed", len(m.Payload), MaxPayload)
	}
	if size := metadataSize(m.Metadata); size > MaxMetadata {
		return wire.Frame{}, Errorf(wire.PayloadTooLarge, "the metadata has %d bytes, %d are allowed", size, MaxMetadata)
	}
	if m.ID == "" {
		m.ID = NewID()
	}
	if !action.Long() {
		job := &Job{key: who.Key(m.ID), payload: m.Payload, metadata: m.Metadata, who: who.Principal, attempt: 1,
			logger: s.logger().With("request_id", m.ID, "action", m.Action)}
		out, err := runShort(ctx, action, job)
		if err != nil {
			return wire.Frame{}, err
		}
		return wire.Frame{Type: wire.TypeResponse, RequestID: m.ID, Data: out}, nil
	}
	if err := action.check(m.Payload); err != nil {
		return wire.Frame{}, err
	}
	return s.enqueue(ctx, who, m)
}

func (s *Requests) enqueue(ctx context.Context, who Caller, m wire.Message) (wire.Frame, error) {
	at := now(s.Now)
	r := &Request{
		Key: who.Key(m.ID), Action: m.Action, Payload: m.Payload, Metadata: m.Metadata,
		CorrelationID: who.CorrelationID,
		State:         Queued, Rev: 1, Attempt: 1,
		DueAt: at, CreatedAt: at, UpdatedAt: at,
	}
	if who.Connection != "" {
		r.Subscribers = []string{who.Connection}
	}
	stored, created, err := s.Store.CreateRequest(ctx, r)
	switch {
	case err != nil:
		return wire.Frame{}, fmt.Errorf("create request: %w", err)
	case created:
		return wire.Frame{Type: wire.TypeAcknowledgment, RequestID: m.ID, Status: wire.StatusQueued,
			Message: "the request is queued", Rev: stored.Rev}, nil
	case stored.Action != m.Action || !bytes.Equal(stored.Payload, m.Payload):
		return wire.Frame{}, Errorf(wire.DuplicateRequest, "request %q exists with another action or payload", m.ID)
	case who.Connection == "":
		return requestFrame(stored, false), nil
	}
	return s.Subscribe(ctx, who, m.ID)
}

// NewID makes a request id that nobody can guess.
func NewID() string { return "req_" + strings.ToLower(rand.Text()) }

// Get returns the snapshot of one of the caller's requests.
func (s *Requests) Get(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	r, err := s.load(ctx, who, id)
	if err != nil {
		return wire.Frame{}, err
	}
	return requestFrame(r, who.Connection != ""), nil
}

// Wait is Get that answers only when the request's rev is above rev, when the
// request is final, or when the wait, at most MaxWait, is over; it looks at the
// store about once a second.
func (s *Requests) Wait(ctx context.Context, who Caller, id string, rev int64, wait time.Duration) (wire.Frame, error) {
	const fastest, slowest = 100 * time.Millisecond, time.Second
	deadline := time.NewTimer(min(wait, MaxWait))
	defer deadline.Stop()
	for pause := fastest; ; pause = min(2*pause, slowest) {
		r, err := s.load(ctx, who, id)
		if err != nil {
			return wire.Frame{}, err
		}
		if r.Rev > rev || r.State.Final() || wait <= 0 {
			return requestFrame(r, who.Connection != ""), nil
		}
		poll := time.NewTimer(pause)
		select {
		case <-poll.C:
		case <-deadline.C:
			wait = 0
		case <-ctx.Done():
			wait = 0
		}
		poll.Stop()
	}
}

// List returns a page of the caller's requests, newest first, without results.
func (s *Requests) List(ctx context.Context, who Caller, q wire.ListQuery) (wire.List, error) {
	query := Query{Tenant: who.Tenant, Subject: who.Subject, Limit: q.Limit, Cursor: q.Cursor}
	switch {
	case q.Limit == 0:
		query.Limit = 20
	case q.Limit < 0 || q.Limit > 100:
		return wire.List{}, Errorf(wire.ValidationError, "limit must be 1 to 100")
	}
	if q.State != "" {
		state, err := ParseState(q.State)
		if err != nil {
			return wire.List{}, err
		}
		query.State = state
	}
	page, cursor, err := s.Store.ListRequests(ctx, query)
	if err != nil {
		return wire.List{}, fmt.Errorf("list requests: %w", err)
	}
	at := now(s.Now)
	list := wire.List{Requests: make([]wire.Snapshot, 0, len(page)), Cursor: cursor}
	for _, r := range page {
		if !r.expired(at) {
			list.Requests = append(list.Requests, r.summary())
		}
	}
	return list, nil
}

// Subscribe adds the caller's connection to those that get the request's live
// frames, and returns the snapshot of the same instant: nothing falls between.
func (s *Requests) Subscribe(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	r, err := s.change(ctx, who, id, Change{Subscribe: who.Connection})
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		return wire.Frame{}, Errorf(wire.RateLimited, "%d connections watch this request already; that is the most", MaxSubscribers)
	}
	if err != nil {
		return wire.Frame{}, err
	}
	return requestFrame(r, true), nil
}

// Unsubscribe ends the live frames on the caller's connection.
func (s *Requests) Unsubscribe(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	r, err := s.change(ctx, who, id, Change{Unsubscribe: []string{who.Connection}})
	if err != nil {
		return wire.Frame{}, err
	}
	return requestFrame(r, true), nil
}

// Cancel ends a queued request at once, and asks the worker of a running one to
// stop: it learns of it with its next heartbeat. A final request stays as it is.
// The snapshot tells which it was.
func (s *Requests) Cancel(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	// Between the two writes the request may be claimed or queued again, so the
	// pair is tried a few times; a request that moves faster than that is
	// running more often than not, and the next cancel gets it.
	const tries = 4
	for range tries {
		r, err := s.change(ctx, who, id, cancelled(now(s.Now), s.retention(), who.CorrelationID).from(Queued))
		if err == nil {
			announce(ctx, s.Store, s.Push, s.logger(), r)
			return requestFrame(r, who.Connection != ""), nil
		}
		var conflict *ConflictError
		if !errors.As(err, &conflict) {
			return wire.Frame{}, err
		}
		if r = conflict.Request; r.State == Running {
			r, err = s.change(ctx, who, id, Change{From: []State{Running}, Cancel: true})
			if errors.As(err, &conflict) {
				r = conflict.Request
			} else if err != nil {
				return wire.Frame{}, err
			}
		}
		if r.State != Queued {
			return requestFrame(r, who.Connection != ""), nil
		}
	}
	return wire.Frame{}, Errorf(wire.ServiceUnavailable, "the request is changing hands; cancel it again")
}

func (s *Requests) load(ctx context.Context, who Caller, id string) (*Request, error) {
	if wire.CheckID(id) != "" {
		return nil, notFound(id)
	}
	r, err := s.Store.LoadRequest(ctx, who.Key(id))
	switch {
	case errors.Is(err, ErrNotFound), err == nil && r.expired(now(s.Now)):
		return nil, notFound(id)
	case err != nil:
		return nil, fmt.Errorf("load request: %w", err)
	}
	return r, nil
}

func (s *Requests) change(ctx context.Context, who Caller, id string, c Change) (*Request, error) {
	if wire.CheckID(id) != "" {
		return nil, notFound(id)
	}
	r, err := s.Store.ChangeRequest(ctx, who.Key(id), c)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && r.expired(now(s.Now)):
		return nil, notFound(id)
	case err != nil:
		return nil, fmt.Errorf("change request: %w", err)
	}
	return r, nil
}

func (s *Requests) retention() time.Duration {
	if s.Retention == 0 {
		return DefaultRetention
	}
	return s.Retention
}

func (s *Requests) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.Default()
	}
	return s.Logger
}

func requestFrame(r *Request, byRef bool) wire.Frame {
	return wire.Frame{Type: wire.TypeRequest, RequestID: r.ID, Request: r.Snapshot(byRef)}
}

func metadataSize(metadata map[string]string) int {
	size := 0
	for k, v := range metadata {
		size += len(k) + len(v)
	}
	return size
}

// listData is a list as a response frame's data.
func listData(list wire.List) json.RawMessage { return list.Append(nil) }
