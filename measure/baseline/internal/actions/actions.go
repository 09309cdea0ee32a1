// Package actions holds what clients can ask for.
package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/measure/baseline/internal/protocol"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

// A Job is what an action works on.
type Job struct {
	Tenant   string
	Payload  json.RawMessage
	Progress func(percentage float64, message string) // nil for a short action
}

// An Action is one kind of request.
type Action struct {
	// Long actions are queued and run by the processor.
	Long bool

	check func(payload json.RawMessage) error // nil: every payload is good
	run   func(ctx context.Context, job Job) (json.RawMessage, error)
}

// New returns a short action that takes every payload.
func New(run func(ctx context.Context, job Job) (json.RawMessage, error)) Action {
	return Action{run: run}
}

// Check says what is wrong with a payload; the error is a *protocol.Error.
func (a Action) Check(payload json.RawMessage) error {
	if a.check == nil {
		return nil
	}
	return a.check(payload)
}

// Run does the work. A panic is an error.
func (a Action) Run(ctx context.Context, job Job) (result json.RawMessage, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the action panicked: %v", fault)
		}
	}()
	if err := a.Check(job.Payload); err != nil {
		return nil, err
	}
	return a.run(ctx, job)
}

// A Scanner reads the requests of a tenant.
type Scanner interface {
	Scan(ctx context.Context, tenant string, from, until time.Time, page func([]store.Mark) error) error
}

// All returns the actions by their names.
func All(requests Scanner) map[string]Action {
	return map[string]Action{
		"echo":            New(echo),
		"echo_async":      {Long: true, check: checkEchoAsync, run: echoAsync},
		"generate_report": {Long: true, check: checkReport, run: reporter{requests}.run},
	}
}

// refuse says that a field of the payload is wrong.
func refuse(field, format string, args ...any) error {
	err := protocol.NewError(protocol.ValidationError, field+": "+fmt.Sprintf(format, args...))
	err.Details = map[string]string{"field": field}
	return err
}
