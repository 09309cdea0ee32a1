package lambda_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/emulator/lambda"
)

type handler func(ctx context.Context, payload []byte) ([]byte, error)

func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return h(ctx, payload) }

func host(t *testing.T, config lambda.Config, h handler) *lambda.InProcess {
	t.Helper()
	config.Name, config.Handler = "router", h
	f, err := lambda.NewInProcess(config)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := host(t, lambda.Config{Timeout: 3 * time.Second}, func(ctx context.Context, payload []byte) ([]byte, error) {
			lc, ok := lambdacontext.FromContext(ctx)
			deadline, hasDeadline := ctx.Deadline()
			if !ok || len(lc.AwsRequestID) != 36 || !strings.HasSuffix(lc.InvokedFunctionArn, ":router") ||
				!hasDeadline || time.Until(deadline) != 3*time.Second {
				t.Errorf("context %+v, deadline %v", lc, time.Until(deadline))
			}
			payload[0] = 'X' // the handler's own copy
			return payload, nil
		})
		event := []byte("event")
		out, err := f.Invoke(t.Context(), event)
		if err != nil || string(out) != "Xvent" || string(event) != "event" {
			t.Errorf("answer %q, %v, event %q", out, err, event)
		}
		if err := f.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := f.Invoke(t.Context(), event); !errors.Is(err, lambda.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if err := f.InvokeAsync(t.Context(), event); !errors.Is(err, lambda.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestAFunctionThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		f := host(t, lambda.Config{Timeout: time.Second}, func(_ context.Context, payload []byte) ([]byte, error) {
			switch string(payload) {
			case "panic":
				panic("at the disco")
			case "hang":
				time.Sleep(10 * time.Second)
			}
			return nil, broken
		})
		if _, err := f.Invoke(t.Context(), []byte("fail")); !errors.Is(err, broken) {
			t.Errorf("an error: %v", err)
		}
		_, err := f.Invoke(t.Context(), []byte("panic"))
		if crash, ok := errors.AsType[*lambda.CrashError](err); !ok ||
			len(crash.Stack) == 0 || !strings.Contains(err.Error(), "disco") {
			t.Errorf("a panic: %v", err)
		}
		start := time.Now()
		_, err = f.Invoke(t.Context(), []byte("hang"))
		if _, ok := errors.AsType[*lambda.TimeoutError](err); !ok || time.Since(start) != time.Second ||
			!strings.Contains(err.Error(), "Task timed out after 1.00 seconds") {
			t.Errorf("a hang: %v after %v", err, time.Since(start))
		}
		time.Sleep(10 * time.Second) // the fake clock lets the handler end
	})
}

func TestTheCallerMayGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		finished := false
		f := host(t, lambda.Config{}, func(ctx context.Context, _ []byte) ([]byte, error) {
			time.Sleep(time.Second)
			finished = ctx.Err() == nil
			return nil, nil
		})
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(gone)
		if _, err := f.Invoke(ctx, nil); !errors.Is(err, gone) {
			t.Errorf("error %v", err)
		}
		time.Sleep(2 * time.Second) // of the fake clock
		synctest.Wait()
		if !finished {
			t.Error("the function ended with its caller")
		}
	})
}

// Synchronous invocations are accepted however long the queue of the others is.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		release := make(chan struct{})
		f := host(t, lambda.Config{Concurrency: 3}, func(context.Context, []byte) ([]byte, error) {
			most.Store(max(most.Load(), running.Add(1)))
			<-release
			running.Add(-1)
			return nil, nil
		})
		for range 10 {
			if err := f.InvokeAsync(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if running.Load() != 2 {
			t.Errorf("%d of those in line run", running.Load())
		}
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := f.Invoke(t.Context(), nil); err != nil {
				t.Errorf("a third invocation: %v", err)
			}
		})
		synctest.Wait()
		if _, err := f.Invoke(t.Context(), nil); !errors.Is(err, lambda.ErrThrottled) {
			t.Errorf("a fourth invocation: %v", err)
		}
		close(release)
		all.Wait()
		synctest.Wait()
		if most.Load() != 3 || running.Load() != 0 {
			t.Errorf("at most %d ran at a time, %d still do", most.Load(), running.Load())
		}
	})
}

func TestAsynchronousRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Duration
		var logs bytes.Buffer
		start := time.Now()
		f := host(t, lambda.Config{Retries: 2, Logger: slog.New(slog.NewTextHandler(&logs, nil))},
			func(context.Context, []byte) ([]byte, error) {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Since(start))
				return nil, errors.New("broken")
			})
		if err := f.InvokeAsync(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // of the fake clock
		synctest.Wait()
		if len(at) != 3 || at[1] != time.Minute || at[2] != 3*time.Minute {
			t.Errorf("tried at %v", at)
		}
		if strings.Count(logs.String(), "asynchronous invocation failed") != 3 {
			t.Errorf("log: %s", logs.String())
		}
	})
}

