package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

func TestAShortActionReturnsItsAnswerByteForByte(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.expect("echo")
		p.send(response(m.ID, `{"echo":`+string(m.Payload)+`,"source":"`+m.Metadata["source"]+`"}`))
		p.drain()
	})
	got, err := c.Do(t.Context(), client.Request{Action: "echo",
		Payload: json.RawMessage(`[ 9007199254740993, 1.0e2 ]`), Metadata: map[string]string{"source": "test"}}, nil)
	wantResult(t, got, err, `{"echo":[ 9007199254740993, 1.0e2 ],"source":"test"}`)
}

// A request is stored unless its action is short.
func TestStored(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		short, _ := p.expect("echo")
		p.send(response(short.ID, `1`))
		long, _ := p.expect("report")
		p.send(ack(long.ID))
		p.drain()
	})
	for _, tt := range []struct {
		action string
		want   bool
	}{{"echo", false}, {"report", true}} {
		call, err := c.Start(t.Context(), client.Request{Action: tt.action})
		if err != nil {
			t.Fatal(err)
		}
		if got := call.Stored(); got != tt.want {
			t.Errorf("%s: got stored %v, want %v", tt.action, got, tt.want)
		}
	}
}

func TestALongActionReportsProgressAndEnds(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.expect("report")
		p.send(ack(m.ID))
		p.send(progress(m.ID, 2, 20))
		p.send(progress(m.ID, 3, 80))
		p.send(complete(m.ID, 4, `{"rows":3}`))
		p.drain()
	})
	var seen percentages
	got, err := c.Do(t.Context(), client.Request{Action: "report", Payload: map[string]int{"year": 2026}}, seen.add)
	wantResult(t, got, err, `{"rows":3}`)
	seen.want(t, 20, 80)
}

func TestFramesOutOfOrderTwiceOrSenseless(t *testing.T) {
	t.Parallel()
	var out logs
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.expect("report")
		p.send(progress(m.ID, 3, 30)) // before the acknowledgment
		p.send(ack(m.ID))
		p.send(progress(m.ID, 2, 10)) // old
		p.send(progress(m.ID, 3, 30)) // twice
		p.raw(`no JSON`)
		p.raw(`{"message": "Internal server error", "connectionId":"a=", "requestId":"b="}`)
		p.raw(`{"type":"later-version","request_id":"` + m.ID + `","rev":3}`)
		p.send(failure(m.ID, 0, wire.InternalError)) // of a second copy of the message: the request goes on
		p.send(failure("someone-else", 9, wire.InternalError))
		p.send(progress(m.ID, 5, 50))
		p.send(complete(m.ID, 7, `"right"`))
		p.send(complete(m.ID, 7, `"twice"`))
		p.send(failure(m.ID, 8, wire.InternalError))
		p.drain()
	}, func(cfg *client.Config) { cfg.Logger = out.logger() })
	var seen percentages
	got, err := c.Do(t.Context(), client.Request{Action: "report"}, seen.add)
	wantResult(t, got, err, `"right"`)
	seen.want(t, 30, 50)
	if !strings.Contains(out.String(), "frame not decoded") {
		t.Errorf("the log does not tell of the garbage: %s", out.String())
	}
}

