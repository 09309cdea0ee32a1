package streamer

import (
	"encoding/json"

	"github.com/pay-theory/streamer/request"
)

// A Report is what a long action has just reported through its [Job]. One field is set.
type Report struct {
	Progress   *request.Progress // of Progress and ProgressWith
	Checkpoint json.RawMessage   // of SetCheckpoint
	Chunk      json.RawMessage   // of Emit, unless an earlier run has stored it
	Step       string            // of RunStep: the step's result is stored now
}

// Observe has fn called with every report of the job from then on, in place of an
// earlier one. The action goes on when fn returns, so a middleware can count what
// actions report, and a test can act at a known moment. Watchers get progress at a
// slower pace. A short action reports nothing.
func (j *Job) Observe(fn func(Report)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.observe = fn
}

// reported calls the observer, if there is one. The caller does not hold the mutex.
func (j *Job) reported(r Report) {
	j.mu.Lock()
	observe := j.observe
	if j.closed || j.news == nil {
		observe = nil
	}
	j.mu.Unlock()
	if observe != nil {
		observe(r)
	}
}
