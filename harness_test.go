package streamer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// A harness is the domain over a real store, with sockets that remember what they
// were sent. Tests that need time run it inside a synctest bubble.
type harness struct {
	*streamer.Processor
	requests   *streamer.Requests
	router     *streamer.Router
	store      *faultyStore
	sockets    *sockets
	dispatches *dispatches
	logs       *logBuffer
}

func newHarness(t *testing.T, actions ...streamer.Action) *harness {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })

	w := &harness{store: &faultyStore{Store: db}, sockets: &sockets{}, dispatches: &dispatches{}, logs: &logBuffer{}}
	registry := streamer.NewRegistry(actions...)
	logger := slog.New(slog.NewJSONHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.Processor, err = streamer.NewProcessor(streamer.ProcessorConfig{
		Store: w.store, Actions: registry, Push: w.sockets, Dispatch: streamer.QueueFunc(w.dispatches.Dispatch), Logger: logger,
		Connections: streamer.Connections{Store: db, Closer: w.sockets},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.requests = &streamer.Requests{Store: w.store, Actions: registry, Push: w.sockets, Dispatch: streamer.QueueFunc(w.dispatches.Dispatch), Logger: logger}
	w.router = &streamer.Router{
		Connections: streamer.Connections{Store: db, Closer: w.sockets}, Requests: w.requests,
		Verifier: verifier{},
	}
	return w
}

var (
	ada = streamer.Principal{Tenant: "acme", Subject: "ada", Scopes: []string{"reports"},
		ExpiresAt: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	mallo = streamer.Principal{Tenant: "globex", Subject: "ada", ExpiresAt: ada.ExpiresAt}
)

func (w *harness) connect(t *testing.T, id string, p streamer.Principal) streamer.Caller {
	t.Helper()
	if err := w.router.Connections.Open(t.Context(), request.Connection{ID: id, Principal: p}); err != nil {
		t.Fatal(err)
	}
	return streamer.Caller{Principal: p, Connection: id, CorrelationID: "corr-" + id}
}

// answer answers a message, and gives the error beside an error frame.
func (w *harness) answer(t *testing.T, connection, correlationID, message string) (wire.Frame, error) {
	t.Helper()
	frame, err := w.router.Answer(t.Context(), connection, correlationID, []byte(message))
	if (frame.Error != nil) != (err != nil) {
		t.Errorf("%s: got the error %v beside the frame %+v", message, err, frame)
	}
	return frame, err
}

// ask sends a message as a client would and returns the one frame that answers.
func (w *harness) ask(t *testing.T, connection, message string) wire.Frame {
	t.Helper()
	frame, _ := w.answer(t, connection, "corr-1", message)
	decoded, err := wire.DecodeFrame(frame.Append(nil))
	if err != nil {
		t.Fatalf("the answer to %s is no frame: %v", message, err)
	}
	return decoded
}

func (w *harness) submit(t *testing.T, who streamer.Caller, id, action, payload string) wire.Frame {
	t.Helper()
	frame, err := w.requests.Submit(t.Context(), who, wire.Message{ID: id, Action: action, Payload: json.RawMessage(payload)})
	if err != nil {
		t.Fatalf("submit %s: %v", id, err)
	}
	return frame
}

func (w *harness) run(t *testing.T, key request.Key) {
	t.Helper()
	if err := w.Run(t.Context(), key, time.Time{}); err != nil {
		t.Fatalf("run %s: %v", key.ID, err)
	}
}

func (w *harness) load(t *testing.T, key request.Key) *request.Request {
	t.Helper()
	r, err := w.store.LoadRequest(t.Context(), key)
	if err != nil {
		t.Fatalf("load %s: %v", key.ID, err)
	}
	return r
}

func (w *harness) sweep(t *testing.T) streamer.SweepReport {
	t.Helper()
	report, err := w.Sweep(t.Context())
	if err != nil {
		t.Fatalf("sweep: %v", err)
	}
	return report
}

// sockets are the clients' ends: what was pushed to each connection, in order.
type sockets struct {
	mu     sync.Mutex
	frames map[string][]wire.Frame
	at     map[string][]time.Time
	fault  func(connection string) error
	onPush func(connection string, f wire.Frame)
	closed map[string]int // how often each was closed
}

// CloseConnection is the gateway's: a second close hears that it is gone.
func (s *sockets) CloseConnection(_ context.Context, connection string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		if err := s.fault(connection); err != nil {
			return err
		}
	}
	if s.closed == nil {
		s.closed = map[string]int{}
	}
	s.closed[connection]++
	if s.closed[connection] > 1 {
		return streamer.ErrGone
	}
	return nil
}

func (s *sockets) Push(_ context.Context, connection string, frame []byte) error {
	f, err := wire.DecodeFrame(frame)
	if err != nil {
		return fmt.Errorf("pushed %q: %w", frame, err)
	}
	s.mu.Lock()
	fault, onPush := s.fault, s.onPush
	s.mu.Unlock()
	if fault != nil {
		if err := fault(connection); err != nil {
			return err
		}
	}
	s.mu.Lock()
	if s.frames == nil {
		s.frames, s.at = map[string][]wire.Frame{}, map[string][]time.Time{}
	}
	s.frames[connection] = append(s.frames[connection], f)
	s.at[connection] = append(s.at[connection], time.Now())
	s.mu.Unlock()
	if onPush != nil {
		onPush(connection, f)
	}
	return nil
}

func (s *sockets) got(connection string) []wire.Frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]wire.Frame(nil), s.frames[connection]...)
}

