package client_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// An emitter is a server whose one request emits a chunk each second, pushes it,
// and loses the frames and connections that a test names.
type emitter struct {
	total  int
	unsent map[int]bool // chunks whose frame is lost
	cut    int          // after this chunk the connection is lost; 0: never

	mu    sync.Mutex
	begun bool
	peer  *peer
	count int // chunks emitted
	asked int // times that output was asked for
}

func (e *emitter) play(_ int, p *peer) {
	e.mu.Lock()
	e.peer = p
	e.mu.Unlock()
	for m := range p.messages() {
		e.mu.Lock()
		switch m.Action {
		case "long":
			p.send(ack(m.ID))
			if !e.begun {
				e.begun = true
				go e.emit(m.ID)
			}
		case wire.ActionSubscribe:
			p.send(snapshot(m.ID, wire.Snapshot{ID: "r-1", State: wire.StateRunning, Rev: 2, Output: int64(e.count)}))
		case wire.ActionOutput:
			e.asked++
			var q wire.OutputQuery
			if err := json.Unmarshal(m.Payload, &q); err != nil {
				panic(err)
			}
			out := wire.Output{Offset: q.From, Chunks: []json.RawMessage{}}
			for i := int(q.From); i < min(e.count, int(q.From)+3); i++ { // pages of three
				out.Chunks = append(out.Chunks, json.RawMessage(fmt.Sprint(i)))
			}
			out.Final = e.count == e.total && int(q.From)+len(out.Chunks) == e.total
			data, err := json.Marshal(out)
			if err != nil {
				panic(err)
			}
			p.send(response(m.ID, string(data)))
		}
		e.mu.Unlock()
	}
}

func (e *emitter) emit(id string) {
	for i := range e.total {
		time.Sleep(time.Second)
		e.mu.Lock()
		e.count++
		if !e.unsent[i] {
			e.peer.send(wire.Frame{Type: wire.TypeOutput, RequestID: id, Offset: int64(i), Chunks: []json.RawMessage{json.RawMessage(fmt.Sprint(i))}})
		}
		if i+1 == e.cut {
			e.peer.drop()
		}
		e.mu.Unlock()
	}
	time.Sleep(time.Second)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.peer.send(complete(id, 9, `"done"`))
}

// Output arrives whole, in order and once, and is asked for only where it was not
// pushed.
func TestOutputOnPushedFrames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		e     *emitter
		late  time.Duration // when the loop begins
		asked int           // at most
	}{
		{"all of it is pushed", &emitter{total: 20}, 0, 2},
		{"the loop begins late", &emitter{total: 20}, 10500 * time.Millisecond, 7},
		{"the loop begins after the end", &emitter{total: 20}, time.Minute, 7},
		{"frames are lost", &emitter{total: 20, unsent: map[int]bool{4: true, 5: true}}, 0, 5},
		{"the last frame is lost", &emitter{total: 20, unsent: map[int]bool{19: true}}, 0, 3},
		{"the connection is lost", &emitter{total: 20, cut: 10, unsent: map[int]bool{9: true}}, 0, 5},
		{"there is none", &emitter{}, 0, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, err := client.Dial(t.Context(), inBubble(t, sockets(tt.e.play, nil)))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				call, err := c.Start(t.Context(), client.Request{Action: "long", ID: "r-1"})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.late)
				var got, want []string
				for chunk, err := range call.Output(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, string(chunk))
				}
				for i := range tt.e.total {
					want = append(want, fmt.Sprint(i))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("chunks (-want +got):\n%s", diff)
				}
				if result, err := call.Wait(nil); err != nil || string(result) != `"done"` {
					t.Errorf("the call ended with %s, %v, want done", result, err)
				}
				if tt.e.asked > tt.asked {
					t.Errorf("output was asked for %d times, want at most %d", tt.e.asked, tt.asked)
				}
			})
		})
	}
}
