package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

// What an application brings holds on one machine as it does on AWS: limits,
// retention and middleware, and metrics on top.
func TestPartsHoldOnDev(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	var metrics lifttest.Metrics
	began, release := make(chan string, 2), make(chan struct{})
	wait := streamer.NewAction(streamer.ActionConfig{Name: "wait", Long: true},
		func(ctx context.Context, job *streamer.Job, _ json.RawMessage) (int, error) {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return 1, ctx.Err()
		})
	running, err := stack.StartDev(t.Context(), stack.DevConfig{
		Data: t.TempDir(), Listen: "127.0.0.1:0", SweepEvery: 100 * time.Millisecond, Metrics: &metrics,
		Parts: functions.Parts{
			Actions: actionsOf(wait), Logger: log.Logger(), Retention: time.Hour,
			Limits: streamer.Limits{RunningPerTenant: 1, OpenPerPrincipal: 2},
			ActionMiddleware: []func(streamer.ActionFunc) streamer.ActionFunc{func(next streamer.ActionFunc) streamer.ActionFunc {
				return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
					began <- job.ID()
					return next(ctx, job)
				}
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, running)
	ada := connect(t, running)
	first, err := ada.Start(t.Context(), client.Request{ID: "r1", Action: "wait"})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-began; got != "r1" {
		t.Fatalf("the middleware saw %s, want r1", got)
	}
	second, err := ada.Start(t.Context(), client.Request{ID: "r2", Action: "wait"})
	if err != nil {
		t.Fatal(err)
	}

	want := &wire.Waiting{For: wire.WaitingLimit, Limit: "tenant:acme", Running: 1, Position: 1}
	for { // until the processor has looked at it
		s, err := ada.Why(t.Context(), "r2")
		if err != nil {
			t.Fatal(err)
		}
		if s.State != wire.StateQueued {
			t.Fatalf("r2 is %s, want it to wait for the tenant's limit", s.State)
		}
		if s.Waiting != nil && s.Waiting.For == wire.WaitingLimit {
			if diff := cmp.Diff(want, s.Waiting); diff != "" {
				t.Errorf("r2 waits for (-want +got):\n%s", diff)
			}
			break
		}
	}
	_, err = ada.Start(t.Context(), client.Request{ID: "r3", Action: "wait"})
	if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Code != wire.RateLimited {
		t.Errorf("a third open request: got %v, want %s", err, wire.RateLimited)
	}
	close(release)
	for _, call := range []*client.Handle{first, second} {
		if result, err := call.Wait(nil); err != nil || string(result) != "1" {
			t.Errorf("%s: got %s, %v, want 1", call.ID(), result, err)
		}
	}
	lines := map[any]bool{}
	for _, line := range metrics.Documents(t) {
		lines[line["FunctionName"]] = true
	}
	if diff := cmp.Diff(map[any]bool{"connect": true, "router": true, "processor": true}, lines); diff != "" {
		t.Errorf("functions with metric lines (-want +got):\n%s", diff)
	}
}
