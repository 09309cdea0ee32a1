package streamer_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Each write that leaves a request queued dispatches it for its due time.
func TestWhateverQueuesARequestDispatchesIt(t *testing.T) {
	t.Parallel()
	fails := func(err error) streamer.ActionFunc {
		return func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, err }
	}
	tests := map[string]struct {
		do   streamer.ActionFunc
		then func(t *testing.T, w *harness) // after the submit
	}{
		"submit": {fails(nil), func(*testing.T, *harness) {}},
		"submit again while it is queued": {fails(nil), func(t *testing.T, w *harness) {
			w.submit(t, streamer.Caller{Principal: ada}, "r1", "work", `{}`)
		}},
		"retry":    {fails(errNetwork), func(t *testing.T, w *harness) { w.run(t, ada.Key("r1")) }},
		"continue": {fails(streamer.Continue(nil)), func(t *testing.T, w *harness) { w.run(t, ada.Key("r1")) }},
		"snooze":   {fails(streamer.Snooze(time.Minute)), func(t *testing.T, w *harness) { w.run(t, ada.Key("r1")) }},
		"await a signal": {awaits("go", 10*time.Minute), func(t *testing.T, w *harness) {
			w.run(t, ada.Key("r1"))
		}},
		"signal": {awaits("go", time.Hour), func(t *testing.T, w *harness) {
			w.run(t, ada.Key("r1"))
			w.ask(t, "c1", `{"id":"s","action":"streamer.signal","payload":{"request_id":"r1","token":"go"}}`)
		}},
		"redrive": {fails(streamer.Errorf(wire.ProcessingFailed, "no")), func(t *testing.T, w *harness) {
			w.run(t, ada.Key("r1"))
			w.ask(t, "c1", `{"id":"s","action":"streamer.redrive","payload":{"request_id":"r1"}}`)
		}},
		"an action that the worker does not know": {fails(nil), func(t *testing.T, w *harness) {
			w.Actions = streamer.NewRegistry()
			w.run(t, ada.Key("r1"))
		}},
		"a lease that expired": {fails(nil), func(t *testing.T, w *harness) {
			if _, err := w.store.ChangeRequest(t.Context(), ada.Key("r1"), request.Claim(time.Now(), time.Minute, "dead", nil)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			w.sweep(t)
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newHarness(t, long("work", streamer.ActionConfig{}, tt.do))
				w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
				if name != "submit" {
					w.dispatches.keys = nil
				}
				tt.then(t, w)
				r := w.load(t, ada.Key("r1"))
				wantState(t, r, request.Queued)
				if len(w.dispatches.keys) == 0 || w.dispatches.keys[0] != r.Key || !w.dispatches.last().Truncate(time.Millisecond).Equal(r.DueAt) {
					t.Errorf("got dispatches of %v, the last for %v; want one of %v for %v", w.dispatches.keys, w.dispatches.due, r.Key, r.DueAt)
				}
			})
		})
	}
}

// awaits is an action that waits for a signal.
func awaits(token string, timeout time.Duration) streamer.ActionFunc {
	return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
		return streamer.AwaitSignal[json.RawMessage](ctx, job, token, timeout)
	}
}

// What is farther ahead than a dispatch can be is the sweep's, in time to be on time.
func TestAFarTimerIsDispatchedBySweepsShortlyBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, awaits("go", 3*time.Hour)))
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
		w.run(t, ada.Key("r1"))
		due := w.load(t, ada.Key("r1")).DueAt
		w.dispatches.keys = nil
		for time.Until(due) > 0 {
			time.Sleep(119 * time.Second) // some ticks are skipped
			w.sweep(t)
			if len(w.dispatches.keys) > 0 {
				break
			}
		}
		if ahead := time.Until(due); ahead <= 0 || ahead > request.TimerAhead || !w.dispatches.last().Equal(due) {
			t.Errorf("dispatched %v ahead, for %v; want up to %v ahead, for %v", ahead, w.dispatches.last(), request.TimerAhead, due)
		}
	})
}

// A crash between the write and the dispatch must not lose a timer, so the dispatch
// comes first; and a store that takes the write late has it dispatched once more.
func TestATimerIsDispatchedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return nil, streamer.Snooze(2 * time.Second)
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
		began, before := time.Now(), 0
		w.store.setFault(func(c request.Change) (error, error) {
			if c.Set.State != request.Queued {
				return nil, nil
			}
			before = max(before, len(w.dispatches.keys)-1)
			if time.Since(began) < 5*time.Second {
				return errNetwork, nil
			}
			return nil, nil
		})
		w.run(t, ada.Key("r1"))
		if got := len(w.dispatches.keys) - 1; before != 1 || got != 2 {
			t.Errorf("got %d dispatches before the write and %d in all, want 1 and 2", before, got)
		}
	})
}

func TestADispatchIsForATime(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		due  time.Duration // of the dispatch, from the request's due time on
		want request.State
		sent int // dispatches that the run sends
	}{
		"on time":                         {0, request.Succeeded, 0},
		"of a time before the request's":  {-time.Millisecond, request.Queued, 0},
		"of a time behind the request's":  {time.Millisecond, request.Succeeded, 0},
		"early, so that it is sent again": {time.Hour, request.Queued, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
					return nil, nil
				}))
				w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
				w.dispatches.keys = nil
				due := w.load(t, ada.Key("r1")).DueAt.Add(tt.due)
				time.Sleep(time.Second)
				if err := w.Run(t.Context(), ada.Key("r1"), due); err != nil {
					t.Fatal(err)
				}
				wantState(t, w.load(t, ada.Key("r1")), tt.want)
				if len(w.dispatches.keys) != tt.sent || tt.sent > 0 && !w.dispatches.last().Equal(due) {
					t.Errorf("got dispatches for %v, want %d, for %v", w.dispatches.due[1:], tt.sent, due)
				}
			})
		})
	}
}

// A store that is out of reach for a claim costs a wait, and no failed invocation.
func TestAClaimThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return nil, nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
		w.store.setFault(func(request.Change) (error, error) { return errNetwork, nil })
		w.run(t, ada.Key("r1")) // which takes an error as a failure
		w.store.setFault(nil)
		again := w.dispatches.last()
		if wait := time.Until(again); len(w.dispatches.keys) != 2 || wait < time.Second || wait > 2*time.Minute {
			t.Fatalf("got %d dispatches, the last in %v; want 2, and the last in seconds", len(w.dispatches.keys), wait)
		}
		time.Sleep(time.Until(again))
		if err := w.Run(t.Context(), ada.Key("r1"), again); err != nil {
			t.Fatal(err)
		}
		wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
	})
}
