package gateway_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"

	"github.com/pay-theory/streamer/emulator/gateway"
)

func TestConnectDecides(t *testing.T) {
	t.Parallel()
	failing := function(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("sesame") })
	for name, tt := range map[string]struct {
		function gateway.Function
		status   int
		message  string
	}{
		"200":                {answer(ok), 101, ""},
		"201":                {answer(`{"statusCode":201}`), 101, ""},
		"a status in text":   {answer(`{"statusCode":"204"}`), 101, ""},
		"301":                {answer(`{"statusCode":301}`), 301, "Moved Permanently"},
		"401":                {answer(`{"statusCode":401,"body":"who?"}`), 401, "Unauthorized"},
		"501":                {answer(`{"statusCode":501}`), 501, "Not Implemented"},
		"failed":             {failing, 502, "Internal server error"},
		"null":               {answer(`null`), 502, "Internal server error"},
		"no status":          {answer(`{"body":"x"}`), 502, "Internal server error"},
		"a name in capitals": {answer(`{"StatusCode":200}`), 502, "Internal server error"},
		"no such status":     {answer(`{"statusCode":9999}`), 502, "Internal server error"},
		"no JSON":            {answer(`oops`), 502, "Internal server error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := newRecorder(ok)
			s := start(t, gateway.Config{Routes: routes(tt.function, gone, nil)})
			if tt.status == 101 {
				dial(t, s.ws, nil)
				return
			}
			status, body := refused(t, s.ws, nil)
			if status != tt.status || !strings.HasPrefix(body, `{"message": "`+tt.message+`", "connectionId":"`) {
				t.Errorf("answered %d %s", status, body)
			}
			gone.none(t)
		})
	}
}

func TestConnectRouteResponseIsTheRefusalsBody(t *testing.T) {
	t.Parallel()
	route := gateway.Route{
		Function:      answer(`{"statusCode":401,"headers":{"Content-Type":"text/plain"},"body":"who?"}`),
		RouteResponse: true,
	}
	s := start(t, gateway.Config{Routes: map[string]gateway.Route{gateway.RouteConnect: route}})
	if status, body := refused(t, s.ws, nil); status != 401 || body != "who?" {
		t.Errorf("answered %d %s", status, body)
	}
}

func TestUpgradeWaitsForConnect(t *testing.T) {
	t.Parallel()
	var s *stack
	connecting := newRecorder(ok)
	hold := make(chan struct{})
	s = start(t, gateway.Config{Routes: routes(function(func(ctx context.Context, raw []byte) ([]byte, error) {
		connecting.Invoke(ctx, raw)
		<-hold
		return []byte(ok), nil
	}), nil, nil)})

	upgraded := make(chan *client, 1)
	go func() { upgraded <- dial(t, s.ws, nil) }()
	id := connecting.next(t).RequestContext.ConnectionID
	wantError(t, s.Post(t.Context(), id, []byte("early")), 410, "GoneException")
	select {
	case <-upgraded:
		t.Fatal("upgraded before $connect returned")
	default:
	}
	close(hold)
	c := <-upgraded
	if err := s.Post(t.Context(), id, []byte("now")); err != nil {
		t.Errorf("got %v behind the handshake, want none", err)
	}
	if got := c.receive(t); got != "now" {
		t.Errorf("the client got %q, want now", got)
	}
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it never happened")
		}
	}
}

func TestConnectTimesOut(t *testing.T) {
	t.Parallel()
	running, hold := make(chan struct{}), make(chan struct{})
	s := start(t, gateway.Config{Routes: routes(function(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(running)
		<-hold
		if ctx.Err() != nil {
			t.Error("the function was stopped")
		}
		return []byte(ok), nil
	}), nil, nil)})
	go func() {
		<-running
		s.clock.advance(29*time.Second - 1)
		s.clock.advance(1)
	}()
	status, body := refused(t, s.ws, nil)
	close(hold)
	if status != 504 || !strings.HasPrefix(body, `{"message": "Endpoint request timed out", `) {
		t.Errorf("answered %d %s", status, body)
	}
}

