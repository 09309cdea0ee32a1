package streamer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const (
	// DefaultRetention is how long a final request can still be read.
	DefaultRetention = 7 * 24 * time.Hour
	// MaxWait is the longest that Requests.Wait waits.
	MaxWait = 20 * time.Second
)

// Requests holds the use cases of a principal and their requests, the same for
// a WebSocket message and an HTTP call. Errors that a client may see are
// [*Error]. It is safe for concurrent use. Store, Actions, Push and Dispatch are
// required.
type Requests struct {
	Store     request.Store
	Actions   *Registry
	Push      Pusher
	Dispatch  Queue
	Limits    Limits        // zero: none
	Schedules *Schedules    // that operators see; nil: none
	Retention time.Duration // 0: DefaultRetention

	// SweepEvery is how often a processor sweeps, as in ProcessorConfig; 0: a minute.
	SweepEvery time.Duration

	Now    func() time.Time                              // nil: time.Now
	Logger *slog.Logger                                  // nil: slog.Default
	Schema func(t reflect.Type) (json.RawMessage, error) // JSON Schema for Catalog; nil: {}
}

// Submit does what a message asks for: it runs a short action and returns its
// response frame, or stores a durable request and returns its acknowledgment
// frame. A message whose id, action, payload and not_before are those of a request that
// exists is that request, and the frame is its snapshot. The caller's connection
// is subscribed in the same write. What a short action failed with is an
// [*ActionError].
func (s *Requests) Submit(ctx context.Context, caller Caller, m wire.Message) (wire.Frame, error) {
	caller.OnBehalfOf = ""
	if caller.InTenant != "" && caller.InTenant != caller.Tenant {
		return wire.Frame{}, Errorf(wire.Forbidden, "a request is made in the tenant of the token, not in %q: leave the tenant out",
			caller.InTenant)
	}
	action, err := s.Actions.find(m.Action)
	if err != nil {
		return wire.Frame{}, err
	}
	if !caller.Has(action.config.Scope) {
		return wire.Frame{}, Errorf(wire.Forbidden, "action %q needs the scope %q", m.Action, action.config.Scope)
	}
	if !utf8.Valid(m.Payload) { // no WebSocket frame can carry it
		return wire.Frame{}, Errorf(wire.ValidationError, "the payload is not UTF-8")
	}
	if len(m.Payload) > request.MaxPayload {
		return wire.Frame{}, Errorf(wire.PayloadTooLarge, "the payload has %d bytes, %d are allowed", len(m.Payload), request.MaxPayload)
	}
	if size := metadataSize(m.Metadata); size > request.MaxMetadata {
		return wire.Frame{}, Errorf(wire.PayloadTooLarge, "the metadata has %d bytes, %d are allowed", size, request.MaxMetadata)
	}
	if m.ID == "" {
		m.ID = request.NewID()
	}
	if !action.Long() {
		if !m.NotBefore.IsZero() {
			return wire.Frame{}, Errorf(wire.ValidationError, "not_before: the action %q is short and runs at once; leave it out", m.Action)
		}
		job := &Job{key: caller.Key(m.ID), payload: m.Payload, metadata: m.Metadata, caller: caller.Principal, attempt: 1,
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
	return s.enqueue(ctx, caller, m, action.config.Priority)
}

// enqueue stores a durable request with permits beside those of the limits, and
// dispatches it.
func (s *Requests) enqueue(ctx context.Context, caller Caller, m wire.Message, priority Priority,
	permits ...request.Permit) (wire.Frame, error) {
	at := now(s.Now)
	notBefore := roundUp(m.NotBefore.UTC())
	if notBefore.Sub(at) > request.MaxAhead {
		return wire.Frame{}, Errorf(wire.ValidationError, "not_before is %s: at most %d days ahead are allowed",
			notBefore.Format(time.RFC3339), request.MaxAhead/(24*time.Hour))
	}
	due := at
	if notBefore.After(at) {
		due = notBefore
	}
	permits = append(permits, s.Limits.open(&request.Request{Key: caller.Key(m.ID)})...)
	r := &request.Request{
		Key: caller.Key(m.ID), Action: m.Action, Payload: m.Payload, Metadata: m.Metadata, NotBefore: notBefore,
		CorrelationID: caller.CorrelationID,
		State:         request.Queued, Rev: 1, Fence: 1, Attempt: 1,
		DueAt: due, CreatedAt: at, UpdatedAt: at,
		Look: request.QueuedLook(at, due, s.sweepEvery()), Priority: priority, Permits: request.PermitNames(permits),
	}
	if caller.Connection != "" {
		r.Subscribers = []string{caller.Connection}
	}
	stored, created, err := s.Store.CreateRequest(ctx, r, permits...)
	full, refused := errors.AsType[*request.LimitError](err)
	switch {
	case refused:
		return wire.Frame{}, tooManyOpen(full)
	case err != nil:
		return wire.Frame{}, unavailable("create request", err)
	case created:
		message := "the request is queued"
		if due.After(at) {
			message += " until " + due.Format(time.RFC3339Nano)
		}
		if due.Sub(at) <= request.MaxDelay { // the sweep dispatches what is farther ahead
			dispatchQueued(ctx, s.Dispatch, s.logger(), stored)
		}
		return wire.Frame{Type: wire.TypeAcknowledgment, RequestID: m.ID, Status: wire.StatusQueued, Message: message, Rev: stored.Rev}, nil
	case stored.Action != m.Action || !bytes.Equal(stored.Payload, m.Payload) || !stored.NotBefore.Equal(notBefore):
		return wire.Frame{}, Errorf(wire.DuplicateRequest, "request %q exists with another action, payload or not_before", m.ID)
	}
	if !stored.DueAt.After(at) { // whoever stored it may have died before the dispatch
		dispatchQueued(ctx, s.Dispatch, s.logger(), stored)
	}
	switch {
	case caller.Connection == "":
		return caller.frame(stored), nil
	default:
		return s.Subscribe(ctx, caller, m.ID)
	}
}

// tooManyOpen refuses a request for now. The time is a guess at when one of
// those that are open will have ended.
func tooManyOpen(full *request.LimitError) *Error {
	err := Errorf(wire.RateLimited, "the most requests that you may have open are %d: wait for one of them to end, or cancel it",
		full.Permit.Limit)
	err.After, err.Cause = 10*time.Second, full
	return err
}

// Get returns the snapshot of one of the caller's requests.
func (s *Requests) Get(ctx context.Context, caller Caller, id string) (wire.Frame, error) {
	r, err := s.load(ctx, caller, id)
	if err != nil {
		return wire.Frame{}, err
	}
	return caller.frame(r), nil
}

// Wait is Get that answers only when the request's rev is above rev, when the
// request is final, or when the wait, at most MaxWait, is over; it looks at the
// store about once a second.
func (s *Requests) Wait(ctx context.Context, caller Caller, id string, rev int64, wait time.Duration) (wire.Frame, error) {
	const fastest, slowest = 100 * time.Millisecond, time.Second
	deadline := time.NewTimer(min(wait, MaxWait))
	defer deadline.Stop()
	for pause := fastest; ; pause = min(2*pause, slowest) {
		r, err := s.load(ctx, caller, id)
		if err != nil {
			return wire.Frame{}, err
		}
		if r.Rev > rev || r.State.Final() || wait <= 0 {
			return caller.frame(r), nil
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

// List returns a page of requests, newest first, without results: the caller's,
// or those that an operator asks for; of the children of one, by ascending id. A page has fewer where more would not fit into
// one message.
func (s *Requests) List(ctx context.Context, caller Caller, q wire.ListQuery) (wire.List, error) {
	caller.OnBehalfOf = q.Subject
	whose, err := caller.named("")
	if err != nil {
		return wire.List{}, err
	}
	if q.Subject == wire.AllSubjects {
		whose.Subject = ""
	}
	query := request.Query{Tenant: whose.Tenant, Subject: whose.Subject, Action: q.Action, From: q.Since, Until: q.Until,
		Limit: q.Limit, Cursor: q.Cursor}
	switch {
	case q.Limit == 0:
		query.Limit = 20
	case q.Limit < 0 || q.Limit > 100:
		return wire.List{}, pageSizeError(q.Limit, 20)
	case q.Parent != "" && query.Subject == "":
		return wire.List{}, Errorf(wire.ValidationError, "a list of children needs the subject of their parent")
	}
	if q.State != "" {
		state, err := request.ParseState(q.State)
		if err != nil {
			return wire.List{}, err
		}
		query.State = state
	}
	at := now(s.Now)
	var encoded []byte
	page, cursor, err := readPage(query.Limit, func(limit int) ([]*request.Request, string, error) {
		query.Limit = limit
		page, cursor, err := s.page(ctx, query, q.Parent)
		_, err = logUndecodable(ctx, s.logger(), err)
		return page, cursor, err
	}, func(r *request.Request) (*wire.Snapshot, int) {
		if r.Expired(at) || q.Parent != "" && !query.Selects(r) {
			return nil, 0
		}
		summary := caller.summary(r)
		encoded = summary.Append(encoded[:0])
		return summary, len(encoded)
	})
	if err != nil {
		return wire.List{}, unavailable("list requests", err)
	}
	list := wire.List{Requests: make([]wire.Snapshot, 0, len(page)), Cursor: cursor}
	for _, summary := range page {
		if summary != nil {
			list.Requests = append(list.Requests, *summary)
		}
	}
	return list, nil
}

// pageSizeError refuses the size of a page that is usually of another.
func pageSizeError(limit, usual int) error {
	return Errorf(wire.ValidationError, "limit is %d: it must be 1 to 100; without it, or with 0, it is %d", limit, usual)
}

// page reads requests, or those that one has started.
func (s *Requests) page(ctx context.Context, q request.Query, parent string) ([]*request.Request, string, error) {
	if parent == "" {
		return s.Store.ListRequests(ctx, q)
	}
	key := request.Key{Tenant: q.Tenant, Subject: q.Subject, ID: parent}
	return s.Store.ListChildren(ctx, request.ChildQuery{Parent: key, Limit: q.Limit, Cursor: q.Cursor})
}

// Output returns a piece of a request's output from an offset on: up to limit
// chunks, fewer where a frame could not carry them.
func (s *Requests) Output(ctx context.Context, caller Caller, q wire.OutputQuery) (wire.Output, error) {
	if q.Limit == 0 {
		q.Limit = 100
	}
	switch {
	case q.From < 0:
		return wire.Output{}, Errorf(wire.ValidationError, "from is %d: it must be 0 or more", q.From)
	case q.Limit < 0 || q.Limit > 100:
		return wire.Output{}, pageSizeError(q.Limit, 100)
	}
	// The request first: what is final then has no chunk that is not there yet.
	r, err := s.load(ctx, caller, q.RequestID)
	if err != nil {
		return wire.Output{}, err
	}
	chunks, err := s.Store.ReadOutput(ctx, r.Key, q.From, q.Limit)
	if err != nil {
		return wire.Output{}, unavailable("read output", err)
	}
	out := wire.Output{Offset: q.From, Chunks: []json.RawMessage{}}
	size := 0
	for _, chunk := range chunks {
		size += len(chunk.Data) + 1
		if size > request.MaxInFrame {
			break
		}
		out.Chunks = append(out.Chunks, chunk.Data)
	}
	out.Final = r.State.Final() && q.From+int64(len(out.Chunks)) >= r.Output
	return out, nil
}

func (s *Requests) load(ctx context.Context, caller Caller, id string) (*request.Request, error) {
	if wire.CheckID(id) != "" {
		return nil, notFound(id)
	}
	key, err := caller.named(id)
	if err != nil {
		return nil, err
	}
	r, err := s.Store.LoadRequest(ctx, key)
	switch {
	case errors.Is(err, request.ErrNotFound), err == nil && r.Expired(now(s.Now)):
		return nil, notFound(id)
	case err != nil:
		return nil, unavailable("load request", err)
	}
	return r, nil
}

func (s *Requests) retention() time.Duration {
	if s.Retention == 0 {
		return DefaultRetention
	}
	return s.Retention
}

func (s *Requests) sweepEvery() time.Duration { return cmp.Or(s.SweepEvery, time.Minute) }

func (s *Requests) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.Default()
	}
	return s.Logger
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
