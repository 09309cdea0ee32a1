package functions_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// A system is the four functions over one store.
type system struct {
	connect, disconnect, router, processor *lift.App

	parts functions.Parts

	store   *sqlite.Store
	key     ed25519.PrivateKey
	log     lifttest.Log
	metrics lifttest.Metrics
	mail    mail
}

func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{}
	var public ed25519.PublicKey
	var err error
	if public, s.key, err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	issuer := auth.Config{Keys: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), Issuer: "tests", Audience: "streamer"}
	if s.store, err = sqlite.Open(t.Context(), sqlite.Memory); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.Close() })
	actions := []streamer.Action{
		streamer.NewAction(streamer.ActionConfig{Name: "mirror"},
			func(_ context.Context, _ *streamer.Job, in json.RawMessage) (json.RawMessage, error) { return in, nil }),
		streamer.NewAction(streamer.ActionConfig{Name: "leaky"},
			func(context.Context, *streamer.Job, json.RawMessage) (int, error) {
				return 0, errors.New("dial tcp 10.0.0.7: secret detail")
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "picky"},
			func(context.Context, *streamer.Job, json.RawMessage) (int, error) {
				return 0, streamer.Errorf(wire.ProcessingFailed, "not this one")
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "busy"},
			func(context.Context, *streamer.Job, json.RawMessage) (int, error) {
				busy := streamer.Errorf(wire.ServiceUnavailable, "the printer is busy")
				busy.Details, busy.After = json.RawMessage(`{"queue": [1, 2], "why": "<paper>"}`), 90*time.Second
				return 0, fmt.Errorf("print: %w", busy)
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "twice"},
			func(_ context.Context, _ *streamer.Job, in json.RawMessage) ([]json.RawMessage, error) {
				return []json.RawMessage{in, in}, nil
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "wordy"},
			func(context.Context, *streamer.Job, json.RawMessage) (int, error) {
				text := strings.Repeat("x", 200_000)
				return 0, &streamer.Error{Code: wire.ProcessingFailed, Message: text, Details: json.RawMessage(`{"text":"` + text + `"}`)}
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "sold out"},
			func(context.Context, *streamer.Job, json.RawMessage) (int, error) {
				return 0, &streamer.Error{Code: "SOLD_OUT", Message: "none are left", After: time.Minute}
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "lifted"},
			func(context.Context, *streamer.Job, json.RawMessage) (int, error) {
				return 0, lift.Errorf(lift.CodeNotFound, "secret detail")
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "slow"},
			func(ctx context.Context, _ *streamer.Job, _ json.RawMessage) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "admin", Scope: "admin"},
			func(context.Context, *streamer.Job, json.RawMessage) (bool, error) { return true, nil }),
		streamer.NewAction(streamer.ActionConfig{Name: "spills", Long: true, Retry: streamer.RetryPolicy{Attempts: 1}},
			func(context.Context, *streamer.Job, json.RawMessage) (int, error) {
				return 0, errors.New("dial tcp 10.0.0.7 with Bearer abcdef0123456789: secret detail")
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "long", Long: true},
			func(_ context.Context, job *streamer.Job, in json.RawMessage) (json.RawMessage, error) {
				job.Progress(50, "half")
				return in, nil
			}),
		streamer.NewAction(streamer.ActionConfig{Name: "talks", Long: true},
			func(_ context.Context, job *streamer.Job, _ json.RawMessage) (bool, error) {
				return true, errors.Join(job.Emit("one"), job.Emit("two"), job.Emit("three"))
			}),
	}
	s.parts = functions.Parts{
		Schedules:   []streamer.Schedule{{Name: "nightly", Cron: "@daily", Action: "long", Tenant: "acme", Subject: "system"}},
		Actions:     func(request.Lister) ([]streamer.Action, error) { return actions, nil },
		Connections: s.store, Requests: s.store, Push: &s.mail, Close: &s.mail, Dispatch: streamer.QueueFunc(s.mail.Dispatch),
		Issuers: []auth.Config{issuer}, Logger: s.log.Logger(),
	}
	s.connect = s.build(t, "connect", functions.Connect)
	s.disconnect = s.build(t, "disconnect", functions.Disconnect)
	s.router = s.build(t, "router", functions.Router)
	s.processor = s.build(t, "processor", functions.Processor)
	return s
}

