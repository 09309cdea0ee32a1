package streamertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/streamertest"
	"github.com/pay-theory/streamer/wire"
)

var errDown = errors.New("the bank is down")

// action is a long one without a payload.
func action(config streamer.ActionConfig, fn func(ctx context.Context, job *streamer.Job) (any, error)) streamer.Action {
	config.Name, config.Long = "act", true
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, _ json.RawMessage) (any, error) { return fn(ctx, job) })
}

func wantState(t *testing.T, job *streamertest.Job, want request.State) {
	t.Helper()
	if got := job.Request().State; got != want {
		t.Fatalf("got %s after the error %v, want %s", got, job.Err(), want)
	}
}

type amount struct{ Cents int }

func (a amount) Validate() error {
	if a.Cents < 0 {
		return errors.New("cents must not be negative")
	}
	return nil
}

func TestShortActions(t *testing.T) {
	t.Parallel()
	double := streamer.NewAction(streamer.ActionConfig{Name: "double", Scope: "money"},
		func(_ context.Context, job *streamer.Job, in amount) (amount, error) {
			if in.Cents == 13 {
				return in, errDown
			}
			return amount{2 * in.Cents}, nil
		})
	t.Run("result", func(t *testing.T) {
		t.Parallel()
		job := streamertest.New(t, double, amount{21})
		job.Run()
		if got := streamertest.Result[amount](job); got.Cents != 42 || job.Err() != nil {
			t.Errorf("got %v and the error %v, want 42 and none", got, job.Err())
		}
	})
	t.Run("error", func(t *testing.T) {
		t.Parallel()
		job := streamertest.New(t, double, amount{13})
		job.Run()
		if job.Err() != errDown {
			t.Errorf("got %#v, want %#v", job.Err(), errDown)
		}
	})
	t.Run("refused payload", func(t *testing.T) {
		t.Parallel()
		job := streamertest.New(t, double, amount{-1})
		job.Run()
		if public, ok := errors.AsType[*streamer.Error](job.Err()); !ok || public.Code != wire.ValidationError {
			t.Errorf("got %v, want %s", job.Err(), wire.ValidationError)
		}
	})
	t.Run("scope", func(t *testing.T) {
		t.Parallel()
		job := streamertest.New(t, double, amount{1})
		job.Principal = streamer.Principal{Tenant: "acme", Subject: "mallory"}
		job.Run()
		if public, ok := errors.AsType[*streamer.Error](job.Err()); !ok || public.Code != wire.Forbidden {
			t.Errorf("got %v, want %s", job.Err(), wire.Forbidden)
		}
	})
	for name, ask := range map[string]func(*streamertest.Job){
		"signals":    func(job *streamertest.Job) { job.Signal("approval", nil) },
		"cancel":     (*streamertest.Job).Cancel,
		"crash":      (*streamertest.Job).Crash,
		"slices":     (*streamertest.Job).EndSlice,
		"heartbeats": (*streamertest.Job).Heartbeat,
	} {
		t.Run("no "+name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "short action double has no "+name) {
					t.Errorf("the panic says %q", text)
				}
			}()
			ask(streamertest.New(t, double, amount{1}))
		})
	}
}

func TestARefusedPayloadOfALongAction(t *testing.T) {
	t.Parallel()
	job := streamertest.New(t, streamer.NewAction(streamer.ActionConfig{Name: "pay", Long: true},
		func(context.Context, *streamer.Job, amount) (int, error) { return 0, nil }), json.RawMessage(`{"cents":-1}`))
	job.Run()
	if public, ok := errors.AsType[*streamer.Error](job.Err()); !ok || public.Code != wire.ValidationError || job.Request() != nil {
		t.Errorf("got %v and the request %v, want %s and none", job.Err(), job.Request(), wire.ValidationError)
	}
}

// Attempts and snoozes follow each other without waiting.
func TestTheClockSkipsWaits(t *testing.T) {
	t.Parallel()
	var at []time.Time
	var job *streamertest.Job
	job = streamertest.New(t, action(streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 3, Base: time.Hour, Cap: 100 * time.Hour}},
		func(_ context.Context, run *streamer.Job) (any, error) {
			at = append(at, job.Now())
			switch len(at) {
			case 1:
				return nil, errDown
			case 2:
				return nil, streamer.Snooze(48 * time.Hour)
			}
			return run.Attempt(), nil
		}), nil)
	began := time.Now()
	job.Run()
	if got := streamertest.Result[int](job); got != 2 || len(at) != 3 {
		t.Fatalf("got attempt %d after %d runs, want 2 after 3", got, len(at))
	}
	// A store keeps a due time to the millisecond, and rounds it down.
	if nap := at[2].Sub(at[1]); nap < 48*time.Hour-time.Millisecond || nap > 49*time.Hour {
		t.Errorf("the snooze lasted %v by the clock, want 48 h", nap)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

// What an action sleeps passes in no time inside a bubble.
func TestInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		job := streamertest.New(t, action(streamer.ActionConfig{Limit: 10 * time.Hour}, func(ctx context.Context, run *streamer.Job) (any, error) {
			if run.Attempt() == 1 {
				return nil, errDown
			}
			for range 6 {
				time.Sleep(time.Hour)
				run.Progress(1, "asleep")
			}
			return "awake", ctx.Err()
		}), nil)
		job.Run()
		if got := streamertest.Result[string](job); got != "awake" {
			t.Errorf("got %q, want awake", got)
		}
	})
}

