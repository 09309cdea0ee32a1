package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Checkpoints takes the operations of an execution: in the place of Lambda's
// CheckpointDurableExecution.
type Checkpoints interface {
	Save(ctx context.Context, execution, token string, op Operation) error
}

// An Operation is a checkpoint, with the members of Lambda's that are used here.
type Operation struct {
	ID          string `json:"Id"`
	Type        string // EXECUTION, STEP or WAIT
	Status      string // STARTED or SUCCEEDED
	StepDetails struct {
		Result string // JSON
	}
	ExecutionDetails struct {
		InputPayload string // JSON
	}
}

// A CheckpointError is a checkpoint that could not be saved. It fails the
// invocation, and Lambda tries again.
type CheckpointError struct{ Cause error }

// Error returns the cause's text.
func (e *CheckpointError) Error() string { return "save a checkpoint: " + e.Cause.Error() }

// A Run is one invocation's view of an execution.
type Run struct {
	ctx              context.Context
	save             Checkpoints
	execution, token string
	done             map[string]Operation
}

var errPending = errors.New("the execution waits")

// Wrap makes of a handler what Lambda invokes.
func Wrap[In, Out any](save Checkpoints, handler func(*Run, In) (Out, error)) func(context.Context, []byte) ([]byte, error) {
	type failure struct{ ErrorType, ErrorMessage string }
	type answer struct {
		Status string
		Result string   `json:",omitempty"`
		Error  *failure `json:",omitempty"`
	}
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		var event struct {
			DurableExecutionArn, CheckpointToken string
			InitialExecutionState                struct{ Operations []Operation }
		}
		if err := json.Unmarshal(payload, &event); err != nil {
			return nil, fmt.Errorf("read the durable event: %w", err)
		}
		run := &Run{ctx: ctx, save: save, execution: event.DurableExecutionArn, token: event.CheckpointToken, done: make(map[string]Operation)}
		var in In
		for _, op := range event.InitialExecutionState.Operations {
			run.done[op.ID] = op
			if op.Type == "EXECUTION" {
				if err := json.Unmarshal([]byte(op.ExecutionDetails.InputPayload), &in); err != nil {
					return nil, fmt.Errorf("read the input: %w", err)
				}
			}
		}
		out, err := handler(run, in)
		if refused, ok := errors.AsType[*CheckpointError](err); ok {
			return nil, refused
		}
		switch {
		case errors.Is(err, errPending):
			return json.Marshal(answer{Status: "PENDING"})
		case err != nil:
			return json.Marshal(answer{Status: "FAILED", Error: &failure{"StepError", err.Error()}})
		}
		result, err := json.Marshal(out)
		if err != nil {
			return nil, fmt.Errorf("encode the result: %w", err)
		}
		return json.Marshal(answer{Status: "SUCCEEDED", Result: string(result)})
	}
}

// Step runs a function once for the execution, and later gives back its result.
func Step[T any](run *Run, name string, f func() (T, error)) (T, error) {
	var result T
	if op, ok := run.done[name]; ok {
		return result, json.Unmarshal([]byte(op.StepDetails.Result), &result)
	}
	result, err := f()
	if err != nil {
		return result, fmt.Errorf("step %s: %w", name, err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		return result, fmt.Errorf("encode the result of step %s: %w", name, err)
	}
	op := Operation{ID: name, Type: "STEP", Status: "SUCCEEDED"}
	op.StepDetails.Result = string(text)
	return result, run.checkpoint(op)
}

// Wait ends the invocation until the wait is over.
func (run *Run) Wait(name string) error {
	if run.done[name].Status == "SUCCEEDED" {
		return nil
	}
	if err := run.checkpoint(Operation{ID: name, Type: "WAIT", Status: "STARTED"}); err != nil {
		return err
	}
	return errPending
}

func (run *Run) checkpoint(op Operation) error {
	if err := run.save.Save(run.ctx, run.execution, run.token, op); err != nil {
		return &CheckpointError{err}
	}
	return nil
}
