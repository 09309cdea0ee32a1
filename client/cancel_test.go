package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// A slowStore is a server that stores a request a second after its message came,
// and answers everything else at once: messages overtake each other on it, as
// they do behind API Gateway.
type slowStore struct {
	loseAnswers int // how many connections are lost with the message still under way

	mu     sync.Mutex
	stored map[string]bool
	got    []string // actions, in the order in which they came
}

func (s *slowStore) play(n int, p *peer) {
	for m := range p.messages() {
		s.mu.Lock()
		s.got = append(s.got, m.Action)
		s.mu.Unlock()
		if m.Action == "long" {
			go func() {
				time.Sleep(time.Second)
				s.mu.Lock()
				s.stored[m.ID] = true
				s.mu.Unlock()
				p.send(ack(m.ID))
			}()
			if n <= s.loseAnswers {
				return
			}
			continue
		}
		s.answer(p, m)
	}
}

func (s *slowStore) answer(p *peer, m wire.Message) {
	var in wire.RequestRef
	if json.Unmarshal(m.Payload, &in) != nil {
		panic(string(m.Payload))
	}
	s.mu.Lock()
	stored := s.stored[in.RequestID]
	s.mu.Unlock()
	switch {
	case !stored:
		p.send(failure(m.ID, 0, wire.NotFound))
	case m.Action == wire.ActionCancel:
		p.send(snapshot(m.ID, wire.Snapshot{ID: in.RequestID, State: wire.StateCancelled, Rev: 5, Error: &wire.Error{Code: wire.Cancelled}}))
		p.send(failure(in.RequestID, 5, wire.Cancelled))
	default:
		p.send(snapshot(m.ID, wire.Snapshot{ID: in.RequestID, State: wire.StateQueued, Rev: 1}))
	}
}

func (s *slowStore) wantMessages(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	got, _ := json.Marshal(s.got)
	wanted, _ := json.Marshal(want)
	if string(got) != string(wanted) {
		t.Errorf("the server got %s, want %s", got, wanted)
	}
}

// A message about a request waits for the answer to the message that makes it.
func TestNothingOvertakesASubmit(t *testing.T) {
	t.Parallel()
	for action, do := range map[string]func(context.Context, *client.Client) (wire.Snapshot, error){
		wire.ActionCancel: func(ctx context.Context, c *client.Client) (wire.Snapshot, error) { return c.Cancel(ctx, "r-1") },
		wire.ActionRedrive: func(ctx context.Context, c *client.Client) (wire.Snapshot, error) {
			return c.Redrive(ctx, "r-1")
		},
		wire.ActionSignal: func(ctx context.Context, c *client.Client) (wire.Snapshot, error) {
			return c.Signal(ctx, "r-1", "approval", nil)
		},
		wire.ActionGet: func(ctx context.Context, c *client.Client) (wire.Snapshot, error) { return c.Get(ctx, "r-1") },
		wire.ActionWhy: func(ctx context.Context, c *client.Client) (wire.Snapshot, error) { return c.Why(ctx, "r-1") },
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &slowStore{stored: map[string]bool{}}
				c, err := client.Dial(t.Context(), inBubble(t, sockets(store.play, nil)))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				ctx, cancel := context.WithCancel(t.Context())
				started := make(chan error, 1)
				go func() {
					call, err := c.Start(ctx, client.Request{Action: "long", ID: "r-1"})
					if err == nil && action == wire.ActionCancel {
						_, err = call.Wait(nil)
					}
					started <- err
				}()
				synctest.Wait() // the message is under way
				s, err := do(t.Context(), c)
				if err != nil || s.ID != "r-1" {
					t.Errorf("got %+v, %v, want the request", s, err)
				}
				if action == wire.ActionCancel {
					wantCode(t, <-started, wire.Cancelled, "r-1")
				} else if err := <-started; err != nil {
					t.Errorf("started: %v", err)
				}
				store.wantMessages(t, "long", action)
				cancel()
			})
		})
	}
}

// Without a connection the message is still to be sent: it never is.
func TestACancelDropsWhatWasNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{stored: map[string]bool{}}
		lose := make(chan struct{})
		cfg := inBubble(t, sockets(func(n int, p *peer) {
			if n == 1 {
				<-lose
				return
			}
			store.play(n, p)
		}, func(n int, _ *http.Request) int {
			if n == 2 || n == 3 {
				return http.StatusServiceUnavailable
			}
			return 0
		}))
		cfg.Backoff = client.Backoff{Min: time.Minute, Max: time.Minute}
		cfg.KeepAlive = time.Hour
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		close(lose)
		synctest.Wait()
		started := make(chan error, 1)
		go func() {
			_, err := c.Start(t.Context(), client.Request{Action: "long", ID: "r-1"})
			started <- err
		}()
		synctest.Wait()
		since := time.Now()
		s, err := c.Cancel(t.Context(), "r-1")
		if err != nil || s.ID != "r-1" || s.Action != "long" || s.State != wire.StateCancelled || time.Since(since) != 0 {
			t.Errorf("the cancel answered %+v, %v after %v, want the state CANCELLED at once", s, err, time.Since(since))
		}
		wantCode(t, <-started, wire.Cancelled, "r-1")
		time.Sleep(10 * time.Minute) // it has connected again
		store.wantMessages(t)
	})
}

