package lambda

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// A runtime reports why it cannot start and ends: the report counts, whichever of
// the two the host sees first.
func TestAnInitErrorIsNotLostWithItsProcess(t *testing.T) {
	t.Parallel()
	for name, reported := range map[string]*FunctionError{
		"reported":     newFunctionError("Config.Missing", "TABLE is not set"),
		"not reported": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &environment{cmd: &exec.Cmd{}, initFault: make(chan error, 1)}
			want := "Runtime.ExitError"
			if reported != nil {
				e.initFault <- reported
				want = reported.Type
			}
			fault, ok := errors.AsType[*FunctionError](e.initFailure("request-1"))
			if !ok || fault.Type != want || !strings.Contains(string(fault.Payload), "errorMessage") {
				t.Errorf("got %v, want an error of the type %s", fault, want)
			}
		})
	}
}
