package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

func TestRunTellsEveryStepAndTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("count", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			for i := range 5 {
				job.ProgressWith(float64(20*(i+1)), "step", map[string]int{"step": i + 1})
				time.Sleep(200 * time.Millisecond)
			}
			return json.RawMessage(`{"big": 9007199254740993 }`), nil
		}))
		who := w.connect(t, "c1", ada)
		ack := w.submit(t, who, "r1", "count", `{}`)
		if ack.Type != wire.TypeAcknowledgment || ack.Rev != 1 {
			t.Fatalf("acknowledged with %+v", ack)
		}
		w.run(t, ada.Key("r1"))

		got := w.sockets.got("c1")
		if len(got) != 6 || got[5].Type != wire.TypeComplete {
			t.Fatalf("want five progress frames and the completion, got %s", describe(got))
		}
		wantRising(t, append([]wire.Frame{ack}, got...))
		if string(got[5].Result) != `{"big": 9007199254740993 }` {
			t.Errorf("result came as %s", got[5].Result)
		}
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if r.Rev != got[5].Rev || r.Progress.Percentage != 100 || !r.Look.At.IsZero() || len(r.Subscribers) != 0 {
			t.Errorf("the row does not say that all is done and told: %+v", r)
		}
		if r.Ran < time.Second {
			t.Errorf("ran for %v, want at least the second that it took", r.Ran)
		}
	})
}

func TestOnlyOneRunClaims(t *testing.T) {
	var mu sync.Mutex
	ran := 0
	w := newHarness(t, long("once", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
		mu.Lock()
		defer mu.Unlock()
		ran++
		return nil, nil
	}))
	w.submit(t, w.connect(t, "c1", ada), "r1", "once", `1`)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := w.Run(t.Context(), ada.Key("r1"), time.Time{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if ran != 1 {
		t.Errorf("the action ran %d times", ran)
	}
}

func TestProgressKeepsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("chatty", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			for i := range 300 {
				job.Progress(float64(i)/3, "tick")
				time.Sleep(10 * time.Millisecond)
			}
			job.Progress(99, "last words")
			time.Sleep(5 * time.Second)
			return nil, nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "chatty", `{}`)
		w.run(t, ada.Key("r1"))

		got, at := w.sockets.got("c1"), w.sockets.at["c1"]
		wantRising(t, got)
		for i := 10; i < len(got)-1; i++ {
			if d := at[i].Sub(at[i-10]); d < time.Second {
				t.Fatalf("frames %d to %d took %v: more than ten a second", i-10, i, d)
			}
		}
		if last := got[len(got)-2]; last.Message != "last words" {
			t.Errorf("the newest progress was not sent: the last is %q", last.Message)
		}
		if len(got) < 25 {
			t.Errorf("only %d frames in three busy seconds", len(got))
		}
	})
}

// A push that takes long holds up neither steps nor the outcome, and the frame of the outcome
// comes behind it.
func TestNoStepWaitsForAWatcher(t *testing.T) {
	for name, say := range map[string]func(*streamer.Job, int) error{
		"progress": func(job *streamer.Job, n int) error { job.Progress(float64(20*n), "step"); return nil },
		"output":   func(job *streamer.Job, n int) error { return job.Emit(n) },
	} {
		t.Run(name, func(t *testing.T) { noStepWaits(t, say) })
	}
}

