package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

func TestALostConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	running := func(id string) wire.Snapshot {
		return wire.Snapshot{ID: id, Action: "long", State: wire.StateRunning, Percentage: 40, Rev: 4}
	}
	succeeded := func(id string) wire.Snapshot {
		return wire.Snapshot{ID: id, Action: "long", State: wire.StateSucceeded, Percentage: 100, Rev: 9, Result: json.RawMessage(`"done"`)}
	}
	for _, tt := range []struct {
		name   string
		play   script
		result string
		seen   []float64
	}{
		{"before the message was acknowledged: sent again under the same id", func(n int, p *peer) {
			m, _ := p.expect("long")
			if m.ID != "r-1" || string(m.Payload) != `7` {
				t.Errorf("connection %d brought %+v", n, m)
			}
			if n == 1 {
				return
			}
			p.send(ack(m.ID))
			p.send(complete(m.ID, 2, `"done"`))
			p.drain()
		}, `"done"`, nil},
		{"the server had stored it: the snapshot answers", func(n int, p *peer) {
			m, _ := p.expect("long")
			if n == 1 {
				return
			}
			p.send(snapshot(m.ID, running(m.ID)))
			p.send(complete(m.ID, 5, `"done"`))
			p.drain()
		}, `"done"`, []float64{40}},
		{"after the acknowledgment: subscribed, and it has ended", func(n int, p *peer) {
			if n == 1 {
				p.expect("long")
				p.send(ack("r-1"))
				return
			}
			m, _ := p.expect(wire.ActionSubscribe)
			p.send(snapshot(m.ID, succeeded(ref(t, m))))
			p.drain()
		}, `"done"`, nil},
		{"after progress: an older snapshot is not shown", func(n int, p *peer) {
			if n == 1 {
				p.expect("long")
				p.send(progress("r-1", 6, 60))
				return
			}
			m, _ := p.expect(wire.ActionSubscribe)
			p.send(snapshot(m.ID, running(ref(t, m))))
			p.send(progress("r-1", 7, 70))
			p.send(complete("r-1", 8, `"done"`))
			p.drain()
		}, `"done"`, []float64{60, 70}},
		{"subscribing fails for now: it asks again", func(n int, p *peer) {
			if n == 1 {
				p.expect("long")
				p.send(ack("r-1"))
				return
			}
			for range 2 {
				m, _ := p.expect(wire.ActionSubscribe)
				p.send(failure(m.ID, 0, wire.ServiceUnavailable))
			}
			m, _ := p.expect(wire.ActionSubscribe)
			p.send(snapshot(m.ID, succeeded(ref(t, m))))
			p.drain()
		}, `"done"`, nil},
		{"the final frame came just before the loss", func(n int, p *peer) {
			if n > 1 {
				p.drain()
				return
			}
			p.expect("long")
			p.send(complete("r-1", 2, `"done"`))
		}, `"done"`, nil},
		{"a frame too large to hold: the snapshot is asked for instead", func(n int, p *peer) {
			if n == 1 {
				p.expect("long")
				p.send(ack("r-1"))
				p.raw(`{"type":"complete","request_id":"r-1","rev":2,"result":"` + strings.Repeat("z", 1<<20) + `"}`)
				p.drain()
				return
			}
			m, _ := p.expect(wire.ActionSubscribe)
			p.send(snapshot(m.ID, succeeded(ref(t, m))))
			p.drain()
		}, `"done"`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, tt.play)
			var seen percentages
			got, err := c.Do(t.Context(), client.Request{Action: "long", ID: "r-1", Payload: 7}, seen.add)
			wantResult(t, got, err, tt.result)
			seen.want(t, tt.seen...)
		})
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		s    wire.Snapshot
		live []wire.Frame
		want string
		code wire.Code
		seen []float64
	}{
		{"running", wire.Snapshot{State: wire.StateRunning, Percentage: 10, Rev: 5},
			[]wire.Frame{progress("r-1", 5, 9), progress("r-1", 6, 60), complete("r-1", 7, `1`)}, `1`, "", []float64{10, 60}},
		{"ended", wire.Snapshot{State: wire.StateSucceeded, Rev: 5, Result: json.RawMessage(`[ 1 ]`)}, nil, `[ 1 ]`, "", nil},
		{"failed", wire.Snapshot{State: wire.StateFailed, Rev: 5, Error: &wire.Error{Code: wire.Timeout}}, nil, "", wire.Timeout, nil},
		{"cancelled meanwhile", wire.Snapshot{State: wire.StateQueued, Rev: 1},
			[]wire.Frame{failure("r-1", 2, wire.Cancelled)}, "", wire.Cancelled, []float64{0}},
		{"failed without a word", wire.Snapshot{State: wire.StateFailed, Rev: 5}, nil, "", wire.InternalError, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, func(_ int, p *peer) {
				m, _ := p.expect(wire.ActionSubscribe)
				tt.s.ID, tt.s.Action = ref(t, m), "long"
				p.send(snapshot(m.ID, tt.s))
				for _, f := range tt.live {
					p.send(f)
				}
				p.drain()
			})
			call, err := c.Watch(t.Context(), "r-1")
			if err != nil {
				t.Fatal(err)
			}
			var seen percentages
			got, err := call.Wait(seen.add)
			if tt.code != "" {
				wantCode(t, err, tt.code, "r-1")
			} else {
				wantResult(t, got, err, tt.want)
			}
			seen.want(t, tt.seen...)
		})
	}
}

