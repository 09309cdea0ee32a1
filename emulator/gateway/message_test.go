package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/gateway"
)

// open dials and returns the connection's id as well.
func (s *stack) open(t *testing.T, connect *recorder) (*client, string) {
	t.Helper()
	c := dial(t, s.ws, nil)
	id := connect.next(t).RequestContext.ConnectionID
	eventually(t, func() bool { _, err := s.Get(t.Context(), id); return err == nil })
	return c, id
}

func TestMessageFindsItsRoute(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ selection, message, want string }{
		{"", `{"action":"join"}`, "join"},
		{"", `{"action":"Join"}`, "$default"},
		{"", `{"action":"leave"}`, "$default"},
		{"", `{"ACTION":"join"}`, "$default"},
		{"", `{"action":5}`, "5"},
		{"", `{"action":5.0}`, "$default"},
		{"", `{"action":true}`, "true"},
		{"", `{"action":null}`, "$default"},
		{"", `{"action":{"a":1}}`, "$default"},
		{"", `{"action":"$connect"}`, "$default"},
		{"", `{"action":"$disconnect"}`, "$default"},
		{"", `{"action":""}`, "$default"},
		{"", `{}`, "$default"},
		{"", `["action"]`, "$default"},
		{"", `no JSON`, "$default"},
		{"", ``, "$default"},
		{"${request.body.action}", `{"action":"join"}`, "join"},
		{"$request.body.meta.verb", `{"meta":{"verb":"join"},"action":"5"}`, "join"},
		{"$request.body.meta.verb", `{"meta":"verb"}`, "$default"},
	} {
		t.Run(tt.selection+" "+tt.message, func(t *testing.T) {
			t.Parallel()
			connect, got := newRecorder(ok), newRecorder(ok)
			all := routes(connect, nil, got)
			for _, key := range []string{"join", "5", "true"} {
				all[key] = gateway.Route{Function: got}
			}
			s := start(t, gateway.Config{Selection: tt.selection, Routes: all})
			c, _ := s.open(t, connect)
			c.send(t, tt.message)
			if e := got.next(t); e.RequestContext.RouteKey != tt.want || e.Body != tt.message {
				t.Errorf("route %q with body %q, want %q", e.RequestContext.RouteKey, e.Body, tt.want)
			}
			connect.none(t)
		})
	}
}

func TestErrorFramesToTheByte(t *testing.T) {
	t.Parallel()
	failing := function(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("sesame") })
	for name, tt := range map[string]struct {
		route *gateway.Route
		want  string
	}{
		"failed function":    {&gateway.Route{Function: failing}, "Internal server error"},
		"no route":           {nil, "Forbidden"},
		"malformed response": {&gateway.Route{Function: answer(`[]`), RouteResponse: true}, "Internal server error"},
		"a response above 128 KB": {&gateway.Route{Function: answer(`{"statusCode":200,"body":"` + strings.Repeat("x", 128<<10+1) + `"}`),
			RouteResponse: true}, "Internal server error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connect := newRecorder(ok)
			all := routes(connect, nil, nil)
			if tt.route != nil {
				all[gateway.RouteDefault] = *tt.route
			}
			s := start(t, gateway.Config{Routes: all})
			c, id := s.open(t, connect)
			for range 2 { // the socket stays
				c.send(t, "x")
				got := c.receive(t)
				var request string
				if i := strings.LastIndex(got, `:"`); i >= 0 {
					request = strings.TrimSuffix(got[i+2:], `"}`)
				}
				want := fmt.Sprintf(`{"message": "%s", "connectionId":"%s", "requestId":"%s"}`, tt.want, id, request)
				if got != want || len(request) != 16 || !strings.HasSuffix(request, "=") || request == id {
					t.Errorf("frame %s, want %s", got, want)
				}
			}
		})
	}
}

// The answer of a one-way route means nothing, whatever it is.
func TestOneWayRoutesSayNothing(t *testing.T) {
	t.Parallel()
	for _, response := range []string{`{"statusCode":500,"body":"no"}`, `{"statusCode":200,"body":"yes"}`, `null`, ``, `oops`} {
		connect := newRecorder(ok)
		s := start(t, gateway.Config{Routes: routes(connect, nil, answer(response))})
		c, id := s.open(t, connect)
		c.send(t, "x")
		eventually(t, func() bool { return strings.Contains(s.log.String(), `"msg":"message"`) })
		if err := s.Post(t.Context(), id, []byte("next")); err != nil {
			t.Fatal(err)
		}
		if got := c.receive(t); got != "next" {
			t.Errorf("%s: the client got %s", response, got)
		}
	}
}

