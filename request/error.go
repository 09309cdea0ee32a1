package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// An Error is a public error: its code, message and details reach the client as
// they are, and its methods tell Lift how to answer it. Any other error is an
// internal error: it reaches the client as INTERNAL_ERROR with a correlation id,
// and its text goes to the log alone.
type Error struct {
	Code      wire.Code
	Message   string
	Details   json.RawMessage // a JSON object for the client, or nil
	Retryable bool            // whether the same request may succeed later
	After     time.Duration   // how long to wait first; 0: by policy
	Cause     error           // for the log only
}

// Errorf returns a public error, retryable when its code is. A %w verb sets the cause, whose text then is part of the message.
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

// HTTPStatus returns the status of the code.
func (e *Error) HTTPStatus() int { return e.Code.HTTPStatus() }

// Public returns what reaches the client: the code's text, the message, and the
// details as a json.RawMessage, which may be empty.
func (e *Error) Public() (code, message string, details any) {
	return string(e.Code), e.Message, e.Details
}

// Retry reports whether the same request may succeed later, and how long to wait
// first; 0 leaves the time to the client.
func (e *Error) Retry() (retryable bool, after time.Duration) { return e.Retryable, e.After }

// PublicError returns the public error in err's tree, or the INTERNAL_ERROR that
// clients see in the place of an internal one, with err as its cause.
func PublicError(err error) *Error {
	if public, ok := errors.AsType[*Error](err); ok {
		return public
	}
	return &Error{Code: wire.InternalError, Message: "internal error", Cause: err}
}

// WireError returns what reaches a client of err. The correlation id joins the
// details of every error, so that a user can quote it and an operator find it. A
// message above MaxErrorText is cut, and details above MaxErrorDetails are left out.
func WireError(err error, correlationID string) *wire.Error {
	public := PublicError(err)
	out := &wire.Error{Code: public.Code, Message: public.Message}
	if len(out.Message) > MaxErrorText {
		out.Message = strings.ToValidUTF8(out.Message[:MaxErrorText], "") + "…"
	}
	if len(public.Details) <= MaxErrorDetails && json.Valid(public.Details) {
		out.Details = public.Details
	}
	if correlationID != "" {
		out.Details = withCorrelation(out.Details, correlationID)
	}
	if public.Retryable {
		out.Retry = &wire.Retry{Retryable: true, After: public.After.Seconds()}
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

// A RowError says why a stored request does not decode.
type RowError struct {
	Key Key
	Err error
}

// Error names the request.
func (e *RowError) Error() string {
	return fmt.Sprintf("the row of request %q of %s/%s does not decode: %v", e.Key.ID, e.Key.Tenant, e.Key.Subject, e.Err)
}

// Unwrap returns why.
func (e *RowError) Unwrap() error { return e.Err }

// An UndecodableError names rows that an answer leaves out since they do not decode.
type UndecodableError struct {
	Rows []*RowError // at least one
}

// Error tells of the first row, and how many there are.
func (e *UndecodableError) Error() string {
	return fmt.Sprintf("%d rows do not decode; the first: %v", len(e.Rows), e.Rows[0])
}

// ErrNotFound is what stores return for a row that is not there.
var ErrNotFound = errors.New("not found")