func noStepWaits(t *testing.T, say func(*streamer.Job, int) error) {
	synctest.Test(t, func(t *testing.T) {
		const work, slow = 10 * time.Millisecond, time.Second
		w := newHarness(t, long("five", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			for n := range 5 {
				if err := say(job, n); err != nil {
					return nil, err
				}
				if _, err := streamer.RunStep(ctx, job, fmt.Sprint(n), func(context.Context) (int, error) {
					time.Sleep(work)
					return n, nil
				}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "five", `{}`)
		w.sockets.onPush = func(_ string, f wire.Frame) {
			if f.Type != wire.TypeComplete {
				time.Sleep(slow)
			}
		}
		began := time.Now()
		w.run(t, ada.Key("r1"))
		if took := w.load(t, ada.Key("r1")).FinishedAt.Sub(began); took != 5*work {
			t.Errorf("got an outcome after %v, want it after the %v of the steps", took, 5*work)
		}
		got, at := w.sockets.got("c1"), w.sockets.at["c1"]
		last := len(got) - 1
		if last < 1 || got[last].Type != wire.TypeComplete {
			t.Fatalf("got %s, want a frame of the run and the end", describe(got))
		}
		for n := range last {
			if apart := at[n+1].Sub(at[n]); apart < slow {
				t.Errorf("got a frame %v behind one that takes %v, want it behind that: %s", apart, slow, describe(got))
			}
			if got[n].Type == wire.TypeOutput && got[n].Offset != int64(n) {
				t.Errorf("got the output of %d at place %d, want it in order", got[n].Offset, n)
			}
		}
	})
}

// A gateway that hangs holds a run up for the time of two pushes, however many frames wait.
func TestARunEndsThoughAGatewayHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hangs = 5 * time.Second
		w := newHarness(t, long("talk", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			for n := range 12 {
				_, err := streamer.RunStep(ctx, job, fmt.Sprint(n), func(context.Context) (int, error) { return n, job.Emit(n) })
				if err != nil {
					return nil, err
				}
			}
			return nil, nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "talk", `{}`)
		w.sockets.onPush = func(_ string, f wire.Frame) {
			if f.Type != wire.TypeComplete {
				time.Sleep(hangs)
			}
		}
		began := time.Now()
		w.run(t, ada.Key("r1"))
		if took := time.Since(began); took > 2*hangs {
			t.Errorf("the run ended after %v, want at most %v", took, 2*hangs)
		}
		if got := w.sockets.got("c1"); got[len(got)-1].Type != wire.TypeComplete {
			t.Errorf("got %s, want the end in the end", describe(got))
		}
	})
}

func TestFailureIsRetriedLaterAndAnnouncedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("flaky", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 3, Base: time.Minute}},
			func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
				if job.Attempt() < 3 {
					return nil, errNetwork
				}
				return json.RawMessage(`"at last"`), nil
			}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "flaky", `{}`)
		for attempt := 1; attempt < 3; attempt++ {
			w.run(t, ada.Key("r1"))
			r := w.load(t, ada.Key("r1"))
			wantState(t, r, request.Queued)
			if r.Attempt != attempt+1 || r.Error == nil || r.Error.Code != wire.InternalError {
				t.Fatalf("after attempt %d the row says attempt %d, error %+v", attempt, r.Attempt, r.Error)
			}
			if strings.Contains(string(r.Error.Details)+r.Error.Message, "secret") {
				t.Fatalf("an undeclared error leaks: %+v", r.Error)
			}
			time.Sleep(time.Until(r.DueAt))
		}
		waits := w.sockets.got("c1")
		for _, f := range waits {
			if f.Type != wire.TypeRequest || f.Request.State != wire.StateQueued || f.Request.Waiting == nil ||
				f.Request.Waiting.For != wire.WaitingRetry || f.Request.Waiting.Until == nil {
				t.Errorf("while it waits for another attempt: got %s, want a request that waits for a retry", describe([]wire.Frame{f}))
			}
		}
		if len(waits) != 2 {
			t.Errorf("got %d frames, want one for each wait", len(waits))
		}
		w.run(t, ada.Key("r1"))
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if r.Error != nil {
			t.Errorf("a request that succeeded keeps the error %+v", r.Error)
		}
		if got := w.sockets.got("c1")[len(waits):]; len(got) != 1 || got[0].Type != wire.TypeComplete {
			t.Errorf("want one completion, got %s", describe(got))
		}
		if !strings.Contains(w.logs.String(), "secret detail") {
			t.Error("the log does not say why it failed")
		}
	})
}

func TestNotDueIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("flaky", streamer.ActionConfig{Retry: streamer.RetryPolicy{Base: time.Hour, Cap: time.Hour}},
			func(context.Context, *streamer.Job) (json.RawMessage, error) {
				return nil, &streamer.Error{Code: wire.ServiceUnavailable, Message: "later", Retryable: true, After: time.Hour}
			}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "flaky", `{}`)
		w.run(t, ada.Key("r1"))
		w.run(t, ada.Key("r1"))
		if r := w.load(t, ada.Key("r1")); r.Attempt != 2 || r.Fence != 2 {
			t.Errorf("a retry that is not due was run: attempt %d, fence %d", r.Attempt, r.Fence)
		}
	})
}

func TestFailuresThatNoRetryCures(t *testing.T) {
	cases := map[string]struct {
		config streamer.ActionConfig
		err    error
		code   wire.Code
		text   string
	}{
		"declared":  {err: streamer.Errorf(wire.ProcessingFailed, "no such account"), code: wire.ProcessingFailed, text: "no such account"},
		"permanent": {err: streamer.Permanent(errNetwork), code: wire.InternalError, text: "internal error"},
		"last attempt": {config: streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 1}}, err: errNetwork,
			code: wire.InternalError, text: "internal error"},
		"wrapped, kept": {err: errors.Join(errors.New("outer"), streamer.Errorf(wire.NotFound, "gone")), code: wire.NotFound, text: "gone"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newHarness(t, long("fails", c.config, func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, c.err }))
			w.submit(t, w.connect(t, "c1", ada), "r1", "fails", `{}`)
			w.run(t, ada.Key("r1"))
			wantState(t, w.load(t, ada.Key("r1")), request.Failed)
			got := w.sockets.got("c1")
			if len(got) != 1 || got[0].Type != wire.TypeError || got[0].Error.Code != c.code || got[0].Error.Message != c.text || got[0].Rev == 0 {
				t.Fatalf("got %s", describe(got))
			}
			if !strings.Contains(string(got[0].Error.Details), `"correlation_id":"corr-c1"`) {
				t.Errorf("the error does not carry the correlation id: %s", got[0].Error.Details)
			}
		})
	}
}

func TestPanicFailsTheRequestOnly(t *testing.T) {
	t.Parallel()
	w := newHarness(t, long("boom", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 1}},
		func(context.Context, *streamer.Job) (json.RawMessage, error) { panic("index out of range: secret") }))
	w.submit(t, w.connect(t, "c1", ada), "r1", "boom", `{}`)
	w.run(t, ada.Key("r1"))
	r := w.load(t, ada.Key("r1"))
	wantState(t, r, request.Failed)
	if strings.Contains(r.Error.Message, "secret") {
		t.Errorf("the panic's text reached the client: %+v", r.Error)
	}
	if !strings.Contains(w.logs.String(), "processor_test.go") {
		t.Error("the log has no stack")
	}
}

// What was expected is in the log beside what it took, for a reader of the cost.
func TestTheLogTellsWhatWasExpected(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		expected time.Duration
		want     string
	}{"known": {90 * time.Second, `"expected_ms":90000`}, "unknown": {0, ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newHarness(t, long("work", streamer.ActionConfig{Expected: tt.expected}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
				return nil, nil
			}))
			w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
			w.run(t, ada.Key("r1"))
			logs := w.logs.String()
			if has := strings.Contains(logs, "expected_ms"); has != (tt.want != "") || !strings.Contains(logs, tt.want) {
				t.Errorf("got the log %s, want %q in it", logs, tt.want)
			}
		})
	}
}

func TestSliceContinuesFromItsCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type state struct{ Done int }
		w := newHarness(t, long("hours", streamer.ActionConfig{Limit: 3 * time.Hour},
			func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
				var s state
				if _, err := job.Checkpoint(&s); err != nil {
					return nil, err
				}
				for ; s.Done < 60; s.Done++ {
					select {
					case <-time.After(time.Minute):
					case <-ctx.Done():
						if errors.Is(context.Cause(ctx), streamer.ErrSliceEnd) {
							return nil, streamer.Continue(s)
						}
						return nil, context.Cause(ctx)
					}
				}
				return json.RawMessage(`60`), nil
			}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "hours", `{}`)
		slices := 0
		for ; slices < 20; slices++ {
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
			if err := w.Run(ctx, ada.Key("r1"), time.Time{}); err != nil {
				t.Fatal(err)
			}
			cancel()
			if w.load(t, ada.Key("r1")).State.Final() {
				break
			}
		}
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if r.Attempt != 1 || r.Slices != slices || slices != 4 {
			t.Errorf("an hour's work in slices of 14 minutes: %d slices after the first, attempt %d, row says %d", slices, r.Attempt, r.Slices)
		}
	})
}

func TestContinuingForEverEnds(t *testing.T) {
	t.Parallel()
	w := newHarness(t, long("again", streamer.ActionConfig{MaxSlices: 3},
		func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, streamer.Continue(nil) }))
	w.submit(t, w.connect(t, "c1", ada), "r1", "again", `{}`)
	for range 5 {
		w.run(t, ada.Key("r1"))
	}
	r := w.load(t, ada.Key("r1"))
	wantState(t, r, request.Failed)
	if r.Error.Code != wire.Timeout || r.Fence != 4 {
		t.Errorf("error %+v after %d claims", r.Error, r.Fence-1)
	}
}

func TestCancelReachesARunningAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := make(chan struct{})
		w := newHarness(t, long("patient", streamer.ActionConfig{}, func(ctx context.Context, _ *streamer.Job) (json.RawMessage, error) {
			close(started)
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}))
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "patient", `{}`)
		go func() {
			<-started
			frame, err := w.requests.Cancel(context.Background(), who, "r1")
			if err != nil || !frame.Request.Cancelling || frame.Request.State != wire.StateRunning {
				t.Errorf("cancel of a running request: %+v, %v", frame.Request, err)
			}
		}()
		began := time.Now()
		w.run(t, ada.Key("r1"))
		if d := time.Since(began); d > 15*time.Second {
			t.Errorf("the cancel took %v, longer than a heartbeat", d)
		}
		wantState(t, w.load(t, ada.Key("r1")), request.Cancelled)
		got := w.sockets.got("c1")
		if len(got) != 1 || got[0].Error == nil || got[0].Error.Code != wire.Cancelled {
			t.Errorf("want one CANCELLED frame, got %s", describe(got))
		}
	})
}

func TestActionThatIgnoresItsEndIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		w := newHarness(t, long("deaf", streamer.ActionConfig{Limit: 2 * time.Minute},
			func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
				<-release
				job.Progress(50, "too late")
				return json.RawMessage(`"too late"`), nil
			}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "deaf", `{}`)
		began := time.Now()
		w.run(t, ada.Key("r1"))
		close(release)
		synctest.Wait()
		if d := time.Since(began); d != 2*time.Minute+10*time.Second {
			t.Errorf("cut off after %v, want the limit and its grace", d)
		}
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Failed)
		if r.Error.Code != wire.Timeout || r.Result != nil {
			t.Errorf("error %+v, result %s", r.Error, r.Result)
		}
		if got := w.sockets.got("c1"); len(got) != 1 {
			t.Errorf("got %s", describe(got))
		}
	})
}

func TestLimitCountsEverySlice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("slow", streamer.ActionConfig{Limit: 20 * time.Minute},
			func(ctx context.Context, _ *streamer.Job) (json.RawMessage, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "slow", `{}`)
		began := time.Now()
		for !w.load(t, ada.Key("r1")).State.Final() {
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
			if err := w.Run(ctx, ada.Key("r1"), time.Time{}); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
		r := w.load(t, ada.Key("r1"))
		if r.Error.Code != wire.Timeout || r.Error.Retry != nil || time.Since(began) != 20*time.Minute {
			t.Errorf("ended after %v with %+v", time.Since(began), r.Error)
		}
	})
}

