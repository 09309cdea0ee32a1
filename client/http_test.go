package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// overHTTP is a client of a server with these handlers.
func overHTTP(t *testing.T, routes map[string]http.HandlerFunc) *client.Client {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, h := range routes {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization"); got != "Bearer the-token" {
				t.Errorf("%s %s has the header %q", r.Method, r.URL, got)
			}
			h(w, r)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c, err := client.HTTP(client.Config{HTTPURL: server.URL + "/", Backoff: quick,
		Token: func(context.Context) (string, error) { return "the-token", nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func submitted(t *testing.T, r *http.Request) wire.Message {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	m, err := wire.DecodeMessage(body)
	if err != nil || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("posted %s as %s: %v", body, r.Header.Get("Content-Type"), err)
	}
	return m
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

func TestOverHTTPAShortAction(t *testing.T) {
	t.Parallel()
	c := overHTTP(t, map[string]http.HandlerFunc{"POST /requests": func(w http.ResponseWriter, r *http.Request) {
		m := submitted(t, r)
		write(w, 201, response(m.ID, string(m.Payload)).Append(nil))
	}})
	got, err := c.Do(t.Context(), client.Request{Action: "echo", Payload: json.RawMessage(`[ 9007199254740993 ]`)}, nil)
	wantResult(t, got, err, `[ 9007199254740993 ]`)
}

func TestOverHTTPALongAction(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		polls []string
	)
	snapshots := []wire.Snapshot{
		{State: wire.StateRunning, Percentage: 20, Rev: 2},
		{State: wire.StateRunning, Percentage: 20, Rev: 2}, // the same again
		{}, // an answer that is no snapshot's: see below
		{State: wire.StateRunning, Percentage: 80, Rev: 5},
		{State: wire.StateSucceeded, Percentage: 100, Rev: 6, Result: json.RawMessage(`{"n":9007199254740993}`)},
	}
	c := overHTTP(t, map[string]http.HandlerFunc{
		"POST /requests": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/requests/r-1")
			write(w, 202, ack(submitted(t, r).ID).Append(nil))
		},
		"GET /requests/r-1": func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			s := snapshots[len(polls)]
			polls = append(polls, r.URL.RawQuery)
			if s.Rev == 0 { // the server dies in the middle of a poll
				panic(http.ErrAbortHandler)
			}
			s.ID = "r-1"
			write(w, 200, s.Append(nil))
		},
	})
	var seen percentages
	got, err := c.Do(t.Context(), client.Request{Action: "long", ID: "r-1"}, seen.add)
	wantResult(t, got, err, `{"n":9007199254740993}`)
	seen.want(t, 20, 80)
	want := "[wait=20s&rev=1 wait=20s&rev=2 wait=20s&rev=2 wait=20s&rev=2 wait=20s&rev=5]"
	if fmt.Sprint(polls) != want {
		t.Errorf("it polled %v, want %v", polls, want)
	}
}

func TestOverHTTPTheIDExists(t *testing.T) {
	t.Parallel()
	c := overHTTP(t, map[string]http.HandlerFunc{"POST /requests": func(w http.ResponseWriter, r *http.Request) {
		m := submitted(t, r)
		write(w, 200, snapshot(m.ID, wire.Snapshot{ID: m.ID, State: wire.StateSucceeded, Rev: 5, Result: json.RawMessage(`5`)}).Append(nil))
	}})
	got, err := c.Do(t.Context(), client.Request{Action: "long", ID: "r-1"}, nil)
	wantResult(t, got, err, `5`)
}

func TestOverHTTPTheOtherCalls(t *testing.T) {
	t.Parallel()
	running := wire.Snapshot{ID: "a:b", State: wire.StateRunning, Rev: 2}
	c := overHTTP(t, map[string]http.HandlerFunc{
		"GET /health":        func(w http.ResponseWriter, _ *http.Request) { write(w, 200, []byte(`{}`)) },
		"GET /requests/{id}": func(w http.ResponseWriter, r *http.Request) { write(w, 200, running.Append(nil)) },
		"DELETE /requests/{id}": func(w http.ResponseWriter, r *http.Request) {
			if got := r.PathValue("id"); got != "a:b" {
				t.Errorf("cancelled %q", got)
			}
			write(w, 200, running.Append(nil))
		},
		"GET /requests": func(w http.ResponseWriter, r *http.Request) {
			if got := r.URL.RawQuery; got != "cursor=c&limit=7&state=RUNNING" && got != "" {
				t.Errorf("the query is %s", got)
			}
			write(w, 200, wire.List{Requests: []wire.Snapshot{running}, Cursor: "d"}.Append(nil))
		},
	})
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if s, err := c.Get(t.Context(), "a:b"); err != nil || s.ID != "a:b" {
		t.Errorf("got %+v, %v", s, err)
	}
	if s, err := c.Cancel(t.Context(), "a:b"); err != nil || s.ID != "a:b" {
		t.Errorf("cancelled %+v, %v", s, err)
	}
	for _, q := range []wire.ListQuery{{}, {State: wire.StateRunning, Limit: 7, Cursor: "c"}} {
		if list, err := c.List(t.Context(), q); err != nil || len(list.Requests) != 1 || list.Cursor != "d" {
			t.Errorf("listed %+v, %v", list, err)
		}
	}
}

func TestOverHTTPErrorsAreTheSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status    int
		body      string
		code      wire.Code
		says      string
		retryable bool
		requestID string
	}{
		{429, `{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"slow down","code":"RATE_LIMITED",
			"correlation_id":"corr-1","request_id":"r-7","retry":{"retryable":true,"after":2.5},"details":{"limit":3}}`,
			wire.RateLimited, "slow down", true, "r-7"},
		{404, `{"detail":"there is no request \"r-1\"","code":"NOT_FOUND"}`, wire.NotFound, `there is no request "r-1"`, false, ""},
		{401, `{"message":"Unauthorized"}`, wire.Unauthorized, "the server answered 401 Unauthorized", false, ""},
		{503, `{"message":"Service Unavailable"}`, wire.ServiceUnavailable, "the server answered 503 Service Unavailable", true, ""},
		{502, `<html>`, wire.ServiceUnavailable, "the server answered 502 Bad Gateway", true, ""},
		{500, ``, wire.InternalError, "the server answered 500 Internal Server Error", true, ""},
		{418, ``, wire.InternalError, "the server answered 418 I'm a teapot", false, ""},
	} {
		answer := func(w http.ResponseWriter, _ *http.Request) { write(w, tt.status, []byte(tt.body)) }
		c := overHTTP(t, map[string]http.HandlerFunc{"POST /requests": answer, "GET /requests/{id}": answer, "GET /requests": answer})
		_, err := c.Get(t.Context(), "r-1")
		e := wantCode(t, err, tt.code, tt.requestID)
		if e.Message != tt.says || e.Retryable != tt.retryable {
			t.Errorf("%d: the error is %+v", tt.status, e)
		}
		if tt.status == 429 && (e.RetryAfter.Seconds() != 2.5 || e.CorrelationID != "corr-1" || string(e.Details) != `{"limit":3}`) {
			t.Errorf("%d: the error is %+v", tt.status, e)
		}
		if _, err := c.List(t.Context(), wire.ListQuery{}); err == nil {
			t.Errorf("%d: listed", tt.status)
		}
		_, err = c.Start(t.Context(), client.Request{Action: "a", ID: "r-7"})
		wantCode(t, err, tt.code, "r-7")
		if _, err = c.Watch(t.Context(), "r-1"); err == nil { // nothing is known of it yet: no polling
			t.Errorf("%d: watching", tt.status)
		}
	}
}

