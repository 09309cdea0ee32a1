package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// A socket is the transport over a WebSocket. It keeps one session open.
type socket struct {
	cfg    Config
	http   *httpAPI
	ctx    context.Context // the client's
	giveUp context.CancelCauseFunc

	failures int           // attempts to connect in a row; used by dial and then run alone
	met      bool          // a connection was made once; as failures
	stopped  chan struct{} // closed when run has returned

	mu      sync.Mutex
	current *session             // nil: there is none
	ready   chan struct{}        // closed while there is one
	calls   map[string][]*Handle // what is followed, by request id
}

func newSocket(client context.Context, giveUp context.CancelCauseFunc, h *httpAPI) *socket {
	return &socket{cfg: h.cfg, http: h, ctx: client, giveUp: giveUp,
		stopped: make(chan struct{}), ready: make(chan struct{}), calls: map[string][]*Handle{}}
}

// dial makes the first connection; from then on the socket keeps itself
// connected until the client's context ends.
func (t *socket) dial(ctx context.Context) error {
	s, err := t.connect(ctx, nil)
	if err != nil {
		return err
	}
	go t.run(s)
	return nil
}

// run serves one session after the other.
func (t *socket) run(s *session) {
	defer close(t.stopped)
	for {
		since := time.Now()
		t.mu.Lock()
		t.current = s
		close(t.ready)
		t.mu.Unlock()
		t.notify(State{Connected: true})

		err := s.serve(t.ctx,
			func(data []byte) { t.receive(s, data) },
			func(ctx context.Context) error { return t.maintain(ctx, s) })

		t.mu.Lock()
		t.current, t.ready = nil, make(chan struct{})
		t.mu.Unlock()
		close(s.lost)
		if t.ctx.Err() != nil {
			return
		}
		t.cfg.Logger.Info("connection lost", "error", err.Error())
		if time.Since(since) > t.cfg.Backoff.Max {
			t.failures = 0 // it worked; a server that drops its clients at once is not asked again at once
		}
		if s, err = t.connect(t.ctx, err); err != nil {
			t.giveUp(err)
			return
		}
	}
}

// connect makes a connection. When one was lost before, it waits first. Its
// error is a *ConnectError.
func (t *socket) connect(ctx context.Context, lost error) (*session, error) {
	refusals := 0
	for {
		if lost != nil {
			delay := t.cfg.Backoff.delay(t.failures)
			t.failures++
			t.notify(State{Err: lost, Attempt: t.failures, RetryIn: delay})
			if err := sleep(ctx, delay); err != nil {
				return nil, t.outOfTime(lost, err)
			}
		}
		s, err := t.handshake(ctx)
		switch {
		case err == nil:
			t.met = true
			return s, nil
		case err.refused() && t.met && t.cfg.Token != nil && refusals == 0:
			refusals++ // the token may have expired since the source returned it: ask for another
		case err.refused(), !t.met && errors.Is(err, errToken):
			return nil, err
		case ctx.Err() != nil && err.Status == 0 && lost != nil: // the failure before says more
			return nil, t.outOfTime(lost, context.Cause(ctx))
		case ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)): // it ended as the answer came
			return nil, t.outOfTime(err, context.Cause(ctx))
		case ctx.Err() != nil:
			return nil, err
		}
		t.cfg.Logger.Info("handshake failed", "error", err.Error())
		lost = err
	}
}

// outOfTime returns the error of a context that ended while connecting.
func (t *socket) outOfTime(lost, ended error) *ConnectError {
	out := &ConnectError{URL: withoutQuery(t.cfg.URL), Err: lost}
	var last *ConnectError
	if errors.As(lost, &last) {
		out.Status, out.Err = last.Status, last.Err
	}
	if out.Err == nil {
		out.Err = ended
	} else {
		out.Err = fmt.Errorf("%w; gave up: %w", out.Err, ended)
	}
	return out
}

func (t *socket) notify(s State) {
	if t.cfg.OnState != nil {
		t.cfg.OnState(s)
	}
}

