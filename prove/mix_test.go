package prove_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/prove"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// The mix has a case for each way in which a request can live.
func mix() []prove.Case {
	return []prove.Case{sums(), pieces(), charges(), flaky(), mended(), refused(), reports(), naps(), approvals(), talks(), narrates(), slow(),
		lined("line_low", streamer.Low), lined("line_high", streamer.High), family(), strict(), nested(), renewed()}
}

// schedules are of times far apart, which may not be lost, and of work that takes longer
// than from one time to the next.
func schedules() []streamer.Schedule {
	return []streamer.Schedule{
		{Name: "sums", Every: 30 * time.Minute, Action: "sum", Payload: count{12}, Tenant: "acme", Subject: "system", Overlap: true},
		{Name: "charges", Cron: "17 * * * *", TimeZone: "Europe/Berlin", Action: "charge", Payload: count{3}, Tenant: "globex",
			Subject: "system"},
		{Name: "crowded", Every: 10 * time.Minute, Action: "slow", Payload: count{16}, Tenant: "acme", Subject: "system"},
	}
}

type count struct {
	N int `json:"n"`
}

func upTo(most int) func(*rand.Rand) json.RawMessage {
	return func(rng *rand.Rand) json.RawMessage { return encoded(count{1 + rng.IntN(most)}) }
}

func encoded(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func (c count) of(payload json.RawMessage) count {
	if err := json.Unmarshal(payload, &c); err != nil {
		panic(err)
	}
	return c
}

// succeeded wants a result, which want makes of the payload's n.
func succeeded(want func(n int) any) func(json.RawMessage, prove.Outcome) error {
	return func(payload json.RawMessage, got prove.Outcome) error {
		right := encoded(want(count{}.of(payload).N))
		if got.State != request.Succeeded || !bytes.Equal(got.Result, right) {
			return fmt.Errorf("%s, want %s", outcomeText(got), right)
		}
		return nil
	}
}

// outcomeText is an outcome as text.
func outcomeText(got prove.Outcome) string {
	if got.Error != nil {
		return fmt.Sprintf("%s with %s", got.State, encoded(got.Error))
	}
	return fmt.Sprintf("%s with %s", got.State, got.Result)
}

func action(name string, edit func(*streamer.ActionConfig),
	fn func(ctx context.Context, job *streamer.Job, in count) (any, error)) streamer.Action {
	config := streamer.ActionConfig{Name: name, Long: true, Limit: 1000 * time.Hour,
		Retry: streamer.RetryPolicy{Attempts: 1}} // what is injected costs none
	if edit != nil {
		edit(&config)
	}
	return streamer.NewAction(config, fn)
}

// work takes some of the time inside, unless the context ends. The odd
// milliseconds keep it from ending together with a timer of the worker: which of
// two things comes first at the same instant is the one thing no seed decides.
func work(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d + 13*time.Millisecond + 7*time.Microsecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func sums() prove.Case {
	return prove.Case{
		Payload: upTo(100), Later: 0.4,
		Action: action("sum", nil, func(_ context.Context, _ *streamer.Job, in count) (any, error) {
			total := 0
			for n := range in.N + 1 {
				total += n
			}
			return total, nil
		}),
		Want: succeeded(func(n int) any { return n * (n + 1) / 2 }),
	}
}

// pieces works in slices: it reports, leaves checkpoints and continues.
func pieces() prove.Case {
	type state struct{ Done, Total int }
	return prove.Case{
		Payload: upTo(20),
		Action: action("pieces", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			var at state
			if _, err := job.Checkpoint(&at); err != nil {
				return nil, err
			}
			for begun := at.Done; at.Done < in.N; {
				if err := work(ctx, 7*time.Second); errors.Is(err, streamer.ErrSliceEnd) {
					return nil, streamer.Continue(at)
				} else if err != nil {
					return nil, err
				}
				at.Done++
				at.Total += at.Done * at.Done
				if err := job.SetCheckpoint(at); err != nil {
					return nil, err
				}
				job.Progress(100*float64(at.Done)/float64(in.N), "piece")
				if err := work(ctx, 0); errors.Is(err, streamer.ErrSliceEnd) {
					return nil, streamer.Continue(at)
				} else if err != nil {
					return nil, err
				}
				if at.Done-begun == 8 {
					return nil, streamer.Continue(at)
				}
			}
			return at.Total, nil
		}),
		Want: succeeded(func(n int) any { return n * (n + 1) * (2*n + 1) / 6 }),
	}
}

// charges records five steps. The number of a run of a step is in its result, so
// that a step that is recorded twice shows.
func charges() prove.Case {
	var runs atomic.Int64
	return prove.Case{
		Payload: upTo(5), Cancel: 0.05,
		Action: action("charge", nil, func(ctx context.Context, job *streamer.Job, _ count) (any, error) {
			var receipts []string
			for n := range 5 {
				name := fmt.Sprintf("charge-%d", n)
				receipt, err := streamer.RunStep(ctx, job, name, func(ctx context.Context) (string, error) {
					if err := work(ctx, 11*time.Second); err != nil {
						return "", err
					}
					return fmt.Sprintf("%s#%d", job.StepKey(name), runs.Add(1)), nil
				})
				if errors.Is(err, streamer.ErrSliceEnd) {
					return nil, streamer.Continue(nil)
				} else if err != nil {
					return nil, err
				}
				receipts = append(receipts, receipt)
			}
			return receipts, nil
		}),
		Want: func(_ json.RawMessage, got prove.Outcome) error {
			var receipts []string
			if err := json.Unmarshal(got.Result, &receipts); err != nil || len(receipts) != 5 || len(got.Steps) != 5 {
				return fmt.Errorf("%s after %d steps: %w", outcomeText(got), len(got.Steps), err)
			}
			for n, receipt := range receipts {
				if recorded := got.Steps[fmt.Sprintf("charge-%d", n)]; string(recorded) != string(encoded(receipt)) {
					return fmt.Errorf("the result has receipt %s of step %d, recorded is %s", receipt, n, recorded)
				}
			}
			return nil
		},
	}
}

// flaky fails until its nth attempt, and says how long to wait before the next.
// An attempt that comes long before its time fails for good. The clocks of the
// workers are wrong by minutes, so the hour is not held to the minute.
func flaky() prove.Case {
	const after = time.Hour
	var failed sync.Map // when, by attempt
	return prove.Case{
		Payload: upTo(4),
		Action: action("flaky", func(c *streamer.ActionConfig) { c.Retry = streamer.RetryPolicy{Attempts: 4, Base: 10 * time.Second} },
			func(ctx context.Context, job *streamer.Job, in count) (any, error) {
				if err := work(ctx, time.Second); err != nil {
					return nil, err
				}
				at := func(attempt int) string { return fmt.Sprintf("%s %d", job.StepKey("fail"), attempt) }
				if last, ok := failed.Load(at(job.Attempt() - 1)); ok && time.Since(last.(time.Time)) < after/2 {
					return nil, streamer.Permanent(errors.New("too early"))
				}
				if job.Attempt() < in.N {
					failed.Store(at(job.Attempt()), time.Now())
					err := streamer.Errorf(wire.ServiceUnavailable, "not yet")
					err.After = after
					return nil, err
				}
				return "done", nil
			}),
		Want: succeeded(func(int) any { return "done" }),
	}
}

// mended fails for good until it was redriven once.
func mended() prove.Case {
	return prove.Case{
		Payload: upTo(3), Redrives: 1,
		Action: action("mended", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			var failed bool
			if _, err := job.Checkpoint(&failed); err != nil {
				return nil, err
			}
			if failed {
				return in.N, nil
			}
			if err := job.SetCheckpoint(true); err != nil {
				return nil, err
			}
			return nil, streamer.Permanent(errors.New("out of order"))
		}),
		Want: succeeded(func(n int) any { return n }),
	}
}