// An answer of the gateway's own has its request id, which the functions' logs have as the
// correlation id.
func TestOverHTTPTheGatewaysOwnAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ header, body, want string }{
		"an HTTP API":   {"Apigw-Requestid", `{"message":"Internal Server Error"}`, "gw-1"},
		"another API":   {"X-Amzn-Requestid", ``, "gw-1"},
		"a problem":     {"Apigw-Requestid", `{"detail":"broken","code":"INTERNAL_ERROR"}`, "gw-1"},
		"a problem's":   {"Apigw-Requestid", `{"detail":"broken","code":"INTERNAL_ERROR","correlation_id":"corr-1"}`, "corr-1"},
		"no request id": {"X-Other", ``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := overHTTP(t, map[string]http.HandlerFunc{"GET /connections": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set(tt.header, "gw-1")
				write(w, http.StatusInternalServerError, []byte(tt.body))
			}})
			_, err := c.Connections(t.Context(), wire.ConnectionQuery{})
			if e := wantCode(t, err, wire.InternalError, ""); e.CorrelationID != tt.want {
				t.Errorf("got the correlation id %q, want %q", e.CorrelationID, tt.want)
			}
		})
	}
}

// The source's next token is sent when the server refuses one, and the same one is not sent twice.
func TestOverHTTPARefusedTokenIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tokens []string // of the source; the last one is given again and again
		calls  int
		fails  bool
	}{
		"another one is good":   {tokens: []string{"old", "good"}, calls: 2},
		"another one is not":    {tokens: []string{"old", "older"}, calls: 2, fails: true},
		"there is no other one": {tokens: []string{"old"}, calls: 1, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls, asked := 0, 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				if r.Header.Get("Authorization") != "Bearer good" {
					write(w, http.StatusUnauthorized, []byte(`{"message":"Unauthorized"}`))
					return
				}
				write(w, http.StatusOK, []byte(`{"requests":[]}`))
			}))
			t.Cleanup(server.Close)
			c, err := client.HTTP(client.Config{HTTPURL: server.URL, Token: func(context.Context) (string, error) {
				asked++
				return tt.tokens[min(asked, len(tt.tokens))-1], nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			if _, err := c.List(t.Context(), wire.ListQuery{}); (err != nil) != tt.fails || calls != tt.calls {
				t.Errorf("got %v after %d calls, want an error: %v, after %d", err, calls, tt.fails, tt.calls)
			}
		})
	}
}

