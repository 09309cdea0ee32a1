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
// Retry-After, in problem documents and error frames retry_after. An error that
// nobody declared, but that says itself by a method Timeout or Temporary that it
// will pass, as those of package net do, is declared CodeUnavailable.
//
// It applies where somebody hears of it: HTTP, $connect, messages and direct
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
			declared, ok := lift.Declared(err)
			if !ok && passes(err) {
				declared, ok = &lift.Error{Code: lift.CodeUnavailable, Message: "something that is needed is away", Cause: err}, true
			}
			if !ok || declared.RetryAfter > 0 || !declared.Code.Retryable() {
				return res, err
			}
			hinted := *declared // the error may be one value for all
			hinted.RetryAfter = after + rand.N(after)
			return res, &hinted
		})
	}, lift.TriggerHTTP, lift.TriggerConnect, lift.TriggerMessage, lift.TriggerDirect)
}

// passes reports whether an error says that it will pass.
func passes(err error) bool {
	var timeout interface{ Timeout() bool }
	var temporary interface{ Temporary() bool }
	return errors.As(err, &timeout) && timeout.Timeout() || errors.As(err, &temporary) && temporary.Temporary()
}
