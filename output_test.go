package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// wantOutput fails unless the request's stored output is the numbers below n, in
// order, and returns it.
func wantOutput(t *testing.T, w *harness, id string, n int) {
	t.Helper()
	chunks, err := w.store.ReadOutput(t.Context(), ada.Key(id), 0, n+10)
	if err != nil {
		t.Fatal(err)
	}
	if len(chunks) != n {
		t.Errorf("%d chunks are stored, want %d", len(chunks), n)
	}
	for i, c := range chunks {
		if c.Offset != int64(i) || string(c.Data) != fmt.Sprint(i) {
			t.Fatalf("chunk %d at %d is %s", i, c.Offset, c.Data)
		}
	}
}

func TestOutputArrivesInOrderAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 300
		w := newHarness(t, long("talk", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			for i := range n {
				if err := job.Emit(i); err != nil {
					return nil, err
				}
				if i%7 == 0 {
					time.Sleep(30 * time.Millisecond)
				}
			}
			return json.RawMessage(`"said"`), nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "talk", `{}`)
		w.run(t, ada.Key("r1"))
		wantOutput(t, w, "r1", n)

		next := int64(0)
		live := 0
		frames := w.sockets.got("c1")
		for _, f := range frames {
			if f.Type != wire.TypeOutput {
				continue
			}
			live++
			if f.Offset != next {
				t.Fatalf("a frame of offset %d, want %d", f.Offset, next)
			}
			next += int64(len(f.Chunks))
		}
		if next != n || live < 3 {
			t.Errorf("%d chunks came live in %d frames", next, live)
		}
		if last := frames[len(frames)-1]; last.Type != wire.TypeComplete {
			t.Errorf("the output does not come before the end: %s", last.Append(nil))
		}

		var got []json.RawMessage
		for {
			f := w.ask(t, "c1", fmt.Sprintf(`{"id":"o","action":"streamer.output","payload":{"request_id":"r1","from":%d,"limit":70}}`, len(got)))
			var piece wire.Output
			if err := json.Unmarshal(f.Data, &piece); err != nil {
				t.Fatal(err)
			}
			got = append(got, piece.Chunks...)
			if piece.Final {
				break
			}
			if len(piece.Chunks) == 0 {
				t.Fatal("an empty piece that is not the last")
			}
		}
		if len(got) != n {
			t.Errorf("%d chunks were read", len(got))
		}
	})
}

// A worker that dies has stored some of its output; its successor goes on from
// the checkpoint and emits what came after it again.
func TestOutputAcrossACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		w := newHarness(t, long("talk", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			var from int
			if _, err := job.Checkpoint(&from); err != nil {
				return nil, err
			}
			for i := from; i < 100; i++ {
				if err := job.Emit(i); err != nil {
					return nil, err
				}
				if i%10 == 9 && first {
					if err := job.SetCheckpoint(i + 1); err != nil {
						return nil, err
					}
				}
				if first && i == 56 {
					time.Sleep(time.Second) // stores what was emitted
					w := ctx.Done()
					<-w
					return nil, context.Cause(ctx)
				}
			}
			return nil, nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "talk", `{}`)
		ended := make(chan error)
		go func() { ended <- w.Run(context.Background(), ada.Key("r1"), time.Time{}) }()
		time.Sleep(5 * time.Second)
		if r := w.load(t, ada.Key("r1")); r.Output != 57 || r.OutputMark != 50 {
			t.Fatalf("stored %d chunks, the checkpoint is at %d", r.Output, r.OutputMark)
		}
		w.store.setFault(func(request.Change) (error, error) { return errNetwork, nil })
		time.Sleep(2 * time.Minute)
		w.store.setFault(nil)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		first = false
		w.sweep(t)
		w.run(t, ada.Key("r1"))
		wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
		wantOutput(t, w, "r1", 100)
	})
}

// A worker that dies while it emits faster than output is stored has stored no checkpoint
// beyond its output: its successor leaves no gap. What was held back is stored in turn.
func TestACheckpointWaitsForItsOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, burst = 400, 130 // a write takes 50
		first := true
		w := newHarness(t, long("talk", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			var from int
			if _, err := job.Checkpoint(&from); err != nil {
				return nil, err
			}
			for i := from; i < n; i++ {
				if err := errors.Join(job.Emit(i), job.SetCheckpoint(i+1)); err != nil {
					return nil, err
				}
				if first && i == burst {
					<-ctx.Done()
					return nil, context.Cause(ctx)
				}
			}
			return nil, nil
		}))
		w.submit(t, w.connect(t, "c1", ada), "r1", "talk", `{}`)
		writes := 0
		w.store.setFault(func(c request.Change) (error, error) {
			if len(c.Set.Output) > 0 {
				writes++
			}
			if writes > 2 {
				return errNetwork, nil
			}
			return nil, nil
		})
		ended := make(chan error)
		go func() { ended <- w.Run(context.Background(), ada.Key("r1"), time.Time{}) }()
		time.Sleep(2 * time.Minute)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if r := w.load(t, ada.Key("r1")); r.Output != 100 || r.OutputMark > r.Output {
			t.Fatalf("got %d chunks and a checkpoint at %d, want 100 and one that is not beyond", r.Output, r.OutputMark)
		}
		w.store.setFault(nil)
		first = false
		w.sweep(t)
		w.run(t, ada.Key("r1"))
		wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
		wantOutput(t, w, "r1", n)
	})
}

