package streamer_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// withActions is the harness's processor with the actions of another deploy.
func (w *harness) withActions(actions ...streamer.Action) *streamer.Processor {
	config := w.ProcessorConfig
	config.Actions = streamer.NewRegistry(actions...)
	return &streamer.Processor{ProcessorConfig: config}
}

// misfits are pairs of actions of one name: what one deploy accepts and stores, the
// other cannot take.
func misfits() map[string]struct{ old, fits []streamer.Action } {
	config := streamer.ActionConfig{Name: "order", Long: true, Retry: streamer.RetryPolicy{Attempts: 1}}
	fits := streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, in struct{ N int }) (int, error) {
		var at int
		if _, err := job.Checkpoint(&at); err != nil {
			return 0, err
		}
		return streamer.RunStep(ctx, job, "add", func(context.Context) (int, error) { return in.N + at, nil })
	})
	return map[string]struct{ old, fits []streamer.Action }{
		"no action": {nil, []streamer.Action{fits}},
		"another input": {[]streamer.Action{streamer.NewAction(config,
			func(context.Context, *streamer.Job, struct{ N string }) (int, error) { return 0, nil })}, []streamer.Action{fits}},
		"another checkpoint": {[]streamer.Action{streamer.NewAction(config,
			func(_ context.Context, job *streamer.Job, _ json.RawMessage) (int, error) {
				var at struct{ Page int }
				_, err := job.Checkpoint(&at)
				return 0, err
			})}, []streamer.Action{fits}},
		"another step": {[]streamer.Action{streamer.NewAction(config,
			func(ctx context.Context, job *streamer.Job, _ json.RawMessage) (int, error) {
				_, err := streamer.RunStep(ctx, job, "rate", func(context.Context) (bool, error) { return true, nil })
				return 0, err
			})}, []streamer.Action{fits}},
		"another signal": {[]streamer.Action{streamer.NewAction(config,
			func(ctx context.Context, job *streamer.Job, _ json.RawMessage) (int, error) {
				return streamer.AwaitSignal[int](ctx, job, "approval", time.Hour)
			})}, []streamer.Action{fits}},
	}
}

// prepared is a harness with a due request that has a checkpoint, a step and a signal.
func prepared(t *testing.T, fits []streamer.Action) *harness {
	w := newHarness(t, fits...)
	w.submit(t, w.connect(t, "c1", ada), "r1", "order", `{"N":40}`)
	for _, set := range []request.Effects{
		{Checkpoint: json.RawMessage("2"), Step: &request.Step{Name: "rate", Result: json.RawMessage(`"1.5"`)}},
		{Step: &request.Step{Name: request.SignalStep("approval"), Result: json.RawMessage(`"yes"`)}},
	} {
		if _, err := w.store.ChangeRequest(t.Context(), ada.Key("r1"), request.Change{Set: set}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// workFor has the processor run the request whenever it is due, until it ends or the
// time is over.
func (w *harness) workFor(t *testing.T, p *streamer.Processor, d time.Duration) *request.Request {
	t.Helper()
	for began := time.Now(); time.Since(began) < d && !w.load(t, ada.Key("r1")).State.Final(); time.Sleep(time.Second) {
		if err := p.Run(t.Context(), ada.Key("r1"), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	return w.load(t, ada.Key("r1"))
}

func TestADeployInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, tt := range misfits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := prepared(t, tt.fits)
				r := w.workFor(t, w.withActions(tt.old...), 9*time.Minute+50*time.Second)
				wantState(t, r, request.Queued)
				if r.Attempt != 1 || r.Error.Code != wire.ServiceUnavailable || len(r.History) < 5 || len(r.History) > request.MaxHistory {
					t.Errorf("got attempt %d, error %+v and %d claims, want attempt 1, %s and a few", r.Attempt, r.Error, len(r.History), wire.ServiceUnavailable)
				}
				r = w.workFor(t, w.Processor, 3*time.Minute) // of the new deploy
				wantState(t, r, request.Succeeded)
				if string(r.Result) != "42" || r.Attempt != 1 {
					t.Errorf("got %s in attempt %d, want 42 in the first", r.Result, r.Attempt)
				}
			})
		})
	}
}

func TestADeployThatNeverFits(t *testing.T) {
	t.Parallel()
	for name, tt := range misfits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := prepared(t, tt.fits)
				old := w.withActions(tt.old...)
				for range 2 { // a redrive has ten minutes of its own
					began := time.Now()
					r := w.workFor(t, old, time.Hour)
					wantState(t, r, request.Failed)
					if took := time.Since(began); took < 10*time.Minute || took > 13*time.Minute {
						t.Errorf("it failed after %v, want 10 to 13 min", took)
					}
					if r.Error.Code != wire.InternalError || r.Error.Retry != nil || !strings.Contains(r.Error.Message, "the deploy is at fault") {
						t.Errorf("got %+v, want %s that blames the deploy", r.Error, wire.InternalError)
					}
					if _, err := w.requests.Redrive(t.Context(), streamer.Caller{Principal: ada}, "r1"); err != nil {
						t.Fatal(err)
					}
				}
				wantState(t, w.workFor(t, w.Processor, time.Minute), request.Succeeded)
			})
		})
	}
}

// A wait for a signal lasts no longer when its end meets a worker that lacks the action.
func TestADeployAtTheEndOfAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, approval(func() {}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "approval", `{}`)
		w.run(t, ada.Key("r1"))
		time.Sleep(time.Hour)
		wantState(t, w.workFor(t, w.withActions(), time.Minute), request.Queued)
		r := w.workFor(t, w.Processor, 5*time.Minute)
		wantState(t, r, request.Failed)
		if r.Error.Code != wire.Timeout {
			t.Errorf("got %s, want %s", r.Error.Code, wire.Timeout)
		}
	})
}