// What a snapshot says of the progress reaches the caller whole.
func TestASnapshotsProgressIsWhole(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.expect(wire.ActionSubscribe)
		p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), State: wire.StateRunning, Percentage: 40, Message: "reading",
			Metadata: json.RawMessage(`{"rows":7}`), Rev: 5}))
		p.send(complete("r-1", 6, `1`))
		p.drain()
	})
	call, err := c.Watch(t.Context(), "r-1")
	if err != nil {
		t.Fatal(err)
	}
	var got []client.Progress
	if _, err := call.Wait(func(p client.Progress) { got = append(got, p) }); err != nil {
		t.Fatal(err)
	}
	want := []client.Progress{{State: wire.StateRunning, Percentage: 40, Message: "reading", Metadata: json.RawMessage(`{"rows":7}`),
		Rev: 5, Timestamp: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

// A short action is not stored: losing the connection before its answer runs it
// again.
func TestAShortActionIsSentAgain(t *testing.T) {
	t.Parallel()
	c := dial(t, func(n int, p *peer) {
		m, _ := p.expect("echo")
		if n < 3 {
			return
		}
		p.send(response(m.ID, `3`))
		p.drain()
	})
	got, err := c.Do(t.Context(), client.Request{Action: "echo"}, nil)
	wantResult(t, got, err, `3`)
}

// An action that failed must not run again because the connection went with its
// answer.
func TestAnAnswerJustBeforeTheLossCounts(t *testing.T) {
	t.Parallel()
	const times = 200
	var (
		mu   sync.Mutex
		runs int
	)
	c := dial(t, func(_ int, p *peer) {
		m, ok := p.read()
		if !ok {
			return
		}
		mu.Lock()
		runs++
		mu.Unlock()
		p.send(failure(m.ID, 0, wire.ProcessingFailed))
	}, func(cfg *client.Config) { cfg.Backoff = client.Backoff{Min: 1, Max: time.Millisecond} })
	for range times {
		_, err := c.Do(t.Context(), client.Request{Action: "charge", ID: "r-1"}, nil)
		wantCode(t, err, wire.ProcessingFailed, "r-1")
	}
	mu.Lock()
	defer mu.Unlock()
	if runs != times {
		t.Errorf("%d calls ran %d times", times, runs)
	}
}

func TestReservedActionsSurviveALoss(t *testing.T) {
	t.Parallel()
	c := dial(t, func(n int, p *peer) {
		m, _ := p.expect(wire.ActionGet)
		if n == 1 {
			return
		}
		p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), State: wire.StateQueued, Rev: 1}))
		p.drain()
	})
	if s, err := c.Get(t.Context(), "r-1"); err != nil || s.ID != "r-1" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestARefusedTokenIsFinal(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			handshakes := 0
			url := serve(t, sockets(nil, func(n int, _ *http.Request) int { handshakes = n; return status }))
			_, err := client.Dial(t.Context(), client.Config{URL: url + "?token=secret", Backoff: quick})
			var refused *client.ConnectError
			if !errors.As(err, &refused) || refused.Status != status || handshakes != 1 {
				t.Errorf("got %v after %d handshakes, want the status %d after one", err, handshakes, status)
				return
			}
			if !strings.HasSuffix(err.Error(), http.StatusText(status)+": the test refuses") || strings.Contains(err.Error(), "secret") {
				t.Errorf("it says %q", err)
			}
		})
	}
}

