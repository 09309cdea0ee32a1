package streamer_test

import (
	"context"
	"encoding/json"
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

// However many steps and signals come at the same time, as many are stored as there is room
// for, and who finds none hears so.
func TestStepsThatComeTogetherAreBounded(t *testing.T) {
	const size = 11_000 // two have room
	text := strings.Repeat("x", size-2)
	step := func(ctx context.Context, _ *harness, job *streamer.Job, n int) error {
		_, err := streamer.RunStep(ctx, job, fmt.Sprint("step-", n), func(context.Context) (string, error) { return text, nil })
		return err
	}
	signal := func(ctx context.Context, w *harness, _ *streamer.Job, n int) error {
		_, err := w.requests.Signal(ctx, streamer.Caller{Principal: ada},
			wire.Signal{RequestID: "r1", Token: fmt.Sprint("signal-", n), Payload: json.RawMessage(`"` + text + `"`)})
		return err
	}
	type storing func(ctx context.Context, w *harness, job *streamer.Job, n int) error
	both := func(ctx context.Context, w *harness, job *streamer.Job, n int) error {
		return []storing{step, signal}[n%2](ctx, w, job, n)
	}
	for _, tt := range []struct {
		name  string
		store storing
	}{{"steps", step}, {"signals", signal}, {"both", both}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				errs := make([]error, 20)
				var w *harness
				w = newHarness(t, long("greedy", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
					var all sync.WaitGroup
					for n := range errs {
						all.Go(func() { errs[n] = tt.store(ctx, w, job, n) })
					}
					all.Wait()
					return nil, nil
				}))
				w.submit(t, w.connect(t, "c1", ada), "r1", "greedy", `{}`)
				w.store.setFault(func(c request.Change) (before, after error) {
					switch { // all have seen the row as it was, and the step comes last
					case c.Set.Audit != nil:
						time.Sleep(time.Millisecond)
					case c.Set.Step != nil:
						time.Sleep(2 * time.Millisecond)
					}
					return nil, nil
				})
				w.run(t, ada.Key("r1"))
				r := w.load(t, ada.Key("r1"))
				if len(r.Steps) != 2 || r.StepBytes() > request.MaxSteps {
					t.Errorf("got %d steps of %d bytes, want 2 of at most %d", len(r.Steps), r.StepBytes(), request.MaxSteps)
				}
				refused := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
				for _, err := range refused {
					if !strings.Contains(err.Error(), fmt.Sprint(request.MaxSteps)) {
						t.Errorf("got %v, want an error with the limit", err)
					}
				}
				if len(refused) != 18 {
					t.Errorf("got %d that were refused, want 18 of 20", len(refused))
				}
			})
		})
	}
}
