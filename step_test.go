package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

func TestAStepIsRecordedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var charges []string
		w := newHarness(t, long("order", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 3, Base: time.Second}},
			func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
				receipt, err := streamer.RunStep(ctx, job, "charge", func(context.Context) (string, error) {
					charges = append(charges, job.StepKey("charge"))
					if len(charges) == 1 {
						return "", errNetwork // not recorded: it is tried again
					}
					return fmt.Sprintf("receipt-%d", len(charges)), nil
				})
				if err != nil {
					return nil, err
				}
				if job.Attempt() < 3 {
					return nil, errNetwork
				}
				return json.Marshal(receipt)
			}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "order", `{}`)
		for range 3 {
			w.run(t, ada.Key("r1"))
			time.Sleep(time.Minute)
		}
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if string(r.Result) != `"receipt-2"` || len(charges) != 2 || charges[0] != charges[1] {
			t.Errorf("result %s after the charges %v", r.Result, charges)
		}
		if len(r.History) != 2 || r.History[0].Number != 1 || r.History[1].Code != wire.InternalError || r.History[1].Worker != "worker" ||
			r.History[1].EndedAt.Before(r.History[1].StartedAt) {
			t.Errorf("history %+v", r.History)
		}
	})
}

// What is remembered of many attempts are the newest, and the one that succeeded
// is not among them.
func TestHistoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const attempts = request.MaxHistory + 5
		w := newHarness(t, long("flaky", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: attempts, Base: time.Second,
			Cap: time.Second}},
			func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
				time.Sleep(time.Second)
				if job.Attempt() < attempts {
					return nil, errNetwork
				}
				return nil, nil
			}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "flaky", `{}`)
		for range attempts {
			w.run(t, ada.Key("r1"))
			time.Sleep(time.Minute)
		}
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if first, last := r.History[0].Number, r.History[len(r.History)-1].Number; len(r.History) != request.MaxHistory || first != 5 ||
			last != attempts-1 {
			t.Errorf("of %d attempts it remembers %d, from %d to %d", attempts, len(r.History), first, last)
		}
		for i, a := range r.History {
			if a.EndedAt.Sub(a.StartedAt) != time.Second || i > 0 && a.StartedAt.Before(r.History[i-1].EndedAt) {
				t.Errorf("attempt %d from %v to %v", a.Number, a.StartedAt, a.EndedAt)
			}
		}
	})
}

// The clock of the bubble moves only for timers: had anything but the steps' own
// work waited for one, the job would have taken longer than that.
func TestAJobOfFiveStepsWaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const work = 10 * time.Millisecond
		w := newHarness(t, long("five", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			for n := range 5 {
				if _, err := streamer.RunStep(ctx, job, fmt.Sprint(n), func(context.Context) (int, error) {
					time.Sleep(work)
					return n, nil
				}); err != nil {
					return nil, err
				}
				job.Progress(float64(20*(n+1)), "step")
			}
			return nil, nil
		}))
		began := time.Now()
		w.submit(t, w.connect(t, "c1", ada), "r1", "five", `{}`)
		w.run(t, ada.Key("r1"))
		frames := w.sockets.got("c1")
		if last := frames[len(frames)-1]; last.Type != wire.TypeComplete {
			t.Fatalf("no end: %s", describe(frames))
		}
		if waited := time.Since(began) - 5*work; waited != 0 {
			t.Errorf("it waited %v beside its own work", waited)
		}
	})
}

