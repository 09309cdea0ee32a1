// Package actiontest runs an action as the product does, for the tests of the
// actions: requests are submitted, stored in SQLite and worked on by a
// processor, whose process a test may kill.
package actiontest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A Harness is a processor with its store, its connections and its clock.
type Harness struct {
	*streamer.Processor
	Requests    *streamer.Requests
	Store       *Store
	Connections *Connections
	Clock       *Clock
}

// Ada is the principal that submits.
var Ada = streamer.Principal{Tenant: "acme", Subject: "ada"}

// New makes a harness over a store with the given actions.
func New(t testing.TB, store *Store, actions ...streamer.Action) *Harness {
	t.Helper()
	h := &Harness{Store: store, Connections: &Connections{}, Clock: &Clock{}}
	registry := streamer.NewRegistry(actions...)
	logger := slog.New(slog.DiscardHandler)
	var err error
	h.Processor, err = streamer.NewProcessor(streamer.ProcessorConfig{
		Store: h.Store, Actions: registry, Push: h.Connections, Dispatch: streamer.QueueFunc(noDispatch{}.Dispatch),
		Logger: logger, Now: h.Clock.Now,
		Heartbeat: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Requests = &streamer.Requests{Store: h.Store, Actions: registry, Push: h.Connections,
		Dispatch: streamer.QueueFunc(noDispatch{}.Dispatch), Logger: logger, Now: h.Clock.Now}
	return h
}

// Submit asks for an action over a connection named c.
func (h *Harness) Submit(t testing.TB, id, action, payload string) (wire.Frame, error) {
	t.Helper()
	caller := streamer.Caller{Principal: Ada, Connection: "c", CorrelationID: "corr"}
	return h.Requests.Submit(t.Context(), caller, wire.Message{ID: id, Action: action, Payload: json.RawMessage(payload)})
}

// Finish submits a long action and runs it once.
func (h *Harness) Finish(t testing.TB, id, action, payload string) *request.Request {
	t.Helper()
	if _, err := h.Submit(t, id, action, payload); err != nil {
		t.Fatalf("submit: %v", err)
	}
	return h.RunOnce(t, t.Context(), id)
}

// RunOnce runs a request and returns it as it stands afterwards.
func (h *Harness) RunOnce(t testing.TB, ctx context.Context, id string) *request.Request {
	t.Helper()
	if err := h.Run(ctx, Ada.Key(id), time.Time{}); err != nil {
		t.Fatalf("run: %v", err)
	}
	return h.Load(t, id)
}

// Load returns a request as it stands.
func (h *Harness) Load(t testing.TB, id string) *request.Request {
	t.Helper()
	r, err := h.Store.LoadRequest(t.Context(), Ada.Key(id))
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return r
}

// WantState fails unless the request is in the state.
func WantState(t testing.TB, r *request.Request, want request.State) {
	t.Helper()
	if r.State != want {
		t.Fatalf("state: got %s, want %s; the error is %+v", r.State, want, r.Error)
	}
}

// WantRefused fails unless the action refuses the payload and, if field is
// given, names the field.
func (h *Harness) WantRefused(t *testing.T, action, payload, field string) {
	t.Helper()
	_, err := h.Submit(t, request.NewID(), action, payload)
	refused, ok := errors.AsType[*streamer.Error](err)
	if !ok || refused.Code != wire.ValidationError {
		t.Fatalf("%s %s: got error %v, want VALIDATION_ERROR", action, payload, err)
	}
	if want := `{"field":"` + field + `"}`; field != "" && string(refused.Details) != want {
		t.Errorf("%s %s: got details %s, want %s; the message is %q", action, payload, refused.Details, want, refused.Message)
	}
}

type noDispatch struct{}

func (noDispatch) Dispatch(context.Context, request.Key, time.Time) error { return nil }
