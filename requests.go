package streamer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/pay-theory/streamer/request"
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
	Store     request.Store
	Actions   *Registry
	Push      Pusher
	Limits    Limits           // zero: none
	Retention time.Duration    // 0: DefaultRetention
	Now       func() time.Time // nil: time.Now
	Logger    *slog.Logger     // nil: slog.Default
}

// A Caller is who asks, and over what.
type Caller struct {
	Principal
	Connection    string // the WebSocket connection that wants live frames; empty over HTTP
	CorrelationID string // of this call, for logs and errors

	// Of is the subject whose requests are meant; empty: the caller's own.
	// Another's needs OperatorScope, and nobody submits for another.
	Of string
}

// subject is whose requests are meant.
func (who Caller) subject() (string, error) {
	own := who.Of == "" || who.Of == who.Subject
	if own && who.Subject != wire.AllSubjects { // which is a wildcard and no name
		return who.Subject, nil
	}
	if !who.Has(request.OperatorScope) {
		return "", Errorf(wire.Forbidden, "what belongs to another subject needs the scope %q", request.OperatorScope)
	}
	return cmp.Or(who.Of, who.Subject), nil
}

// summary is a request as an element of a list: without its result.
func (who Caller) summary(r *request.Request) *wire.Snapshot {
	s := who.frame(r).Request
	s.Result, s.ResultRef, s.History = nil, "", nil
	return s
}

// frame is a request as the caller is shown it. Where the caller named a
// subject, it does too.
func (who Caller) frame(r *request.Request) wire.Frame {
	s := r.Snapshot(who.Connection != "")
	if who.Of != "" {
		s.Subject = r.Subject
	}
	return wire.Frame{Type: wire.TypeRequest, RequestID: r.ID, Request: s}
}