// build makes a function of the system's parts, which counts as name.
func (s *system) build(t *testing.T, name string, function func(functions.Parts) (*lift.App, error)) *lift.App {
	t.Helper()
	parts := s.parts
	var err error
	if parts.Telemetry.Metrics, err = functions.Metrics(name, &s.metrics); err != nil {
		t.Fatal(err)
	}
	app, err := function(parts)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// mail keeps what was pushed and what was asked to run.
type mail struct {
	mu         sync.Mutex
	pushed     []wire.Frame
	closed     []string
	dispatched []request.Key
}

func (m *mail) CloseConnection(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = append(m.closed, id)
	return nil
}

func (m *mail) Push(_ context.Context, _ string, data []byte) error {
	frame, err := wire.DecodeFrame(data)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pushed = append(m.pushed, frame)
	return err
}

func (m *mail) Dispatch(_ context.Context, key request.Key, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dispatched = append(m.dispatched, key)
	return nil
}

// claims are ada's of acme, changed; nil removes a claim.
func claims(changes map[string]any) jwt.MapClaims {
	c := jwt.MapClaims{"iss": "tests", "aud": "streamer", "sub": "ada", "tenant_id": "acme", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func (s *system) token(t *testing.T, changes map[string]any) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(changes)).SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// open connects and fails the test when that is refused.
func (s *system) open(t *testing.T, id string, changes map[string]any) {
	t.Helper()
	answer := lifttest.Invoke(t.Context(), t, s.connect, lifttest.Connect{ConnectionID: id, Header: bearer(s.token(t, changes))})
	if answer.Status != http.StatusOK {
		t.Fatalf("$connect answered %d %s", answer.Status, answer.Body)
	}
}

// ask sends a message and returns the frame that answers it, which must fit into a message.
func (s *system) ask(t *testing.T, id, message string) wire.Frame {
	t.Helper()
	answer := lifttest.Invoke(t.Context(), t, s.router, lifttest.Message{ConnectionID: id, Body: message})
	if len(answer.Body) > wire.MaxMessage {
		t.Fatalf("%.80s was answered with %d bytes, want at most %d", message, len(answer.Body), wire.MaxMessage)
	}
	frame, err := wire.DecodeFrame(answer.Body)
	if err != nil {
		t.Fatalf("%s was answered with %q: %v", message, answer.Body, err)
	}
	return frame
}

func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	good := s.token(t, nil)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(nil)).SignedString(stranger)
	if err != nil {
		t.Fatal(err)
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims(nil)).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	confused, err := jwt.NewWithClaims(jwt.SigningMethodHS256,
		claims(nil)).SignedString(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		event lifttest.Connect
		want  int
	}{
		"a header":            {lifttest.Connect{Header: bearer(good)}, 200},
		"a query":             {lifttest.Connect{Query: url.Values{"token": {good}}}, 200},
		"no token":            {lifttest.Connect{}, 401},
		"garbage":             {lifttest.Connect{Header: bearer("x.y.z")}, 401},
		"another's signature": {lifttest.Connect{Header: bearer(forged)}, 401},
		"no signature":        {lifttest.Connect{Header: bearer(unsigned)}, 401},
		"HS256, public key":   {lifttest.Connect{Header: bearer(confused)}, 401},
		"expired":             {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}))}, 401},
		"no exp":              {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"exp": nil}))}, 401},
		"another audience":    {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"aud": "other"}))}, 401},
		"another issuer":      {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"iss": "other"}))}, 401},
		"no tenant":           {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"tenant_id": nil}))}, 401},
		"no subject":          {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"sub": nil}))}, 401},
		"a tenant too long":   {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"tenant_id": strings.Repeat("x", 300)}))}, 401},
		"a subject too long":  {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"sub": strings.Repeat("x", 300)}))}, 401},
		"permissions no list": {lifttest.Connect{Header: bearer(s.token(t, map[string]any{"permissions": 7}))}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			tt.event.ConnectionID = "c-" + strings.ReplaceAll(name, " ", "-")
			answer := lifttest.Invoke(t.Context(), t, s.connect, tt.event)
			if answer.Status != tt.want {
				t.Errorf("got %d, want %d", answer.Status, tt.want)
			}
			_, err := s.store.LoadConnection(t.Context(), tt.event.ConnectionID)
			if stored := err == nil; stored != (tt.want == 200) {
				t.Errorf("connection stored: got %v, want %v", stored, tt.want == 200)
			}
			if tt.want == 401 {
				var doc map[string]any
				answer.Decode(t, &doc)
				if doc["code"] != "UNAUTHORIZED" || doc["correlation_id"] == "" {
					t.Errorf("got %s, want UNAUTHORIZED and a correlation id", answer.Body)
				}
			}
		})
	}
	for _, token := range []string{good, forged, unsigned, confused} {
		if strings.Contains(s.log.String(), token) {
			t.Error("a token is in the log")
		}
	}
}

func TestSubprotocol(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	answer := lifttest.Invoke(t.Context(), t, s.connect, lifttest.Connect{Header: http.Header{
		"Sec-WebSocket-Protocol": {"streamer.v1, bearer." + s.token(t, nil)}}})
	if got := answer.Header.Get("Sec-WebSocket-Protocol"); answer.Status != 200 || got != "streamer.v1" {
		t.Errorf("answered %d with the subprotocol %q", answer.Status, got)
	}
}

