// Package actions holds the actions that ship with the command line tool and
// with the functions. They do real work and serve as examples: echo is short,
// echo_async is long and slow on purpose, ask_approval emits output and waits
// for a signal, and generate_report reads the store page by page. profile_csv
// has a package of its own, profilecsv, so that only what offers it links it.
// docs/actions.md is their reference.
package actions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// All returns the actions, for [streamer.NewRegistry]. requests is what
// generate_report counts; without it All fails.
func All(requests request.Lister) ([]streamer.Action, error) {
	if requests == nil {
		return nil, errors.New("actions: requests is nil: pass the store whose requests generate_report counts")
	}
	return []streamer.Action{
		echo(),
		echoAsync(),
		generateReport(requests, reportPage),
		askApproval(),
	}, nil
}

// stopped is what an action returns once its context has ended. At the end of
// its slice it goes on from state in another one.
func stopped(ctx context.Context, state any) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, streamer.ErrSliceEnd) {
		return streamer.Continue(state)
	}
	return cause
}

// strict decodes a payload and refuses a field that v does not have, so that a
// misspelt option is an error and not ignored.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// refuse returns the VALIDATION_ERROR that says what is wrong with a field. Its
// details name the field.
func refuse(field, format string, args ...any) error {
	err := streamer.Errorf(wire.ValidationError, "%s: %s", field, fmt.Sprintf(format, args...))
	err.Details = json.RawMessage(`{"field":"` + field + `"}`)
	return err
}