// What a server says beside a status is in the error one time, also where that is the status's own text.
func TestAConnectErrorSaysThingsOnce(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]*client.ConnectError{
		"connect to ws://x: 401 Unauthorized":          {URL: "ws://x", Status: 401, Err: errors.New("Unauthorized")},
		"connect to ws://x: 401 Unauthorized: expired": {URL: "ws://x", Status: 401, Err: errors.New("expired")},
		"connect to ws://x: Unauthorized":              {URL: "ws://x", Err: errors.New("Unauthorized")},
	} {
		t.Run(want, func(t *testing.T) {
			if got := err.Error(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A refusal's body may be $connect's problem document, API Gateway's own, or
// anything.
func TestARefusalSaysWhy(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		`{"detail":"the token has expired","code":"UNAUTHORIZED"}`: "401 Unauthorized: the token has expired",
		`{"message":"Unauthorized by the authorizer"}`:             "401 Unauthorized: Unauthorized by the authorizer",
		`<html>`: "401 Unauthorized",
	} {
		t.Run(body, func(t *testing.T) {
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, http.StatusUnauthorized) }))
			if _, err := client.Dial(t.Context(), client.Config{URL: url}); err == nil || !strings.HasSuffix(err.Error(), "/dev: "+says) {
				t.Errorf("got the error %v, want one that ends in %q", err, says)
			}
		})
	}
}

// A fault of the gateway's own has its request id, by which its logs are searched.
func TestAFaultOfTheGatewayHasItsID(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		`{"message":"Internal server error"}`: "500 Internal Server Error: Internal server error (request id gw-1)",
		``:                                    "500 Internal Server Error: request id gw-1",
	} {
		t.Run(body, func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amzn-Requestid", "gw-1")
				http.Error(w, body, http.StatusInternalServerError)
			}))
			var said string
			_, err := client.Dial(ctx, client.Config{URL: url, OnState: func(s client.State) {
				if s.Err != nil && said == "" {
					said = s.Err.Error()
					leave() // it would try again
				}
			}})
			if err == nil || !strings.HasSuffix(said, "/dev: "+says) {
				t.Errorf("got the error %v, and before it %q, want one that ends in %q", err, said, says)
			}
		})
	}
}

// Several callers may watch one request; the first to leave takes nothing from
// the others.
func TestTwoWatchOneRequest(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	c := dial(t, func(_ int, p *peer) {
		for range 2 {
			m, _ := p.expect(wire.ActionSubscribe)
			p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), State: wire.StateRunning, Rev: 2}))
		}
		<-goOn
		p.send(complete("r-1", 3, `1`))
		p.drain()
	})
	ctx, leave := context.WithCancel(t.Context())
	first, err := c.Watch(ctx, "r-1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Watch(t.Context(), "r-1")
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := first.Wait(nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the first ended with %v", err)
	}
	close(goOn)
	got, err := second.Wait(nil)
	wantResult(t, got, err, `1`)
}

func TestOtherRefusalsAreTriedAgain(t *testing.T) {
	t.Parallel()
	var states []client.State
	statuses := []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable}
	url := serve(t, sockets(func(_ int, p *peer) {
		m, _ := p.read()
		p.send(response(m.ID, `1`))
		p.drain()
	}, func(n int, r *http.Request) int {
		if got := r.Header.Get("Authorization"); got != "Bearer the-token" {
			t.Errorf("handshake %d has the header %q", n, got)
		}
		if n <= len(statuses) {
			return statuses[n-1]
		}
		return 0
	}))
	connected := make(chan struct{})
	var out logs
	c, err := client.Dial(t.Context(), client.Config{URL: url + "?token=the-token", Backoff: quick, Logger: out.logger(),
		Token: func(context.Context) (string, error) { return "the-token", nil },
		OnState: func(s client.State) {
			states = append(states, s)
			if s.Connected {
				close(connected)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	<-connected
	if len(states) != 4 || !states[3].Connected {
		t.Fatalf("the states were %+v", states)
	}
	if text := out.String(); strings.Contains(text, "the-token") || !strings.Contains(text, "502 Bad Gateway") {
		t.Errorf("the log is %s", text)
	}
	if states[0].RetryIn+states[1].RetryIn+states[2].RetryIn == 0 {
		t.Errorf("got no time to the next attempt in %+v", states[:3])
	}
	for i, s := range states[:3] {
		var refused *client.ConnectError
		if s.Attempt != i+1 || s.RetryIn > quick.Max || !errors.As(s.Err, &refused) || refused.Status != statuses[i] {
			t.Errorf("state %d is %+v", i, s)
		}
	}
}

func TestDialTriesUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, sockets(nil, func(n int, _ *http.Request) int {
		if n == 3 {
			cancel()
		}
		return http.StatusServiceUnavailable
	}))
	_, err := client.Dial(ctx, client.Config{URL: url, Backoff: quick})
	var refused *client.ConnectError
	if !errors.As(err, &refused) || !errors.Is(err, context.Canceled) || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("dial ended with %+v, want the status 503 and the context's error", err)
	}
}