func TestAMessageIsAnsweredWithOneFrame(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", map[string]any{"permissions": []string{"admin"}})
	s.open(t, "c2", map[string]any{"scope": "reader admin"})
	s.open(t, "c3", nil)
	for _, tt := range []struct{ connection, message, want string }{
		{"c1", `{"id":"a","action":"mirror","payload":9007199254740993}`, `response 9007199254740993`},
		{"c1", `{"id":"a","action":"admin"}`, `response true`},
		{"c2", `{"id":"a","action":"admin"}`, `response true`},
		{"c3", `{"id":"a","action":"admin"}`, `error FORBIDDEN`},
		{"c1", `nonsense`, `error INVALID_MESSAGE`},
		{"c1", `{"id":"a"}`, `error INVALID_MESSAGE`},
		{"c1", `{"id":"a","action":"none"}`, `error INVALID_ACTION`},
		{"c1", `{"id":"a","action":"leaky"}`, `error INTERNAL_ERROR`},
		{"unknown", `{"id":"a","action":"mirror"}`, `error UNAUTHORIZED`},
		{"c1", `{"id":"a","action":"streamer.ping"}`, `pong`},
	} {
		t.Run(tt.message+" from "+tt.connection, func(t *testing.T) {
			frame := s.ask(t, tt.connection, tt.message)
			got := string(frame.Type)
			switch {
			case frame.Error != nil:
				got += " " + string(frame.Error.Code)
				if !strings.Contains(string(frame.Error.Details), "correlation_id") || strings.Contains(frame.Error.Message, "10.0.0.7") {
					t.Errorf("got %s, want a correlation id and no internals", frame.Append(nil))
				}
			case frame.Data != nil:
				got += " " + string(frame.Data)
			}
			if got != tt.want || (frame.RequestID != "a" && tt.message != "nonsense") {
				t.Errorf("got %s, want %s of the request a", frame.Append(nil), tt.want)
			}
		})
	}
}

func TestARequestFromMessageToFinalFrame(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	if frame := s.ask(t, "c1", `{"id":"r1","action":"long","payload":{"n":1}}`); frame.Type != wire.TypeAcknowledgment {
		t.Fatalf("answered %s", frame.Append(nil))
	}
	if len(s.mail.dispatched) != 1 || s.mail.dispatched[0].ID != "r1" {
		t.Fatalf("got dispatches of %v, want one of r1", s.mail.dispatched)
	}
	run, err := functions.NewRunInvocation(s.mail.dispatched[0], time.Now()).Payload()
	if err != nil {
		t.Fatal(err)
	}
	messages := lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: string(run)}, {Body: string(run)}}} // which may come twice
	if answer := lifttest.Invoke(t.Context(), t, s.processor, messages); answer.Err != nil || len(answer.Failed) > 0 {
		t.Fatalf("got %v, failed %v; want no failure", answer.Err, answer.Failed)
	}
	var got []string
	for _, frame := range s.mail.pushed {
		got = append(got, fmt.Sprint(frame.Type, " ", frame.RequestID))
	}
	if strings.Join(got, ", ") != "progress r1, complete r1" {
		t.Errorf("pushed %v", got)
	}
	if answer := lifttest.Invoke(t.Context(), t, s.processor, lifttest.Schedule{}); answer.Err != nil {
		t.Errorf("the schedule: %v", answer.Err)
	}
	if answer := lifttest.Invoke(t.Context(), t, s.processor, lifttest.Raw(`{"run":{"tenant":"acme"}}`)); answer.Err == nil {
		t.Error("a run without an id passed")
	}
	poison := lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: `{"run":{"tenant":"acme"}}`}, {Body: string(run)}}}
	if answer := lifttest.Invoke(t.Context(), t, s.processor, poison); len(answer.Failed) != 1 {
		t.Errorf("got failed messages %v, want the one without an id alone", answer.Failed)
	}
}

func TestDisconnectForgets(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	if answer := lifttest.Invoke(t.Context(), t, s.disconnect, lifttest.Disconnect{ConnectionID: "c1"}); answer.Err != nil {
		t.Fatal(answer.Err)
	}
	if _, err := s.store.LoadConnection(t.Context(), "c1"); !errors.Is(err, request.ErrNotFound) {
		t.Errorf("the connection is still there: %v", err)
	}
}

func TestRenewingTheToken(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	renew := func(token string) wire.Frame {
		return s.ask(t, "c1", `{"id":"a","action":"streamer.authenticate","payload":{"token":"`+token+`"}}`)
	}
	if frame := renew(s.token(t, map[string]any{"exp": time.Now().Add(2 * time.Hour).Unix()})); frame.Type != wire.TypeResponse {
		t.Errorf("a newer token: %s", frame.Append(nil))
	}
	if frame := renew(s.token(t, map[string]any{"sub": "eve"})); frame.Error == nil || frame.Error.Code != wire.Forbidden {
		t.Errorf("another's token: %s", frame.Append(nil))
	}
	if frame := renew("x.y.z"); frame.Error == nil || frame.Error.Code != wire.Unauthorized {
		t.Errorf("no token: %s", frame.Append(nil))
	}
}