// TestLostLease is the promise itself: a worker that cannot reach the store goes
// on until its lease is over, another takes the request up from the checkpoint,
// and nothing that the first does afterwards is recorded.
func TestLostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			var from int
			if _, err := job.Checkpoint(&from); err != nil {
				return nil, err
			}
			if first {
				first = false
				if err := job.SetCheckpoint(7); err != nil {
					return nil, err
				}
				job.Progress(10, "first")
				time.Sleep(3 * time.Minute) // deaf to its context on purpose
				return json.RawMessage(`"from a dead worker"`), nil
			}
			job.Progress(70, "second")
			time.Sleep(time.Second)
			return json.Marshal(from)
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)

		ended := make(chan error)
		go func() { ended <- w.Run(context.Background(), ada.Key("r1"), time.Time{}) }()
		time.Sleep(20 * time.Second) // one heartbeat has stored the checkpoint
		w.store.setFault(func(request.Change) (error, error) { return errNetwork, nil })
		time.Sleep(2 * time.Minute)
		w.store.setFault(nil)

		if report := w.sweep(t); report.LeaseExpirations != 1 {
			t.Fatalf("the sweep says %+v", report)
		}
		w.run(t, ada.Key("r1"))
		if err := <-ended; err != nil {
			t.Errorf("the worker that lost its lease says %v", err)
		}
		time.Sleep(5 * time.Minute)

		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if string(r.Result) != `7` || r.Fence != 3 {
			t.Errorf("result %s at fence %d, want the second worker's, from the checkpoint", r.Result, r.Fence)
		}
		if len(r.History) != 1 || r.History[0].Code != wire.LeaseLost || r.History[0].EndedAt.Sub(r.History[0].StartedAt) != 140*time.Second {
			t.Errorf("the history is %+v, want one lease that was lost after 2m20s", r.History)
		}
		got := w.sockets.got("c1")
		wantRising(t, got)
		if last := got[len(got)-1]; last.Type != wire.TypeComplete || string(last.Result) != `7` {
			t.Errorf("got %s", describe(got))
		}
	})
}

// A heartbeat that its worker gave up on arrives behind the next one: it is of the
// same lease, and must not bring back an older checkpoint and progress, nor lift
// rev above what the worker has shown.
func TestAWriteThatLandsLateUndoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			for i := range 6 {
				if err := job.SetCheckpoint(i); err != nil {
					return nil, err
				}
				job.Progress(float64(10*i), "step")
				time.Sleep(10 * time.Second)
			}
			return nil, nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
		var late *request.Change
		w.store.setFault(func(c request.Change) (before, after error) {
			if c.Set.Progress != nil && late == nil {
				late = &c
				return errNetwork, nil
			}
			return nil, nil
		})
		time.AfterFunc(35*time.Second, func() {
			was := w.load(t, ada.Key("r1"))
			_, err := w.store.Store.ChangeRequest(t.Context(), ada.Key("r1"), *late)
			var conflict *request.ConflictError
			if r := w.load(t, ada.Key("r1")); !errors.As(err, &conflict) || r.Rev != was.Rev || string(r.Checkpoint) != string(was.Checkpoint) {
				t.Errorf("what lands late says %v, and leads from rev %d and checkpoint %s to rev %d and checkpoint %s", err, was.Rev,
					was.Checkpoint, r.Rev, r.Checkpoint)
			}
		})
		w.run(t, ada.Key("r1"))
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if late == nil || r.Ran != time.Minute {
			t.Errorf("ran for %v, want a minute", r.Ran)
		}
	})
}

// A heartbeat whose answer was lost is not counted twice.
func TestAWriteWhoseAnswerIsLostCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
			time.Sleep(2 * time.Minute)
			return nil, nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
		writes := 0
		w.store.setFault(func(c request.Change) (before, after error) {
			if writes++; writes%3 == 0 {
				return nil, errNetwork
			}
			return nil, nil
		})
		w.run(t, ada.Key("r1"))
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Succeeded)
		if r.Ran != 2*time.Minute {
			t.Errorf("ran for %v, want 2m", r.Ran)
		}
	})
}