func TestRouteResponse(t *testing.T) {
	t.Parallel()
	for response, want := range map[string]string{
		`{"statusCode":200,"body":"{\"a\": 1}"}`:                          `{"a": 1}`,
		`{"statusCode":418,"body":"tea"}`:                                 `tea`,
		`{"statusCode":200,"body":"dGVh","isBase64Encoded":true}`:         `tea`,
		`{"statusCode":200,"body":"` + strings.Repeat("é", 40_000) + `"}`: strings.Repeat("é", 40_000),
	} {
		t.Run(fmt.Sprintf("%.40s", response), func(t *testing.T) {
			connect := newRecorder(ok)
			all := routes(connect, nil, nil)
			all[gateway.RouteDefault] = gateway.Route{Function: answer(response), RouteResponse: true}
			s := start(t, gateway.Config{Routes: all})
			c, _ := s.open(t, connect)
			c.send(t, "x")
			if got := c.receive(t); got != want {
				t.Errorf("the client got %.100s, want %.100s", got, want)
			}
		})
	}
}

func TestMessageTimesOut(t *testing.T) {
	t.Parallel()
	connect := newRecorder(ok)
	running, hold := make(chan struct{}), make(chan struct{})
	s := start(t, gateway.Config{Routes: routes(connect, nil, function(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(running)
		<-hold
		if ctx.Err() != nil {
			t.Error("the function was stopped")
		}
		return nil, nil
	}))})
	c, _ := s.open(t, connect)
	c.send(t, "x")
	<-running
	s.clock.advance(29 * time.Second)
	if got := c.receive(t); !strings.HasPrefix(got, `{"message": "Endpoint request timed out", `) {
		t.Errorf("the client got %s", got)
	}
	close(hold)
}

// Two messages of one connection run at the same time, unless Serial says not.
func TestMessagesOfOneConnection(t *testing.T) {
	t.Parallel()
	t.Run("concurrent", func(t *testing.T) {
		t.Parallel()
		connect := newRecorder(ok)
		second := make(chan struct{})
		s := start(t, gateway.Config{Routes: routes(connect, nil, function(func(_ context.Context, raw []byte) ([]byte, error) {
			if strings.Contains(string(raw), `"body":"first"`) {
				<-second
			} else {
				close(second)
			}
			return nil, nil
		}))})
		c, _ := s.open(t, connect)
		c.send(t, "first")
		c.send(t, "second")
		select {
		case <-second:
		case <-time.After(patience):
			t.Error("the second waits for the first")
			close(second)
		}
	})
	t.Run("serial", func(t *testing.T) {
		t.Parallel()
		connect := newRecorder(ok)
		started, release := make(chan string), make(chan struct{})
		s := start(t, gateway.Config{Serial: true, Routes: routes(connect, nil, function(func(_ context.Context, raw []byte) ([]byte, error) {
			started <- string(raw)
			<-release
			return nil, nil
		}))})
		c, _ := s.open(t, connect)
		ctx := c.CloseRead(t.Context())
		for i := range 20 {
			c.send(t, fmt.Sprintf("m%02d", i))
		}
		for i := range 20 {
			if raw := <-started; !strings.Contains(raw, fmt.Sprintf(`"body":"m%02d"`, i)) {
				t.Errorf("invocation %d got %s", i, raw)
			}
			select {
			case <-started:
				t.Error("another one runs at the same time")
			default:
			}
			// The reader goes on meanwhile: it answers pings.
			if i == 0 {
				if err := c.Ping(ctx); err != nil {
					t.Error(err)
				}
			}
			release <- struct{}{}
		}
	})
}

func TestRequestRateIsSharedWithCallbacks(t *testing.T) {
	t.Parallel()
	connect, got := newRecorder(ok), newRecorder(ok)
	s := start(t, gateway.Config{
		Routes: routes(connect, nil, got), HTTP: answer(`{}`),
		Limits: gateway.Limits{RequestRate: 1, RequestBurst: 3},
	})
	c := dial(t, s.ws, nil) // 1
	id := connect.next(t).RequestContext.ConnectionID
	c.send(t, "x") // 2
	got.next(t)
	if err := s.Post(t.Context(), id, []byte("y")); err != nil { // 3
		t.Fatal(err)
	}
	wantError(t, s.Post(t.Context(), id, []byte("z")), 429, "LimitExceededException")
	if res, body := request(t, "GET", s.url+"/x", "", nil); res.StatusCode != 429 || body != `{"message":"Too Many Requests"}` {
		t.Errorf("HTTP: %d %s", res.StatusCode, body)
	}
	c.send(t, "w")
	if first, second := c.receive(t), c.receive(t); first != "y" || !strings.HasPrefix(second, `{"message": "Too many requests", `) {
		t.Errorf("frames %s and %s", first, second)
	}
	s.clock.advance(time.Second)
	if err := s.Post(t.Context(), id, []byte("z")); err != nil {
		t.Error(err)
	}
	got.none(t)
}
