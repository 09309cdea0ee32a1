package streamertest

import (
	"context"
	"fmt"
	"strings"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// Signal gives the request a signal, before a run, between two or during one. The
// payload is encoded as JSON; a json.RawMessage is taken as it is.
func (j *Job) Signal(token string, payload any) {
	j.t.Helper()
	j.mustBeLong("signals")
	raw, err := encode(payload)
	if err != nil {
		panic(fmt.Sprintf("streamertest: encode the signal: %v", err))
	}
	j.submit()
	if _, err := j.requests.Signal(j.t.Context(), j.caller(), wire.Signal{RequestID: j.ID, Token: token, Payload: raw}); err != nil {
		panic(fmt.Sprintf("streamertest: signal %q: %v", token, err))
	}
}

// Cancel cancels the request, before a run, between two or during one. During a run, the
// action's context has ended when Cancel returns.
func (j *Job) Cancel() {
	j.mustBeLong("cancel")
	j.submit()
	if _, err := j.requests.Cancel(j.t.Context(), j.caller(), j.ID); err != nil {
		panic(fmt.Sprintf("streamertest: cancel: %v", err))
	}
	if run := j.now(); run != nil {
		j.Heartbeat()
		<-run.ctx.Done()
	}
}

// Heartbeat stores what the running action has left: its last checkpoint, its output and
// its progress. A worker does so every 15 seconds by default, and a test's run is over
// before; steps are stored at once in any case. Call it from within the action.
func (j *Job) Heartbeat() {
	run := j.within("heartbeats")
	j.mu.Lock()
	j.beats++
	name := fmt.Sprint(heartbeat, j.beats)
	j.mu.Unlock()
	// A step waits for its write, and takes along what a heartbeat does. The store leaves the step out.
	_, err := streamer.RunStep(context.WithoutCancel(run.ctx), run.job, name, func(context.Context) (bool, error) { return true, nil })
	if err != nil {
		panic(fmt.Sprintf("streamertest: heartbeat: %v", err))
	}
}

// Crash ends the worker where it is called: a panic takes the action's goroutine out, and
// nothing of this run is stored from there on. What was stored before, by a step, by
// Heartbeat or at the end of an earlier slice, is what the next run begins with. Call it from
// within the action.
func (j *Job) Crash() {
	run := j.within("crash")
	j.mu.Lock()
	run.crashed, j.err = true, nil
	j.mu.Unlock()
	panic("streamertest: the worker crashes here")
}

// EndSlice ends the function's time: when it returns, the action's context has ended with
// [streamer.ErrSliceEnd]. Call it from within the action.
func (j *Job) EndSlice() {
	run := j.within("slices")
	run.stop()
	<-run.ctx.Done()
}

// within is the run that is under way.
func (j *Job) within(what string) *running {
	j.mustBeLong(what)
	run := j.now()
	if run == nil {
		panic("streamertest: call it from within the action, such as in a fake of what it calls, or in OnReport")
	}
	return run
}

// now is the run that is under way, or nil.
func (j *Job) now() *running {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running == nil || j.running.job == nil {
		return nil
	}
	return j.running
}

func (j *Job) hasCrashed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.running != nil && j.running.crashed
}

// heartbeat begins the names of steps by which Heartbeat has a run write.
const heartbeat = "streamertest heartbeat "

func isHeartbeat(step string) bool { return strings.HasPrefix(step, heartbeat) }

// A store is one in memory that a crashed worker cannot reach.
type store struct {
	*sqlite.Store
	job *Job
}

func (s *store) ChangeRequest(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	if s.job.hasCrashed() {
		r, err := s.LoadRequest(ctx, key)
		if err != nil {
			return nil, err
		}
		r.Fence++ // another worker has it
		return nil, &request.ConflictError{Request: r}
	}
	if c.Set.Step != nil && isHeartbeat(c.Set.Step.Name) {
		c.Set.Step = nil
		if c.Set.Checkpoint == nil {
			c.Set.Clear = nil // no lease expiration is made good
		}
	}
	return s.Store.ChangeRequest(ctx, key, c)
}
