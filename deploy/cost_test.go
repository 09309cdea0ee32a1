package deploy_test

import (
	"testing"
	"time"

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
		{"run it", func() error { return w.processor.Run(t.Context(), w.who.Key("r1"), time.Time{}) }, 12, 0, 6},
		{"sweep", func() error { _, err := w.processor.Sweep(t.Context()); return err }, 0, 12, 0},
		{"disconnect", func() error { return w.connections.Close(t.Context(), w.who.Connection) }, 3, 0, 0},
	} {
		t.Run(step.what, func(t *testing.T) {
			w.written.Store(0)
			w.read.Store(0)
			w.pushed.Store(0)
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			written, read, pushed := float64(w.written.Load())/2, float64(w.read.Load())/2, float64(w.pushed.Load())
			if written != step.written || read != step.read || pushed != step.pushed {
				t.Errorf("%s takes %v units written, %v read and %v frames; README.md says %v, %v and %v",
					step.what, written, read, pushed, step.written, step.read, step.pushed)
			}
		})
	}
}