func (s *sockets) setFault(fault func(string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// bell remembers which requests somebody asked to be run.
type dispatches struct {
	mu   sync.Mutex
	keys []request.Key
	due  []time.Time
	err  error
}

// last is when the last one was due.
func (b *dispatches) last() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.due[len(b.due)-1]
}

func (b *dispatches) Dispatch(_ context.Context, key request.Key, due time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	b.keys, b.due = append(b.keys, key), append(b.due, due)
	return nil
}

// faultyStore is a real store whose changes can be made to fail.
type faultyStore struct {
	*sqlite.Store
	mu            sync.Mutex
	fault         func(c request.Change) (before, after error)
	listsChildren func() // is called before children are listed
}

func (s *faultyStore) ListChildren(ctx context.Context, q request.ChildQuery) ([]*request.Request, string, error) {
	if s.listsChildren != nil {
		s.listsChildren()
	}
	return s.Store.ListChildren(ctx, q)
}

func (s *faultyStore) ChangeRequest(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	var before, after error
	if fault != nil {
		before, after = fault(c)
	}
	if before != nil {
		return nil, before
	}
	r, err := s.Store.ChangeRequest(ctx, key, c)
	if after != nil {
		return nil, after
	}
	return r, err
}

func (s *faultyStore) setFault(fault func(c request.Change) (before, after error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// verifier knows tokens of the form tenant/subject.
type verifier struct{}

func (verifier) Verify(_ context.Context, token string) (streamer.Principal, error) {
	tenant, subject, ok := strings.Cut(token, "/")
	if !ok {
		return streamer.Principal{}, streamer.Errorf(wire.Unauthorized, "the token is not good")
	}
	return streamer.Principal{Tenant: tenant, Subject: subject, ExpiresAt: ada.ExpiresAt.Add(time.Hour)}, nil
}

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

var errNetwork = errors.New("dial tcp 10.0.0.7: secret detail")

// long makes a long action of a function over the raw payload.
func long(name string, config streamer.ActionConfig,
	fn func(ctx context.Context, job *streamer.Job) (json.RawMessage, error)) streamer.Action {
	config.Name, config.Long = name, true
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, _ json.RawMessage) (json.RawMessage, error) {
		return fn(ctx, job)
	})
}

func wantState(t *testing.T, r *request.Request, want request.State) {
	t.Helper()
	if r.State != want {
		t.Fatalf("state is %s, want %s (error %+v)", r.State, want, r.Error)
	}
}

func wantCode(t *testing.T, err error, want wire.Code) {
	t.Helper()
	var declared *streamer.Error
	if !errors.As(err, &declared) || declared.Code != want {
		t.Fatalf("error is %v, want %s", err, want)
	}
}

// wantRising fails unless rev rises from frame to frame.
func wantRising(t *testing.T, frames []wire.Frame) {
	t.Helper()
	var last int64
	for _, f := range frames {
		rev := f.Rev
		if f.Request != nil {
			rev = f.Request.Rev
		}
		if rev <= last {
			t.Fatalf("rev %d after %d in %s", rev, last, describe(frames))
		}
		last = rev
	}
}

func describe(frames []wire.Frame) string {
	var b strings.Builder
	for _, f := range frames {
		fmt.Fprintf(&b, "\n  %s", f.Append(nil))
	}
	return b.String()
}

// withoutRace leaves a test of many simulated days to the run without the race detector.
func withoutRace(t *testing.T) {
	t.Helper()
	if slower > 1 {
		t.Skip("make test runs it without the race detector")
	}
}