func refused() prove.Case {
	return prove.Case{
		Payload: upTo(3),
		Action: action("refused", nil, func(context.Context, *streamer.Job, count) (any, error) {
			return nil, streamer.Errorf(wire.ProcessingFailed, "not this one")
		}),
		Want: func(_ json.RawMessage, got prove.Outcome) error {
			if got.State != request.Failed || got.Error == nil || got.Error.Code != wire.ProcessingFailed {
				return fmt.Errorf("%s, want FAILED with PROCESSING_FAILED", outcomeText(got))
			}
			return nil
		},
	}
}

// reports tells more often how far it is than that is stored.
func reports() prove.Case {
	return prove.Case{
		Payload: upTo(40),
		Action: action("report", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			for n := range in.N {
				job.Progress(100*float64(n+1)/float64(in.N), fmt.Sprintf("page %d", n+1))
				if err := work(ctx, 700*time.Millisecond); errors.Is(err, streamer.ErrSliceEnd) {
					return nil, streamer.Continue(nil)
				} else if err != nil {
					return nil, err
				}
			}
			return in.N, nil
		}),
		Want: succeeded(func(n int) any { return n }),
	}
}

func naps() prove.Case {
	return prove.Case{
		Payload: upTo(4), Cancel: 0.1,
		Action: action("nap", nil, func(_ context.Context, job *streamer.Job, in count) (any, error) {
			var slept int
			if _, err := job.Checkpoint(&slept); err != nil {
				return nil, err
			}
			if slept == in.N {
				return slept, nil
			}
			if err := job.SetCheckpoint(slept + 1); err != nil {
				return nil, err
			}
			return nil, streamer.Snooze(3 * time.Minute)
		}),
		Want: succeeded(func(n int) any { return n }),
	}
}