// The connection is lost with the message under way, and the server stores it
// afterwards: the message is not sent again, and the cancel finds the request.
func TestACancelFollowsAMessageWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{stored: map[string]bool{}, loseAnswers: 1}
		cfg := inBubble(t, sockets(store.play, nil))
		cfg.Backoff = client.Backoff{Min: 400 * time.Millisecond, Max: 400 * time.Millisecond}
		c, err := client.Dial(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		started := make(chan error, 1)
		go func() {
			_, err := c.Start(t.Context(), client.Request{Action: "long", ID: "r-1"})
			started <- err
		}()
		synctest.Wait() // the connection is lost
		s, err := c.Cancel(t.Context(), "r-1")
		if err != nil || s.State != wire.StateCancelled || s.Rev != 5 {
			t.Errorf("the cancel answered %+v, %v, want the server's CANCELLED", s, err)
		}
		wantCode(t, <-started, wire.Cancelled, "r-1")
		store.mu.Lock()
		defer store.mu.Unlock()
		for i, action := range store.got {
			if (action == "long") != (i == 0) {
				t.Errorf("the server got %v, want the message once, then cancels", store.got)
			}
		}
	})
}

// A caller that stops waiting for the acknowledgment can still cancel.
func TestACancelAfterAnInterruptedStart(t *testing.T) {
	t.Parallel()
	for _, over := range []string{"WebSocket", "HTTP"} {
		t.Run(over, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &slowStore{stored: map[string]bool{}}
				cfg := inBubble(t, store.handler())
				open := func() (*client.Client, error) { return client.Dial(t.Context(), cfg) }
				if over == "HTTP" {
					cfg.HTTPURL = "http://bubble"
					open = func() (*client.Client, error) { return client.HTTP(cfg) }
				}
				c, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				if _, err := c.Start(ctx, client.Request{Action: "long", ID: "r-1"}); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("start ended with %v, want its deadline", err)
				}
				if s, err := c.Cancel(t.Context(), "r-1"); err != nil || s.State != wire.StateCancelled {
					t.Errorf("the cancel answered %+v, %v, want CANCELLED", s, err)
				}
				_, err = c.Cancel(t.Context(), "r-2")
				wantCode(t, err, wire.NotFound, "r-2")
			})
		})
	}
}

// handler is the same server over WebSocket and HTTP.
func (s *slowStore) handler() http.Handler {
	upgrade := sockets(s.play, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			var m struct{ ID string }
			if json.NewDecoder(r.Body).Decode(&m) != nil {
				panic("not a message")
			}
			time.Sleep(time.Second)
			s.mu.Lock()
			s.stored[m.ID] = true
			s.mu.Unlock()
			w.Write(ack(m.ID).Append(nil))
		case http.MethodDelete:
			id := r.URL.Path[len("/requests/"):]
			s.mu.Lock()
			stored := s.stored[id]
			s.mu.Unlock()
			if !stored {
				w.WriteHeader(http.StatusNotFound)
				w.Write([]byte(`{"code":"NOT_FOUND","detail":"there is no such request","request_id":"` + id + `"}`))
				return
			}
			w.Write((&wire.Snapshot{ID: id, State: wire.StateCancelled, Rev: 5}).Append(nil))
		default:
			upgrade.ServeHTTP(w, r)
		}
	})
}

// A request that was acknowledged and cancelled is followed to its end over another connection.
func TestAConnectionIsLostBehindACancel(t *testing.T) {
	t.Parallel()
	c := dial(t, func(n int, p *peer) {
		if n == 1 {
			p.expect("long")
			p.send(ack("r-1"))
			m, _ := p.expect(wire.ActionCancel)
			p.send(snapshot(m.ID, wire.Snapshot{ID: "r-1", Action: "long", State: wire.StateRunning, Cancelling: true}))
			return
		}
		m, _ := p.expect(wire.ActionSubscribe)
		p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), Action: "long", State: wire.StateRunning, Cancelling: true}))
		p.send(failure("r-1", 9, wire.Cancelled))
		p.drain()
	})
	call, err := c.Start(t.Context(), client.Request{Action: "long", ID: "r-1"})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := c.Cancel(t.Context(), "r-1"); err != nil || !s.Cancelling {
		t.Errorf("got %+v, %v for the cancel, want a request that is being cancelled", s, err)
	}
	_, err = call.Wait(nil)
	wantCode(t, err, wire.Cancelled, "r-1")
}
