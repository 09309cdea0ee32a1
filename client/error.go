package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// ErrClosed is what calls on a closed [Client] return, and those that Close
// interrupts.
var ErrClosed = errors.New("the client is closed")

// An Error is the server's answer that a request failed, the same over
// WebSocket and HTTP. Branch on its Code.
type Error struct {
	Code          wire.Code
	Message       string
	Details       json.RawMessage // a JSON object, or nil
	Retryable     bool            // whether the same request may succeed when sent again, under the same id
	RetryAfter    time.Duration   // how long to wait first
	RequestID     string          // empty when the server does not know it
	CorrelationID string          // finds the request in the server's logs
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

func errorf(code wire.Code, requestID, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Retryable: code.Retryable(), RequestID: requestID}
}

// newError converts the error of an error frame or of a failed snapshot.
func newError(e *wire.Error, requestID string) *Error {
	out := &Error{Code: e.Code, Message: e.Message, Details: e.Details, RequestID: requestID}
	if e.Retry != nil {
		out.Retryable, out.RetryAfter = e.Retry.Retryable, seconds(e.Retry.After)
	}
	var details struct {
		CorrelationID string `json:"correlation_id"`
	}
	if json.Unmarshal(e.Details, &details) == nil {
		out.CorrelationID = details.CorrelationID
	}
	return out
}

// seconds bounds what a server may ask for, so that no number overflows.
func seconds(s float64) time.Duration {
	return time.Duration(min(max(s, 0), 24*60*60) * float64(time.Second))
}

// retryable reports whether an error says that waiting helps, and for how long.
func retryable(err error) (after time.Duration, again bool) {
	var answer *Error
	if errors.As(err, &answer) {
		return answer.RetryAfter, answer.Retryable
	}
	var connect *ConnectError
	return 0, errors.As(err, &connect) && !connect.refused()
}

// A ConnectError says that the server could not be reached, or refused the
// handshake. It wraps the cause, as far as it is known; after a Dial that ran out
// of time, the context's error too.
type ConnectError struct {
	URL    string // without its query, which may hold a token
	Status int    // with which the server refused; 0 when none answered
	Err    error  // what the network or the server said; may be nil beside a Status
}

func (e *ConnectError) Error() string {
	text := "connect to " + e.URL
	if e.Status != 0 {
		text += fmt.Sprintf(": %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Err != nil && e.Err.Error() != http.StatusText(e.Status) {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// refused reports whether the server refused the token; the same one again does
// not help.
func (e *ConnectError) refused() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}