// withoutCause is an attempt without its cause, which tests compare by itself.
func withoutCause(a wire.Attempt) wire.Attempt {
	a.Cause = wire.Cause{}
	return a
}

func TestLeaseLostTooOftenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("killer", streamer.ActionConfig{}, nil))
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "killer", `{}`)
		began := time.Now()
		for i := range 5 {
			// A worker that dies after its claim: the claim is all that it writes.
			claimed, err := w.store.ChangeRequest(t.Context(), ada.Key("r1"), request.Change{
				If: request.Guards{States: []request.State{request.Queued}},
				Set: request.Effects{UpdatedAt: time.Now(), State: request.Running, DueAt: time.Now().Add(time.Minute),
					Look: request.Look{Kind: request.LookLease, At: time.Now().Add(time.Minute)}, ClaimedAt: time.Now(),
					StartedAt: time.Now(), AddFence: 1, AddRev: 1, Worker: fmt.Sprint("worker-", i)},
			})
			if err != nil {
				t.Fatal(err)
			}
			if report := w.sweep(t); report != (streamer.SweepReport{}) {
				t.Fatalf("the sweep touched a live lease: %+v", report)
			}
			time.Sleep(time.Until(claimed.DueAt))
			w.sweep(t)
		}
		r := w.load(t, ada.Key("r1"))
		wantState(t, r, request.Failed)
		if got := w.sockets.got("c1"); len(got) != 1 || got[0].Error.Code != wire.InternalError {
			t.Errorf("got %s", describe(got))
		}
		for i := range 5 {
			lease := wire.Attempt{Number: 1, StartedAt: began.Add(time.Duration(i) * time.Minute).UTC(), Code: wire.LeaseLost,
				Worker: fmt.Sprint("worker-", i)}
			lease.EndedAt = lease.StartedAt.Add(time.Minute)
			if len(r.History) != 5 || !strings.Contains(r.History[i].Cause.Message, "its worker was killed") {
				t.Fatalf("the history is %+v, want 5 leases that were lost", r.History)
			}
			if got := withoutCause(r.History[i]); got != lease {
				t.Errorf("lease %d of the history: got %+v, want %+v", i, got, lease)
			}
		}
	})
}

func TestASweepMakesUpForLostDispatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, nil))
		who := w.connect(t, "c1", ada)
		w.dispatches.err = errNetwork
		w.submit(t, who, "r1", "work", `{}`)
		w.submit(t, who, "r2", "work", `{}`)
		w.dispatches.err = nil
		if report := w.sweep(t); report.Dispatched != 0 {
			t.Errorf("a sweep at once: got %+v, want none dispatched, since a dispatch has its time", report)
		}
		time.Sleep(time.Minute)
		w.dispatches.err = errNetwork
		for range 3 {
			if report, err := w.Sweep(t.Context()); !errors.Is(err, errNetwork) || report.Dispatched != 0 {
				t.Errorf("a queue that does not take them: got %+v, %v, want none dispatched and %v", report, err, errNetwork)
			}
		}
		w.dispatches.err = nil
		if report := w.sweep(t); report.Dispatched != 2 || len(w.dispatches.keys) != 2 {
			t.Errorf("got %+v and dispatches of %v, want 2", report, w.dispatches.keys)
		}
	})
}

func TestSweepsAtATimeDispatchOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, nil))
		who := w.connect(t, "c1", ada)
		const n = 50
		for i := range n {
			w.submit(t, who, "r"+strconv.Itoa(i), "work", `{}`)
		}
		w.dispatches.keys = nil // all of them are lost
		time.Sleep(time.Minute)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { w.sweep(t) })
		}
		all.Wait()
		if len(w.dispatches.keys) != n {
			t.Errorf("got %d dispatches, want one for each of %d requests", len(w.dispatches.keys), n)
		}
	})
}

