package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

func TestAnIdleConnectionIsKeptAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pings := make(chan time.Time, 100)
		cfg := inBubble(t, sockets(func(_ int, p *peer) {
			for m := range p.messages() {
				if m.Action != wire.ActionPing {
					t.Errorf("it sent %s", m.Action)
				}
				pings <- time.Now()
				p.send(wire.Frame{Type: wire.TypePong, RequestID: m.ID, Timestamp: time.Now()})
			}
		}, nil))
		since := time.Now()
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range 24 { // two hours, the longest that API Gateway keeps a connection
			at := <-pings
			if quiet := at.Sub(since); quiet >= 10*time.Minute {
				t.Errorf("the connection was idle for %v", quiet)
			}
			since = at
		}
		c.Close()
	})
}

func TestAPingWithoutAnswerReplacesTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := inBubble(t, sockets(func(n int, p *peer) {
			if n == 1 { // the request is taken, and then silence
				m, _ := p.expect("long")
				p.send(ack(m.ID))
				p.expect(wire.ActionPing)
				p.drain()
				return
			}
			m, _ := p.expect(wire.ActionSubscribe)
			p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), State: wire.StateSucceeded, Rev: 2, Result: json.RawMessage(`1`)}))
			p.drain()
		}, nil))
		cfg.KeepAlive = time.Minute
		since := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		c, err := client.Dial(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Do(ctx, client.Request{Action: "long"}, nil)
		wantResult(t, got, err, `1`)
		if took := time.Since(since); took < time.Minute || took > 2*time.Minute {
			t.Errorf("it noticed after %v", took)
		}
		c.Close()
	})
}

// The network drops the connection without a word: nothing arrives, nothing fails.
func TestAHalfOpenConnectionIsNoticedWithinAMinute(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ack  bool // the request is stored before the silence
	}{{"while a request runs", true}, {"while a call waits for its answer", false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				cfg := inBubble(t, sockets(func(n int, p *peer) {
					m, _ := p.read()
					switch {
					case n == 1 && tt.ack:
						p.send(ack(m.ID))
						fallthrough
					case n == 1:
						<-over // it reads and writes nothing more, and so answers no ping
					case tt.ack:
						p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), State: wire.StateSucceeded, Rev: 2, Result: json.RawMessage(`1`)}))
						p.drain()
					default:
						p.send(response(m.ID, `1`))
						p.drain()
					}
				}, nil))
				c, err := client.Dial(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				since := time.Now()
				got, err := c.Do(t.Context(), client.Request{Action: "a"}, nil)
				wantResult(t, got, err, `1`)
				if took := time.Since(since); took > time.Minute {
					t.Errorf("it noticed after %v, want at most a minute", took)
				}
				c.Close()
				close(over)
			})
		})
	}
}

// A connection over which nothing comes is replaced when a pong is missing; one over which
// frames come lives, however late its pong is.
func TestAPongThatIsLate(t *testing.T) {
	t.Parallel()
	noPong := &websocket.AcceptOptions{OnPingReceived: func(context.Context, []byte) bool { return false }}
	for _, tt := range []struct {
		name        string
		busy        bool
		connections int
	}{{"a busy connection", true, 1}, {"a silent one", false, 2}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				connections := 0
				cfg := inBubble(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					connections++
					conn, err := websocket.Accept(w, r, noPong)
					if err != nil {
						return
					}
					defer conn.CloseNow()
					p := &peer{conn: conn, header: r.Header, ctx: r.Context()}
					m, _ := p.read()
					switch {
					case connections > 1:
						p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), State: wire.StateSucceeded, Rev: 30, Result: json.RawMessage(`1`)}))
					case tt.busy:
						p.send(ack(m.ID))
						go func() {
							for rev := int64(2); rev < 30; rev++ {
								time.Sleep(5 * time.Second)
								p.send(progress(m.ID, rev, float64(rev)))
							}
							p.send(complete(m.ID, 30, `1`))
						}()
					default:
						p.send(ack(m.ID))
					}
					p.drain()
				}))
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute) // less than the pings of the protocol take
				defer cancel()
				c, err := client.Dial(ctx, cfg)
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Do(ctx, client.Request{Action: "long"}, nil)
				wantResult(t, got, err, `1`)
				if connections != tt.connections {
					t.Errorf("it connected %d times, want %d", connections, tt.connections)
				}
				c.Close()
			})
		})
	}
}

func TestAMessageWithoutAnswerTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := inBubble(t, sockets(func(_ int, p *peer) { p.drain() }, nil))
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		since := time.Now()
		_, err = c.Do(t.Context(), client.Request{Action: "a", ID: "r-1"}, nil)
		if e := wantCode(t, err, wire.Timeout, "r-1"); !e.Retryable {
			t.Error("it does not say that a retry is safe")
		}
		if took := time.Since(since); took != 30*time.Second {
			t.Errorf("it took %v", took)
		}
		c.Close()
	})
}

// API Gateway's error frame names no request. Who has an answer within the
// backoff is not sent again; who never has one fails after a few rounds.
func TestAMessageThatTheGatewayCouldNotHandOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const refusal = `{"message": "Internal server error", "connectionId":"a=", "requestId":"b="}`
		sent := map[string]int{}
		cfg := inBubble(t, sockets(func(_ int, p *peer) {
			slow := ""
			for m := range p.messages() {
				sent[m.ID]++
				switch {
				case m.ID == "slow":
					slow = m.ID
				case m.ID == "never" || sent[m.ID] < 3:
					p.raw(refusal)
				default:
					p.send(response(m.ID, `1`))
				}
				if slow != "" && m.ID != slow {
					p.send(response(slow, `2`))
				}
			}
		}, nil))
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		slow, done := make(chan error, 1), make(chan struct{})
		go func() {
			_, err := c.Do(t.Context(), client.Request{Action: "a", ID: "slow"}, nil)
			slow <- err
		}()
		synctest.Wait()
		go func() {
			defer close(done)
			got, err := c.Do(t.Context(), client.Request{Action: "a", ID: "twice"}, nil)
			wantResult(t, got, err, `1`)
		}()
		<-done
		if err := <-slow; err != nil || sent["slow"] != 1 || sent["twice"] != 3 {
			t.Errorf("sent %v, %v", sent, err)
		}
		_, err = c.Do(t.Context(), client.Request{Action: "a", ID: "never"}, nil)
		if e := wantCode(t, err, wire.ServiceUnavailable, "never"); !e.Retryable || sent["never"] != 5 {
			t.Errorf("sent %v, retryable %v", sent, e.Retryable)
		}
		if err := c.Ping(t.Context()); err == nil { // the script answers with a frame of another type
			t.Error("a ping was answered with a response")
		}
		c.Close()
	})
}

func TestATokenIsRenewedOnTheLiveConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		renewed := make(chan string, 100)
		cfg := inBubble(t, sockets(func(n int, p *peer) {
			if n != 1 {
				t.Error("it connected again")
			}
			for m := range p.messages() {
				if m.Action == wire.ActionPing {
					p.send(wire.Frame{Type: wire.TypePong, RequestID: m.ID})
					continue
				}
				var in wire.Authenticate
				if err := json.Unmarshal(m.Payload, &in); err != nil || m.Action != wire.ActionAuthenticate {
					t.Errorf("it sent %s %s", m.Action, m.Payload)
				}
				renewed <- in.Token
				p.send(response(m.ID, `{"expires_at":"2026-01-01T00:00:00Z"}`))
			}
		}, nil))
		start := time.Now()
		tokens := []string{
			jwt(start.Add(time.Hour)),               // to connect
			jwt(start.Add(time.Hour)),               // the source has no newer one yet
			"",                                      // or none at all
			jwt(start.Add(time.Hour - time.Second)), // or one that ends earlier
			jwt(start.Add(2 * time.Hour)),
			jwt(start.Add(3 * time.Hour)),
		}
		asked := 0
		cfg.Token = func(context.Context) (string, error) {
			asked++
			if tokens[asked-1] == "" {
				return "", errors.New("no token")
			}
			return tokens[asked-1], nil
		}
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			if got := <-renewed; got != tokens[4+i] {
				t.Errorf("renewal %d brought %s", i, got)
			}
			expires := start.Add(time.Duration(i+1) * time.Hour)
			if left := time.Until(expires); left <= 0 || left > time.Minute {
				t.Errorf("renewal %d came %v before the token expired", i, left)
			}
		}
		c.Close()
	})
}

// A server that does not answer a close is not waited for.
func TestCloseDoesNotWaitForADeadServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		cfg := inBubble(t, sockets(func(_ int, p *peer) { <-over }, nil))
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		since := time.Now()
		c.Close()
		if took := time.Since(since); took > time.Second {
			t.Errorf("close took %v", took)
		}
		close(over)
	})
}