func TestATokenSourceThatFailsEndsDial(t *testing.T) {
	t.Parallel()
	noKey := errors.New("no key file")
	_, err := client.Dial(t.Context(), client.Config{URL: "ws://127.0.0.1:1/dev",
		Token: func(context.Context) (string, error) { return "", noKey }})
	var connect *client.ConnectError
	if !errors.As(err, &connect) || !errors.Is(err, noKey) {
		t.Errorf("dial ended with %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("connection refused")
		cfg := client.Config{URL: "ws://nobody/dev?token=secret", HTTPClient: &http.Client{
			Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, refused })}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		since := time.Now()
		_, err := client.Dial(ctx, cfg)
		if !errors.Is(err, refused) || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret") {
			t.Errorf("dial ended with %v", err)
		}
		if took := time.Since(since); took != time.Minute {
			t.Errorf("it gave up after %v", took)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The token may run out while the client is away. Then nothing helps but a new
// client.
func TestARefusalWhileConnectingAgainEndsEveryCall(t *testing.T) {
	t.Parallel()
	url := serve(t, sockets(func(_ int, p *peer) {
		m, _ := p.read()
		p.send(ack(m.ID))
	}, func(n int, _ *http.Request) int {
		if n > 1 {
			return http.StatusUnauthorized
		}
		return 0
	}))
	c, err := client.Dial(t.Context(), client.Config{URL: url, Backoff: quick})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Do(t.Context(), client.Request{Action: "long"}, nil)
	for range 2 {
		var refused *client.ConnectError
		if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
			t.Errorf("the call ended with %v", err)
		}
		_, err = c.Get(t.Context(), "r-1")
	}
}

// A token may be revoked or expire between the source and the handshake: the
// source is asked once more before the client gives up.
func TestARefusedTokenIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		accept string // the token that the server takes when the client returns
		asked  int
	}{
		{"the next one is good", "token 3", 3},
		{"none is", "none", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, sockets(func(n int, p *peer) {
				m, _ := p.read()
				if n > 1 {
					p.send(response(m.ID, `1`))
					p.drain()
				}
			}, func(n int, r *http.Request) int {
				if n > 1 && r.Header.Get("Authorization") != "Bearer "+tt.accept {
					return http.StatusUnauthorized
				}
				return 0
			}))
			var asked atomic.Int64
			c, err := client.Dial(t.Context(), client.Config{URL: url, Backoff: quick, Token: func(context.Context) (string, error) {
				return fmt.Sprint("token ", asked.Add(1)), nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			got, err := c.Do(t.Context(), client.Request{Action: "echo"}, nil)
			var refused *client.ConnectError
			if tt.accept == "none" {
				if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
					t.Errorf("got %s, %v, want the status 401", got, err)
				}
			} else {
				wantResult(t, got, err, `1`)
			}
			if got := int(asked.Load()); got != tt.asked {
				t.Errorf("the source was asked %d times, want %d", got, tt.asked)
			}
		})
	}
}

// A token source that fails while the client is away is asked again.
func TestATokenSourceMayFailForAWhile(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := 0
	c := dial(t, func(n int, p *peer) {
		m, _ := p.read()
		if n == 1 {
			return
		}
		p.send(response(m.ID, `1`))
		p.drain()
	}, func(cfg *client.Config) {
		cfg.Token = func(context.Context) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if asked++; asked == 2 {
				return "", errors.New("the identity provider is away")
			}
			return "token", nil
		}
	})
	got, err := c.Do(t.Context(), client.Request{Action: "echo"}, nil)
	wantResult(t, got, err, `1`)
	if asked != 3 {
		t.Errorf("the source was asked %d times", asked)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cfg  client.Config
		says string
	}{
		{client.Config{}, `Config.URL "" is not a valid ws:// or wss:// URL`},
		{client.Config{URL: "http://host?token=x"}, `Config.URL "http://host" is not a valid ws:// or wss:// URL`},
		{client.Config{URL: "ws://host", HTTPURL: "host"}, `Config.HTTPURL "host" is not a valid http:// or https:// URL`},
		{client.Config{URL: "ws://host", KeepAlive: -1}, "Config.KeepAlive -1ns is negative"},
		{client.Config{URL: "ws://host", Backoff: client.Backoff{Min: time.Hour}}, "Config.Backoff has Min 1h0m0s and Max 20s: set 0 < Min <= Max"},
		{client.Config{URL: "ws://host", Backoff: client.Backoff{Min: -1}}, "Config.Backoff has Min -1ns and Max 20s: set 0 < Min <= Max"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			if _, err := client.Dial(t.Context(), tt.cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Dial: got the error %v, want one with %q", err, tt.says)
			}
			if _, err := client.HTTP(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("HTTP: got the error %v, want one with %q", err, tt.says)
			}
		})
	}
}