func TestSubprotocol(t *testing.T) {
	t.Parallel()
	offer := &websocket.DialOptions{Subprotocols: []string{"streamer.v1", "bearer.token"}}
	for name, tt := range map[string]struct{ response, want string }{
		"chosen":      {`{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"streamer.v1"}}`, "streamer.v1"},
		"lower case":  {`{"statusCode":200,"headers":{"sec-websocket-protocol":"streamer.v1"}}`, "streamer.v1"},
		"multi-value": {`{"statusCode":200,"multiValueHeaders":{"Sec-WebSocket-Protocol":["streamer.v1"]}}`, "streamer.v1"},
		"not chosen":  {ok, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, gateway.Config{Routes: routes(answer(tt.response), nil, nil)})
			if got := dial(t, s.ws, offer).handshake.Header.Get("Sec-WebSocket-Protocol"); got != tt.want {
				t.Errorf("subprotocol %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPathsOfTheWebSocketAPI(t *testing.T) {
	t.Parallel()
	connect := newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(connect, nil, nil)})
	dial(t, s.ws+"/", nil)
	connect.next(t)
	for path, want := range map[string]int{"/other": 403, "/": 403, "/dev/more": 403} {
		t.Run(path, func(t *testing.T) {
			status, body := refused(t, strings.TrimSuffix(s.ws, "/dev")+path, nil)
			if status != want || body != `{"message":"Forbidden"}` {
				t.Errorf("got %d %s, want %d Forbidden", status, body, want)
			}
		})
	}
	if res, _ := request(t, "GET", s.url+"/dev", "", nil); res.StatusCode != 426 {
		t.Errorf("no upgrade: %s", res.Status)
	}
	bad := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"short"}}
	if res, _ := request(t, "GET", s.url+"/dev", "", bad); res.StatusCode != 400 {
		t.Errorf("a bad key: %s", res.Status)
	}
	connect.none(t)
}

// What $connect let in reaches $disconnect, even if the client did not wait.
func TestClientLeavesDuringConnect(t *testing.T) {
	t.Parallel()
	connecting, gone := newRecorder(ok), newRecorder(ok)
	hold := make(chan struct{})
	s := start(t, gateway.Config{Routes: routes(function(func(ctx context.Context, raw []byte) ([]byte, error) {
		connecting.Invoke(ctx, raw)
		<-hold
		return []byte(ok), nil
	}), gone, nil)})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte(rawHandshake))
	id := connecting.next(t).RequestContext.ConnectionID
	conn.Close()
	close(hold)
	if e := gone.next(t).RequestContext; e.ConnectionID != id || e.DisconnectStatusCode != 1006 {
		t.Errorf("$disconnect got %+v", e)
	}
}

// A message may come in the same packet as the handshake.
func TestMessageRightBehindTheHandshake(t *testing.T) {
	t.Parallel()
	got := newRecorder(ok)
	s := start(t, gateway.Config{Routes: routes(nil, nil, got)})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte("early"))))
	conn.Write(append([]byte(rawHandshake), frame...))
	if e := got.next(t); e.Body != "early" {
		t.Errorf("body %q", e.Body)
	}
}

const rawHandshake = "GET /dev HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

func TestConnectRate(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{Limits: gateway.Limits{ConnectRate: 2}})
	for range 2 {
		dial(t, s.ws, nil)
	}
	if status, body := refused(t, s.ws, nil); status != 429 || !strings.HasPrefix(body, `{"message": "Too many requests", `) {
		t.Errorf("answered %d %s", status, body)
	}
	s.clock.advance(time.Second / 2)
	dial(t, s.ws, nil)
	if status, _ := refused(t, s.ws, nil); status != 429 {
		t.Errorf("half a second is worth one connection, the second was answered %d", status)
	}
}

func wantError(t *testing.T, err error, status int, kind string) {
	t.Helper()
	e, ok := errors.AsType[*gateway.Error](err)
	if !ok || e.Status != status || e.Type != kind {
		t.Errorf("got error %v, want %d %s", err, status, kind)
	}
}
