package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/wire"
)

// A request that waits for a signal, emits output, fails and is redriven:
// the same over a WebSocket and over HTTP.
func TestSignalOutputAndRedrive(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	approval := streamer.NewAction(streamer.ActionConfig{Name: "approval", Long: true, Retry: streamer.RetryPolicy{Attempts: 1}},
		func(ctx context.Context, job *streamer.Job, _ json.RawMessage) (json.RawMessage, error) {
			for i := range 3 {
				if err := job.Emit(i); err != nil {
					return nil, err
				}
			}
			by, err := streamer.AwaitSignal[json.RawMessage](ctx, job, "approval", time.Hour)
			if err != nil {
				return nil, err
			}
			if broken.Load() {
				return nil, errors.New("the printer is on fire")
			}
			return by, nil
		})
	var log lifttest.Log
	target := targetOf(t, startStack(t, &log, approval))
	token := func(context.Context) (string, error) { return target.Token, nil }
	overHTTP, err := client.HTTP(client.Config{URL: target.WebSocketURL, HTTPURL: target.HTTPURL, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	defer overHTTP.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for name, c := range map[string]*client.Client{"WebSocket": dial(t, ctx, target, target.Token), "HTTP": overHTTP} {
		t.Run(name, func(t *testing.T) {
			broken.Store(true)
			call, err := c.Start(ctx, client.Request{Action: "approval"})
			if err != nil {
				t.Fatal(err)
			}
			for waiting := false; !waiting; {
				s, err := c.Why(ctx, call.ID())
				if err != nil || s.Final() {
					t.Fatalf("%s, %v", s.Append(nil), err)
				}
				waiting = s.Waiting != nil && s.Waiting.For == wire.WaitingSignal
			}
			if _, err := c.Signal(ctx, call.ID(), "approval", json.RawMessage(`{"by":9007199254740993}`)); err != nil {
				t.Fatalf("signal: %v", err)
			}
			_, err = call.Wait(nil)
			if failed, ok := errors.AsType[*client.Error](err); !ok || failed.Code != wire.InternalError {
				t.Fatalf("got %v, want %s", err, wire.InternalError)
			}
			broken.Store(false)
			s, err := c.Redrive(ctx, call.ID())
			if err != nil || s.Final() || len(s.History) != 1 {
				t.Fatalf("redrive: %s, %v", s.Append(nil), err)
			}
			again, err := c.Watch(ctx, call.ID())
			if err != nil {
				t.Fatal(err)
			}
			result, err := again.Wait(nil)
			if err != nil || string(result) != `{"by":9007199254740993}` {
				t.Errorf("got %s, %v, want the payload of the signal", result, err)
			}
			out, err := c.Output(ctx, call.ID(), 1)
			if err != nil || !out.Final || len(out.Chunks) != 2 || string(out.Chunks[1]) != "2" {
				t.Errorf("got output %+v, %v, want the chunks 1 and 2, final", out, err)
			}
		})
	}
}
