package deploy_test

import (
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// The units and frames that README.md charges for are those that a request
// takes: a five-step one with a small payload, and the rest around it.
func TestWhatARequestCosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, step := range []struct {
		what                  string
		do                    func() error
		written, read, pushed float64
	}{
		{"connect", func() error {
			return w.connections.Open(t.Context(), request.Connection{ID: w.who.Connection, Principal: w.who.Principal})
		}, 3, 0, 0},
		{"find the connection of a message", func() error {
			_, err := w.connections.Find(t.Context(), w.who.Connection)
			return err
		}, 0, 1, 0},
		{"store a request", func() error { return w.submit(t.Context(), "r1", "echo_async", `{"step_ms":200}`) }, 4, 0, 0},
		{"run it", func() error { return w.processor.Run(t.Context(), w.who.Key("r1"), time.Time{}) }, 4, 0, 6},
		{"store one of recorded steps", func() error { return w.submit(t.Context(), "r3", "steps", `{}`) }, 4, 0, 0},
		{"run five recorded steps", func() error { return w.processor.Run(t.Context(), w.who.Key("r3"), time.Time{}) }, 9, 0, 1},
		{"store a request under limits", func() error {
			byDefault := load(t, nil).Parameters
			limits := streamer.Limits{RunningPerTenant: byDefault["LimitTenantRunning"].(int),
				OpenPerPrincipal: byDefault["LimitPrincipalOpen"].(int)}
			w.requests.Limits, w.processor.Limits = limits, limits
			return w.submit(t.Context(), "r2", "echo_async", `{"step_ms":200}`)
		}, 7, 0, 0},
		{"run it under limits", func() error { return w.processor.Run(t.Context(), w.who.Key("r2"), time.Time{}) }, 12, 2.5, 6},
		{"sweep", func() error { _, err := w.processor.Sweep(t.Context()); return err }, 0, 12, 0},
		{"disconnect", func() error { return w.connections.Close(t.Context(), w.who.Connection) }, 3, 0, 0},
	} {
		t.Run(step.what, func(t *testing.T) {
			w.Take()
			w.pushed.Store(0)
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			used, pushed := w.Take(), float64(w.pushed.Load())
			// The result may overtake the last progress.
			if used.Written != step.written || used.Read != step.read || pushed > step.pushed || pushed < step.pushed-1 {
				t.Errorf("%s takes %v units written, %v read and %v frames by %v; README.md says %v, %v and up to %v",
					step.what, used.Written, used.Read, pushed, used.Calls, step.written, step.read, step.pushed)
			}
		})
	}
}
