package actions

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// A world runs actions as the product does: requests are submitted, stored in a
// real store and worked on by the processor.
type world struct {
	*streamer.Processor
	requests *streamer.Requests
	store    *mortalStore
	sockets  *sockets
	clock    *clock
}

var ada = streamer.Principal{Tenant: "acme", Subject: "ada"}

func newStore(t testing.TB) *mortalStore {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &mortalStore{Store: db}
}

func newWorld(t testing.TB, store *mortalStore, actions ...streamer.Action) *world {
	t.Helper()
	w := &world{store: store, sockets: &sockets{}, clock: &clock{}}
	registry := streamer.NewRegistry(actions...)
	logger := slog.New(slog.DiscardHandler)
	var err error
	w.Processor, err = streamer.NewProcessor(streamer.ProcessorConfig{
		Store: w.store, Actions: registry, Push: w.sockets, Dispatch: noBell{}, Logger: logger, Now: w.clock.Now,
		Heartbeat: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.requests = &streamer.Requests{Store: w.store, Actions: registry, Push: w.sockets, Logger: logger, Now: w.clock.Now}
	return w
}

// submit asks for an action over a connection named c.
func (w *world) submit(t testing.TB, id, action, payload string) (wire.Frame, error) {
	t.Helper()
	caller := streamer.Caller{Principal: ada, Connection: "c", CorrelationID: "corr"}
	return w.requests.Submit(t.Context(), caller, wire.Message{ID: id, Action: action, Payload: json.RawMessage(payload)})
}

// finish submits a long action and runs it once.
func (w *world) finish(t testing.TB, id, action, payload string) *streamer.Request {
	t.Helper()
	if _, err := w.submit(t, id, action, payload); err != nil {
		t.Fatalf("submit: %v", err)
	}
	return w.again(t, t.Context(), id)
}

// again runs a request and returns what became of it.
func (w *world) again(t testing.TB, ctx context.Context, id string) *streamer.Request {
	t.Helper()
	if err := w.Run(ctx, ada.Key(id)); err != nil {
		t.Fatalf("run: %v", err)
	}
	return w.load(t, id)
}

func (w *world) load(t testing.TB, id string) *streamer.Request {
	t.Helper()
	r, err := w.store.LoadRequest(t.Context(), ada.Key(id))
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return r
}

func wantState(t testing.TB, r *streamer.Request, want streamer.State) {
	t.Helper()
	if r.State != want {
		t.Fatalf("the request is %s, want %s; its error is %+v", r.State, want, r.Error)
	}
}

// refused fails unless the action refuses the payload and names the field.
func refused(t *testing.T, w *world, action, payload, field string) {
	t.Helper()
	_, err := w.submit(t, streamer.NewID(), action, payload)
	var declared *streamer.Error
	if !errors.As(err, &declared) || declared.Code != wire.ValidationError {
		t.Fatalf("%s %s: error is %v, want VALIDATION_ERROR", action, payload, err)
	}
	if field != "" && string(declared.Details) != `{"field":"`+field+`"}` {
		t.Errorf("%s %s: details are %s, want the field %q; the message is %q", action, payload, declared.Details, field, declared.Message)
	}
}

var errKilled = errors.New("the process was killed")

// A mortalStore is a real store. Once its process is killed it takes no more
// writes.
type mortalStore struct {
	*sqlite.Store
	mu       sync.Mutex
	dead     bool
	onChange func(c streamer.Change) (kill bool)
	sent     chan struct{} // nil, or told of each write with a checkpoint
}

// checkpointSent returns a channel that has a token to begin with, and one more
// for each checkpoint that comes to be written from now on.
func (s *mortalStore) checkpointSent() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = make(chan struct{}, 1000)
	s.sent <- struct{}{}
	return s.sent
}

func (s *mortalStore) ChangeRequest(ctx context.Context, key streamer.Key, c streamer.Change) (*streamer.Request, error) {
	s.mu.Lock()
	if !s.dead && s.onChange != nil {
		s.dead = s.onChange(c)
	}
	dead := s.dead
	if c.Checkpoint != nil && s.sent != nil {
		s.sent <- struct{}{}
	}
	s.mu.Unlock()
	if dead {
		return nil, errKilled
	}
	return s.Store.ChangeRequest(ctx, key, c)
}

// revive starts the next process, whose writes onChange sees.
func (s *mortalStore) revive(onChange func(c streamer.Change) (kill bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead, s.onChange = false, onChange
}

// sockets remember the frames that were pushed.
type sockets struct {
	mu     sync.Mutex
	frames []wire.Frame
	onPush func(wire.Frame)
}

func (s *sockets) Push(_ context.Context, _ string, data []byte) error {
	frame, err := wire.DecodeFrame(data)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, frame)
	if s.onPush != nil {
		s.onPush(frame)
	}
	return nil
}

func (s *sockets) progress() []wire.Frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	var frames []wire.Frame
	for _, f := range s.frames {
		if f.Type == wire.TypeProgress {
			frames = append(frames, f)
		}
	}
	return frames
}

type noBell struct{}

func (noBell) Dispatch(context.Context, streamer.Key) error { return nil }

// A clock is the real one, set forward.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