// An event that is given up is reported with what it was and why, once.
func TestAnEventIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config lambda.Config
		takes  time.Duration
		want   lambda.Failure
		after  time.Duration
	}{
		"retries": {lambda.Config{Retries: 1}, time.Second,
			lambda.Failure{Condition: "RetriesExhausted", Invocations: 2}, time.Minute + 2*time.Second},
		"age between retries": {lambda.Config{Retries: 2, EventAge: 90 * time.Second}, time.Second,
			lambda.Failure{Condition: "EventAgeExceeded", Invocations: 2}, time.Minute + 2*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var given []lambda.Failure
				ids := map[string]bool{}
				start := time.Now()
				var after time.Duration
				c.config.Logger = slog.New(slog.DiscardHandler)
				c.config.OnFailure = func(f lambda.Failure) { given, after = append(given, f), time.Since(start) }
				f := host(t, c.config, func(ctx context.Context, _ []byte) ([]byte, error) {
					lc, _ := lambdacontext.FromContext(ctx)
					ids[lc.AwsRequestID] = true
					time.Sleep(c.takes)
					return nil, errors.New("broken")
				})
				if err := f.InvokeAsync(t.Context(), []byte(`{"n":1}`)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour) // of the fake clock
				synctest.Wait()
				if len(given) != 1 || len(ids) != 1 || !ids[given[0].RequestID] || given[0].Condition != c.want.Condition ||
					given[0].Invocations != c.want.Invocations ||
					string(given[0].Payload) != `{"n":1}` || !strings.Contains(string(given[0].Response), `"errorMessage":"broken"`) || after != c.after {
					t.Errorf("given up %+v after %v, ids %v", given, after, ids)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // in line
		var given []lambda.Failure
		release := make(chan struct{})
		f := host(t, lambda.Config{Concurrency: 1, EventAge: time.Minute, OnFailure: func(f lambda.Failure) { given = append(given, f) }},
			func(context.Context, []byte) ([]byte, error) { <-release; return nil, nil })
		for range 2 {
			if err := f.InvokeAsync(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Minute) // of the fake clock
		synctest.Wait()
		if len(given) != 1 || given[0].Condition != "EventAgeExceeded" || given[0].Invocations != 0 || given[0].Response != nil {
			t.Errorf("given up %+v", given)
		}
		close(release)
		synctest.Wait()
	})
}

func TestCloseEndsWhatRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := false
		f := host(t, lambda.Config{Concurrency: 1, Retries: 2}, func(ctx context.Context, payload []byte) ([]byte, error) {
			if string(payload) == "stuck" {
				time.Sleep(time.Minute)
				return nil, nil
			}
			<-ctx.Done()
			time.Sleep(time.Second)
			ended = true
			return nil, ctx.Err()
		})
		for range 2 { // one runs, one waits in line
			if err := f.InvokeAsync(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if err := f.Close(t.Context()); err != nil || !ended {
			t.Errorf("closed with %v, handler ended: %v", err, ended)
		}

		f = host(t, lambda.Config{}, func(context.Context, []byte) ([]byte, error) {
			time.Sleep(time.Minute)
			return nil, nil
		})
		if err := f.InvokeAsync(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "router") {
			t.Errorf("closing with a stuck handler: %v", err)
		}
		time.Sleep(time.Minute)
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	ok := handler(func(context.Context, []byte) ([]byte, error) { return nil, nil })
	for name, config := range map[string]lambda.Config{
		"no name":    {Handler: ok},
		"no handler": {Name: "f"},
		"too short":  {Name: "f", Handler: ok, Timeout: time.Millisecond},
		"too long":   {Name: "f", Handler: ok, Timeout: time.Hour},
		"negative":   {Name: "f", Handler: ok, Retries: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := lambda.NewInProcess(config); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

// An answer above 6 MB is a failed invocation, as it is on Lambda.
func TestInProcessRefusesLargeAnswers(t *testing.T) {
	t.Parallel()
	const most = 6 << 20
	for size, want := range map[int]string{most: "", most + 1: "Function.ResponseSizeTooLarge"} {
		h, err := lambda.NewInProcess(lambda.Config{Name: "f", Handler: handler(func(context.Context, []byte) ([]byte, error) {
			return make([]byte, size), nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		out, err := h.Invoke(t.Context(), nil)
		var got string
		if fault, failed := errors.AsType[*lambda.FunctionError](err); failed {
			got = fault.Type
		}
		if got != want || want == "" && len(out) != size {
			t.Errorf("%d bytes: got %d bytes and the error %q, want %q", size, len(out), got, want)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