func TestOverHTTPAnswersOfAnotherKind(t *testing.T) {
	t.Parallel()
	senseless := func(w http.ResponseWriter, _ *http.Request) { write(w, 200, []byte(`?`)) }
	c := overHTTP(t, map[string]http.HandlerFunc{
		"POST /requests": senseless, "GET /requests/{id}": senseless, "GET /requests": senseless,
		"GET /requests/endless": func(w http.ResponseWriter, _ *http.Request) {
			write(w, 200, []byte(`"`+strings.Repeat("x", 10<<20)+`"`))
		}})
	for _, id := range []string{"r-1", "endless"} {
		if _, err := c.Get(t.Context(), id); err == nil {
			t.Errorf("get %s took it", id)
		}
	}
	if _, err := c.List(t.Context(), wire.ListQuery{}); err == nil {
		t.Error("list took it")
	}
	if _, err := c.Start(t.Context(), client.Request{Action: "a"}); err == nil {
		t.Error("start took it")
	}
}

func TestOverHTTPNobodyThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(nil)
	server.Close()
	noToken := errors.New("no token")
	for name, cfg := range map[string]client.Config{
		"derived from the WebSocket's": {URL: "ws" + strings.TrimPrefix(server.URL, "http") + "/dev"},
		"no token":                     {HTTPURL: server.URL, Token: func(context.Context) (string, error) { return "", noToken }},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := client.HTTP(cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Do(t.Context(), client.Request{Action: "a"}, nil)
			var connect *client.ConnectError
			if !errors.As(err, &connect) || connect.URL != server.URL || connect.Status != 0 {
				t.Errorf("got the error %v, want that nothing answers at %s", err, server.URL)
			}
			c.Close()
		})
	}
}

func TestOverHTTPAnInterruptReturnsAtOnce(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	c := overHTTP(t, map[string]http.HandlerFunc{
		"POST /requests": func(w http.ResponseWriter, r *http.Request) { write(w, 202, ack(submitted(t, r).ID).Append(nil)) },
		"GET /requests/{id}": func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			<-r.Context().Done()
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := c.Do(ctx, client.Request{Action: "long"}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// A large result comes as a path below the HTTP API. The caller does not notice.
func TestALargeResultIsFetched(t *testing.T) {
	t.Parallel()
	large := `"` + strings.Repeat("x", 180<<10) + `"`
	for _, tt := range []struct {
		name   string
		answer func(tries int, w http.ResponseWriter)
		ref    string
		code   wire.Code
		fails  bool
	}{
		{"at once", func(_ int, w http.ResponseWriter) {
			write(w, 200, (&wire.Snapshot{ID: "r-1", State: wire.StateSucceeded, Rev: 2, Result: json.RawMessage(large)}).Append(nil))
		}, "/requests/r-1", "", false},
		{"after some faults", func(tries int, w http.ResponseWriter) {
			if tries < 3 {
				write(w, 503, []byte(`{"message":"Service Unavailable"}`))
				return
			}
			write(w, 200, (&wire.Snapshot{ID: "r-1", State: wire.StateSucceeded, Rev: 2, Result: json.RawMessage(large)}).Append(nil))
		}, "/requests/r-1", "", false},
		{"never", func(_ int, w http.ResponseWriter) { write(w, 503, nil) }, "/requests/r-1", wire.ServiceUnavailable, true},
		{"past its retention", func(_ int, w http.ResponseWriter) { write(w, 404, []byte(`{"code":"NOT_FOUND"}`)) }, "/requests/r-1", wire.NotFound, true},
		{"without it", func(_ int, w http.ResponseWriter) { write(w, 200, []byte(`{"id":"r-1"}`)) }, "/requests/r-1", "", true},
		{"elsewhere", func(_ int, _ http.ResponseWriter) { t.Error("it called") }, "@evil.example/requests/r-1", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var (
				mu    sync.Mutex
				tries int
			)
			mux := http.NewServeMux()
			mux.Handle("/dev", sockets(func(_ int, p *peer) {
				m, _ := p.read()
				p.send(ack(m.ID))
				p.send(wire.Frame{Type: wire.TypeComplete, RequestID: m.ID, Rev: 2, ResultRef: tt.ref})
				p.drain()
			}, nil))
			mux.HandleFunc("GET /requests/r-1", func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				tries++
				n := tries
				mu.Unlock()
				tt.answer(n, w)
			})
			c, err := client.Dial(t.Context(), client.Config{URL: serve(t, mux), Backoff: quick})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			got, err := c.Do(t.Context(), client.Request{Action: "long", ID: "r-1"}, nil)
			var e *client.Error
			switch {
			case !tt.fails:
				wantResult(t, got, err, large)
			case err == nil:
				t.Error("there is a result")
			case tt.ref[0] != '/' && !strings.Contains(err.Error(), "is not a valid path"):
				t.Errorf("it followed %s: %v", tt.ref, err)
			case tt.code != "" && (!errors.As(err, &e) || e.Code != tt.code):
				t.Errorf("the error is %v, want %s", err, tt.code)
			}
		})
	}
}
