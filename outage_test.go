package streamer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// An outage of the store costs no attempt and decides no outcome, whatever the
// action makes of the error that it sees: the request goes on from what is stored.
func TestAnOutageIsNotTheActionsFailure(t *testing.T) {
	t.Parallel()
	writes := map[string]func(request.Change) bool{
		"step":       func(c request.Change) bool { return c.Set.Step != nil },
		"checkpoint": func(c request.Change) bool { return c.Set.Checkpoint != nil },
		"output":     func(c request.Change) bool { return len(c.Set.Output) > 0 },
		"wait":       func(c request.Change) bool { return c.Set.Await.Token != "" },
		"outcome":    func(c request.Change) bool { return c.Set.State == request.Succeeded },
	}
	reactions := map[string]func(error) (json.RawMessage, error){
		"returned":  func(err error) (json.RawMessage, error) { return nil, err },
		"rewritten": func(err error) (json.RawMessage, error) { return nil, fmt.Errorf("charge: %v", err) },
		"permanent": func(err error) (json.RawMessage, error) { return nil, streamer.Permanent(err) },
		"public":    func(error) (json.RawMessage, error) { return nil, streamer.Errorf(wire.ProcessingFailed, "no charge") },
		"swallowed": func(error) (json.RawMessage, error) { return json.RawMessage(`"swallowed"`), nil },
	}
	for write, hit := range writes {
		for _, lasts := range []time.Duration{time.Second, 90 * time.Second, 10 * time.Minute} {
			for reaction, react := range reactions {
				t.Run(fmt.Sprintf("%s, %v, %s", write, lasts, reaction), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { goThroughOutage(t, hit, lasts, react, 0) })
				})
			}
		}
	}
}

// The end of a slice that comes while the store is out of reach is none either.
func TestASliceThatEndsInAnOutage(t *testing.T) {
	t.Parallel()
	step := func(c request.Change) bool { return c.Set.Step != nil }
	for reaction, react := range map[string]func(error) (json.RawMessage, error){
		"returned":  func(err error) (json.RawMessage, error) { return nil, err },
		"rewritten": func(err error) (json.RawMessage, error) { return nil, fmt.Errorf("charge: %v", err) },
		"swallowed": func(error) (json.RawMessage, error) { return json.RawMessage(`"swallowed"`), nil },
	} {
		for _, slice := range []time.Duration{3 * time.Second, 30 * time.Second} { // before and after the step's work is done
			t.Run(fmt.Sprintf("%s, %v", reaction, slice), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { goThroughOutage(t, step, 20*time.Second, react, slice) })
			})
		}
	}
}

// goThroughOutage runs a request to its end. From the first write that hit tells on,
// no write reaches the store for a time.
func goThroughOutage(t *testing.T, hit func(request.Change) bool, lasts time.Duration, react func(error) (json.RawMessage, error), slice time.Duration) {
	w := newHarness(t, long("order", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 1}},
		func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			receipt, err := streamer.RunStep(ctx, job, "charge", func(context.Context) (string, error) {
				time.Sleep(5 * time.Second) // longer than a slice may take, in one of the tests
				return "receipt", nil
			})
			if err != nil {
				return react(err)
			}
			if err := job.SetCheckpoint("charged"); err != nil {
				return nil, err
			}
			if err := job.Emit("charged"); err != nil {
				return nil, err
			}
			if _, err := streamer.AwaitSignal[any](ctx, job, "approval", time.Hour); err != nil {
				return nil, err
			}
			return json.Marshal(receipt)
		}))
	who := w.connect(t, "c1", ada)
	w.submit(t, who, "r1", "order", `{}`)
	var until time.Time
	w.store.setFault(func(c request.Change) (before, after error) {
		if until.IsZero() && hit(c) {
			until = time.Now().Add(lasts)
		}
		r := w.load(t, ada.Key("r1"))
		if r.State == request.Running && c.If.Fence == r.Fence && c.If.DueBy.IsZero() && !time.Now().Before(r.DueAt) {
			t.Errorf("the worker wrote %+v %v after the end of its lease", c.Set, time.Since(r.DueAt))
		}
		if time.Now().Before(until) {
			time.Sleep(min(time.Until(until), time.Second))
			return context.DeadlineExceeded, nil
		}
		return nil, nil
	})

	began := time.Now()
	for r := w.load(t, ada.Key("r1")); !r.State.Final() && time.Since(began) < time.Hour; r = w.load(t, ada.Key("r1")) {
		ctx := t.Context()
		if slice > 0 && until.IsZero() {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 2*slice) // a slice ends at half of it
			defer cancel()
		}
		_ = w.Run(ctx, ada.Key("r1"), time.Time{}) // an outage may be its error
		if w.load(t, ada.Key("r1")).Await.Token != "" {
			_, _ = w.requests.Signal(t.Context(), who, wire.Signal{RequestID: "r1", Token: "approval"})
		}
		time.Sleep(20 * time.Second)
		_, _ = w.Sweep(t.Context())
	}
	r := w.load(t, ada.Key("r1"))
	wantState(t, r, request.Succeeded)
	if r.Attempt != 1 || string(r.Result) != `"receipt"` || r.Output != 1 {
		t.Errorf("got attempt %d, result %s and %d chunks, want attempt 1, \"receipt\" and 1", r.Attempt, r.Result, r.Output)
	}
	for _, ended := range r.History {
		if ended.Code != wire.LeaseLost {
			t.Errorf("got an attempt that ended with %s, want none but %s", ended.Code, wire.LeaseLost)
		}
	}
	if until.IsZero() || time.Since(began) < lasts {
		t.Errorf("got no outage, or an end %v after the start, within it", time.Since(began))
	}
}

// A request whose workers die one after another goes on for as long as each has stored a
// step: the work moves.
func TestStepsOutlastWorkersThatDie(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const steps = 12
		w := newHarness(t, long("steps", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			for i := range steps {
				if _, err := streamer.RunStep(ctx, job, fmt.Sprint("s", i), func(context.Context) (int, error) { return i, nil }); err != nil {
					return nil, err
				}
			}
			return json.RawMessage(`"done"`), nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "steps", `{}`)
		for range steps {
			stored := false
			w.store.setFault(func(c request.Change) (before, after error) {
				if stored && c.Set.Worker == "" && c.Set.AddLeaseExpirations == 0 { // the process has died
					return errNetwork, nil
				}
				stored = stored || c.Set.Step != nil
				return nil, nil
			})
			_ = w.Run(t.Context(), ada.Key("r1"), time.Time{}) // a dead worker's error is nobody's
			w.store.setFault(nil)
			time.Sleep(2 * time.Minute)
			w.sweep(t)
		}
		w.run(t, ada.Key("r1"))
		wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
	})
}