// A cancel reaches the action with its next step, long before the next heartbeat.
func TestACancelIsHeardWithTheNextStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w *harness
		var cause error
		w = newHarness(t, long("order", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			if _, err := w.requests.Cancel(context.Background(), streamer.Caller{Principal: ada}, "r1"); err != nil {
				return nil, err
			}
			if _, err := streamer.RunStep(ctx, job, "charge", func(context.Context) (int, error) { return 1, nil }); err != nil {
				return nil, err
			}
			<-ctx.Done()
			cause = context.Cause(ctx)
			return nil, ctx.Err()
		}))
		began := time.Now()
		w.submit(t, w.connect(t, "c1", ada), "r1", "order", `{}`)
		w.run(t, ada.Key("r1"))
		wantState(t, w.load(t, ada.Key("r1")), request.Cancelled)
		if took := time.Since(began); took != 0 || !errors.Is(cause, streamer.ErrCancelled) {
			t.Errorf("the action heard %v after %v, want %v at once", cause, took, streamer.ErrCancelled)
		}
	})
}

// The write that records a step may succeed while its answer is lost, and so
// may any write before it.
func TestAStepSurvivesLostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := map[string]int{}
		w := newHarness(t, long("steps", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			for i := range 6 {
				name := fmt.Sprint("s", i)
				if _, err := streamer.RunStep(ctx, job, name, func(context.Context) (int, error) { ran[name]++; return i, nil }); err != nil {
					return nil, err
				}
				if err := job.Emit(i); err != nil {
					return nil, err
				}
			}
			return json.RawMessage(`"ok"`), nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "steps", `{}`)
		writes := 0
		w.store.setFault(func(c request.Change) (error, error) {
			if c.If.States != nil && c.If.States[0] == request.Running {
				if writes++; writes%2 == 0 {
					return nil, errNetwork
				}
			}
			return nil, nil
		})
		w.run(t, ada.Key("r1"))
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		for name, n := range ran {
			if n != 1 {
				t.Errorf("step %s ran %d times", name, n)
			}
		}
		if len(r.Steps) != 6 {
			t.Errorf("recorded: %v", r.Steps)
		}
		wantOutput(t, w, "r1", 6)
	})
}

// A store that refuses a step is asked again while the lease lasts: its effect
// has happened, and it costs no attempt. What the job does meanwhile is seen.
func TestAStepThatTheStoreRefuses(t *testing.T) {
	const forever = 1 << 30
	errLarge := streamer.Errorf(wire.PayloadTooLarge, "too large")
	for name, tt := range map[string]struct {
		refusals  int                        // of steps
		fault     error                      // what they are refused with
		meanwhile func(*testing.T, *harness) // after ten seconds
		state     request.State
		took      time.Duration // at most
		err       error         // what the action gets
	}{
		"seven times":         {refusals: 7, fault: errNetwork, state: request.Succeeded, took: 7 * 5 * time.Second},
		"for good":            {refusals: forever, fault: errNetwork, state: request.Running, took: 65 * time.Second, err: streamer.ErrLeaseLost},
		"because it is large": {refusals: forever, fault: errLarge, state: request.Failed, err: errLarge},
		"and somebody cancels": {refusals: forever, fault: errNetwork, state: request.Cancelled, took: 16 * time.Second,
			err: streamer.ErrCancelled,
			meanwhile: func(t *testing.T, w *harness) {
				if _, err := w.requests.Cancel(t.Context(), streamer.Caller{Principal: ada}, "r1"); err != nil {
					t.Error(err)
				}
			}},
		"and another takes over": {refusals: forever, fault: errNetwork, state: request.Queued, took: 16 * time.Second,
			err: streamer.ErrLeaseLost,
			meanwhile: func(t *testing.T, w *harness) {
				if _, err := w.store.Store.ChangeRequest(t.Context(), ada.Key("r1"),
					request.Change{Set: request.Effects{UpdatedAt: time.Now(), State: request.Queued, DueAt: time.Now(), AddFence: 1}}); err != nil {
					t.Error(err)
				}
			}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w *harness
				var got error
				ran := 0
				w = newHarness(t, long("steps", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
					job.Progress(10, "before")
					_, got = streamer.RunStep(ctx, job, "charge", func(context.Context) (int, error) { ran++; return 1, nil })
					return nil, got
				}))
				w.submit(t, w.connect(t, "c1", ada), "r1", "steps", `{}`)
				refused := 0
				w.store.setFault(func(c request.Change) (error, error) {
					if c.Set.Step != nil && refused < tt.refusals {
						refused++
						return tt.fault, nil
					}
					return nil, nil
				})
				if tt.meanwhile != nil {
					time.AfterFunc(10*time.Second, func() { tt.meanwhile(t, w) })
				}
				began := time.Now()
				w.run(t, ada.Key("r1"))
				if took := time.Since(began); took > tt.took {
					t.Errorf("it took %v, want %v at most", took, tt.took)
				}
				r := w.load(t, ada.Key("r1"))
				wantState(t, r, tt.state)
				if ran != 1 || !errors.Is(got, tt.err) {
					t.Errorf("the step ran %d times and ended with %v, want %v", ran, got, tt.err)
				}
				if tt.state == request.Succeeded && (r.Attempt != 1 || refused != tt.refusals || len(r.Steps) != 1) {
					t.Errorf("attempt %d after %d refusals, steps %v", r.Attempt, refused, r.Steps)
				}
			})
		})
	}
}

