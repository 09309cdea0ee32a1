package verify_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

// On a stage with nothing but the user's own actions the suite passes, what needs an
// example action is skipped and says which, and the user's actions are checked.
func TestAStageWithoutTheExampleActions(t *testing.T) {
	t.Parallel()
	type line struct {
		SKU string `json:"sku"`
	}
	price := streamer.NewAction(streamer.ActionConfig{Name: "price"},
		func(_ context.Context, _ *streamer.Job, in line) (map[string]any, error) {
			return map[string]any{"sku": in.SKU, "cents": 1250, "tags": []string{"new"}}, nil
		})
	order := streamer.NewAction(streamer.ActionConfig{Name: "order", Long: true},
		func(_ context.Context, job *streamer.Job, in line) (line, error) {
			if in.SKU == "" {
				return in, streamer.Errorf(wire.ProcessingFailed, "there is nothing to order")
			}
			job.Progress(50, "half")
			return in, nil
		})
	var log lifttest.Log
	running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", SweepEvery: time.Second,
		Parts: functions.Parts{Logger: log.Logger(), Actions: func(request.Lister) ([]streamer.Action, error) {
			return []streamer.Action{price, order}, nil
		}}})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, running)
	target := targetOf(t, running)
	var passed, skipped int
	verify.Run(t.Context(), target, verify.Checks(), func(r verify.Result) {
		switch {
		case r.Err == nil:
			passed++
		case !r.Skipped() || !strings.Contains(r.Err.Error(), "needs the example action "):
			t.Errorf("%s/%s: got %v, want a pass or what it needs", r.Group, r.Name, r.Err)
		default:
			skipped++
		}
	})
	if passed < 25 || skipped < 15 {
		t.Errorf("got %d passed and %d skipped, want both kinds", passed, skipped)
	}

	var types []wire.Type
	calls := map[string]struct {
		verify.Call
		want string // in the error; "": none
	}{
		"short": {verify.Call{Action: "price", Payload: json.RawMessage(`{"sku":"A1"}`)}, ""},
		"short, as expected": {verify.Call{Action: "price", Payload: json.RawMessage(`{"sku":"A1"}`),
			Expect: json.RawMessage(`{"cents":1250}`)}, ""},
		"short, not as expected": {verify.Call{Action: "price", Payload: json.RawMessage(`{"sku":"A1"}`),
			Expect: json.RawMessage(`{"cents":1}`)}, `want {"cents":1} in it`},
		"long": {verify.Call{Action: "order", Payload: json.RawMessage(`{"sku":"A1"}`), Expect: json.RawMessage(`{"sku":"A1"}`),
			Observe: func(f wire.Frame) { types = append(types, f.Type) }}, ""},
		"long, not as expected": {verify.Call{Action: "order", Payload: json.RawMessage(`{"sku":"A1"}`),
			Expect: json.RawMessage(`[]`)}, "want [] in it"},
		"one that fails":        {verify.Call{Action: "order"}, "there is nothing to order"},
		"one that is not there": {verify.Call{Action: "cancel_order"}, string(wire.InvalidAction)},
	}
	for name, test := range calls {
		t.Run(name, func(t *testing.T) {
			verify.Run(t.Context(), target, []verify.Check{test.Check()}, func(r verify.Result) {
				if test.want == "" && r.Err != nil || test.want != "" && (r.Err == nil || !strings.Contains(r.Err.Error(), test.want)) {
					t.Errorf("got %v, want %q", r.Err, test.want)
				}
				if r.Skipped() || r.Group != "call" || r.Name != test.Action {
					t.Errorf("got %+v, want the check of %s", r, test.Action)
				}
			})
		})
	}
	for _, want := range []wire.Type{wire.TypeAcknowledgment, wire.TypeProgress, wire.TypeComplete} {
		if !slices.Contains(types, want) {
			t.Errorf("observed %v, want a frame of type %s", types, want)
		}
	}
}

// A gateway may push a request's progress and end before the answer to the message
// that led to them, whose snapshot is older then.
func TestAnswersThatAreOvertaken(t *testing.T) {
	t.Parallel()
	const late = 200 * time.Millisecond
	var log lifttest.Log
	target := targetOf(t, startStack(t, &log))
	target.Timeout = time.Minute // a loaded machine is none of its matter
	target.WebSocketURL = overtaking(t, target.WebSocketURL, late)
	verify.Run(t.Context(), target, verify.Checks(), func(r verify.Result) {
		if r.Err != nil {
			t.Errorf("%s/%s: %v", r.Group, r.Name, r.Err)
		}
	})
}

