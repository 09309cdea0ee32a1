package client_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick is a backoff that no test waits for.
var quick = client.Backoff{Min: time.Millisecond, Max: 5 * time.Millisecond}

// A peer is the server's end of one connection, driven by a test's script.
type peer struct {
	conn   *websocket.Conn
	header http.Header
	ctx    context.Context
}

// read returns the client's next message, or false when there will be none.
func (p *peer) read() (wire.Message, bool) {
	_, data, err := p.conn.Read(p.ctx)
	if err != nil {
		return wire.Message{}, false
	}
	m, err := wire.DecodeMessage(data)
	if err != nil {
		panic(fmt.Sprintf("the client sent %q: %v", data, err))
	}
	return m, true
}

// messages are the client's until the connection ends.
func (p *peer) messages() iter.Seq[wire.Message] {
	return func(yield func(wire.Message) bool) {
		for m, ok := p.read(); ok && yield(m); m, ok = p.read() {
		}
	}
}

// expect reads a message of the action, and is false when the connection ends
// before it.
func (p *peer) expect(action string) (wire.Message, bool) {
	m, ok := p.read()
	if ok && m.Action != action {
		panic(fmt.Sprintf("the client sent %s, want %s", m.Action, action))
	}
	return m, ok
}

func (p *peer) send(f wire.Frame) bool { return p.raw(string(f.Append(nil))) }

func (p *peer) raw(text string) bool {
	return p.conn.Write(p.ctx, websocket.MessageText, []byte(text)) == nil
}

func (p *peer) drop() { _ = p.conn.CloseNow() }

// drain keeps the connection until the client closes it.
func (p *peer) drain() {
	for range p.messages() {
	}
}

// A script plays the server on the n-th connection, from 1. When it returns, the
// connection is dropped.
type script func(n int, p *peer)

// sockets upgrades every request and runs the script on it. refuse, if any, may
// return a status with which to refuse the n-th handshake.
func sockets(play script, refuse func(n int, r *http.Request) int) http.Handler {
	var (
		mu sync.Mutex
		n  int
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		number := n
		mu.Unlock()
		if refuse != nil {
			if status := refuse(number, r); status != 0 {
				http.Error(w, `{"detail":"the test refuses"}`, status)
				return
			}
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		conn.SetReadLimit(1 << 20)
		defer conn.CloseNow()
		play(number, &peer{conn: conn, header: r.Header, ctx: r.Context()})
	})
}

func serve(t *testing.T, h http.Handler) (wsURL string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http") + "/dev"
}

// dial connects to a server that plays the script.
func dial(t *testing.T, play script, change ...func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{URL: serve(t, sockets(play, nil)), Backoff: quick}
	for _, f := range change {
		f(&cfg)
	}
	c, err := client.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A bubble is a server without a network, for tests whose time is synctest's.
type bubble struct {
	conns chan net.Conn
	done  chan struct{}
}

func (b *bubble) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

func (b *bubble) Close() error   { return nil }
func (b *bubble) Addr() net.Addr { return &net.UnixAddr{Name: "bubble", Net: "unix"} }

// inBubble serves h without a network and returns what a Config needs for it.
func inBubble(t *testing.T, h http.Handler) client.Config {
	t.Helper()
	b := &bubble{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- server.Serve(b) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case b.conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		close(b.done)
		if err := <-served; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		server.Close()
	})
	return client.Config{URL: "ws://bubble/dev", HTTPClient: &http.Client{Transport: transport}}
}

// The frames of a request, as the server sends them.

func ack(id string) wire.Frame {
	return wire.Frame{Type: wire.TypeAcknowledgment, RequestID: id, Status: wire.StatusQueued, Message: "queued", Rev: 1}
}

func progress(id string, rev int64, percentage float64) wire.Frame {
	return wire.Frame{Type: wire.TypeProgress, RequestID: id, Rev: rev, Percentage: percentage, Message: "working",
		Timestamp: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func complete(id string, rev int64, result string) wire.Frame {
	return wire.Frame{Type: wire.TypeComplete, RequestID: id, Rev: rev, Result: json.RawMessage(result)}
}

func response(id, data string) wire.Frame {
	return wire.Frame{Type: wire.TypeResponse, RequestID: id, Data: json.RawMessage(data)}
}

func failure(id string, rev int64, code wire.Code) wire.Frame {
	return wire.Frame{Type: wire.TypeError, RequestID: id, Rev: rev, Error: &wire.Error{
		Code: code, Message: "it failed", Details: json.RawMessage(`{"correlation_id":"corr-1"}`),
		Retry: &wire.Retry{Retryable: code.Retryable(), After: 0.001}}}
}

// snapshot answers the message with that id.
func snapshot(messageID string, s wire.Snapshot) wire.Frame {
	s.CreatedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s.UpdatedAt = s.CreatedAt
	return wire.Frame{Type: wire.TypeRequest, RequestID: messageID, Request: &s}
}

func ref(t testing.TB, m wire.Message) string {
	t.Helper()
	var in wire.RequestRef
	if err := json.Unmarshal(m.Payload, &in); err != nil {
		t.Errorf("%s has the payload %s", m.Action, m.Payload)
	}
	return in.RequestID
}

// jwt is a token of which only the expiry counts.
func jwt(exp time.Time) string {
	payload := fmt.Sprintf(`{"sub":"ada","exp":%d}`, exp.Unix())
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".signature"
}

// percentages collects progress.
type percentages struct{ seen []float64 }

func (p *percentages) add(r client.Progress) { p.seen = append(p.seen, r.Percentage) }

func (p *percentages) want(t *testing.T, want ...float64) {
	t.Helper()
	if fmt.Sprint(p.seen) != fmt.Sprint(want) {
		t.Errorf("progress was %v, want %v", p.seen, want)
	}
}

func wantResult(t *testing.T, got json.RawMessage, err error, want string) {
	t.Helper()
	if err != nil || string(got) != want {
		t.Errorf("the result is %s, %v; want %s", got, err, want)
	}
}

func wantCode(t *testing.T, err error, code wire.Code, requestID string) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is %v, want %s", err, code)
	}
	if e.Code != code || e.RequestID != requestID {
		t.Errorf("the error is %s of request %q, want %s of %q", e.Code, e.RequestID, code, requestID)
	}
	return e
}

// logs is a logger whose lines a test can read.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logs) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
