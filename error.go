package streamer

import (
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// HTTPStatus returns the status of the action's public error, 500 without one.
func (e *ActionError) HTTPStatus() int { return request.PublicError(e.Err).HTTPStatus() }

// Public returns what reaches the client: code, message and details of the
// action's public error, or those of an internal error.
func (e *ActionError) Public() (code, message string, details any) {
	return request.PublicError(e.Err).Public()
}

// Retry is that of the action's public error; false without one.
func (e *ActionError) Retry() (retryable bool, after time.Duration) {
	return request.PublicError(e.Err).Retry()
}

// Permanent marks an internal error of an action as one that no retry can cure.
// Its text still goes to the log alone. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// retryable reports whether an action that failed with err may be tried again,
// and how long to wait at least. An internal error is retried unless the policy
// knows better: most of them are the network's.
func (p RetryPolicy) retryable(err error) (again bool, after time.Duration) {
	if _, permanent := errors.AsType[*permanentError](err); permanent {
		return false, 0
	}
	if public, ok := errors.AsType[*Error](err); ok {
		return public.Retryable, public.After
	}
	return p.Retryable == nil || p.Retryable(err), 0
}

// unavailable makes a store's error a transient one: the same message may
// succeed when sent again. A public error of the store stays as it is.
func unavailable(doing string, err error) error {
	if public, ok := errors.AsType[*Error](err); ok {
		return public
	}
	fault := Errorf(wire.ServiceUnavailable, "the service is not available for now; try again")
	fault.Cause = fmt.Errorf("%s: %w", doing, err)
	return fault
}

// notFound is the one answer for a request that does not exist and for one of
// another principal.
func notFound(id string) *Error {
	return Errorf(wire.NotFound, "there is no request %q", id)
}