func TestOverHTTPABrokenServerIsPolledWithPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		polls := 0
		cfg := inBubble(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			polls++
			s := wire.Snapshot{ID: "r-1", State: wire.StateRunning, Rev: 3}
			switch { // it does not wait, and is away for some time
			case time.Since(bubbleStart) > time.Hour:
				s = wire.Snapshot{ID: "r-1", State: wire.StateSucceeded, Rev: 4, Result: json.RawMessage(`1`)}
			case polls > 100:
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.Write(s.Append(nil))
		}))
		c, err := client.HTTP(cfg)
		if err != nil {
			t.Fatal(err)
		}
		call, err := c.Watch(t.Context(), "r-1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := call.Wait(nil)
		wantResult(t, got, err, `1`)
		if polls > 1000 {
			t.Errorf("it polled %d times in an hour", polls)
		}
		c.Close()
	})
}

// What API Gateway refuses is sent again after a pause with jitter, so that the
// messages of many clients do not come back in step.
func TestRefusedMessagesComeAgainAfterABackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const messages = 10
		var (
			mu    sync.Mutex
			first = map[string]time.Time{}
			gaps  = map[time.Duration]bool{}
		)
		cfg := inBubble(t, sockets(func(_ int, p *peer) {
			for m := range p.messages() {
				mu.Lock()
				if since, ok := first[m.ID]; ok {
					gaps[time.Since(since)] = true
					p.send(response(m.ID, `1`))
				} else if first[m.ID] = time.Now(); len(first) == messages {
					p.raw(`{"message": "Internal server error", "connectionId":"a=", "requestId":"b="}`)
				}
				mu.Unlock()
			}
		}, nil))
		cfg.Backoff = client.Backoff{Min: time.Second, Max: 10 * time.Second}
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range messages {
			wg.Go(func() {
				got, err := c.Do(t.Context(), client.Request{Action: "a"}, nil)
				wantResult(t, got, err, `1`)
			})
		}
		wg.Wait()
		for gap := range gaps {
			if gap < time.Second {
				t.Errorf("a message came again after %v, want at least a second", gap)
			}
		}
		if len(gaps) < messages/2 {
			t.Errorf("%d messages came again after %d different times, want jitter", messages, len(gaps))
		}
		c.Close()
	})
}

// A server that drops every connection right after the handshake is not asked
// again at once.
func TestAServerThatDropsItsClientsIsNotAskedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var handshakes atomic.Int64
		cfg := inBubble(t, sockets(func(int, *peer) { handshakes.Add(1) }, nil))
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if got := handshakes.Load(); got < 20 || got > 150 { // 10 s apart on average
			t.Errorf("got %d handshakes in ten minutes, want about 60", got)
		}
		c.Close()
	})
}

// Subscribing again waits for as long as the server asks.
func TestRetryAfterCountsForPolling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		polls := 0
		var refused time.Time
		cfg := inBubble(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			polls++
			s := wire.Snapshot{ID: "r-1", State: wire.StateRunning, Rev: 3}
			switch polls {
			case 1:
			case 2:
				refused = time.Now()
				w.WriteHeader(http.StatusTooManyRequests)
				fmt.Fprint(w, `{"code":"RATE_LIMITED","detail":"slow down","retry":{"retryable":true,"after":7}}`)
				return
			default:
				if waited := time.Since(refused); waited < 7*time.Second || waited > 10*time.Second {
					t.Errorf("it polled again after %v, want the 7 s that the server asked for", waited)
				}
				s = wire.Snapshot{ID: "r-1", State: wire.StateSucceeded, Rev: 4, Result: json.RawMessage(`1`)}
			}
			w.Write(s.Append(nil))
		}))
		c, err := client.HTTP(cfg)
		if err != nil {
			t.Fatal(err)
		}
		call, err := c.Watch(t.Context(), "r-1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := call.Wait(nil)
		wantResult(t, got, err, `1`)
		c.Close()
	})
}

func TestRetryAfterCountsForSubscribing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var refused time.Time
		cfg := inBubble(t, sockets(func(n int, p *peer) {
			m, _ := p.read()
			if n == 1 {
				p.send(ack(m.ID))
				return
			}
			f := failure(m.ID, 0, wire.RateLimited)
			f.Error.Retry.After = 7
			p.send(f)
			refused = time.Now()
			m, _ = p.expect(wire.ActionSubscribe)
			if waited := time.Since(refused); waited < 7*time.Second || waited > 10*time.Second {
				t.Errorf("it subscribed again after %v, want the 7 s that the server asked for", waited)
			}
			p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), State: wire.StateSucceeded, Rev: 2, Result: json.RawMessage(`1`)}))
			p.drain()
		}, nil))
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Do(t.Context(), client.Request{Action: "a"}, nil)
		wantResult(t, got, err, `1`)
		c.Close()
	})
}

// bubbleStart is when time begins in a bubble.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
