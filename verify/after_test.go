package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

// A heldQueue stands before a queue: it holds the next dispatch of one request, or refuses
// all of them. Those of a sweep, which come in batches, pass.
type heldQueue struct {
	armed, refuses atomic.Bool
	arrived        chan struct{}
	release        chan struct{}
	abandoned      atomic.Int32 // by the function, before their release
}

func (q *heldQueue) between(service string, next http.Handler) http.Handler {
	if service != "sqs" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".SendMessage") {
			next.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body) // all of it, so that the server notices who hangs up
		r.Body = io.NopCloser(bytes.NewReader(body))
		if q.refuses.Load() {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.sqs#AccessDenied","message":"no"}`)
			return
		}
		if q.armed.CompareAndSwap(true, false) {
			q.arrived <- struct{}{}
			select {
			case <-q.release:
			case <-r.Context().Done():
				q.abandoned.Add(1)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// Who asks for something that is dispatched has an answer although the queue hangs, by
// WebSocket and by HTTP, and the request runs all the same. A dispatch that fails then is
// logged and counted, and the sweep makes up for it.
func TestAnswersWaitForNoDispatch(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	var log, printed lifttest.Log
	queue := heldQueue{arrived: make(chan struct{}, 1), release: make(chan struct{})}
	running := startStaging(t, &log, stack.StagingConfig{SweepEvery: time.Second, Output: &printed, Between: queue.between})
	target := targetOf(t, running)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := dial(t, ctx, target, target.Token)
	submit := func(t *testing.T, id, action, payload string) *client.Handle {
		t.Helper()
		call, err := c.Start(ctx, client.Request{ID: id, Action: action, Payload: json.RawMessage(payload)})
		if err != nil {
			t.Fatal(err)
		}
		return call
	}
	waiting := func(t *testing.T, id string) {
		t.Helper()
		for {
			why, err := c.Why(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if w := why.Waiting; w != nil && w.For == wire.WaitingSignal {
				return
			}
		}
	}
	post := func(t *testing.T, path, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.HTTPURL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+target.Token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode >= 300 {
			t.Fatalf("POST %s: got %s", path, res.Status)
		}
	}
	for _, tt := range []struct {
		name   string
		before func(t *testing.T, id string) // the queue holds nothing
		ask    func(t *testing.T, id string) // the queue holds its dispatch
		after  func(t *testing.T, id string)
	}{
		{name: "submit by WebSocket", ask: func(t *testing.T, id string) { submit(t, id, "echo_async", `{"step_ms":1}`) }},
		{name: "submit by HTTP", ask: func(t *testing.T, id string) {
			post(t, "/requests", `{"id":"`+id+`","action":"echo_async","payload":{"step_ms":1}}`)
		}},
		{name: "signal",
			before: func(t *testing.T, id string) {
				submit(t, id, "ask_approval", "{}")
				waiting(t, id)
			},
			ask: func(t *testing.T, id string) { post(t, "/requests/"+id+"/signals/approval", "1") }},
		{name: "redrive",
			before: func(t *testing.T, id string) {
				if _, err := submit(t, id, "ask_approval", `{"timeout_s":1}`).Wait(nil); err == nil {
					t.Fatal("a wait of a second without a signal: got no error")
				}
			},
			ask: func(t *testing.T, id string) {
				if _, err := c.Redrive(ctx, id); err != nil {
					t.Fatal(err)
				}
			},
			after: func(t *testing.T, id string) {
				if _, err := c.Signal(ctx, id, "approval", json.RawMessage("1")); err != nil {
					t.Fatal(err)
				}
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id := strings.ReplaceAll(tt.name, " ", "-")
			if tt.before != nil {
				tt.before(t, id)
			}
			queue.armed.Store(true)
			tt.ask(t, id)
			select {
			case <-queue.arrived:
			case <-ctx.Done():
				t.Fatal("no dispatch came")
			}
			if err := c.Ping(ctx); err != nil { // of a process that is free
				t.Error(err)
			}
			if n := queue.abandoned.Load(); n > 0 {
				t.Fatalf("got the answer after %d dispatches were given up, want it while the queue holds the dispatch", n)
			}
			select {
			case queue.release <- struct{}{}:
			case <-ctx.Done():
				t.Fatal("the dispatch was given up")
			}
			if tt.after != nil {
				tt.after(t, id)
			}
			call, err := c.Watch(ctx, id)
			if err == nil {
				_, err = call.Wait(nil)
			}
			if err != nil {
				t.Errorf("the request ended with %v, want a success", err)
			}
		})
	}
	t.Run("a dispatch that fails", func(t *testing.T) {
		queue.refuses.Store(true)
		if _, err := submit(t, "refused", "echo_async", `{"step_ms":1}`).Wait(nil); err != nil {
			t.Errorf("the request ended with %v, want a success", err)
		}
		var logged, counted map[string]any
		for text := range strings.Lines(printed.String()) {
			var line map[string]any
			if _, text, _ := strings.Cut(text, ": "); json.Unmarshal([]byte(text), &line) != nil {
				continue
			}
			if line["request_id"] == "refused" && line["message"] == "dispatch failed; the sweep will dispatch the request" {
				logged = line
			}
			if line["DispatchFailures"] != nil {
				counted = line
			}
		}
		if logged["level"] != "WARN" || logged["correlation_id"] == nil {
			t.Errorf("got the line %v, want a warning with a correlation id", logged)
		}
		if counted["DispatchFailures"] != 1.0 || counted["correlation_id"] != logged["correlation_id"] || counted["Duration"] != nil {
			t.Errorf("got the metrics %v, want one DispatchFailure of the event of %v in a line of its own", counted, logged)
		}
	})
	if t.Failed() {
		t.Log(printed.String())
	}
}