func TestStepsAreBounded(t *testing.T) {
	t.Parallel()
	var errs []error
	w := newHarness(t, long("greedy", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
		step := func(name string, size int) {
			_, err := streamer.RunStep(ctx, job, name, func(context.Context) (string, error) { return strings.Repeat("x", size), nil })
			errs = append(errs, err)
		}
		step("large", request.MaxStepResult)
		step("fits", request.MaxStepResult-2)
		step("too much", request.MaxStepResult-2)
		step("", 1)
		step(request.SignalStep("x"), 1)
		return nil, nil
	}))
	w.submit(t, w.connect(t, "c1", ada), "r1", "greedy", `{}`)
	w.run(t, ada.Key("r1"))
	for i, want := range []bool{false, true, false, false, false} {
		if (errs[i] == nil) != want {
			t.Errorf("step %d: %v", i, errs[i])
		}
	}
}

// approval waits for the signal "approval" for an hour.
func approval(began func()) streamer.Action {
	return long("approval", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 1}},
		func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			began()
			return streamer.AwaitSignal[json.RawMessage](ctx, job, "approval", time.Hour)
		})
}

func TestASignalWakesARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		w := newHarness(t, approval(func() { runs++ }))
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "approval", `{}`)
		w.run(t, ada.Key("r1"))
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Queued)
		if r.Await.Token != "approval" || r.DueAt.Sub(r.UpdatedAt) != time.Hour {
			t.Fatalf("waits for %+v, due in %v", r.Await, r.DueAt.Sub(r.UpdatedAt))
		}
		snapshot := w.ask(t, "c1", `{"id":"g","action":"streamer.why","payload":{"request_id":"r1"}}`)
		if wait := snapshot.Request.Waiting; wait == nil || wait.For != wire.WaitingSignal || wait.Token != "approval" {
			t.Errorf("why: %s", snapshot.Append(nil))
		}
		w.run(t, ada.Key("r1")) // a doorbell too many runs nothing
		time.Sleep(10 * time.Minute)

		if f := w.ask(t, "c1", `{"id":"s","action":"streamer.signal","payload":{"request_id":"r1","token":"other","payload":1}}`); f.Type != wire.TypeRequest {
			t.Fatalf("another signal: %s", f.Append(nil))
		}
		w.run(t, ada.Key("r1"))
		if runs != 1 {
			t.Fatal("another signal woke it")
		}
		for range 2 { // the second changes nothing
			if f := w.ask(t, "c1", `{"id":"s","action":"streamer.signal","payload":{"request_id":"r1","token":"approval","payload":{"by":9007199254740993}}}`); f.Type != wire.TypeRequest {
				t.Fatalf("the signal: %s", f.Append(nil))
			}
		}
		w.run(t, ada.Key("r1"))
		r = w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if string(r.Result) != `{"by":9007199254740993}` || runs != 2 {
			t.Errorf("result %s after %d runs", r.Result, runs)
		}
		if f := w.ask(t, "c1", `{"id":"s","action":"streamer.signal","payload":{"request_id":"r1","token":"late"}}`); f.Error == nil ||
			f.Error.Code != wire.ValidationError {
			t.Errorf("a signal after the end: %s", f.Append(nil))
		}
		w.connect(t, "c2", mallo)
		if f := w.ask(t, "c2", `{"id":"s","action":"streamer.signal","payload":{"request_id":"r1","token":"approval"}}`); f.Error == nil || f.Error.Code != wire.NotFound {
			t.Errorf("another tenant's signal: %s", f.Append(nil))
		}
	})
}