func TestTheLastAttemptFails(t *testing.T) {
	t.Parallel()
	job := streamertest.New(t, action(streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 2}},
		func(context.Context, *streamer.Job) (any, error) { return nil, errDown }), nil)
	job.Run()
	wantState(t, job, request.Failed)
	if r := job.Request(); r.Attempt != 2 || r.Error.Code != wire.InternalError || !errors.Is(job.Err(), errDown) {
		t.Errorf("got attempt %d, %+v and %v, want 2, %s and %v", r.Attempt, r.Error, job.Err(), wire.InternalError, errDown)
	}
}

// counting emits five numbers, with a checkpoint behind each, and crashes once behind
// the third.
func counting(t *testing.T, crash func(job *streamertest.Job)) (job *streamertest.Job, runs *int) {
	runs = new(int)
	job = streamertest.New(t, action(streamer.ActionConfig{}, func(_ context.Context, run *streamer.Job) (any, error) {
		*runs++
		var n int
		if _, err := run.Checkpoint(&n); err != nil {
			return nil, err
		}
		from := n
		for n < 5 {
			if err := run.Emit(n); err != nil {
				return nil, err
			}
			n++
			if err := run.SetCheckpoint(n); err != nil {
				return nil, err
			}
		}
		return from, nil
	}), nil)
	job.OnReport = func(r streamer.Report) {
		if *runs == 1 && string(r.Checkpoint) == "3" {
			crash(job)
		}
	}
	return job, runs
}

func TestACrashLosesWhatIsNotStored(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		crash func(*streamertest.Job)
		from  int // where the second run begins
	}{
		"between heartbeats": {(*streamertest.Job).Crash, 0},
		"behind a heartbeat": {func(job *streamertest.Job) { job.Heartbeat(); job.Crash() }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job, runs := counting(t, tt.crash)
			if !job.RunOnce() {
				t.Fatal("the crashed run ended the request")
			}
			wantState(t, job, request.Running)
			job.Run()
			if got := streamertest.Result[int](job); got != tt.from || *runs != 2 {
				t.Errorf("run %d began at %d, want the second at %d", *runs, got, tt.from)
			}
			want := []json.RawMessage{[]byte("0"), []byte("1"), []byte("2"), []byte("3"), []byte("4")}
			if diff := cmp.Diff(want, job.Output()); diff != "" {
				t.Errorf("output, want -, got +:\n%s", diff)
			}
			if r := job.Request(); len(r.Steps) != 0 {
				t.Errorf("got the steps %v, want none", r.Steps)
			}
		})
	}
}

// One that crashes in every run is given up as in production.
func TestACrashInEveryRun(t *testing.T) {
	t.Parallel()
	runs := 0
	var job *streamertest.Job
	job = streamertest.New(t, action(streamer.ActionConfig{}, func(context.Context, *streamer.Job) (any, error) {
		runs++
		job.Heartbeat()
		job.Crash()
		return nil, nil
	}), nil)
	job.Run()
	wantState(t, job, request.Failed)
	if runs < 2 || runs > 10 {
		t.Errorf("it ran %d times", runs)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	var cause error
	var job *streamertest.Job
	act := action(streamer.ActionConfig{}, func(ctx context.Context, run *streamer.Job) (any, error) {
		if run.Metadata()["cancel"] == "within" {
			job.Cancel()
			cause = context.Cause(ctx)
			return nil, ctx.Err()
		}
		return streamer.AwaitSignal[string](ctx, run, "approval", time.Hour)
	})
	t.Run("within", func(t *testing.T) {
		job = streamertest.New(t, act, nil)
		job.Metadata = map[string]string{"cancel": "within"}
		job.Run()
		wantState(t, job, request.Cancelled)
		if !errors.Is(cause, streamer.ErrCancelled) {
			t.Errorf("the context ended with %v", cause)
		}
	})
	t.Run("between", func(t *testing.T) {
		job = streamertest.New(t, act, nil)
		job.RunOnce()
		job.Cancel()
		wantState(t, job, request.Cancelled)
	})
	t.Run("before", func(t *testing.T) {
		job = streamertest.New(t, act, nil)
		job.Cancel()
		job.Run()
		wantState(t, job, request.Cancelled)
	})
}

// A signal that arrives while the action runs is there in the next run.
func TestASignalWithin(t *testing.T) {
	t.Parallel()
	runs := 0
	var job *streamertest.Job
	job = streamertest.New(t, action(streamer.ActionConfig{}, func(ctx context.Context, run *streamer.Job) (any, error) {
		runs++
		if runs == 1 {
			job.Signal("approval", "yes")
		}
		return streamer.AwaitSignal[string](ctx, run, "approval", time.Hour)
	}), nil)
	began := job.Now()
	job.Run()
	if got := streamertest.Result[string](job); got != "yes" || runs != 2 || job.Now().Sub(began) > time.Minute {
		t.Errorf("got %q in run %d after %v, want yes in the second at once", got, runs, job.Now().Sub(began))
	}
}

// A test that asks for a result of what failed is told why there is none.
func TestNoResult(t *testing.T) {
	t.Parallel()
	heard := &deaf{TB: t}
	job := streamertest.New(heard, action(streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 1}},
		func(context.Context, *streamer.Job) (any, error) { return nil, errDown }), nil)
	job.Run()
	func() {
		defer func() { recover() }()
		streamertest.Result[int](job)
	}()
	if !strings.Contains(heard.fatal, "FAILED") {
		t.Errorf("it says %q", heard.fatal)
	}
}

// deaf takes note of a Fatalf.
type deaf struct {
	testing.TB
	fatal string
}

func (d *deaf) Fatalf(text string, args ...any) {
	d.fatal = fmt.Sprintf(text, args...)
	panic("fatal")
}
