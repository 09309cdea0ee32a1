// Package actions holds the actions that ship with the command line tool. They
// do real work and serve as examples: echo is short, echo_async is long and slow
// on purpose, ask_approval speaks and waits for a signal, generate_report reads
// the store page by page, and profile_csv reads a file of any size in constant
// memory. docs/actions.md is their reference.
package actions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// A Config says what the actions work on.
type Config struct {
	// Requests is what generate_report counts. Required.
	Requests streamer.RequestLister

	// Files is the folder whose files profile_csv may read, for every caller
	// alike. Empty: it reads inline text only.
	Files string
}

// All returns the actions over the requests that they may read, as functions on
// Lambda have them: without files.
func All(requests streamer.RequestLister) ([]streamer.Action, error) {
	return New(Config{Requests: requests})
}

// New returns the actions, for [streamer.NewRegistry]. It fails when the folder
// of files cannot be opened.
func New(config Config) ([]streamer.Action, error) {
	if config.Requests == nil {
		return nil, errors.New("actions config: Requests is required")
	}
	if config.Files != "" {
		root, err := os.OpenRoot(config.Files)
		if err != nil {
			return nil, fmt.Errorf("actions config: Files: %w", err)
		}
		root.Close()
	}
	return []streamer.Action{
		echo(),
		echoAsync(),
		generateReport(config.Requests, reportPage),
		askApproval(),
		profileCSV(csvProfiler{files: config.Files, block: blockBytes, every: checkpointEvery, tell: progressEvery}),
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

// refuse declares that a field of the payload is wrong.
func refuse(field, format string, args ...any) error {
	err := streamer.Errorf(wire.ValidationError, "%s: %s", field, fmt.Sprintf(format, args...))
	err.Details = json.RawMessage(`{"field":"` + field + `"}`)
	return err
}