// A signal is decided on before the request is first claimed, and stored when it
// waits for that very signal.
func TestASignalThatIsOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, approval(func() {}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "approval", `{}`)
		overtaken := false
		w.store.setFault(func(c request.Change) (before, after error) {
			if c.Set.Step != nil && !overtaken {
				overtaken = true
				w.run(t, ada.Key("r1"))
			}
			return nil, nil
		})
		w.ask(t, "c1", `{"id":"s","action":"streamer.signal","payload":{"request_id":"r1","token":"approval","payload":1}}`)
		if r := w.load(t, ada.Key("r1")); r.Await.Token != "" || r.DueAt.After(time.Now()) {
			t.Fatalf("it waits for %q until %v, and the signal is recorded", r.Await.Token, r.DueAt)
		}
		w.run(t, ada.Key("r1"))
		wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
	})
}

func TestASignalThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		w := newHarness(t, approval(func() { runs++ }))
		w.submit(t, w.connect(t, "c1", ada), "r1", "approval", `{}`)
		w.run(t, ada.Key("r1"))
		until := w.load(t, ada.Key("r1")).Await.Until
		time.Sleep(time.Until(until) - request.TimerAhead - time.Second)
		if report := w.sweep(t); report.Dispatched != 0 {
			t.Errorf("long before the end of the wait: got %+v, want none dispatched", report)
		}
		time.Sleep(time.Second)
		if report := w.sweep(t); report.Dispatched != 1 || !w.dispatches.last().Equal(until) {
			t.Errorf("close to the end of the wait: got %+v, due %v; want 1 dispatched, due %v", report, w.dispatches.last(), until)
		}
		time.Sleep(time.Until(until))
		w.run(t, ada.Key("r1"))
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Failed)
		if r.Error.Code != wire.Timeout || runs != 2 {
			t.Errorf("error %+v after %d runs", r.Error, runs)
		}
	})
}

// A signal that arrives while the action runs, or between its decision to wait
// and the write that parks it, is not slept through.
func TestASignalThatComesFirst(t *testing.T) {
	for _, when := range []string{"before the wait", "before the write"} {
		t.Run(when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w *harness
				var who streamer.Caller
				signal := func() {
					if _, err := w.requests.Signal(t.Context(), who,
						wire.Signal{RequestID: "r1", Token: "approval", Payload: json.RawMessage(`"yes"`)}); err != nil {
						t.Error(err)
					}
				}
				w = newHarness(t, approval(func() {
					if when == "before the wait" {
						signal()
					}
				}))
				who = w.connect(t, "c1", ada)
				w.submit(t, who, "r1", "approval", `{}`)
				done := false
				w.store.setFault(func(c request.Change) (error, error) {
					if when == "before the write" && c.Set.Await.Token != "" && !done {
						done = true
						w.store.setFault(nil)
						signal()
					}
					return nil, nil
				})
				for range 3 {
					w.run(t, ada.Key("r1"))
				}
				r := w.load(t, ada.Key("r1"))
				wantState(t, r, request.Succeeded)
				if string(r.Result) != `"yes"` {
					t.Errorf("result %s", r.Result)
				}
			})
		})
	}
}

