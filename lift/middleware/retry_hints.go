package middleware

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// RetryHints tells callers when to try again: an [lift.Error] whose code is
// retryable and that names no time gets one, at random between after and twice
// after, so that callers do not come back together. Over HTTP it is the header
// Retry-After, in problem documents and error frames retry_after. An
// internal error that says itself by a method Timeout or Temporary that it is
// transient, as those of package net do, becomes CodeUnavailable.
//
// It applies where a caller sees it: HTTP, $connect, messages and direct
// invocations. It belongs outside of the middlewares whose errors it should see.
func RetryHints(after time.Duration) lift.Middleware {
	if after <= 0 {
		panic(fmt.Sprintf("lift/middleware: RetryHints of %s", after))
	}
	return lift.Only("middleware.RetryHints", func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			res, err := next.Handle(ctx, e)
			if err == nil {
				return res, nil
			}
			shown, public := lift.AsError(err)
			if !public && transient(err) {
				shown, public = &lift.Error{Code: lift.CodeUnavailable, Message: "something that is needed is away", Cause: err}, true
			}
			if again, at := shown.Retry(); !public || !again || at > 0 {
				return res, err
			}
			hinted := *shown // the error may be one value for all
			hinted.RetryAfter = after + rand.N(after)
			return res, &hinted
		})
	}, lift.TriggerHTTP, lift.TriggerConnect, lift.TriggerMessage, lift.TriggerDirect)
}

// transient reports whether an error says that it will pass.
func transient(err error) bool {
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		return true
	}
	temporary, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && temporary.Temporary()
}