// Submit does what a message asks for: it runs a short action and returns its
// response frame, or stores a durable request and returns its acknowledgment
// frame. A message whose id, action and payload are those of a request that
// exists is that request, and the frame is its snapshot. The caller's connection
// is subscribed in the same write. What a short action failed with is an
// [*ActionError].
func (s *Requests) Submit(ctx context.Context, who Caller, m wire.Message) (wire.Frame, error) {
	who.Of = ""
	action, err := s.Actions.find(m.Action)
	if err != nil {
		return wire.Frame{}, err
	}
	if !who.Has(action.config.Scope) {
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
	return s.enqueue(ctx, who, m, action.config.Priority)
}

func (s *Requests) enqueue(ctx context.Context, who Caller, m wire.Message, priority Priority) (wire.Frame, error) {
	at := now(s.Now)
	slots := s.Limits.open(who.Key(m.ID))
	r := &request.Request{
		Key: who.Key(m.ID), Action: m.Action, Payload: m.Payload, Metadata: m.Metadata,
		CorrelationID: who.CorrelationID,
		State:         request.Queued, Rev: 1, Fence: 1, Attempt: 1,
		DueAt: at, CreatedAt: at, UpdatedAt: at,
		Priority: priority, Slots: request.SlotNames(slots),
	}
	if who.Connection != "" {
		r.Subscribers = []string{who.Connection}
	}
	stored, created, err := s.Store.CreateRequest(ctx, r, slots...)
	var full *request.LimitError
	switch {
	case errors.As(err, &full):
		return wire.Frame{}, tooManyOpen(full)
	case err != nil:
		return wire.Frame{}, unavailable("create request", err)
	case created:
		return wire.Frame{Type: wire.TypeAcknowledgment, RequestID: m.ID, Status: wire.StatusQueued,
			Message: "the request is queued", Rev: stored.Rev}, nil
	case stored.Action != m.Action || !bytes.Equal(stored.Payload, m.Payload):
		return wire.Frame{}, Errorf(wire.DuplicateRequest, "request %q exists with another action or payload", m.ID)
	case who.Connection == "":
		return who.frame(stored), nil
	}
	return s.Subscribe(ctx, who, m.ID)
}

// tooManyOpen refuses a request for now. The time is a guess at when one of
// those that are open will have ended.
func tooManyOpen(full *request.LimitError) *Error {
	err := Errorf(wire.RateLimited, "you have %d requests that have not ended, which is the most; wait for one of them or cancel it", full.Slot.Limit)
	err.After = 10 * time.Second
	return err
}

// Get returns the snapshot of one of the caller's requests.
func (s *Requests) Get(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	r, err := s.load(ctx, who, id)
	if err != nil {
		return wire.Frame{}, err
	}
	return who.frame(r), nil
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
			return who.frame(r), nil
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
// or those that an operator asks for.
func (s *Requests) List(ctx context.Context, who Caller, q wire.ListQuery) (wire.List, error) {
	who.Of = q.Subject
	subject, err := who.subject()
	if err != nil {
		return wire.List{}, err
	}
	if q.Subject == wire.AllSubjects {
		subject = ""
	}
	query := request.Query{Tenant: who.Tenant, Subject: subject, Action: q.Action, Limit: q.Limit, Cursor: q.Cursor}
	switch {
	case q.Limit == 0:
		query.Limit = 20
	case q.Limit < 0 || q.Limit > 100:
		return wire.List{}, Errorf(wire.ValidationError, "limit must be 1 to 100")
	}
	if q.State != "" {
		state, err := request.ParseState(q.State)
		if err != nil {
			return wire.List{}, err
		}
		query.State = state
	}
	page, cursor, err := s.Store.ListRequests(ctx, query)
	if err != nil {
		return wire.List{}, unavailable("list requests", err)
	}
	at := now(s.Now)
	list := wire.List{Requests: make([]wire.Snapshot, 0, len(page)), Cursor: cursor}
	for _, r := range page {
		if !r.Expired(at) {
			list.Requests = append(list.Requests, *who.summary(r))
		}
	}
	return list, nil
}

// Subscribe adds the caller's connection to those that get the request's live
// frames, and returns the snapshot of the same instant: nothing falls between.
func (s *Requests) Subscribe(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	r, err := s.change(ctx, who, id, request.Change{Subscribe: who.Connection})
	var conflict *request.ConflictError
	if errors.As(err, &conflict) {
		return wire.Frame{}, Errorf(wire.RateLimited, "%d connections watch this request already; that is the most", request.MaxSubscribers)
	}
	if err != nil {
		return wire.Frame{}, err
	}
	return who.frame(r), nil
}

// Unsubscribe ends the live frames on the caller's connection.
func (s *Requests) Unsubscribe(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	r, err := s.change(ctx, who, id, request.Change{Unsubscribe: []string{who.Connection}})
	if err != nil {
		return wire.Frame{}, err
	}
	return who.frame(r), nil
}

// Cancel ends a queued request at once, and asks the worker of a running one to
// stop: it learns of it with its next heartbeat. A final request stays as it is.
// The snapshot tells which it was.
func (s *Requests) Cancel(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	return s.steer(ctx, who, id, func(r *request.Request) (request.Change, bool) {
		switch r.State {
		case request.Queued:
			change := request.Cancel(now(s.Now), s.retention(), who.CorrelationID).InState(request.Queued)
			change.Release = request.Releasable(r.Slots, request.Cancelled)
			return change, true
		case request.Running:
			return request.Change{From: []request.State{request.Running}, Cancel: true}, true
		}
		return request.Change{}, false
	})
}

// Redrive queues a failed request again, from its last checkpoint and with its
// recorded steps, as its first attempt. One that is not FAILED stays as it is,
// and the snapshot tells. The caller's connection is subscribed unless the
// request has ended, so that a redrive whose answer was lost may be sent again.
func (s *Requests) Redrive(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	frame, err := s.steer(ctx, who, id, func(r *request.Request) (request.Change, bool) {
		watches := who.Connection == "" || slices.Contains(r.Subscribers, who.Connection)
		switch {
		case r.State == request.Failed:
			change := request.Redrive(now(s.Now))
			change.Subscribe = who.Connection
			change.Acquire = s.Limits.open(r.Key)
			return change, true
		case r.State.Final(), watches, len(r.Subscribers) >= request.MaxSubscribers:
			return request.Change{}, false
		}
		return request.Change{Subscribe: who.Connection}, true
	})
	var full *request.LimitError
	if errors.As(err, &full) {
		return frame, tooManyOpen(full)
	}
	return frame, err
}

// Signal records a signal for a request that is not final, and wakes the request
// when it waits for that signal. The first signal of a token counts, and a
// further one changes nothing. A final request refuses it.
func (s *Requests) Signal(ctx context.Context, who Caller, in wire.Signal) (wire.Frame, error) {
	step := request.Step{Name: request.SignalStep(in.Token), Result: in.Payload}
	if len(step.Result) == 0 {
		step.Result = json.RawMessage("null")
	}
	switch {
	case in.Token == "" || len(in.Token) > request.MaxStepName:
		return wire.Frame{}, Errorf(wire.ValidationError, "a signal needs a token of 1 to %d bytes", request.MaxStepName)
	case !utf8.Valid(step.Result):
		return wire.Frame{}, Errorf(wire.ValidationError, "the signal is not UTF-8")
	case len(step.Result) > request.MaxStepResult:
		return wire.Frame{}, Errorf(wire.PayloadTooLarge, "the signal has %d bytes, %d are allowed", len(step.Result), request.MaxStepResult)
	}
	var refusal error
	frame, err := s.steer(ctx, who, in.RequestID, func(r *request.Request) (request.Change, bool) {
		size := len(step.Name) + len(step.Result)
		for name, result := range r.Steps {
			size += len(name) + len(result)
		}
		switch {
		case r.Steps[step.Name] != nil:
			return request.Change{}, false
		case r.State.Final():
			refusal = Errorf(wire.ValidationError, "the request has ended; no signal reaches it any more")
			return request.Change{}, false
		case size > request.MaxSteps:
			refusal = Errorf(wire.PayloadTooLarge, "the request's steps and signals would have %d bytes, %d are allowed", size, request.MaxSteps)
			return request.Change{}, false
		case r.Await.Token == in.Token && r.State == request.Queued:
			return request.Deliver(now(s.Now), step, in.Token), true
		}
		return request.Change{From: []request.State{r.State}, Lacks: step.Name, Step: &step}, true
	})
	if refusal != nil {
		return wire.Frame{}, refusal
	}
	return frame, err
}

// steer makes the change that fits the request as it stands, and looks again
// when it has moved meanwhile. decide is asked each time, and reports whether
// there is anything to change. The change is guarded by the fence and state
// that decide saw.
func (s *Requests) steer(ctx context.Context, who Caller, id string, decide func(*request.Request) (request.Change, bool)) (wire.Frame, error) {
	r, err := s.load(ctx, who, id)
	if err != nil {
		return wire.Frame{}, err
	}
	const tries = 8
	for range tries {
		change, needed := decide(r)
		if !needed {
			return who.frame(r), nil
		}
		change.From, change.Fence = []request.State{r.State}, r.Fence
		changed, err := s.change(ctx, who, id, change)
		var conflict *request.ConflictError
		switch {
		case errors.As(err, &conflict):
			r = conflict.Request
			continue
		case err != nil:
			return wire.Frame{}, err
		}
		if changed.State.Final() {
			announce(ctx, s.Store, s.Push, s.logger(), changed)
		}
		return who.frame(changed), nil
	}
	return wire.Frame{}, Errorf(wire.ServiceUnavailable, "the request is changing hands; try again")
}

// Why returns the snapshot with all that is known of why the request waits.
func (s *Requests) Why(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	_, frame, err := s.explained(ctx, who, id)
	return frame, err
}

// Detail is Why with all that the request holds, and a result in full.
func (s *Requests) Detail(ctx context.Context, who Caller, id string) (wire.Frame, error) {
	r, frame, err := s.explained(ctx, who, id)
	if err != nil {
		return wire.Frame{}, err
	}
	frame.Request.Detail = r.Detail()
	return frame, nil
}

// explained is a request and its snapshot, which says why it waits.
func (s *Requests) explained(ctx context.Context, who Caller, id string) (*request.Request, wire.Frame, error) {
	r, err := s.load(ctx, who, id)
	if err != nil {
		return nil, wire.Frame{}, err
	}
	waiting, err := s.why(ctx, r)
	if err != nil {
		return nil, wire.Frame{}, unavailable("look why request waits", err)
	}
	frame := who.frame(r)
	frame.Request.Waiting = waiting
	return r, frame, nil
}

// Output returns a piece of a request's output from an offset on: up to limit
// chunks, fewer where a frame could not carry them.
func (s *Requests) Output(ctx context.Context, who Caller, q wire.OutputQuery) (wire.Output, error) {
	if q.Limit == 0 {
		q.Limit = 100
	}
	if q.From < 0 || q.Limit < 0 || q.Limit > 100 {
		return wire.Output{}, Errorf(wire.ValidationError, "from must not be negative, limit must be 1 to 100")
	}
	// The request first: what is final then has no chunk that is not there yet.
	r, err := s.load(ctx, who, q.RequestID)
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
		if size += len(chunk.Data) + 1; size > request.MaxInFrame {
			break
		}
		out.Chunks = append(out.Chunks, chunk.Data)
	}
	out.Final = r.State.Final() && q.From+int64(len(out.Chunks)) >= r.Output
	return out, nil
}

func (s *Requests) load(ctx context.Context, who Caller, id string) (*request.Request, error) {
	if wire.CheckID(id) != "" {
		return nil, notFound(id)
	}
	subject, err := who.subject()
	if err != nil {
		return nil, err
	}
	r, err := s.Store.LoadRequest(ctx, request.Key{Tenant: who.Tenant, Subject: subject, ID: id})
	switch {
	case errors.Is(err, request.ErrNotFound), err == nil && r.Expired(now(s.Now)):
		return nil, notFound(id)
	case err != nil:
		return nil, unavailable("load request", err)
	}
	return r, nil
}

func (s *Requests) change(ctx context.Context, who Caller, id string, c request.Change) (*request.Request, error) {
	if wire.CheckID(id) != "" {
		return nil, notFound(id)
	}
	subject, err := who.subject()
	if err != nil {
		return nil, err
	}
	r, err := s.Store.ChangeRequest(ctx, request.Key{Tenant: who.Tenant, Subject: subject, ID: id}, c)
	switch {
	case errors.Is(err, request.ErrNotFound), err == nil && r.Expired(now(s.Now)):
		return nil, notFound(id)
	case isConflict(err):
		return nil, err
	case err != nil:
		return nil, unavailable("change request", err)
	}
	return r, nil
}

// isConflict reports whether a write found another state than it was made for.
func isConflict(err error) bool {
	var conflict *request.ConflictError
	var full *request.LimitError
	return errors.As(err, &conflict) || errors.As(err, &full)
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

func metadataSize(metadata map[string]string) int {
	size := 0
	for k, v := range metadata {
		size += len(k) + len(v)
	}
	return size
}

// listData is a list as a response frame's data.
func listData(list wire.List) json.RawMessage { return list.Append(nil) }