func TestSnooze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		w := newHarness(t, long("poll", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			if runs++; runs < 3 {
				return nil, streamer.Snooze(10 * time.Minute)
			}
			return json.Marshal(job.Attempt())
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "poll", `{}`)
		for range 3 {
			w.run(t, ada.Key("r1"))
			w.run(t, ada.Key("r1")) // not due: nothing runs
			r := w.load(t, ada.Key("r1"))
			if !r.State.Final() {
				if wait := r.Snapshot(false).Waiting; wait.For != wire.WaitingTime {
					t.Errorf("waits for %+v", wait)
				}
			}
			time.Sleep(10 * time.Minute)
		}
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if runs != 3 || string(r.Result) != "1" {
			t.Errorf("%d runs, attempt %s", runs, r.Result)
		}
	})
}

func TestRedriveGoesOnFromTheCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := true
		w := newHarness(t, long("fixable", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 2, Base: time.Second}},
			func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
				var from int
				if _, err := job.Checkpoint(&from); err != nil {
					return nil, err
				}
				if broken {
					if err := job.SetCheckpoint(42); err != nil {
						return nil, err
					}
					return nil, streamer.Errorf(wire.ProcessingFailed, "not today")
				}
				return json.Marshal(map[string]int{"from": from, "attempt": job.Attempt()})
			}))
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "fixable", `{}`)
		w.run(t, ada.Key("r1"))
		failed := w.load(t, ada.Key("r1"))
		wantState(t, failed, request.Failed)

		broken = false
		w.connect(t, "c2", mallo)
		if f := w.ask(t, "c2", `{"id":"a","action":"streamer.redrive","payload":{"request_id":"r1"}}`); f.Error == nil ||
			f.Error.Code != wire.NotFound {
			t.Errorf("another tenant's redrive: %s", f.Append(nil))
		}
		f := w.ask(t, "c1", `{"id":"a","action":"streamer.redrive","payload":{"request_id":"r1"}}`)
		if f.Type != wire.TypeRequest || f.Request.State != wire.StateQueued || f.Request.Rev <= failed.Rev || f.Request.Error != nil ||
			len(f.Request.History) != 1 {
			t.Fatalf("redriven: %s", f.Append(nil))
		}
		// The answer was lost with its socket: the same again, on another.
		w.connect(t, "c3", ada)
		if again := w.ask(t, "c3", `{"id":"a","action":"streamer.redrive","payload":{"request_id":"r1"}}`); again.Request == nil ||
			again.Request.Rev != f.Request.Rev {
			t.Errorf("redriven again: %s", again.Append(nil))
		}
		w.run(t, ada.Key("r1"))
		if got := w.sockets.got("c3"); len(got) == 0 || got[len(got)-1].Type != wire.TypeComplete {
			t.Errorf("whoever redrove it again got %s", describe(got))
		}
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if string(r.Result) != `{"attempt":1,"from":42}` {
			t.Errorf("result %s", r.Result)
		}
		got := w.sockets.got("c1")
		wantRising(t, got)
		if last := got[len(got)-1]; last.Type != wire.TypeComplete {
			t.Errorf("got %s", describe(got))
		}
		if f := w.ask(t, "c1", `{"id":"a","action":"streamer.redrive","payload":{"request_id":"r1"}}`); f.Request == nil ||
			f.Request.State != wire.StateSucceeded {
			t.Errorf("redriving what succeeded: %s", f.Append(nil))
		}
	})
}

func TestARetryPolicyMayKnowItsErrors(t *testing.T) {
	t.Parallel()
	hopeless := errors.New("hopeless")
	w := newHarness(t, long("picky", streamer.ActionConfig{Retry: streamer.RetryPolicy{Retryable: func(err error) bool { return !errors.Is(err, hopeless) }}},
		func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, hopeless }))
	w.submit(t, w.connect(t, "c1", ada), "r1", "picky", `{}`)
	w.run(t, ada.Key("r1"))
	wantState(t, w.load(t, ada.Key("r1")), request.Failed)
}