// A request that waits long is dispatched again with the logarithm of its wait, and every
// 15 minutes: so often, at least, sweeps tell of it.
func TestASweepDoesNotBuryARequestUnderDispatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, nil))
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
		rev := w.load(t, ada.Key("r1")).Rev
		dispatched, silent, longest := 0, 0, 0
		for range 62 {
			time.Sleep(time.Minute)
			report := w.sweep(t)
			dispatched += report.Dispatched
			silent++
			longest = max(longest, silent)
			if report.Oldest > 0 {
				silent = 0
			}
		}
		if dispatched != 8 || longest > 15 {
			t.Errorf("got %d dispatches in 62 sweeps, which told of the request every %d sweeps at the least; want 8 and 15", dispatched, longest)
		}
		if r := w.load(t, ada.Key("r1")); r.Rev != rev || r.State != request.Queued {
			t.Errorf("got %s at rev %d, want it as it was, at rev %d", r.State, r.Rev, rev)
		}
	})
}

// backlogged is a queue in which dispatches wait.
type backlogged struct {
	streamer.Queue
	waiting int
}

func (b backlogged) Backlog(context.Context) (int, error) { return b.waiting, nil }

// TestCrashBeforeTheFinalFrame: the worker has stored the end and dies before it
// told anybody. The client is connected and would wait for ever.
func TestCrashBeforeTheFinalFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return json.RawMessage(`1`), nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
		w.sockets.setFault(func(string) error { return errNetwork })
		w.run(t, ada.Key("r1"))
		w.sockets.setFault(nil)
		time.Sleep(time.Minute)
		if report := w.sweep(t); report.Notified != 1 {
			t.Fatalf("the sweep says %+v", report)
		}
		if report := w.sweep(t); report.Notified != 0 {
			t.Errorf("the sweep tells again what was told: %+v", report)
		}
		if got := w.sockets.got("c1"); len(got) != 1 || got[0].Type != wire.TypeComplete {
			t.Errorf("got %s", describe(got))
		}
	})
}

func TestOutcomeSurvivesAFaultyStore(t *testing.T) {
	cases := map[string]func(faults int) (before, after error){
		"the write fails":         func(int) (error, error) { return errNetwork, nil },
		"only its answer is lost": func(int) (error, error) { return nil, errNetwork },
	}
	for name, fault := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ran := 0
				w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
					ran++
					return json.RawMessage(`1`), nil
				}))
				w.submit(t, w.connect(t, "c1", ada), "r1", "work", `{}`)
				faults := 0
				w.store.setFault(func(c request.Change) (error, error) {
					if c.Set.State == request.Succeeded && faults < 4 {
						faults++
						return fault(faults)
					}
					return nil, nil
				})
				w.run(t, ada.Key("r1"))
				wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
				if got := w.sockets.got("c1"); len(got) != 1 || got[0].Type != wire.TypeComplete || ran != 1 {
					t.Errorf("ran %d times, got %s", ran, describe(got))
				}
			})
		})
	}
}

func TestGoneSubscriberIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			for range 10 {
				job.Progress(1, "x")
				time.Sleep(3 * time.Second)
			}
			return nil, nil
		}))
		w.submit(t, w.connect(t, "gone", ada), "r1", "work", `{}`)
		if _, err := w.requests.Subscribe(t.Context(), w.connect(t, "c2", ada), "r1"); err != nil {
			t.Fatal(err)
		}
		tried := 0
		w.sockets.setFault(func(id string) error {
			if id == "gone" {
				tried++
				return streamer.ErrGone
			}
			return nil
		})
		w.run(t, ada.Key("r1"))
		if tried != 1 {
			t.Errorf("pushed %d times to a connection that is gone", tried)
		}
		if got := w.sockets.got("c2"); len(got) != 11 {
			t.Errorf("the other subscriber got %s", describe(got))
		}
	})
}