// overtaking is a server before another one that sends answers late, and at once what
// is pushed.
func overtaking(t *testing.T, url string, late time.Duration) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		var protocols []string
		for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
			for protocol := range strings.SplitSeq(line, ",") {
				protocols = append(protocols, strings.TrimSpace(protocol))
			}
		}
		header := http.Header{}
		if token := r.Header.Get("Authorization"); token != "" {
			header.Set("Authorization", token)
		}
		out, response, err := websocket.Dial(ctx, url+"?"+r.URL.RawQuery, &websocket.DialOptions{HTTPHeader: header, Subprotocols: protocols})
		if err != nil {
			if response != nil {
				w.WriteHeader(response.StatusCode)
			}
			return
		}
		defer out.CloseNow()
		in, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{out.Subprotocol()}})
		if err != nil {
			return
		}
		defer in.CloseNow()
		in.SetReadLimit(1 << 20)
		out.SetReadLimit(1 << 20)
		go func() {
			defer cancel()
			for {
				kind, data, err := in.Read(ctx)
				if err != nil || out.Write(ctx, kind, data) != nil {
					return
				}
			}
		}()
		for {
			kind, data, err := out.Read(ctx)
			if err != nil {
				in.Close(max(websocket.CloseStatus(err), websocket.StatusNormalClosure), "")
				return
			}
			pushed := false
			if f, err := wire.DecodeFrame(data); err == nil {
				pushed = f.Type == wire.TypeProgress || f.Type == wire.TypeOutput || f.Type == wire.TypeComplete ||
					f.Type == wire.TypeError && f.Rev > 0 || f.Type == wire.TypeRequest && f.RequestID == f.Request.ID
			}
			if pushed {
				if in.Write(ctx, kind, data) != nil {
					return
				}
				continue
			}
			time.AfterFunc(late, func() { _ = in.Write(ctx, kind, data) })
		}
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// However a stage fails, each check says what it saw, in time: no format of Go's for
// an error that there was not, no frame that never came.
func TestAStageThatFails(t *testing.T) {
	t.Parallel()
	const timeout = 300 * time.Millisecond
	say := func(answer func(m wire.Message) string) func(context.Context, *websocket.Conn) {
		return func(ctx context.Context, conn *websocket.Conn) {
			for {
				_, data, err := conn.Read(ctx)
				if err != nil {
					return
				}
				m, _ := wire.DecodeMessage(data)
				if conn.Write(ctx, websocket.MessageText, []byte(answer(m))) != nil {
					return
				}
			}
		}
	}
	frame := func(f wire.Frame) func(m wire.Message) string {
		return func(m wire.Message) string {
			own := f // several sockets are answered at a time
			own.RequestID = m.ID
			return string(own.Append(nil))
		}
	}
	snapshot := func(state string) wire.Frame {
		return wire.Frame{Type: wire.TypeRequest, Request: &wire.Snapshot{ID: "another", State: state, Rev: 1}}
	}
	stages := map[string]func(ctx context.Context, conn *websocket.Conn){
		"closes at once":            func(_ context.Context, conn *websocket.Conn) { conn.Close(websocket.StatusInternalError, "") },
		"drops at once":             func(_ context.Context, conn *websocket.Conn) { conn.CloseNow() },
		"says nothing":              func(ctx context.Context, conn *websocket.Conn) { <-conn.CloseRead(ctx).Done() },
		"answers no JSON":           say(func(wire.Message) string { return "<html>" }),
		"answers another frame":     say(func(wire.Message) string { return `{"message": "Internal server error", "connectionId":"x="}` }),
		"answers a response":        say(frame(wire.Frame{Type: wire.TypeResponse})),
		"answers a response of odd": say(frame(wire.Frame{Type: wire.TypeResponse, Data: json.RawMessage(`[7]`)})),
		"answers an acknowledgment": say(frame(wire.Frame{Type: wire.TypeAcknowledgment, Status: wire.StatusQueued, Rev: 1})),
		"answers an end":            say(frame(wire.Frame{Type: wire.TypeComplete, Rev: 9})),
		"answers a running request": say(frame(snapshot(wire.StateRunning))),
		"answers an ended request":  say(frame(snapshot(wire.StateSucceeded))),
		"answers a pong":            say(frame(wire.Frame{Type: wire.TypePong})),
		"answers with an error":     say(frame(wire.Frame{Type: wire.TypeError, Error: &wire.Error{Code: wire.InternalError}})),
		"fails every request":       say(frame(wire.Frame{Type: wire.TypeError, Rev: 3, Error: &wire.Error{Code: wire.Timeout}})),
		"has no action":             say(frame(wire.Frame{Type: wire.TypeError, Error: &wire.Error{Code: wire.InvalidAction}})),
	}
	checks := append(verify.Checks(), verify.Call{Action: "own", Expect: json.RawMessage(`{}`)}.Check())
	var log lifttest.Log
	good := targetOf(t, startStack(t, &log)) // for its tokens
	answers := map[string]func(w http.ResponseWriter, r *http.Request){
		"HTTP 200": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		"HTTP 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"HTTP none": func(_ http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				<-r.Context().Done() // the client left
			}
		},
	}
	for name, talk := range stages {
		for kind, answer := range answers {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Upgrade") == "" {
						answer(w, r)
						return
					}
					if conn, err := websocket.Accept(w, r, nil); err == nil {
						conn.SetReadLimit(1 << 20)
						talk(t.Context(), conn)
						conn.CloseNow()
					}
				}))
				defer server.Close()
				target := &verify.Target{WebSocketURL: "ws" + strings.TrimPrefix(server.URL, "http"), HTTPURL: server.URL,
					Token: good.Token, OtherToken: good.OtherToken, Sign: good.Sign, Timeout: timeout}
				var failed atomic.Int32
				var all sync.WaitGroup
				for _, check := range checks {
					all.Go(func() {
						verify.Run(t.Context(), target, []verify.Check{check}, func(r verify.Result) {
							if r.Err == nil || r.Skipped() {
								return
							}
							failed.Add(1)
							for _, odd := range []string{"%!", "<nil>", `sent {"type":""`} {
								if strings.Contains(r.Err.Error(), odd) {
									t.Errorf("%s/%s: got %q in %q", r.Group, r.Name, odd, r.Err)
								}
							}
							if r.Took > timeout+5*time.Second {
								t.Errorf("%s/%s took %v, want about %v at most", r.Group, r.Name, r.Took, timeout)
							}
						})
					})
				}
				all.Wait()
				if failed.Load() < 20 {
					t.Errorf("got %d that failed, want most", failed.Load())
				}
			})
		}
	}
}

