package streamer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// RunStep runs fn and stores its result under the name, and on every later run of
// the request returns what was stored without running fn. An error is not stored.
// When it returns, the result is stored: what comes after it happens
// only behind that.
//
// A store that cannot take the result is asked again for as long as the lease
// lasts, unless the context ends before. Then the run is over: the context has
// ended with [ErrLeaseLost], no attempt is spent, and the request goes on from what
// is stored, whatever fn's caller makes of the error.
//
// A crash between fn's effect and the write of its result runs fn again: pass on
// [Job.StepKey] of the name as the effect's idempotency key. The result must
// encode to at most MaxStepResult bytes of JSON, all names and results of a
// request together to MaxSteps. In a short action nothing is stored.
func RunStep[T any](ctx context.Context, job *Job, name string, fn func(ctx context.Context) (T, error)) (T, error) {
	var result T
	if name == "" || len(name) > request.MaxStepName || len(name) >= len(request.SignalPrefix) &&
		name[:len(request.SignalPrefix)] == request.SignalPrefix {
		return result, Permanent(fmt.Errorf("step name %q: want 1 to %d bytes that do not begin with %q", name, request.MaxStepName,
			request.SignalPrefix))
	}
	if raw, done := job.step(name); done {
		return decodeStored[T](job, "the step "+name, raw)
	}
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	before := job.outputEmitted()
	result, err := fn(ctx)
	if err != nil {
		return result, err
	}
	raw, err := encodeOutput(result)
	if err != nil {
		return result, fmt.Errorf("encode step %s: %w", name, err)
	}
	step := request.Step{Name: name, Result: raw}
	if behind := job.outputEmitted(); behind > before {
		step.Output = behind
	}
	if err := job.persistStep(step); err != nil {
		return result, fmt.Errorf("store step %s: %w", name, err)
	}
	return result, nil
}

// AwaitSignal returns the payload of the signal with the token when it has
// arrived, decoded into T with encoding/json; a json.RawMessage gets its bytes. When it
// has not arrived, the request waits if the action returns the error: no function runs,
// and the action starts again when the signal arrives or when the timeout, counted from
// the first such wait, is over; then AwaitSignal returns a public TIMEOUT error. The
// principal of the request sends the signal by [Requests.Signal].
//
// A payload that does not decode is taken for a worker that does not fit the request, as
// a step's result is: see docs/changing-an-action.md. Where the sender may be wrong, await
// a json.RawMessage and decide. Unlike an action's input it is not asked to validate itself.
func AwaitSignal[T any](_ context.Context, job *Job, token string, timeout time.Duration) (T, error) {
	var payload T
	switch {
	case job.news == nil:
		return payload, errors.New("a short action cannot wait for a signal: set Long in its ActionConfig")
	case token == "" || token == request.ChildrenToken || len(token) > request.MaxStepName || timeout <= 0:
		return payload, Permanent(fmt.Errorf("await signal %q for %v: want a token of 1 to %d bytes and a timeout above zero", token, timeout,
			request.MaxStepName))
	}
	if raw, arrived := job.step(request.SignalStep(token)); arrived {
		return decodeStored[T](job, "the signal "+token, raw)
	}
	if job.waited.Token == token {
		if !job.clock().Before(job.waited.Until) {
			err := Errorf(wire.Timeout, "the signal %q did not arrive in time", token)
			err.Retryable = false
			return payload, err
		}
		return payload, &waitForSignalError{job.waited}
	}
	return payload, &waitForSignalError{request.Await{Token: token, Until: job.clock().Add(timeout)}}
}

// decodeStored decodes what is stored of a request for its action; a json.RawMessage gets
// the bytes as they are.
func decodeStored[T any](job *Job, what string, raw json.RawMessage) (T, error) {
	var value T
	if asIs, ok := any(&value).(*json.RawMessage); ok {
		*asIs = bytes.Clone(raw)
		return value, nil
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, job.mismatch(what, err)
	}
	return value, nil
}

// waitForSignalError is the error by which an action waits for a signal.
type waitForSignalError struct{ request.Await }

func (w *waitForSignalError) Error() string { return fmt.Sprintf("wait for the signal %q", w.Token) }

// Snooze ends the current slice like [Continue], and the next one begins after
// the wait. Job.SetCheckpoint says where it goes on.
func Snooze(d time.Duration) error { return &snooze{max(d, 0)} }

type snooze struct{ time.Duration }

func (s *snooze) Error() string { return "go on after " + s.Duration.String() }

// step returns a stored result. The output of a step that does not run again counts as emitted.
func (j *Job) step(name string) (json.RawMessage, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	raw, ok := j.steps[name]
	j.emitted = max(j.emitted, j.stepOutput[name])
	return raw, ok
}

// outputEmitted is how many chunks the action has emitted, those of earlier runs among them.
func (j *Job) outputEmitted() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.emitted
}

// A pendingStep is on its way to the store: a step, or that there are children.
type pendingStep struct {
	step     request.Step
	children request.Children
	done     chan error
}

// change adds what is to be stored to a heartbeat.
func (p pendingStep) change(c request.Change) request.Change {
	if p.children.Total > 0 {
		c.Set.Children, c.Set.AddRev = p.children, 1
		return c
	}
	c.Set.Step = &p.step
	return c
}

// fits returns an error where there is no room in the row for the step.
func (p pendingStep) fits(r *request.Request) error {
	if size := r.StepBytes() + len(p.step.Name) + len(p.step.Result); p.children.Total == 0 && size > request.MaxSteps {
		return Permanent(fmt.Errorf("the request's steps and signals would have %d bytes, %d are allowed", size, request.MaxSteps))
	}
	return nil
}

// in reports whether the row has it.
func (p pendingStep) in(r *request.Request) bool {
	if p.children.Total > 0 {
		return r.Children == p.children
	}
	return r.Steps[p.step.Name] != nil
}

// persistStep hands a step to the run and waits until it is stored. Its effect has
// happened, so it is stored after the end of the action's context too.
func (j *Job) persistStep(step request.Step) error {
	if j.news == nil {
		return nil
	}
	if len(step.Result) > request.MaxStepResult {
		return Permanent(fmt.Errorf("its result has %d bytes, %d are allowed: keep it elsewhere and return a reference", len(step.Result),
			request.MaxStepResult))
	}
	step.At = j.clock() // of the first try, so that a further one stores the same
	if err := j.persist(pendingStep{step: step}); err != nil {
		return err
	}
	j.mu.Lock()
	j.steps[step.Name] = step.Result
	j.mu.Unlock()
	j.reported(Report{Step: step.Name})
	return nil
}

// persist hands what is to be stored to the run, and returns when it is.
func (j *Job) persist(p pendingStep) error {
	p.done = make(chan error, 1)
	select {
	case j.pendingSteps <- p:
	case <-j.over:
		return ErrLeaseLost
	}
	select {
	case err := <-p.done:
		return err
	case <-j.over:
		return ErrLeaseLost
	}
}
