package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/pay-theory/streamer/emulator/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// function is a gateway.Function made of a Go function.
type function func(ctx context.Context, event []byte) ([]byte, error)

func (f function) Invoke(ctx context.Context, event []byte) ([]byte, error) { return f(ctx, event) }

// answer is a function that always says the same.
func answer(response string) gateway.Function {
	return function(func(context.Context, []byte) ([]byte, error) { return []byte(response), nil })
}

const ok = `{"statusCode":200}`

// event is what a test reads of an event.
type event struct {
	Headers        map[string]string
	RequestContext struct {
		RouteKey, EventType, ConnectionID, RequestID, ExtendedRequestID, MessageID, Stage, DomainName string
		DisconnectStatusCode                                                                          int
		DisconnectReason                                                                              string
		ConnectedAt, RequestTimeEpoch                                                                 int64
		Authorizer                                                                                    map[string]string
	}
	Body string
	raw  []byte
}

// A recorder is a function that hands its events to the test, then answers.
type recorder struct {
	events   chan event
	response string
}

func newRecorder(response string) *recorder {
	return &recorder{events: make(chan event, 64), response: response}
}

func (r *recorder) Invoke(_ context.Context, raw []byte) ([]byte, error) {
	e := event{raw: raw}
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	r.events <- e
	return []byte(r.response), nil
}

func (r *recorder) next(t *testing.T) event {
	t.Helper()
	select {
	case e := <-r.events:
		return e
	case <-time.After(patience):
		t.Fatal("the function was not invoked")
		panic("unreachable")
	}
}

func (r *recorder) none(t *testing.T) {
	t.Helper()
	select {
	case e := <-r.events:
		t.Errorf("the function was invoked with %s", e.raw)
	default:
	}
}

// A stack is a gateway that listens, with a clock that stands until a test
// moves it.
type stack struct {
	*gateway.Gateway
	url   string // http://host:port
	ws    string // the WebSocket API
	clock *clock
	log   *logBuffer
}

func start(t *testing.T, cfg gateway.Config) *stack {
	t.Helper()
	s := &stack{clock: newClock(), log: &logBuffer{}}
	cfg.Clock = s.clock
	cfg.Logger = slog.New(slog.NewJSONHandler(s.log, nil))
	var err error
	if s.Gateway, err = gateway.New(cfg); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	s.url = server.URL
	stage := cfg.Stage
	if stage == "" {
		stage = "dev"
	}
	s.ws = "ws" + strings.TrimPrefix(s.url, "http") + "/" + stage
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return s
}

// routes is a WebSocket API with functions behind the usual routes; nil ones
// are left out.
func routes(connect, disconnect, byDefault gateway.Function) map[string]gateway.Route {
	routes := make(map[string]gateway.Route)
	for key, f := range map[string]gateway.Function{
		gateway.RouteConnect: connect, gateway.RouteDisconnect: disconnect, gateway.RouteDefault: byDefault,
	} {
		if f != nil {
			routes[key] = gateway.Route{Function: f}
		}
	}
	return routes
}

// dial opens a WebSocket as a real client does.
func dial(t *testing.T, url string, options *websocket.DialOptions) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, res, err := websocket.Dial(ctx, url, options)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	t.Cleanup(func() { c.CloseNow() })
	return &client{Conn: c, handshake: res}
}

type client struct {
	*websocket.Conn
	handshake *http.Response
}

func (c *client) send(t *testing.T, message string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func (c *client) receive(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	kind, data, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if kind != websocket.MessageText {
		t.Fatalf("a %v message came, want text", kind)
	}
	return string(data)
}

// closed waits for the close frame.
func (c *client) closed(t *testing.T) websocket.CloseError {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		_, _, err := c.Read(ctx)
		if err == nil {
			continue
		}
		var end websocket.CloseError
		if !asCloseError(err, &end) {
			t.Fatalf("the connection ended with %v, want a close frame", err)
		}
		return end
	}
}

func asCloseError(err error, end *websocket.CloseError) bool {
	if websocket.CloseStatus(err) == -1 {
		return false
	}
	for e := err; e != nil; {
		if c, ok := e.(websocket.CloseError); ok {
			*end = c
			return true
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			return false
		}
		e = u.Unwrap()
	}
	return false
}

// refused tries a handshake that must fail, and returns its answer.
func refused(t *testing.T, url string, header http.Header) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: header})
	if err == nil {
		c.CloseNow()
		t.Fatal("the handshake succeeded")
	}
	if res == nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// request makes an HTTP request and returns the answer with its body read.
func request(t *testing.T, method, url, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// A clock stands still until it is moved.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*timer]bool
}

type timer struct {
	clock *clock
	at    time.Time
	f     func()
}

func newClock() *clock {
	return &clock{now: time.Date(2024, 2, 19, 7, 11, 42, 789e6, time.UTC), timers: make(map[*timer]bool)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) AfterFunc(d time.Duration, f func()) gateway.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{clock: c, at: c.now.Add(d), f: f}
	c.timers[t] = true
	return t
}

func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	running := t.clock.timers[t]
	delete(t.clock.timers, t)
	return running
}

// advance moves the clock and runs what falls due on the way.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	end := c.now.Add(d)
	for {
		var next *timer
		for t := range c.timers {
			if !t.at.After(end) && (next == nil || t.at.Before(next.at)) {
				next = t
			}
		}
		if next == nil {
			break
		}
		delete(c.timers, next)
		c.now = next.at
		c.mu.Unlock()
		next.f()
		c.mu.Lock()
	}
	c.now = end
	c.mu.Unlock()
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
