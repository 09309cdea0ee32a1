package apigateway_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/aws/apigateway"
	"github.com/pay-theory/streamer/emulator/gateway"
	"github.com/pay-theory/streamer/emulator/iam"
	"github.com/pay-theory/streamer/lift/sigv4"
)

var credentials = sigv4.Static(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})

// ids hears which connection was opened.
type ids chan string

func (c ids) Invoke(_ context.Context, event []byte) ([]byte, error) {
	_, rest, _ := strings.Cut(string(event), `"connectionId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	c <- id
	return []byte(`{"statusCode":200}`), nil
}

func pusher(t *testing.T, config apigateway.Config) *apigateway.Pusher {
	t.Helper()
	config.Region, config.Credentials = "eu-west-1", credentials
	p, err := apigateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Against the emulator, which wants a signature: a frame arrives, and a closed
// connection is gone.
func TestPush(t *testing.T) {
	t.Parallel()
	opened := make(ids, 1)
	g, err := gateway.New(gateway.Config{
		Callers: &iam.Callers{Region: "eu-west-1", Known: []iam.Credentials{{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}}},
		Routes:  map[string]gateway.Route{gateway.RouteConnect: {Function: opened}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	defer server.Close()
	defer g.Close(context.Background())
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")+"/dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	id := <-opened
	p := pusher(t, apigateway.Config{Endpoint: server.URL + "/dev/"})
	for _, want := range []string{`{"type":"pong"}`, strings.Repeat("x", 100<<10)} {
		conn.SetReadLimit(1 << 20)
		if err := p.Push(t.Context(), id, []byte(want)); err != nil {
			t.Fatal(err)
		}
		_, got, err := conn.Read(t.Context())
		if err != nil || string(got) != want {
			t.Fatalf("%d bytes arrived, %v", len(got), err)
		}
	}
	if err := p.Push(t.Context(), id, make([]byte, 129<<10)); err == nil || errors.Is(err, streamer.ErrGone) {
		t.Errorf("a frame too large: %v", err)
	}
	conn.CloseNow()
	for _, gone := range []string{"AAAAAAAAAAAAAAA=", "not an id"} {
		if err := p.Push(t.Context(), gone, []byte("x")); !errors.Is(err, streamer.ErrGone) {
			t.Errorf("%s: %v", gone, err)
		}
	}
}

func TestPushTriesAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		calls  int32
		gone   bool
	}{
		"throttled":   {429, 3, false},
		"a fault":     {503, 3, false},
		"not allowed": {403, 1, false}, // the connection lives: the function may not reach it
		"no id":       {400, 1, true},
		"gone":        {410, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") ||
					!strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/execute-api/aws4_request") {
					t.Errorf("Authorization is %q", r.Header.Get("Authorization"))
				}
				w.Header().Set("X-Amzn-ErrorType", "SomeException:")
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			err := pusher(t, apigateway.Config{Endpoint: server.URL}).Push(t.Context(), "AAAAAAAAAAAAAAA=", []byte("x"))
			if err == nil || calls.Load() != tt.calls {
				t.Errorf("got %d calls, %v; want %d and an error", calls.Load(), err, tt.calls)
			}
			if gone := errors.Is(err, streamer.ErrGone); gone != tt.gone {
				t.Errorf("got a connection that is gone: %v, want %v", gone, tt.gone)
			}
		})
	}
}

func TestPushHeedsItsTime(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer server.Close()
	defer close(hang)
	p := pusher(t, apigateway.Config{Endpoint: server.URL, Timeout: 10 * time.Millisecond, Attempts: 2})
	if err := p.Push(t.Context(), "AAAAAAAAAAAAAAA=", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]apigateway.Config{
		"no endpoint":    {Region: "r", Credentials: credentials},
		"no URL":         {Endpoint: "x", Region: "r", Credentials: credentials},
		"no region":      {Endpoint: "http://x", Credentials: credentials},
		"no credentials": {Endpoint: "http://x", Region: "r"},
		"negative":       {Endpoint: "http://x", Region: "r", Credentials: credentials, Attempts: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := apigateway.New(config); err == nil {
				t.Error("got no error, want the setting named")
			}
		})
	}
}
