package streamer

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// causeOf is what operators are shown of the error that ended an attempt: its whole text,
// which its client does not get, without what the log leaves out too.
func (p *Processor) causeOf(err error) wire.Cause {
	if err == nil {
		return wire.Cause{}
	}
	c := wire.Cause{Message: err.Error(), Kind: fmt.Sprintf("%T", innermost(err))}
	if panicked, ok := errors.AsType[*panicError](err); ok {
		c.Kind, c.Frame = wire.KindPanic, panicked.frame
	}
	if failure, ok := errors.AsType[*failedChildError](err); ok {
		c.Message, c.Kind, c.Frame = c.Message+": "+failure.cause.Message, failure.cause.Kind, failure.cause.Frame
	}
	c.Message = strings.ToValidUTF8(c.Message, "\uFFFD")
	if p.Redact != nil {
		c.Message = p.Redact(c.Message)
	}
	const most = 200 // of the two that code alone is in
	c.Kind, c.Frame = cut(c.Kind, most), cut(c.Frame, most)
	c.Message = cut(c.Message, wire.MaxCause-len(c.Kind)-len(c.Frame))
	return c
}

// cut is text in at most so many bytes of whole characters, the last of which says that
// there was more.
func cut(text string, most int) string {
	const more = "…"
	if len(text) <= most {
		return text
	}
	end := most - len(more)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}

// innermost is the error that err begins with: of several that are wrapped as one, the
// first.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			inner = cmp.Or(several.Unwrap()...)
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}

// A panicError is the panic of an action.
type panicError struct {
	action string
	value  string // that it panicked with
	frame  string // where, in the action's own code
}

func (e *panicError) Error() string { return fmt.Sprintf("action %s panicked: %s", e.action, e.value) }

// own is what the names of this package's functions begin with.
const own = "github.com/pay-theory/streamer."

// panicFrame is the first line of the stack of a panic, being recovered, that is in the
// action's own code: in the package of the function that this one called, not in a
// library that it called in turn. "" for a panic of this package's.
func panicFrame() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	var stack []runtime.Frame // from the panic on, as far as this package
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		switch {
		case strings.HasPrefix(frame.Function, own) && len(stack) > 0:
			more = false
		case strings.HasPrefix(frame.Function, own), strings.HasPrefix(frame.Function, "runtime."):
		default:
			stack = append(stack, frame)
		}
	}
	for _, frame := range stack {
		if packageOf(frame) == packageOf(stack[len(stack)-1]) {
			return fmt.Sprintf("%s:%d %s", path.Base(frame.File), frame.Line, frame.Function)
		}
	}
	return ""
}

// packageOf is the import path of a function's package, whose dots behind the last slash
// its name has escaped.
func packageOf(frame runtime.Frame) string {
	slash := strings.LastIndex(frame.Function, "/") + 1
	name, _, _ := strings.Cut(frame.Function[slash:], ".")
	return frame.Function[:slash] + name
}

// A failedChildError is why a child failed, as operators are shown it. Its text is the one that
// the child's clients get: an action may pass it on.
type failedChildError struct {
	text  string
	cause wire.Cause
}

func (e *failedChildError) Error() string { return e.text }

// causeOfChild is the cause of the last attempt of a child that has ended; nil where none
// is known.
func causeOfChild(r *request.Request) error {
	if n := len(r.History); n > 0 && r.Error != nil && r.History[n-1].Cause != (wire.Cause{}) {
		return &failedChildError{text: r.Error.Message, cause: r.History[n-1].Cause}
	}
	return nil
}

// errLeaseExpired is the cause of an attempt whose worker let its lease expire.
var errLeaseExpired = fmt.Errorf("%w: its worker was killed, ran out of memory, or could not reach the store", ErrLeaseLost)

// stoppedError is the error of a run that was stopped, with what its action made of that.
func stoppedError(err error, out outcome) error {
	if out.abandoned {
		return fmt.Errorf("%w; the action went on and was abandoned", err)
	}
	return fmt.Errorf("%s; the action returned: %w", err.Error(), out.err)
}
