package client_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// A storm is a server whose connections break at any moment, which repeats
// frames and sends old ones, and whose requests go on regardless: what the
// protocol allows, at its worst.
type storm struct {
	t *testing.T

	mu       sync.Mutex
	random   *rand.Rand
	requests map[string]*stormRequest
	cuts     int
}

type stormRequest struct {
	watched map[*peer]bool
	last    wire.Snapshot
}

const stormSteps = 5

// chance is called with the lock, so that one seed is one sequence of choices.
func (s *storm) chance(of int) bool { return s.random.IntN(of) == 0 }

func (s *storm) play(_ int, p *peer) {
	for m := range p.messages() {
		s.mu.Lock()
		cut := s.chance(10)
		if cut {
			s.cuts++
		}
		s.mu.Unlock()
		if cut { // the message is lost
			return
		}
		s.handle(p, m)
	}
}

func (s *storm) handle(p *peer, m wire.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m.Action {
	case "short":
		s.push(p, response(m.ID, string(m.Payload)))
	case "long":
		if r := s.requests[m.ID]; r != nil {
			r.watched[p] = true
			s.push(p, snapshot(m.ID, r.last))
			return
		}
		r := &stormRequest{watched: map[*peer]bool{p: true},
			last: wire.Snapshot{ID: m.ID, Action: m.Action, State: wire.StateQueued, Rev: 1}}
		s.requests[m.ID] = r
		go s.work(r, m.Payload)
		s.push(p, ack(m.ID))
	case wire.ActionSubscribe:
		id := ref(s.t, m)
		r := s.requests[id]
		if r == nil {
			s.t.Errorf("subscribed to %q, which nobody asked for", id)
			return
		}
		r.watched[p] = true
		s.push(p, snapshot(m.ID, r.last))
	default:
		s.t.Errorf("it sent %s", m.Action)
	}
}

func (s *storm) work(r *stormRequest, payload json.RawMessage) {
	id := r.last.ID
	var old []wire.Frame
	for step := range stormSteps + 1 {
		s.mu.Lock()
		r.last.Rev += 1 + s.random.Int64N(3)
		var f wire.Frame
		if step < stormSteps {
			r.last.State, r.last.Percentage = wire.StateRunning, float64(step+1)*100/stormSteps
			f = progress(id, r.last.Rev, r.last.Percentage)
		} else {
			r.last.State, r.last.Result = wire.StateSucceeded, payload
			f = complete(id, r.last.Rev, string(payload))
		}
		old = append(old, f)
		for p := range r.watched {
			s.push(p, f)
			if s.chance(3) {
				s.push(p, old[s.random.IntN(len(old))])
			}
		}
		s.mu.Unlock()
	}
}

// push sends, breaks before, or breaks after.
func (s *storm) push(p *peer, f wire.Frame) {
	cut := s.chance(8)
	if cut {
		s.cuts++
	}
	if cut && s.chance(2) {
		p.drop()
		return
	}
	p.send(f)
	if cut {
		p.drop()
	}
}

func TestEveryRequestEndsOnceInAStorm(t *testing.T) {
	t.Parallel()
	seeds, requests := uint64(8), 60
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := &storm{t: t, random: rand.New(rand.NewPCG(seed, 0)), requests: map[string]*stormRequest{}}
			c := dial(t, s.play)
			var wg sync.WaitGroup
			for i := range requests {
				wg.Go(func() {
					payload := json.RawMessage(fmt.Sprintf(`{"n": %d}`, i))
					if i%3 == 0 {
						got, err := c.Do(t.Context(), client.Request{Action: "short", Payload: payload}, nil)
						wantResult(t, got, err, string(payload))
						return
					}
					id := fmt.Sprintf("r-%d", i)
					var rev int64
					got, err := c.Do(t.Context(), client.Request{Action: "long", ID: id, Payload: payload}, func(p client.Progress) {
						if p.Rev <= rev {
							t.Errorf("%s: rev %d was shown after %d", id, p.Rev, rev)
						}
						rev = p.Rev
					})
					wantResult(t, got, err, string(payload))
				})
			}
			wg.Wait()
			c.Close()
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.requests) != requests-requests/3 {
				t.Errorf("the server has %d requests", len(s.requests))
			}
			if s.cuts == 0 {
				t.Error("nothing was cut")
			}
			t.Logf("%d requests, %d cuts", requests, s.cuts)
		})
	}
}