// While output comes faster than a write every 200 ms takes it, the writes follow on each
// other; and since the newest checkpoint is then beyond what is stored, an earlier one is
// stored, so that a crash does not repeat everything.
func TestOutputKeepsUpWithAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var chunks int
		var marks []int64
		w := newHarness(t, long("flood", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			for i := range 4000 {
				if i%400 == 0 {
					time.Sleep(100 * time.Millisecond)
				}
				if err := errors.Join(job.Emit(i), job.SetCheckpoint(i+1)); err != nil {
					return nil, err
				}
			}
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			if chunks != 4000 {
				t.Errorf("got %d of 4000 chunks stored a second after the last, want all", chunks)
			}
			if len(marks) < 3 || !slices.IsSorted(marks) {
				t.Errorf("got checkpoints at %v, want at least three, each beyond the one before", marks)
			}
			return nil, nil
		}))
		w.store.setFault(func(c request.Change) (error, error) {
			mu.Lock()
			defer mu.Unlock()
			chunks += len(c.Set.Output)
			if c.Set.Checkpoint != nil {
				marks = append(marks, c.Set.OutputMark)
			}
			return nil, nil
		})
		w.submit(t, w.connect(t, "c1", ada), "r1", "flood", `{}`)
		w.run(t, ada.Key("r1"))
		wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
	})
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	w := newHarness(t, long("flood", streamer.ActionConfig{}, func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
		if err := job.Emit(strings.Repeat("x", request.MaxChunk)); err == nil {
			t.Error("a chunk too large was taken")
		}
		for range request.MaxOutput {
			if err := job.Emit(1); err != nil {
				return nil, err
			}
		}
		return nil, job.Emit(1)
	}))
	w.submit(t, w.connect(t, "c1", ada), "r1", "flood", `{}`)
	w.run(t, ada.Key("r1"))
	r := w.load(t, ada.Key("r1"))
	wantState(t, r, request.Failed)
	if r.Output != request.MaxOutput {
		t.Errorf("%d chunks are stored", r.Output)
	}
}

// What a finished step has emitted stays as it is, and what comes behind it is new, however
// often the action begins anew.
func TestOutputOfStepsIsCounted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		chunk int // of them in the step
		again func(ctx context.Context, job *streamer.Job) error
	}{
		{"another attempt", 2, func(_ context.Context, job *streamer.Job) error {
			if job.Attempt() == 1 {
				return errors.New("not yet")
			}
			return nil
		}},
		{"more than a write has room for", 120, func(_ context.Context, job *streamer.Job) error {
			if job.Attempt() == 1 {
				return errors.New("not yet")
			}
			return nil
		}},
		{"a signal", 2, func(ctx context.Context, job *streamer.Job) error {
			_, err := streamer.AwaitSignal[bool](ctx, job, "go", time.Hour)
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				emit := func(job *streamer.Job, from, to int) error {
					for n := from; n < to; n++ {
						if err := job.Emit(n); err != nil {
							return err
						}
					}
					return nil
				}
				retry := streamer.RetryPolicy{Attempts: 2, Base: time.Second, Cap: time.Second}
				w := newHarness(t, long("talk", streamer.ActionConfig{Retry: retry}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
					if err := emit(job, 0, 1); err != nil { // runs again, and is not stored again
						return nil, err
					}
					if _, err := streamer.RunStep(ctx, job, "said", func(context.Context) (bool, error) { return true, emit(job, 1, 1+tt.chunk) }); err != nil {
						return nil, err
					}
					if err := tt.again(ctx, job); err != nil {
						return nil, err
					}
					return json.RawMessage("null"), emit(job, 1+tt.chunk, 3+tt.chunk)
				}))
				w.store.setFault(func(c request.Change) (before, after error) {
					if c.Set.Step == nil || c.Set.Step.Output == 0 {
						return nil, nil
					}
					if stored := w.load(t, ada.Key("r1")).Output + int64(len(c.Set.Output)); stored < c.Set.Step.Output {
						t.Errorf("got a step of %d chunks stored with %d of them: a worker that died now would lose the rest", c.Set.Step.Output, stored)
					}
					return nil, nil
				})
				w.submit(t, w.connect(t, "c1", ada), "r1", "talk", `{}`)
				w.run(t, ada.Key("r1"))
				time.Sleep(time.Minute) // the retry's time has come
				if r := w.load(t, ada.Key("r1")); r.Await.Token != "" {
					w.ask(t, "c1", `{"id":"s","action":"streamer.signal","payload":{"request_id":"r1","token":"go","payload":true}}`)
				}
				w.run(t, ada.Key("r1"))
				wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
				wantOutput(t, w, "r1", 3+tt.chunk)
			})
		})
	}
}
