package lift

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Config sets up an [App]. The zero Config works.
type Config struct {
	// Logger is the base of every event's logger. Default: that of [NewLogger]
	// with a zero [LogConfig].
	Logger *slog.Logger

	// Margin is how long before the invocation's own deadline an answer must be
	// ready: see [Event.Deadline]. A batch starts no record after that moment
	// and reports the rest as failed. Default: 500 ms.
	Margin time.Duration

	// ErrorResponse replaces the body of error answers over HTTP and WebSocket,
	// $connect included. The Error is what the caller may know: for an error
	// that nobody declared it is a CodeInternal one, whose Cause still is the
	// error itself and must not be shown. A zero Status of the Response means
	// the code's own; nil means Lift's answer. On message routes only the Body
	// is used. It runs after all middleware.
	ErrorResponse func(ctx context.Context, e *Event, err *Error) *Response
}

// An App is a function's handlers and what surrounds them. Register everything
// first, then [Start] it; from then on it is safe for concurrent use. It
// implements the Handler of github.com/aws/aws-lambda-go/lambda.
type App struct {
	cfg      Config
	stack    []Middleware
	sealed   bool // a handler is registered: the stack stands
	warm     atomic.Bool
	shutdown []func(context.Context)

	http      httpFamily
	webSocket webSocketFamily
	dynamoDB  dynamoDBFamily
	schedule  scheduleFamily
	direct    directFamily
}

// A family is one form of event with all that depends on it: how it is
// recognised, which handler gets it, and what AWS wants to hear.
type family interface {
	// recognises reports whether the event is one of the family's.
	recognises(env *envelope) bool
	// empty reports whether no handler is registered.
	empty() bool
	// invoke decodes the event, runs its handler, and encodes the answer.
	invoke(ctx context.Context, a *App, env *envelope) ([]byte, error)
	// String names the events, as in "HTTP requests".
	String() string
}

// New returns an App without handlers.
func New(cfg Config) *App {
	if cfg.Logger == nil {
		cfg.Logger = NewLogger(LogConfig{})
	}
	if cfg.Margin == 0 {
		cfg.Margin = 500 * time.Millisecond
	}
	if cfg.Margin < 0 {
		panic("lift: Config.Margin is negative")
	}
	return &App{cfg: cfg}
}

// Use adds middlewares to the one stack that runs around every handler of every
// trigger, a record of a batch included. The first is outermost; what a route
// brings itself comes inside. Use panics once a handler is registered.
//
//	event  > Correlation > Trace   > Metrics > Log  > Recover > Deadline > guards > the route's own > handler
//	answer < header      < segment < line    < line < error   < timeout  < error  <                 <
//
// The documentation of package middleware has the whole order.
func (a *App) Use(mw ...Middleware) {
	if a.sealed {
		panic("lift: App.Use comes before the first handler, or that handler would miss the middleware")
	}
	a.stack = append(a.stack, mw...)
}

// build puts the stacks around a handler.
func (a *App) build(what string, trigger Trigger, h Handler, mw []Middleware) Handler {
	if h == nil {
		panic("lift: " + what + " has no handler")
	}
	a.sealed = true
	built := wrap(registered{Handler: h, trigger: trigger}, slices.Concat(a.stack, mw))
	if r, ok := built.(registered); ok {
		return r.Handler
	}
	return built
}

// OnShutdown adds a function that runs when Lambda ends the process, all of
// them in the order added. They have 400 ms together, then the context is
// cancelled; Lambda kills the process 500 ms after it told it to end.
func (a *App) OnShutdown(f func(context.Context)) {
	a.shutdown = append(a.shutdown, f)
}

// Invoke answers one invocation with the encoded event as its payload. An event
// that no handler is registered for is an error.
func (a *App) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	env, err := open(payload)
	if err != nil {
		return nil, a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the payload is not JSON", Cause: err})
	}
	for _, f := range []family{&a.webSocket, &a.http, &a.dynamoDB, &a.schedule} {
		if !f.recognises(env) {
			continue
		}
		if f.empty() {
			return nil, a.refuse(ctx, Errorf(CodeUnhandled, "this function has no handler for %s", f))
		}
		return f.invoke(ctx, a, env)
	}
	if source := env.recordSource(); source != "" {
		return nil, a.refuse(ctx, Errorf(CodeUnhandled, "this function has no handler for records of %s", source))
	}
	if a.direct.empty() {
		return nil, a.refuse(ctx, Errorf(CodeUnhandled, "this function has no handler for this event, which is of no form that Lift knows"))
	}
	return a.direct.invoke(ctx, a, env)
}

// refuse logs an invocation that never reached a handler and returns its error.
func (a *App) refuse(ctx context.Context, err *Error) error {
	e := a.newEvent(ctx, 0, "")
	e.Logger().LogAttrs(ctx, slog.LevelError, "invocation refused", slog.String("error", err.Error()))
	return &Error{Code: err.Code, Message: err.Message + " (correlation id " + e.CorrelationID + ")"}
}

// newEvent returns an event with the fields that all events have. Whoever calls
// it adds what the payload says. An empty id means the invocation's.
func (a *App) newEvent(ctx context.Context, trigger Trigger, id string) *Event {
	e := &Event{Trigger: trigger, ID: id, base: a.cfg.Logger, ColdStart: a.warm.CompareAndSwap(false, true)}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		e.RequestID = lc.AwsRequestID
	}
	if e.ID == "" {
		e.ID = e.RequestID
	}
	if e.CorrelationID = e.ID; e.CorrelationID == "" {
		e.CorrelationID = newCorrelationID()
	}
	e.TraceID = traceID(ctx.Value("x-amzn-trace-id"))
	if deadline, ok := ctx.Deadline(); ok {
		e.Deadline = deadline.Add(-a.cfg.Margin)
	}
	return e
}

// report makes an error ready for the caller. One that nobody declared is
// logged here, once, and the caller gets none of it.
func (a *App) report(ctx context.Context, e *Event, err error) *Error {
	declared, ok := Declared(err)
	if !ok {
		e.Logger().LogAttrs(ctx, slog.LevelError, "internal error",
			slog.String("trigger", e.Trigger.String()), slog.String("route", e.Route), errorAttr(err))
	}
	return declared
}

// fail is report for the triggers whose answer to an error is a failed
// invocation.
func (a *App) fail(ctx context.Context, e *Event, err error) error {
	declared := a.report(ctx, e, err)
	return &Error{
		Code:       declared.Code,
		Message:    declared.Message + " (correlation id " + e.CorrelationID + ")",
		Details:    declared.Details,
		RetryAfter: declared.RetryAfter,
	}
}

// errorAttr logs an error, as the value that it or an error under it wants to
// be logged as, such as a panic with its stack.
func errorAttr(err error) slog.Attr {
	var valuer interface {
		error
		slog.LogValuer
	}
	if errors.As(err, &valuer) {
		return slog.Any("error", valuer.LogValue())
	}
	return slog.String("error", err.Error())
}

// mustBeFree panics for a second handler where one can be.
func mustBeFree(what string, taken bool) {
	if taken {
		panic(fmt.Sprintf("lift: %s has a handler already", what))
	}
}
