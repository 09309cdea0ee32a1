package protocol

import (
	"errors"
	"maps"
)

// The codes that the functions send.
const (
	ValidationError    = "VALIDATION_ERROR"
	InvalidMessage     = "INVALID_MESSAGE"
	InvalidAction      = "INVALID_ACTION"
	NotFound           = "NOT_FOUND"
	Unauthorized       = "UNAUTHORIZED"
	DuplicateRequest   = "DUPLICATE_REQUEST"
	Timeout            = "TIMEOUT"
	PayloadTooLarge    = "PAYLOAD_TOO_LARGE"
	ServiceUnavailable = "SERVICE_UNAVAILABLE"
	InternalError      = "INTERNAL_ERROR"
)

// An Error is one that a client may see.
type Error struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Details map[string]string `json:"details,omitempty"`
	Retry   *Retry            `json:"retry,omitempty"`

	cause error // for the log
}

// Retry says whether the same message may be sent again.
type Retry struct {
	Retryable bool `json:"retryable"`
}

// NewError returns an error of the given code.
func NewError(code, message string) *Error { return &Error{Code: code, Message: message} }

// Unavailable is what a client sees of a fault that may pass.
func Unavailable(cause error) *Error {
	return &Error{Code: ServiceUnavailable, Message: "the service is not available for now; try again",
		Retry: &Retry{Retryable: true}, cause: cause}
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.cause.Error()
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// AsError returns what a client may see of err, with the correlation id by which
// the log tells more: the *Error in it, else an internal error that says nothing.
func AsError(err error, correlationID string) *Error {
	known := NewError(InternalError, "internal error")
	errors.As(err, &known)
	shown := *known
	shown.Details = map[string]string{"correlation_id": correlationID}
	maps.Copy(shown.Details, known.Details)
	return &shown
}
