package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/wire"
)

// pace is between the starts of two requests of a client at least. Load that does not go with
// what the machine can do leaves as much behind at any time.
const pace = 1500 * time.Millisecond

// client makes requests one after the other, as one subject, until load ends. Its connection is
// closed and opened again after each thirty or so.
func (r *run) client(load, work context.Context, n int) {
	subject := fmt.Sprintf("user-%d", n)
	for round := 0; load.Err() == nil; round++ {
		c, err := client.Dial(load, client.Config{URL: r.stage.socket, HTTPURL: r.stage.http,
			Backoff: client.Backoff{Max: 2 * time.Second},
			Token:   func(context.Context) (string, error) { return r.stage.token(subject, tokenLife) }})
		if err != nil {
			if load.Err() == nil {
				r.faultf("%s cannot connect: %v", subject, err)
			}
			return
		}
		r.count("connections")
		for i := range 20 + rand.IntN(20) {
			if load.Err() != nil {
				break
			}
			next := time.After(pace)
			r.one(work, c, fmt.Sprintf("%s-%d-%d", subject, round, i))
			select {
			case <-next:
			case <-load.Done():
			}
		}
		_ = c.Close()
	}
}

// one makes one request of any kind, and checks that it ends as it must.
func (r *run) one(ctx context.Context, c *client.Client, id string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	count := 20 + rand.IntN(150)
	kinds := []func(){
		func() { r.ends(ctx, c, id, "quote", `{"items":3}`, `{"cents":750}`) },
		func() { r.ends(ctx, c, id, "quote", `{"items":3}`, `{"cents":750}`) },
		func() { r.ends(ctx, c, id, "sum_of_squares", `8`, `204`) },
		func() {
			want := fmt.Sprintf(`{"order":"%[1]s","receipts":["reserve of %[1]s","charge of %[1]s","pack of %[1]s","ship of %[1]s",`+
				`"notify of %[1]s"]}`, id)
			if r.ends(ctx, c, id, "order", fmt.Sprintf(`{"order":%q,"items":1}`, id), want) {
				if err := r.backend.orderEnded(id); err != nil {
					r.faultf("%v", err)
				}
			}
		},
		func() { r.streams(ctx, c, id, count) },
		func() { r.approves(ctx, c, id) },
		func() { r.cancels(ctx, c, id) },
	}
	kinds[rand.IntN(len(kinds))]()
}

// ends makes a request, waits for its result, and looks at it once more: it has ended once, and
// stays as it is.
func (r *run) ends(ctx context.Context, c *client.Client, id, action, payload, want string) bool {
	began := time.Now()
	var result json.RawMessage
	err := r.again(ctx, func() (err error) {
		result, err = c.Do(ctx, client.Request{ID: id, Action: action, Payload: json.RawMessage(payload)}, nil)
		return err
	})
	r.took(action, began)
	return r.ended(ctx, c, id, action, result, err, want)
}

// again makes a call once more while its error says that this helps, as where the stage is
// started again: the id of a request makes that safe.
func (r *run) again(ctx context.Context, call func() error) error {
	for {
		err := call()
		fault := (*client.Error)(nil)
		if !errors.As(err, &fault) || !fault.Retryable || !sleep(ctx, max(fault.RetryAfter, time.Second)) {
			return err
		}
		r.count("calls made again")
	}
}

func (r *run) took(action string, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[action]++
	r.latencies[action] = append(r.latencies[action], float64(time.Since(began).Microseconds())/1000)
}

func (r *run) ended(ctx context.Context, c *client.Client, id, action string, result json.RawMessage, err error, want string) bool {
	if err != nil || string(result) != want {
		r.faultf("%s of %s ended with %.300s, %v, want %.300s", id, action, result, err, want)
		return false
	}
	if action == "quote" {
		return true // nothing of it is stored
	}
	s, err := c.Get(ctx, id)
	if err != nil || s.State != wire.StateSucceeded {
		r.faultf("%s of %s is %s, %v behind its end, want SUCCEEDED", id, action, s.State, err)
		return false
	}
	return true
}