// A stage that takes the tenant from elsewhere lets in tokens without the claim.
func TestClaimsThatAStageDoesNotAskFor(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	good := targetOf(t, startStack(t, &log))
	bare := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"ada","exp":1}`)) + ".c2ln"
	target := &verify.Target{WebSocketURL: good.WebSocketURL, HTTPURL: good.HTTPURL, Token: bare, Sign: good.Sign, OperatorToken: good.Token}
	checks, err := verify.Select(verify.Checks(), []string{"a token without a tenant: 401", "a token for another audience: 401",
		"a token of another issuer: 401", "a token without a subject: 401"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	skipped := map[string]bool{}
	verify.Run(t.Context(), target, checks, func(r verify.Result) { skipped[r.Name] = r.Skipped() })
	want := map[string]bool{"a token without a tenant: 401": true, "a token for another audience: 401": true,
		"a token of another issuer: 401": true, "a token without a subject: 401": false}
	if !maps.Equal(skipped, want) {
		t.Errorf("got %v, want %v", skipped, want)
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	checks := []verify.Check{{Group: "http", Name: "no token: 401"}, {Group: "http", Name: "a path: 404"},
		{Group: "handshake", Name: "no token: 401"}}
	tests := map[string]struct {
		only, skip []string
		want       []int
		fails      bool
	}{
		"all":                        {nil, nil, []int{0, 1, 2}, false},
		"a group":                    {[]string{"http"}, nil, []int{0, 1}, false},
		"all but a group":            {nil, []string{"http"}, []int{2}, false},
		"a name, in two groups":      {[]string{"no token: 401"}, nil, []int{0, 2}, false},
		"a group and a name":         {[]string{"http/no token: 401"}, nil, []int{0}, false},
		"a pattern":                  {[]string{"*401"}, nil, []int{0, 2}, false},
		"two patterns":               {[]string{"hand*", "*404"}, nil, []int{1, 2}, false},
		"one of a group":             {[]string{"http"}, []string{"*404"}, []int{0}, false},
		"none is left":               {[]string{"*404"}, []string{"http"}, nil, false},
		"a part of a name":           {[]string{"token"}, nil, nil, true},
		"skip matches none":          {nil, []string{"htp"}, nil, true},
		"what is special in regexps": {[]string{"h.*"}, nil, nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := verify.Select(checks, test.only, test.skip)
			if (err != nil) != test.fails {
				t.Fatalf("got error %v, want one: %v", err, test.fails)
			}
			var want []string
			for _, i := range test.want {
				want = append(want, checks[i].Group+"/"+checks[i].Name)
			}
			var names []string
			for _, c := range got {
				names = append(names, c.Group+"/"+c.Name)
			}
			if !slices.Equal(names, want) {
				t.Errorf("got %q, want %q", names, want)
			}
		})
	}
}
