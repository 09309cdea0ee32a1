package stack_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

// A client sees how many children have ended, and a stack that is started again over the
// same data goes on with the others.
func TestChildrenOutliveTheirStack(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	one := streamer.NewAction(streamer.ActionConfig{Name: "one", Long: true},
		func(ctx context.Context, _ *streamer.Job, n int) (int, error) {
			if n < 3 {
				return n, nil
			}
			select {
			case <-release:
				return n, nil
			case <-ctx.Done():
				return 0, streamer.Continue(nil)
			}
		})
	fan := streamer.NewAction(streamer.ActionConfig{Name: "fan", Long: true},
		func(ctx context.Context, job *streamer.Job, n int) (int, error) {
			var children []streamer.Child
			for k := range n {
				children = append(children, streamer.Child{Name: fmt.Sprint("k", k), Action: "one", Payload: k})
			}
			results, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilOneFails, children...)
			total := 0
			for _, r := range results {
				total += r.Value
			}
			return total, err
		})
	config := stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", SweepEvery: 100 * time.Millisecond,
		Parts: functions.Parts{Actions: actionsOf(fan, one), Limits: streamer.Limits{RunningPerTenant: 20, OpenPerPrincipal: 1}}}
	running, err := stack.StartDev(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ada := connect(t, running)
	if _, err := ada.Start(t.Context(), client.Request{ID: "r1", Action: "fan", Payload: 10}); err != nil {
		t.Fatal(err)
	}
	for {
		s, err := ada.Why(t.Context(), "r1")
		if err != nil {
			t.Fatal(err)
		}
		if s.Waiting != nil && s.Waiting.For == wire.WaitingChildren && s.Children.Ended == 3 {
			if diff := cmp.Diff(&wire.Children{Total: 10, Ended: 3}, s.Children); diff != "" {
				t.Errorf("the children (-want +got):\n%s", diff)
			}
			break
		}
	}
	list, err := ada.List(t.Context(), wire.ListQuery{Parent: "r1", State: wire.StateSucceeded})
	if err != nil || len(list.Requests) != 3 || list.Requests[0].Parent != "r1" {
		t.Errorf("got the children %+v, %v; want the 3 that succeeded", list.Requests, err)
	}
	stop(t, running)

	close(release)
	if running, err = stack.StartDev(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	defer stop(t, running)
	call, err := connect(t, running).Watch(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	last := 0.0
	result, err := call.Wait(func(p client.Progress) {
		if p.Percentage < last {
			t.Errorf("got progress %v after %v, want it to rise", p.Percentage, last)
		}
		last = p.Percentage
	})
	if err != nil || string(result) != "45" {
		t.Errorf("got %s, %v; want 45", result, err)
	}
}
