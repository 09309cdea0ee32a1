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

	// Parallel is how many records of a batch the handler may be called for at
	// the same time, as far as their order allows it: see [App.SQS],
	// [App.DynamoDB] and [App.Kinesis]. Default: 1.
	Parallel int

	// Streaming names what streams the answers to its requests: GatewayFunctionURL
	// for a function URL with the InvokeMode RESPONSE_STREAM, GatewayRESTAPI for a
	// REST API whose integration has the ResponseTransferMode STREAM. The events
	// look the same in both modes, and an answer of the other mode reaches clients as
	// a mess. All answers to requests through those named are streamed then, short
	// ones and errors too. New panics for a kind that cannot stream. App.ServeHTTP
	// always streams.
	Streaming []GatewayKind

	// ErrorResponse replaces the body of error answers over HTTP and WebSocket,
	// $connect included. The Error is what the caller may know: for an error
	// that is not public it is a CodeInternal one, whose Cause still is the
	// error itself and must not be shown. A zero Status of the Response means
	// the code's own; nil means Lift's answer. On message routes only the Body
	// is used. It runs after all middleware.
	ErrorResponse func(ctx context.Context, e *Event, err *Error) *Response
}

// An App is a function's handlers and what surrounds them. Register everything
// first, then [Start] it; from then on it is safe for concurrent use. It
// implements the Handler of github.com/aws/aws-lambda-go/lambda.
type App struct {
	cfg    Config
	stack  []Middleware
	sealed bool // a handler is registered: the stack stands
	warm   atomic.Bool

	unstreamed atomic.Bool // a streamed answer was buffered, and the log has it

	shutdown []func(context.Context)

	// onSIGTERM calls a function on SIGTERM; set by OnShutdown.
	onSIGTERM func(address string, logger *slog.Logger, f func())

	// A family is made by the first handler that is registered for its events,
	// and by nothing else: a function links no code for events it does not take.
	families [formCount]family
}

// A family knows all that depends on an event's form: how it is decoded, which
// handler gets it, and what AWS wants to hear.
type family interface {
	invoke(ctx context.Context, a *App, env *envelope) ([]byte, error)
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
	if cfg.Parallel < 0 {
		panic("lift: Config.Parallel is negative")
	}
	for _, kind := range cfg.Streaming {
		if kind != GatewayFunctionURL && kind != GatewayRESTAPI {
			panic(fmt.Sprintf("lift: Config.Streaming names %s, which cannot stream: function_url and rest_api can", kind))
		}
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

// A picky handler does not take the events of every trigger. Its String says
// which it takes.
type picky interface {
	takes(t Trigger) bool
	String() string
}

// build puts the stacks around a handler.
func (a *App) build(what string, trigger Trigger, h Handler, mw []Middleware) Handler {
	if o, ok := h.(Operation); h == nil || ok && o.Handler == nil {
		panic("lift: " + what + " has no handler")
	}
	if n, ok := h.(picky); ok && !n.takes(trigger) {
		panic(fmt.Sprintf("lift: %s and cannot be registered for %s", n, what))
	}
	a.sealed = true
	built := wrap(registered{Handler: h, trigger: trigger}, slices.Concat(a.stack, mw))
	if r, ok := built.(registered); ok {
		return r.Handler
	}
	return built
}

// Invoke answers one invocation with the encoded event as its payload. An event
// that no handler is registered for is an error.
func (a *App) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	env, err := open(payload)
	if err != nil {
		return nil, a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the payload is not JSON", Cause: err})
	}
	f := env.form()
	if f == formRecords && a.families[formDirect] != nil {
		f = formDirect
	}
	if a.families[f] == nil {
		what := formNames[f]
		if f == formRecords {
			what += " " + env.recordSource
		}
		return nil, a.refuse(ctx, Errorf(CodeUnhandled, "this function has no handler for %s", what))
	}
	return a.families[f].invoke(ctx, a, env)
}

// only makes the family of events that have one handler.
func (a *App) only(f form, what string, family family) {
	if a.families[f] != nil {
		panic("lift: " + what + " has a handler already")
	}
	a.families[f] = family
}

// refuse logs an invocation that never reached a handler and returns its error.
func (a *App) refuse(ctx context.Context, err *Error) error {
	e := a.newEvent(ctx, 0, "")
	e.Logger().LogAttrs(ctx, slog.LevelError, "invocation refused", slog.String("error", err.Error()))
	return &Error{Code: err.Code, Message: err.Message + " (correlation id " + e.CorrelationID + ")"}
}

// newEvent returns an event with the fields that all events have. The caller
// adds what the payload says. An empty id means the invocation's.
func (a *App) newEvent(ctx context.Context, trigger Trigger, id string) *Event {
	e := &Event{Trigger: trigger, ID: id, base: a.cfg.Logger, ColdStart: !a.warm.Load() && a.warm.CompareAndSwap(false, true)}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		e.RequestID, e.TenantID = lc.AwsRequestID, lc.TenantID
	}
	if e.ID == "" {
		e.ID = e.RequestID
	}
	e.CorrelationID = e.ID
	if e.CorrelationID == "" {
		e.CorrelationID = newCorrelationID()
	}
	e.TraceID = traceID(ctx.Value("x-amzn-trace-id"))
	if deadline, ok := ctx.Deadline(); ok {
		e.Deadline = deadline.Add(-a.cfg.Margin)
	}
	return e
}

// report makes an error ready for the caller. One that is the function's fault
// stands in the log by then, in full.
func (a *App) report(ctx context.Context, e *Event, err error) *Error {
	if OutcomeOf(e, nil, err).Failed {
		e.LogFailure(ctx, err)
	}
	shown, _ := AsError(err)
	return shown
}

// fail is report for the triggers whose answer to an error is a failed
// invocation.
func (a *App) fail(ctx context.Context, e *Event, err error) error {
	shown := a.report(ctx, e, err)
	if own := asIs(err); own != nil {
		return own
	}
	return failure(e, shown)
}

// A verbatim error is of a handler whose errors fail the invocation as they are,
// with the name of their type and their text.
type verbatim struct{ error }

func (v *verbatim) Unwrap() error { return v.error }

// asIs returns the error that fails the invocation as it is, nil for one that is
// answered: a public one, or that of any other handler.
func asIs(err error) error {
	if v, ok := errors.AsType[*verbatim](err); ok {
		if _, public := AsError(err); !public {
			return v.error
		}
	}
	return nil
}

// failure is the error of a failed invocation: what the caller may know, and
// the id under which the log has the rest.
func failure(e *Event, shown *Error) error {
	return &Error{
		Code:       shown.Code,
		Message:    shown.Message + " (correlation id " + e.CorrelationID + ")",
		Details:    shown.Details,
		Status:     shown.Status,
		RetryAfter: shown.RetryAfter,
	}
}