func (r *run) start(ctx context.Context, c *client.Client, in client.Request) (call *client.Handle, err error) {
	err = r.again(ctx, func() error {
		call, err = c.Start(ctx, in)
		return err
	})
	return call, err
}

// streams reads the output of a request while it comes.
func (r *run) streams(ctx context.Context, c *client.Client, id string, count int) {
	began := time.Now()
	call, err := r.start(ctx, c, client.Request{ID: id, Action: "tokens", Payload: map[string]int{"count": count, "pause_ms": 5}})
	if err != nil {
		r.faultf("%s of tokens: %v", id, err)
		return
	}
	n := 0
	for chunk, err := range call.Output(ctx) {
		if want := fmt.Sprintf(`{"n":%d,"text":"word %d, “quoted” "}`, n, n); err != nil || string(chunk) != want {
			r.faultf("chunk %d of %s is %s, %v, want %s", n, id, chunk, err, want)
			return
		}
		n++
	}
	result, err := call.Wait(nil)
	r.took("tokens", began)
	r.ended(ctx, c, id, "tokens", result, err, fmt.Sprint(count))
	if n != count {
		r.faultf("%s has %d chunks, want %d", id, n, count)
	}
}

// approves starts an approval, which waits, and decides it.
func (r *run) approves(ctx context.Context, c *client.Client, id string) {
	began := time.Now()
	call, err := r.start(ctx, c, client.Request{ID: id, Action: "approve", Payload: "it"})
	if err == nil {
		sleep(ctx, rand.N(2*time.Second))
		err = r.again(ctx, func() error {
			_, err := c.Signal(ctx, id, "decision", json.RawMessage(`{"approved":true,"by":"grace"}`))
			return err
		})
	}
	if err != nil {
		r.faultf("%s of approve: %v", id, err)
		return
	}
	result, err := call.Wait(nil)
	r.took("approve", began)
	r.ended(ctx, c, id, "approve", result, err, `"it was approved by grace"`)
}

// cancels starts what takes long, and cancels it.
func (r *run) cancels(ctx context.Context, c *client.Client, id string) {
	began := time.Now()
	call, err := r.start(ctx, c, client.Request{ID: id, Action: "tokens", Payload: map[string]int{"count": 1_000_000, "pause_ms": 20}})
	if err == nil {
		sleep(ctx, rand.N(2*time.Second))
		err = r.again(ctx, func() error {
			_, err := c.Cancel(ctx, id)
			return err
		})
	}
	if err != nil {
		r.faultf("cancel %s: %v", id, err)
		return
	}
	_, err = call.Wait(nil)
	r.took("cancel", began)
	if fault := (*client.Error)(nil); !errors.As(err, &fault) || fault.Code != wire.Cancelled {
		r.faultf("%s ended with %v, want CANCELLED", id, err)
	}
}

// slowReader asks for a stream and reads nothing of it, for a while; then it leaves without a
// word.
func (r *run) slowReader(load context.Context, n int) {
	for round := 0; load.Err() == nil; round++ {
		token, err := r.stage.token(fmt.Sprintf("sleeper-%d", n), time.Hour)
		if err != nil {
			r.faultf("%v", err)
			return
		}
		conn, _, err := websocket.Dial(load, r.stage.socket+"?token="+token, nil)
		if err != nil {
			sleep(load, time.Second) // the server is being started again
			continue
		}
		r.count("readers that do not read")
		message := fmt.Sprintf(`{"id":"slow-%d-%d","action":"tokens","payload":{"count":1000,"pause_ms":2}}`, n, round)
		if conn.Write(load, websocket.MessageText, []byte(message)) == nil {
			sleep(load, 20*time.Second)
		}
		_ = conn.CloseNow()
	}
}
