package middleware

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"

	"github.com/pay-theory/streamer/lift"
)

// Recover turns a panic of a handler, or of its stream, into an internal error: the
// caller hears of an internal error, the log gets the value and the stack, and
// the process lives on. Without it a panic ends the process.
func Recover() lift.Middleware {
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (res *lift.Response, err error) {
			defer catch(&err)
			res, err = next.Handle(ctx, e)
			if err == nil && res.Streams() {
				run := res.Stream
				res.Stream = func(w io.Writer) (err error) {
					defer catch(&err)
					return run(w)
				}
			}
			return res, err
		})
	}
}

// catch is to be deferred: it makes an error of a panic.
func catch(err *error) {
	if value := recover(); value != nil {
		*err = &PanicError{Value: value, Stack: debug.Stack()}
	}
}

// A PanicError is a panic that Recover caught.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the value's text.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// LogValue logs the value together with the stack.
func (e *PanicError) LogValue() slog.Value {
	return slog.GroupValue(slog.String("message", e.Error()), slog.String("stack", string(e.Stack)))
}
