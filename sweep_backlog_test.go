package streamer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// rows stores requests of acme's that the sweep is to look at, as an application with
// trouble would have them.
func (w *harness) rows(t *testing.T, n int, change func(r *request.Request)) {
	t.Helper()
	at := time.Now().Add(-time.Hour).UTC()
	for i := range n {
		r := &request.Request{Key: ada.Key(fmt.Sprint("a", i)), Action: "work", Payload: json.RawMessage(`{}`), State: request.Queued,
			Rev: 1, Fence: 1, Attempt: 1, DueAt: at, CreatedAt: at, UpdatedAt: at, Look: request.Look{Kind: request.LookDispatch, At: at}}
		change(r)
		if _, _, err := w.store.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever one tenant has too much of, another's lost lease, far timer and lost dispatch
// are looked at in the very next sweep.
func TestABacklogOfOneTenantBlindsNoSweep(t *testing.T) {
	t.Parallel()
	const many = 3000 / slower
	for name, tt := range map[string]struct {
		trouble func(r *request.Request)
		backlog int
	}{
		"queued behind others":     {func(*request.Request) {}, many},
		"dispatched and never run": {func(*request.Request) {}, 0},
		"running, their worker dead": {func(r *request.Request) {
			r.State, r.Look.Kind, r.Worker = request.Running, request.LookLease, "dead"
		}, 0},
		"timers of the same minute": {func(r *request.Request) {
			r.DueAt, r.Look.Kind = time.Now().Add(time.Minute).UTC(), request.LookTimer
		}, 0},
		"results that a client does not read": {func(r *request.Request) {
			r.State, r.FinishedAt, r.DueAt, r.Look.Kind = request.Succeeded, time.Now().Add(-10*time.Minute).UTC(), time.Time{}, request.LookNotify
			r.Subscribers = []string{"deaf"}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
					return nil, nil
				}), long("approval", streamer.ActionConfig{}, awaits("go", time.Hour)))
				w.Processor.Dispatch = backlogged{w.Processor.Dispatch, tt.backlog}
				w.sockets.setFault(func(connection string) error {
					if connection == "deaf" {
						time.Sleep(5 * time.Second)
						return errNetwork
					}
					return nil
				})
				w.rows(t, many, tt.trouble)
				theirs := w.connect(t, "c2", mallo)
				w.submit(t, theirs, "timer", "approval", `{}`)
				w.run(t, mallo.Key("timer"))
				time.Sleep(time.Until(w.load(t, mallo.Key("timer")).DueAt) - request.TimerAhead - time.Minute)
				w.submit(t, theirs, "lease", "work", `{}`)
				if _, err := w.store.ChangeRequest(t.Context(), mallo.Key("lease"), request.Claim(time.Now(), time.Minute, "dead", nil)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				w.dispatches.keys, w.dispatches.due = nil, nil

				report := w.sweep(t)
				if got := w.load(t, mallo.Key("lease")); got.State != request.Queued {
					t.Errorf("the lost lease: got %s after a sweep, want QUEUED", got.State)
				}
				dispatched := map[request.Key]bool{}
				for _, key := range w.dispatches.keys {
					dispatched[key] = true
				}
				for _, id := range []string{"timer", "lease"} {
					if !dispatched[mallo.Key(id)] {
						t.Errorf("%s: got no dispatch in a sweep of %d requests, want one", id, report.Due)
					}
				}
			})
		})
	}
}

// However many timers fall into one minute, each is on its way before its time.
func TestTenThousandTimersOfOneMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 10_000 / slower
		w := newHarness(t, long("work", streamer.ActionConfig{}, nil))
		due := time.Now().Add(time.Hour).UTC()
		w.rows(t, many, func(r *request.Request) {
			r.DueAt = due.Add(time.Duration(len(r.ID)) * time.Second)
			r.Look = request.QueuedLook(time.Now(), r.DueAt, time.Minute)
		})
		sweeps := 0
		for time.Until(due) > 0 && len(w.dispatches.keys) < many {
			time.Sleep(119 * time.Second)
			w.sweep(t)
			sweeps++
		}
		if got, ahead := len(w.dispatches.keys), time.Until(due); got != many || ahead < 2*time.Minute {
			t.Errorf("got %d dispatches, the last %v before the first is due; want %d, minutes before", got, ahead, many)
		}
		time.Sleep(time.Until(due))
		if report := w.sweep(t); report.Dispatched != 0 {
			t.Errorf("got %+v when they are due, want none dispatched again", report)
		}
	})
}

// What the sweep cannot help it does not look at in each sweep again.
func TestASweepGivesWhatItCannotHelpALaterLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, nil))
		w.Processor.Dispatch = backlogged{w.Processor.Dispatch, 1000}
		w.rows(t, 300, func(*request.Request) {})
		w.submit(t, w.connect(t, "c2", mallo), "theirs", "work", `{}`)
		w.dispatches.keys, w.dispatches.due = nil, nil // which is lost
		time.Sleep(time.Minute)
		if report := w.sweep(t); report.Due != 301 || report.Waiting != 200 || report.Dispatched != 101 || report.Oldest != 61*time.Minute {
			t.Errorf("got %+v, want 301 due, the oldest for 61 minutes, 200 that wait, and 101 dispatched", report)
		}
		if !slices.Contains(w.dispatches.keys, mallo.Key("theirs")) {
			t.Errorf("got no dispatch of another tenant's request, whose own was lost, want one")
		}
		time.Sleep(59 * time.Second)
		if report := w.sweep(t); report.Due != 0 {
			t.Errorf("got %d due within a minute, want none", report.Due)
		}
		time.Sleep(time.Hour)
		if report := w.sweep(t); report.Due != 301 {
			t.Errorf("got %d due after an hour, want 301", report.Due)
		}
	})
}

// A result that cannot be announced is tried with waits that double, and given up after
// an hour: whoever comes back asks for the snapshot.
func TestAnAnnouncementIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return nil, nil
		}))
		w.sockets.setFault(func(string) error { return errNetwork })
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
		w.run(t, ada.Key("r1"))
		unnotified, abandoned := 0, 0
		for range 3 * 60 {
			time.Sleep(time.Minute)
			report, _ := w.Sweep(t.Context()) // its error says that the connection does not close
			unnotified += report.Unnotified
			abandoned += report.Abandoned
		}
		if unnotified < 6 || unnotified > 8 || abandoned != 1 {
			t.Errorf("got %d tries and %d abandoned in three hours, want 6 to 8 and 1", unnotified, abandoned)
		}
		if r := w.load(t, ada.Key("r1")); r.State != request.Succeeded || !r.Look.At.IsZero() {
			t.Errorf("got %s with the look %v, want SUCCEEDED without one", r.State, r.Look)
		}
	})
}
