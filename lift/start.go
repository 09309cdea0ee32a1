package lift

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
)

// shutdownTime is what the hooks of OnShutdown have together.
const shutdownTime = 400 * time.Millisecond

// Start serves the app on the Lambda Runtime API named by the environment
// variable AWS_LAMBDA_RUNTIME_API. It does not return: when it cannot take or
// answer an invocation it logs why and ends the process with status 1, which
// makes Lambda start another. An app that has no handler at all cannot start: see
// [StartFunc].
//
// A failed invocation has the [Error]'s code as its errorType and the message as
// its errorMessage. An answer above 6,291,556 bytes, which Lambda would not
// take, is logged and is a failed invocation of type
// Function.ResponseSizeTooLarge.
//
// Where AWS_LAMBDA_MAX_CONCURRENCY is above 1, as on Managed Instances, the app
// answers as many invocations at the same time, and what befalls one of them
// ends neither the others nor the process. One whose handler ignores its deadline
// is answered 100 ms before: a request over HTTP with 504, a message with an error
// frame, another event with a failure of the type timeout.
//
// An app with shutdown hooks also registers as an internal extension, which is
// what makes Lambda send SIGTERM; when the hooks have run, the process exits
// with status 0.
//
// An App is a Handler of github.com/aws/aws-lambda-go/lambda, too, so that the
// official loop runs it in place of this one:
//
//	lambda.StartWithOptions(app, lambda.WithEnableSIGTERM(func() { app.Shutdown(context.Background()) }))
//
// Every errorType is "Error" then, whatever the code.
func Start(a *App) {
	address := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	logger := a.cfg.Logger
	if !a.sealed {
		cannotStart(logger, &runtimeapi.Failure{Type: "Runtime.InvalidApp", Message: "the app has no handlers: register one before lift.Start"})
	}
	if address == "" {
		end(logger, errors.New("AWS_LAMBDA_RUNTIME_API is not set: run the function on Lambda or on a stand-in such as lifttest.StartFunction"))
	}
	if a.onSIGTERM != nil {
		a.onSIGTERM(address, logger, func() {
			a.Shutdown(context.Background())
			os.Exit(0)
		})
	}
	end(logger, runtimeapi.Run(runtimeapi.Config{
		Address: address, Handler: runtimeHandler(a.Invoke), Late: runtimeHandler(a.late), Concurrency: lambdacontext.MaxConcurrency(),
		Logger: logger,
	}))
}

// late answers an invocation whose handler ignores its deadline: with an error
// answer where the event's form has one, else by failing it.
func (a *App) late(ctx context.Context, payload []byte) ([]byte, error) {
	timeout := Errorf(CodeTimeout, "the time was not enough")
	env, err := open(payload)
	if err != nil {
		return nil, timeout
	}
	if f, ok := a.families[env.form()].(interface {
		fault(ctx context.Context, a *App, env *envelope, err error) ([]byte, error)
	}); ok {
		return f.fault(ctx, a, env, timeout)
	}
	return nil, timeout
}

// StartFunc builds an app and serves it with [Start]:
//
//	func main() { lift.StartFunc(orders.New) }
//
// When build returns an error or panics, the function cannot start: one line at
// level fatal says why, with the stack of a panic, Lambda gets an init error
// (of the type Runtime.InitError), and the process ends with status 1. The line
// is written by the logger of [NewLogger] with a zero [LogConfig].
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror
func StartFunc(build func(context.Context) (*App, error)) {
	app, failure := try(build)
	if failure != nil {
		cannotStart(NewLogger(LogConfig{}), failure)
	}
	Start(app)
}

func try(build func(context.Context) (*App, error)) (app *App, failure *runtimeapi.Failure) {
	const kind = "Runtime.InitError"
	defer func() {
		if value := recover(); value != nil {
			failure = runtimeapi.Panicked(value)
			failure.Type, failure.Message = kind, "panic: "+failure.Message
		}
	}()
	app, err := build(context.Background())
	if err != nil {
		return nil, &runtimeapi.Failure{Type: kind, Message: err.Error()}
	}
	return app, nil
}

// cannotStart logs and reports why the function cannot start, and ends it.
func cannotStart(logger *slog.Logger, f *runtimeapi.Failure) {
	attrs := []slog.Attr{slog.String("error", f.Message)}
	if f.Stack != nil {
		attrs = append(attrs, slog.Any("stack", f.Stack))
	}
	if address := os.Getenv("AWS_LAMBDA_RUNTIME_API"); address != "" {
		if err := runtimeapi.ReportInitError(address, f); err != nil {
			attrs = append(attrs, slog.String("report_error", err.Error()))
		}
	}
	logger.LogAttrs(context.Background(), LevelFatal, "the function cannot start", attrs...)
	os.Exit(1)
}

func end(logger *slog.Logger, err error) {
	if !errors.Is(err, runtimeapi.ErrPanicked) { // which has its line
		logger.Error("the function ends", slog.String("error", err.Error()))
	}
	os.Exit(1)
}

// runtimeHandler gives the Runtime API the code of an error as the error's
// type, so that a state machine, or any other caller, can tell them apart. An
// error that is handed on as it is, is named after its Go type, as in aws-lambda-go. It
// takes a function rather than an App so that a binary does not link the App's
// methods that are not called.
func runtimeHandler(invoke func(context.Context, []byte) ([]byte, error)) func(context.Context, []byte) ([]byte, *runtimeapi.Failure) {
	return func(ctx context.Context, payload []byte) ([]byte, *runtimeapi.Failure) {
		answer, err := invoke(ctx, payload)
		if err == nil {
			return answer, nil
		}
		return nil, failureOf(err)
	}
}

func failureOf(err error) *runtimeapi.Failure {
	if shown, ok := err.(*Error); ok { //nolint:errorlint // what Invoke made of it, and not what it wraps
		return &runtimeapi.Failure{Type: shown.Code.String(), Message: shown.Message}
	}
	f := &runtimeapi.Failure{Type: runtimeapi.TypeName(err), Message: err.Error()}
	if f.Type != "InvokeResponse_Error" {
		return f
	}
	// The error of aws-lambda-go's package messages, which names a type of its own.
	// Lift does not link that package; the error's JSON has a Failure's members.
	if text, encodeErr := json.Marshal(err); encodeErr == nil {
		_ = json.Unmarshal(text, f)
	}
	return f
}

// OnShutdown adds a function that runs when Lambda ends the process, all of
// them in the order added. They have 400 ms together, then the context is
// cancelled; Lambda kills the process 500 ms after the signal to end.
func (a *App) OnShutdown(f func(context.Context)) {
	a.shutdown = append(a.shutdown, f)
	a.onSIGTERM = runtimeapi.OnSIGTERM // here, so that a function without hooks links no signals
}

// Shutdown runs the hooks of [App.OnShutdown]. Start calls it on SIGTERM; a
// host that runs an app in its own process calls it itself.
func (a *App) Shutdown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, shutdownTime)
	defer cancel()
	for _, f := range a.shutdown {
		f(ctx)
	}
}