// wait returns when the last session is closed.
func (t *socket) wait() { <-t.stopped }

// receive delivers a frame to the calls that follow its request, and then to the
// caller that asked for it. It never waits for either.
func (t *socket) receive(s *session, data []byte) {
	f, err := wire.DecodeFrame(data)
	switch {
	case err == nil:
	case isGatewayError(data):
		t.cfg.Logger.Info("API Gateway could not deliver a message", "frame", string(data))
		s.refuse()
		return
	default:
		t.cfg.Logger.Warn("frame not decoded", "error", err.Error(), "bytes", len(data))
		t.fail(s, data, err)
		return
	}
	id := f.RequestID
	if f.Request != nil {
		id = f.Request.ID // the frame's own id is that of the message it answers
	}
	isNew := false
	if f.Type != wire.TypeError || f.Rev != 0 { // one without rev answers a message and ends no request
		t.mu.Lock()
		calls := slices.Clone(t.calls[id])
		t.mu.Unlock()
		for _, call := range calls {
			isNew = call.offer(f) || isNew
		}
	}
	if !s.answer(f) && !isNew {
		t.cfg.Logger.Debug("frame dropped", "type", string(f.Type), "request_id", f.RequestID, "rev", f.Rev)
	}
}

// session returns the open session, or the next one; nil when dropped is closed before
// there is one.
func (t *socket) session(ctx context.Context, dropped <-chan struct{}) (*session, error) {
	for {
		t.mu.Lock()
		s, ready := t.current, t.ready
		t.mu.Unlock()
		if s != nil {
			return s, nil
		}
		select {
		case <-ready:
		case <-dropped:
			return nil, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// follow submits or subscribes, waits for the end, and does so again on each new
// session.
func (t *socket) follow(ctx context.Context, call *Handle) error {
	if err := t.add(call); err != nil {
		return err
	}
	defer t.remove(call)
	failures := 0
	for {
		dropping := call.dropped
		if call.isAccepted() {
			dropping = nil // a cancel is the server's by now
		}
		s, err := t.session(ctx, dropping)
		switch {
		case err != nil:
			return err
		case call.isDropped():
			return dropped(call.id)
		case s == nil: // it was accepted after all
			continue
		}
		m := call.message
		if m == nil || call.isAccepted() {
			m = reserved(wire.ActionSubscribe, wire.RequestRef{RequestID: call.id, Subject: call.subject})
		}
		f, err := t.askOn(ctx, s, m, call.id, call)
		switch after, again := retryable(err); {
		case call.hasEnded():
			return nil
		case err == nil && !call.isAccepted():
			return unexpected(m.Action, f)
		case err == nil:
			failures = 0
			select {
			case <-call.ended:
			case <-s.lost:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if call.hasEnded() {
				return nil
			}
		case errors.Is(err, errDropped):
			return dropped(call.id)
		case errors.Is(err, errLost):
		case !again || !call.isAccepted():
			return err
		default: // the request goes on; only watching it failed
			t.cfg.Logger.Warn("subscribing failed", "request_id", call.id, "error", err.Error())
			if err := sleep(ctx, max(after, t.cfg.Backoff.delay(failures))); err != nil {
				return err
			}
			failures++
		}
	}
}

func (t *socket) add(call *Handle) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	// A frame names only the id, not the subject.
	if followed := t.calls[call.id]; len(followed) > 0 && (call.message != nil || call.subject != followed[0].subject) {
		return errorf(wire.DuplicateRequest, call.id, "this client already follows a request with the id %q: use its Handle, or another id",
			call.id)
	}
	t.calls[call.id] = append(t.calls[call.id], call)
	return nil
}

func (t *socket) remove(call *Handle) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := slices.DeleteFunc(t.calls[call.id], func(c *Handle) bool { return c == call })
	if len(rest) == 0 {
		delete(t.calls, call.id)
		return
	}
	t.calls[call.id] = rest
}

func reserved(action string, payload any) *wire.Message {
	m := &wire.Message{ID: newID("msg_"), Action: action}
	if payload != nil {
		m.Payload, _ = json.Marshal(payload) // structs of strings and numbers always encode
	}
	return m
}

// askOn sends a message about a request on one session: the one of a call, unless
// call is nil. Its error is errLost, errDropped, the context's, or an *Error.
func (t *socket) askOn(ctx context.Context, s *session, m *wire.Message, about string, call *Handle) (wire.Frame, error) {
	encoded := m.Append(nil)
	if len(encoded) > maxMessage {
		return wire.Frame{}, errorf(wire.PayloadTooLarge, about, "the message has %d bytes, %d are allowed on a WebSocket", len(encoded),
			maxMessage)
	}
	f, err := s.ask(ctx, m.ID, encoded, call)
	switch {
	case errors.Is(err, errNoAnswer):
		return wire.Frame{}, errorf(wire.Timeout, about, "the server did not answer within %v", answerLimit)
	case errors.Is(err, errRefused):
		return wire.Frame{}, errorf(wire.ServiceUnavailable, about, "API Gateway could not deliver the message, which was sent %d times", maxSent)
	case err == nil && f.Type == wire.TypeError && f.Rev == 0:
		return wire.Frame{}, newError(f.Error, about)
	}
	return f, err
}

// ask sends a reserved action about a request, if any, on one session after the
// other until it is answered: each may be repeated.
func (t *socket) ask(ctx context.Context, want wire.Type, m *wire.Message, about string) (wire.Frame, error) {
	for {
		s, err := t.session(ctx, nil)
		if err != nil {
			return wire.Frame{}, err
		}
		f, err := t.askOn(ctx, s, m, about, nil)
		switch {
		case errors.Is(err, errLost):
			continue
		case err == nil && f.Type != want:
			return wire.Frame{}, unexpected(m.Action, f)
		}
		return f, err
	}
}

func dropped(id string) error {
	return errorf(wire.Cancelled, id, "the request was cancelled before the server acknowledged it")
}

func unexpected(action string, f wire.Frame) error {
	return fmt.Errorf("%s was answered with a frame of type %q", action, f.Type)
}

func (t *socket) named(ctx context.Context, action string, r wire.RequestRef) (wire.Snapshot, error) {
	f, err := t.ask(ctx, wire.TypeRequest, reserved(action, r), r.RequestID)
	if err != nil {
		return wire.Snapshot{}, err
	}
	return *f.Request, nil
}

func (t *socket) get(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return t.named(ctx, wire.ActionGet, r)
}

func (t *socket) cancel(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return t.named(ctx, wire.ActionCancel, r)
}

func (t *socket) redrive(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return t.named(ctx, wire.ActionRedrive, r)
}

func (t *socket) why(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return t.named(ctx, wire.ActionWhy, r)
}

func (t *socket) signal(ctx context.Context, s wire.Signal) (wire.Snapshot, error) {
	f, err := t.ask(ctx, wire.TypeRequest, reserved(wire.ActionSignal, s), s.RequestID)
	if err != nil {
		return wire.Snapshot{}, err
	}
	return *f.Request, nil
}

func (t *socket) output(ctx context.Context, q wire.OutputQuery) (wire.Output, error) {
	var out wire.Output
	f, err := t.ask(ctx, wire.TypeResponse, reserved(wire.ActionOutput, q), q.RequestID)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(f.Data, &out); err != nil {
		return out, fmt.Errorf("decode output: %w", err)
	}
	return out, nil
}

func (t *socket) list(ctx context.Context, q wire.ListQuery) (wire.List, error) {
	var list wire.List
	f, err := t.ask(ctx, wire.TypeResponse, reserved(wire.ActionList, q), "")
	if err != nil {
		return list, err
	}
	if err := json.Unmarshal(f.Data, &list); err != nil {
		return wire.List{}, fmt.Errorf("decode list: %w", err)
	}
	return list, nil
}

func (t *socket) ping(ctx context.Context) error {
	_, err := t.ask(ctx, wire.TypePong, reserved(wire.ActionPing, nil), "")
	return err
}