func approvals() prove.Case {
	return prove.Case{
		Payload: upTo(9), Cancel: 0.05, Later: 0.2,
		Signals: map[string]json.RawMessage{"approval": json.RawMessage(`{"by":"eve"}`), "stamp": json.RawMessage(`7`)},
		Action: action("approval", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			approval, err := streamer.AwaitSignal[map[string]string](ctx, job, "approval", 1000*time.Hour)
			if err != nil {
				return nil, err
			}
			stamp, err := streamer.AwaitSignal[int](ctx, job, "stamp", 1000*time.Hour)
			if err != nil {
				return nil, err
			}
			return []any{in.N, approval, stamp}, nil
		}),
		Want: succeeded(func(n int) any { return []any{n, json.RawMessage(`{"by":"eve"}`), 7} }),
	}
}

// talks emits chunks, some behind a checkpoint and some not.
func talks() prove.Case {
	return prove.Case{
		Payload: upTo(12),
		Action: action("talk", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			var said int
			if _, err := job.Checkpoint(&said); err != nil {
				return nil, err
			}
			for said < in.N {
				for part := range 3 {
					if err := job.Emit(fmt.Sprintf("%d.%d", said, part)); err != nil {
						return nil, err
					}
					if err := work(ctx, 0); err != nil {
						return nil, err
					}
				}
				said++
				if said%3 == 0 {
					if err := job.SetCheckpoint(said); err != nil {
						return nil, err
					}
				}
				if err := work(ctx, 3*time.Second); err != nil {
					return nil, err
				}
			}
			return said, nil
		}),
		Want: said(func(n int) (all []string) {
			for said := range n {
				for part := range 3 {
					all = append(all, fmt.Sprintf("%d.%d", said, part))
				}
			}
			return all
		}),
	}
}

// said wants these chunks of output, each once and in order, and the payload's n.
func said(chunks func(n int) []string) func(json.RawMessage, prove.Outcome) error {
	return func(payload json.RawMessage, got prove.Outcome) error {
		want, have := chunks(count{}.of(payload).N), make([]string, len(got.Output))
		for n, chunk := range got.Output {
			if err := json.Unmarshal(chunk, &have[n]); err != nil {
				return err
			}
		}
		if !slices.Equal(want, have) {
			return fmt.Errorf("%s with output %q, want %q", got.State, have, want)
		}
		return succeeded(func(n int) any { return n })(payload, got)
	}
}

// narrates emits chunks before, in and behind recorded steps, which emit nothing where they
// do not run again, and fails once between two of them.
func narrates() prove.Case {
	texts := func(n int) []string {
		return []string{fmt.Sprint(n, " begins"), fmt.Sprint(n, " runs"), fmt.Sprint(n, " goes on"), fmt.Sprint(n, " is done")}
	}
	return prove.Case{
		Payload: upTo(8),
		Action: action("narrate", func(c *streamer.ActionConfig) { c.Retry = streamer.RetryPolicy{Attempts: 2, Base: 10 * time.Second} },
			func(ctx context.Context, job *streamer.Job, in count) (any, error) {
				for n := range in.N {
					text := texts(n)
					if err := job.Emit(text[0]); err != nil {
						return nil, err
					}
					_, err := streamer.RunStep(ctx, job, fmt.Sprint("step-", n), func(ctx context.Context) (int, error) {
						for _, part := range text[1:3] {
							if err := errors.Join(job.Emit(part), work(ctx, 2*time.Second)); err != nil {
								return 0, err
							}
						}
						return n, nil
					})
					if errors.Is(err, streamer.ErrSliceEnd) {
						return nil, streamer.Continue(nil)
					} else if err != nil {
						return nil, err
					}
					if err := job.Emit(text[3]); err != nil {
						return nil, err
					}
					if n == in.N/2 && job.Attempt() == 1 {
						return nil, streamer.Errorf(wire.ServiceUnavailable, "not at once")
					}
				}
				return in.N, nil
			}),
		Want: said(func(n int) (all []string) {
			for step := range n {
				all = append(all, texts(step)...)
			}
			return all
		}),
	}
}

// slow works for longer than a lease lasts, and is often cancelled.
func slow() prove.Case {
	return prove.Case{
		Payload: upTo(4), Cancel: 0.4,
		Action: action("slow", nil, func(ctx context.Context, _ *streamer.Job, in count) (any, error) {
			if err := work(ctx, time.Duration(in.N)*50*time.Second); errors.Is(err, streamer.ErrSliceEnd) {
				return nil, streamer.Continue(nil)
			} else if err != nil {
				return nil, err
			}
			return in.N, nil
		}),
		Want: succeeded(func(n int) any { return n }),
	}
}

func lined(name string, priority streamer.Priority) prove.Case {
	return prove.Case{
		Payload: upTo(9), Cancel: 0.05,
		Action: action(name, func(c *streamer.ActionConfig) { c.MaxRunning, c.Priority = 2, priority },
			func(ctx context.Context, _ *streamer.Job, in count) (any, error) {
				return in.N, work(ctx, 5*time.Second)
			}),
		Want: succeeded(func(n int) any { return n }),
	}
}