// A result that the client cannot decode ends the call; no other frame comes.
func TestAResultNestedTooDeepIsAnError(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, answer := range map[string]func(p *peer, id string){
		"a short action": func(p *peer, id string) {
			p.raw(`{"type":"response","request_id":"` + id + `","data":` + deep(10_000) + `}`)
		},
		"a long action": func(p *peer, id string) {
			p.send(ack(id))
			p.raw(`{"type":"complete","request_id":"` + id + `","rev":2,"result":` + deep(10_000) + `}`)
		},
		"one that has ended": func(p *peer, id string) {
			p.raw(`{"type":"request","request_id":"` + id + `","request":{"id":"` + id + `","state":"SUCCEEDED","rev":2,"result":` + deep(9_999) + `}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, func(_ int, p *peer) {
				m, _ := p.read()
				answer(p, m.ID)
				p.drain()
			})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := c.Do(ctx, client.Request{Action: "a", ID: "r-1"}, nil)
			if e := wantCode(t, err, wire.InternalError, "r-1"); !strings.Contains(e.Message, "cannot decode") {
				t.Errorf("got %q, want that the answer cannot be decoded", e.Message)
			}
		})
	}
}

func TestErrorsSayWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.read()
		p.send(failure(m.ID, 0, wire.RateLimited))
		m, _ = p.read()
		p.send(ack(m.ID))
		p.send(failure(m.ID, 2, wire.ProcessingFailed))
		p.drain()
	})
	_, err := c.Do(t.Context(), client.Request{Action: "short", ID: "r-1"}, nil)
	e := wantCode(t, err, wire.RateLimited, "r-1")
	if !e.Retryable || e.RetryAfter.Milliseconds() != 1 || e.CorrelationID != "corr-1" || err.Error() != "RATE_LIMITED: it failed" {
		t.Errorf("the error is %+v", e)
	}
	call, err := c.Start(t.Context(), client.Request{Action: "long", ID: "r-2"})
	if err != nil {
		t.Fatalf("an accepted request has no error yet: %v", err)
	}
	_, err = call.Wait(nil)
	if e := wantCode(t, err, wire.ProcessingFailed, "r-2"); e.Retryable {
		t.Error("it says that a retry helps")
	}
}

func TestStartReturnsWithTheAcknowledgment(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.read()
		p.send(ack(m.ID))
		<-goOn
		p.send(complete(m.ID, 2, ``))
		p.drain()
	})
	call, err := c.Start(t.Context(), client.Request{Action: "long"})
	if err != nil || !strings.HasPrefix(call.ID(), "req_") {
		t.Fatalf("started %v, %v", call, err)
	}
	if _, err := c.Start(t.Context(), client.Request{Action: "long", ID: call.ID()}); err == nil {
		t.Error("an id that is followed was taken again")
	} else {
		wantCode(t, err, wire.DuplicateRequest, call.ID())
	}
	close(goOn)
	<-call.Done()
	for range 2 { // as often as one likes
		got, err := call.Wait(nil)
		wantResult(t, got, err, "null")
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		for m := range p.messages() {
			p.send(response(m.ID, `"still here"`))
		}
	})
	for _, tt := range []struct {
		name    string
		request client.Request
		code    wire.Code
		id      string
	}{
		{"a bad id", client.Request{Action: "a", ID: "a b"}, wire.InvalidMessage, ""},
		{"no action", client.Request{ID: "r"}, wire.InvalidMessage, "r"},
		{"a reserved action", client.Request{Action: "streamer.get", ID: "r"}, wire.InvalidAction, "r"},
		{"no JSON", client.Request{Action: "a", ID: "r", Payload: json.RawMessage(`{`)}, wire.ValidationError, "r"},
		{"no UTF-8", client.Request{Action: "a", ID: "r", Payload: json.RawMessage("\"\xff\"")}, wire.ValidationError, "r"},
		{"too large", client.Request{Action: "a", ID: "r", Payload: strings.Repeat("x", 128<<10)}, wire.PayloadTooLarge, "r"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Do(t.Context(), tt.request, nil)
			if err == nil {
				t.Error("the request was sent, want an error")
				return
			}
			wantCode(t, err, tt.code, tt.id)
		})
	}
	if _, err := c.Do(t.Context(), client.Request{Action: "a", Payload: func() {}}, nil); err == nil {
		t.Error("a function was sent")
	}
	got, err := c.Do(t.Context(), client.Request{Action: "a"}, nil)
	wantResult(t, got, err, `"still here"`)
}

func TestALaterStart(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.FixedZone("", 3600))
	c := dial(t, func(_ int, p *peer) {
		for m := range p.messages() {
			p.send(response(m.ID, strconv.Quote(m.NotBefore.Format(time.RFC3339Nano))))
		}
	})
	got, err := c.Do(t.Context(), client.Request{Action: "a", NotBefore: at}, nil)
	wantResult(t, got, err, `"2026-01-02T02:04:05.678Z"`)
	got, err = c.Do(t.Context(), client.Request{Action: "a"}, nil)
	wantResult(t, got, err, `"0001-01-01T00:00:00Z"`)
}

// API Gateway closes a connection with 1009 for a frame above 32 KB. Another
// implementation of the protocol looks at the frames here.
func TestALongMessageTravelsInSmallFrames(t *testing.T) {
	t.Parallel()
	lengths := make(chan []int64, 1)
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		var (
			sizes   []int64
			message []byte
		)
		for {
			h, err := ws.ReadHeader(conn)
			if err != nil || h.Length > 1<<20 {
				t.Errorf("the frame %+v: %v", h, err)
				return
			}
			part := make([]byte, h.Length)
			if _, err := io.ReadFull(conn, part); err != nil {
				t.Error(err)
				return
			}
			ws.Cipher(part, h.Mask, 0)
			sizes, message = append(sizes, h.Length), append(message, part...)
			if h.Fin {
				break
			}
		}
		lengths <- sizes
		m, err := wire.DecodeMessage(message)
		if err != nil {
			t.Error(err)
		}
		data := fmt.Sprintf(`"%d bytes"`, len(m.Payload))
		if err := ws.WriteFrame(conn, ws.NewTextFrame(response(m.ID, data).Append(nil))); err != nil {
			t.Error(err)
		}
		_, _ = ws.ReadHeader(conn) // of the close
	}))
	c, err := client.Dial(t.Context(), client.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	payload := strings.Repeat("x", 127<<10)
	got, err := c.Do(t.Context(), client.Request{Action: "echo", Payload: payload}, nil)
	wantResult(t, got, err, fmt.Sprintf(`"%d bytes"`, len(payload)+2))
	sizes := <-lengths
	if len(sizes) < 5 {
		t.Errorf("the frames were %v", sizes)
	}
	for _, n := range sizes {
		if n > 32_000 {
			t.Errorf("a frame had %d bytes", n)
		}
	}
}

// A frame of 128 KiB is what a server may send; the library's own limit is 32.
func TestALongFrameArrives(t *testing.T) {
	t.Parallel()
	long := `"` + strings.Repeat("y", 120<<10) + `"`
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.read()
		p.send(response(m.ID, long))
		p.drain()
	})
	got, err := c.Do(t.Context(), client.Request{Action: "long-answer"}, nil)
	wantResult(t, got, err, long)
}

func TestSlowReaderSkipsTheOldestProgress(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.read()
		p.send(ack(m.ID))
		for i := range 100 {
			p.send(progress(m.ID, int64(i+2), float64(i+1)))
		}
		p.send(complete(m.ID, 200, `1`))
		p.drain()
	})
	call, err := c.Start(t.Context(), client.Request{Action: "long"})
	if err != nil {
		t.Fatal(err)
	}
	<-call.Done()
	var seen percentages
	got, err := call.Wait(seen.add)
	wantResult(t, got, err, `1`)
	if len(seen.seen) != 64 || seen.seen[0] != 37 || seen.seen[63] != 100 {
		t.Errorf("progress was %v", seen.seen)
	}
}

func TestTwoHundredRequestsOnOneConnection(t *testing.T) {
	t.Parallel()
	c := dial(t, func(n int, p *peer) {
		if n != 1 {
			t.Error("it connected again")
		}
		var pending sync.WaitGroup
		defer pending.Wait()
		for m := range p.messages() {
			pending.Go(func() {
				if m.Action == "long" {
					p.send(ack(m.ID))
					p.send(progress(m.ID, 2, 50))
					p.send(complete(m.ID, 3, string(m.Payload)))
					return
				}
				p.send(response(m.ID, string(m.Payload)))
			})
		}
	})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			action := "short"
			if i%2 == 0 {
				action = "long"
			}
			got, err := c.Do(t.Context(), client.Request{Action: action, Payload: i}, nil)
			wantResult(t, got, err, fmt.Sprint(i))
		})
	}
	wg.Wait()
}

func TestAnInterruptReturnsAtOnce(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 4)
	c := dial(t, func(_ int, p *peer) {
		for range p.messages() {
			asked <- struct{}{} // and no answer
		}
	})
	for name, do := range map[string]func(context.Context) error{
		"do":    func(ctx context.Context) error { _, err := c.Do(ctx, client.Request{Action: "a"}, nil); return err },
		"watch": func(ctx context.Context) error { _, err := c.Watch(ctx, "r"); return err },
		"get":   func(ctx context.Context) error { _, err := c.Get(ctx, "r"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			interrupted := errors.New("interrupted")
			go func() {
				<-asked
				cancel(interrupted)
			}()
			if err := do(ctx); !errors.Is(err, interrupted) {
				t.Errorf("got the error %v, want %v", err, interrupted)
			}
		})
	}
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		m, _ := p.read()
		p.send(ack(m.ID))
		p.drain()
	})
	call, err := c.Start(t.Context(), client.Request{Action: "long"})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	if _, err := call.Wait(nil); !errors.Is(err, client.ErrClosed) {
		t.Errorf("the call ended with %v", err)
	}
	if _, err := c.Start(t.Context(), client.Request{Action: "long"}); !errors.Is(err, client.ErrClosed) {
		t.Errorf("a closed client started: %v", err)
	}
	if err := c.Ping(t.Context()); !errors.Is(err, client.ErrClosed) {
		t.Errorf("a closed client pinged: %v", err)
	}
}

func TestReservedActions(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		for m := range p.messages() {
			switch m.Action {
			case wire.ActionPing:
				p.send(wire.Frame{Type: wire.TypePong, RequestID: m.ID})
			case wire.ActionGet:
				if id := ref(t, m); id != "r-1" {
					p.send(failure(m.ID, 0, wire.NotFound))
					continue
				}
				p.send(snapshot(m.ID, wire.Snapshot{ID: "r-1", Action: "a", State: wire.StateRunning, Rev: 4}))
			case wire.ActionCancel:
				p.send(snapshot(m.ID, wire.Snapshot{ID: ref(t, m), Action: "a", State: wire.StateRunning, Cancelling: true, Rev: 4}))
			case wire.ActionList:
				if string(m.Payload) != `{"state":"RUNNING","limit":7,"cursor":"c"}` {
					t.Errorf("the query is %s", m.Payload)
				}
				p.send(response(m.ID, `{"requests":[{"id":"r-1"},{"id":"r-0"}],"cursor":"d"}`))
			case wire.ActionSubscribe:
				p.send(failure(m.ID, 0, wire.NotFound))
			}
		}
	})
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if s, err := c.Get(t.Context(), "r-1"); err != nil || s.ID != "r-1" || s.Rev != 4 {
		t.Errorf("got %+v, %v", s, err)
	}
	if s, err := c.Cancel(t.Context(), "r-1"); err != nil || !s.Cancelling {
		t.Errorf("cancelled %+v, %v", s, err)
	}
	list, err := c.List(t.Context(), wire.ListQuery{State: wire.StateRunning, Limit: 7, Cursor: "c"})
	if err != nil || len(list.Requests) != 2 || list.Cursor != "d" {
		t.Errorf("listed %+v, %v", list, err)
	}
	_, err = c.Get(t.Context(), "r-2")
	wantCode(t, err, wire.NotFound, "r-2")
	_, err = c.Watch(t.Context(), "r-2")
	wantCode(t, err, wire.NotFound, "r-2")
	for _, bad := range []string{"", "a/b"} {
		_, err = c.Get(t.Context(), bad)
		wantCode(t, err, wire.NotFound, bad)
		_, err = c.Watch(t.Context(), bad)
		wantCode(t, err, wire.NotFound, bad)
		_, err = c.Cancel(t.Context(), bad)
		wantCode(t, err, wire.NotFound, bad)
	}
}

func TestAnswersOfAnotherKind(t *testing.T) {
	t.Parallel()
	c := dial(t, func(_ int, p *peer) {
		for m := range p.messages() {
			p.send(response(m.ID, `"what?"`))
		}
	})
	if _, err := c.Get(t.Context(), "r"); err == nil {
		t.Error("get took a response for a snapshot")
	}
	if _, err := c.Watch(t.Context(), "r"); err == nil {
		t.Error("watch took a response for a snapshot")
	}
	if _, err := c.List(t.Context(), wire.ListQuery{}); err == nil {
		t.Error("a string is no list")
	}
}