func TestResultTooLarge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size  int
		state request.State
		ref   string
	}{
		"in a frame":   {100 << 10, request.Succeeded, ""},
		"by reference": {150 << 10, request.Succeeded, "/requests/r1"},
		"refused":      {200 << 10, request.Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newHarness(t, long("big", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
				return json.Marshal(strings.Repeat("x", c.size))
			}))
			who := w.connect(t, "c1", ada)
			w.submit(t, who, "r1", "big", `{}`)
			w.run(t, ada.Key("r1"))
			wantState(t, w.load(t, ada.Key("r1")), c.state)
			got := w.sockets.got("c1")
			if len(got) != 1 || got[0].ResultRef != c.ref {
				t.Fatalf("got %d frames, the last with result_ref %q", len(got), got[len(got)-1].ResultRef)
			}
			if size := len(got[0].Append(nil)); size > 128<<10 {
				t.Errorf("a frame of %d bytes does not fit into a message", size)
			}
			who.Connection = "" // over HTTP
			frame, err := w.requests.Get(t.Context(), who, "r1")
			if err != nil {
				t.Fatal(err)
			}
			if c.state == request.Succeeded && len(frame.Request.Result) != c.size+2 {
				t.Errorf("HTTP gets a result of %d bytes", len(frame.Request.Result))
			}
		})
	}
}

// An outcome that does not fit beside all else that is kept of the request fails
// it at once, rather than be tried until the lease is lost.
func TestOutcomeDoesNotFit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("big", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			return json.RawMessage(`"much"`), job.SetCheckpoint("and more")
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "big", `{}`)
		w.store.setFault(func(c request.Change) (error, error) {
			if c.Set.Result != nil || c.Set.State != "" && c.Set.Checkpoint != nil {
				return streamer.Errorf(wire.PayloadTooLarge, "the request would be too large"), nil
			}
			return nil, nil
		})
		began := time.Now()
		w.run(t, ada.Key("r1"))
		r := w.load(t, ada.Key("r1"))
		if wantState(t, r, request.Failed); r.Error.Code != wire.PayloadTooLarge || time.Since(began) > time.Second {
			t.Errorf("it failed with %v after %v", r.Error, time.Since(began))
		}
	})
}

func TestProcessorConfigNamesEachFaultInOrder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config streamer.ProcessorConfig
		want   []string
	}{
		"nothing set": {
			streamer.ProcessorConfig{},
			[]string{"Store is required", "Actions is required", "Push is required", "Dispatch is required"},
		},
		"durations": {
			streamer.ProcessorConfig{Store: &faultyStore{}, Actions: streamer.NewRegistry(), Push: &sockets{}, Dispatch: streamer.QueueFunc((&dispatches{}).Dispatch),
				Lease: time.Second, Heartbeat: time.Second, SaveEvery: -2, Grace: -1, Retention: -time.Hour},
			[]string{"SaveEvery is -2ns; it must not be negative", "Grace is -1ns; it must not be negative",
				"Retention is -1h0m0s; it must not be negative", "Heartbeat 1s must be below half of Lease 1s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 20 { // an order by chance would show
				_, err := streamer.NewProcessor(tt.config)
				want := "processor config: " + strings.Join(tt.want, "\nprocessor config: ")
				if err == nil || err.Error() != want {
					t.Fatalf("got\n%v\nwant\n%s", err, want)
				}
			}
		})
	}
}

// Asked to stop between two heartbeats, a request that goes to sleep does not
// sleep first.
func TestACancelThatTheWorkerHasNotHeardEndsASnooze(t *testing.T) {
	t.Parallel()
	var w *harness
	w = newHarness(t, long("nap", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
		if _, err := w.requests.Cancel(ctx, streamer.Caller{Principal: ada}, "r-1"); err != nil {
			return nil, err
		}
		return nil, streamer.Snooze(24 * time.Hour)
	}))
	w.submit(t, w.connect(t, "c", ada), "r-1", "nap", `1`)
	w.run(t, ada.Key("r-1"))
	wantState(t, w.load(t, ada.Key("r-1")), request.Cancelled)
	got := w.sockets.got("c")
	if len(got) == 0 || got[len(got)-1].Error == nil || got[len(got)-1].Error.Code != wire.Cancelled {
		t.Errorf("its watcher got%s", describe(got))
	}
}
