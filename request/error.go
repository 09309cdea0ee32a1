package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// An Error is a failure that its author declared: its code, message and details
// reach the client as they are. Any other error reaches the client as
// INTERNAL_ERROR with a correlation id, and its text goes to the log alone.
type Error struct {
	Code      wire.Code
	Message   string
	Details   json.RawMessage // a JSON object for the client, or nil
	Retryable bool            // whether the same request may succeed later
	After     time.Duration   // how long to wait first; 0: by policy
	Cause     error           // for the log only
}

// Errorf declares an error with the code's own answer to whether a retry helps.
// A %w verb sets the cause, whose text then is part of the message.
func Errorf(code wire.Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Retryable: code.Retryable(), Cause: errors.Unwrap(err)}
}

// Error is for logs: it tells the cause too.
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Message
	if e.Cause != nil && !strings.HasSuffix(e.Message, e.Cause.Error()) {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// WireError is what a client is told of err. The correlation id joins the
// details of every error, so that a user can quote it and an operator find it.
func WireError(err error, correlationID string) *wire.Error {
	var declared *Error
	if !errors.As(err, &declared) {
		declared = &Error{Code: wire.InternalError, Message: "internal error"}
	}
	out := &wire.Error{Code: declared.Code, Message: declared.Message}
	if json.Valid(declared.Details) {
		out.Details = declared.Details
	}
	if correlationID != "" {
		out.Details = withCorrelation(out.Details, correlationID)
	}
	if declared.Retryable {
		out.Retry = &wire.Retry{Retryable: true, After: declared.After.Seconds()}
	}
	return out
}

func withCorrelation(details json.RawMessage, id string) json.RawMessage {
	quoted, err := json.Marshal(id)
	if err != nil {
		return details
	}
	member := `"correlation_id":` + string(quoted)
	var fields map[string]json.RawMessage
	switch {
	case len(details) == 0:
		return json.RawMessage("{" + member + "}")
	case json.Unmarshal(details, &fields) != nil:
		return details
	case len(fields) == 0:
		return json.RawMessage("{" + member + "}")
	}
	if _, present := fields["correlation_id"]; present {
		return details
	}
	end := len(details) - 1
	for details[end] != '}' {
		end--
	}
	return json.RawMessage(string(details[:end]) + "," + member + "}")
}

// ErrNotFound is what stores return for a row that is not there.
var ErrNotFound = errors.New("not found")
