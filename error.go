package streamer

import (
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// Permanent marks an undeclared error of an action as one that no retry can
// cure. Its text still stays in the log. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// retryable reports whether an action that failed with err may be tried again,
// and how long to wait at least. What nobody declared is retried unless the
// policy knows better: most of it is networks.
func (p RetryPolicy) retryable(err error) (again bool, after time.Duration) {
	var permanent *permanentError
	if errors.As(err, &permanent) {
		return false, 0
	}
	var declared *Error
	if errors.As(err, &declared) {
		return declared.Retryable, declared.After
	}
	return p.Retryable == nil || p.Retryable(err), 0
}

// unavailable is a fault of the store that may pass: the same message may
// succeed when sent again. What the store declared stays as it is.
func unavailable(doing string, err error) error {
	var declared *Error
	if errors.As(err, &declared) {
		return declared
	}
	fault := Errorf(wire.ServiceUnavailable, "the service is not available for now; try again")
	fault.Cause = fmt.Errorf("%s: %w", doing, err)
	return fault
}

// notFound is the one answer for a request that does not exist and for one that
// belongs to somebody else.
func notFound(id string) *Error {
	return Errorf(wire.NotFound, "there is no request %q", id)
}
