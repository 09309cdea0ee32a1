package streamertest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/streamertest"
	"github.com/pay-theory/streamer/wire"
)

// sum adds up what the children called part return, one for each of the payloads.
func sum(until request.ChildMode) streamer.Action {
	return streamer.NewAction(streamer.ActionConfig{Name: "sum", Long: true},
		func(ctx context.Context, job *streamer.Job, payloads []int) (total int, err error) {
			var children []streamer.Child
			for n, payload := range payloads {
				children = append(children, streamer.Child{Name: fmt.Sprint(n), Action: "part", Payload: payload})
			}
			results, err := streamer.AwaitChildren[int](ctx, job, until, children...)
			for _, r := range results {
				total += r.Value
			}
			return total, err
		})
}

// part is an action of the given behaviour.
func part(do func(ctx context.Context, job *streamer.Job, n int) (int, error)) streamer.Action {
	return streamer.NewAction(streamer.ActionConfig{Name: "part", Long: true, Retry: streamer.RetryPolicy{Attempts: 2, Base: time.Hour}}, do)
}

func TestChildrenRunToTheirEnds(t *testing.T) {
	t.Parallel()
	var job *streamertest.Job
	runs := map[string]int{}
	for name, do := range map[string]func(ctx context.Context, job *streamer.Job, n int) (int, error){
		"at once": func(_ context.Context, _ *streamer.Job, n int) (int, error) { return n, nil },
		"behind a retry, a nap and a crash": func(_ context.Context, run *streamer.Job, n int) (int, error) {
			runs[run.ID()]++
			switch runs[run.ID()] {
			case 1:
				return 0, errDown
			case 2:
				return 0, streamer.Snooze(24 * time.Hour)
			case 3:
				job.Crash()
			}
			return n, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			job = streamertest.New(t, sum(streamer.UntilAllEnd), []int{1, 2, 3}, part(do))
			job.RunOnce()
			if r := job.Request(); !r.WaitsForChildren() || r.Children.Total != 3 {
				t.Fatalf("it does not wait for three children: %+v", r)
			}
			job.Run()
			if got := streamertest.Result[int](job); got != 6 {
				t.Errorf("got %d, want 6", got)
			}
		})
	}
}

func TestChildrenOfChildren(t *testing.T) {
	t.Parallel()
	tree := streamer.NewAction(streamer.ActionConfig{Name: "tree", Long: true},
		func(ctx context.Context, job *streamer.Job, depth int) (int, error) {
			if depth == 0 {
				return 1, nil
			}
			results, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilAllEnd,
				streamer.Child{Name: "left", Action: "tree", Payload: depth - 1}, streamer.Child{Name: "right", Action: "tree", Payload: depth - 1})
			leaves := 0
			for _, r := range results {
				leaves += r.Value
			}
			return leaves, err
		})
	job := streamertest.New(t, tree, 3)
	job.Run()
	if got := streamertest.Result[int](job); got != 8 {
		t.Errorf("got %d leaves, want 8", got)
	}
}

func TestTheFirstFailureOfAChild(t *testing.T) {
	t.Parallel()
	ran := 0
	job := streamertest.New(t, sum(streamer.UntilOneFails), []int{1, 2, 3}, part(func(_ context.Context, _ *streamer.Job, n int) (int, error) {
		ran++
		return 0, streamer.Errorf(wire.ProcessingFailed, "part %d is broken", n)
	}))
	job.Run()
	wantState(t, job, request.Failed)
	if ran != 1 {
		t.Errorf("%d children ran, want the first alone", ran)
	}
}
