// Package deployed builds the four functions for Lambda: from what Lambda and
// the template set in the environment, over DynamoDB, SQS and the @connections API.
// Nothing here makes a network call but [Variables], for a path of the Parameter Store; the
// first event does.
//
// An application passes the parts that it brings, and package deployed adds the
// others. A variable that is set wins over the setting in the parts. Every fault
// of the environment is reported at once, by the variable's name and never with
// its value.
//
// A function's main is one line, as in
//
//	func main() { deployed.Start(deployed.Router, functions.Parts{Actions: actions.All}) }
package deployed

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/config"
)

// A Builder makes one of the four functions from the application's parts and
// the environment.
type Builder func(ctx context.Context, parts functions.Parts, opts config.Options) (*lift.App, error)

// Start builds a function from the process's environment and serves it. It does
// not return. A function that cannot start tells Lambda and the log why: see
// [lift.StartFunc].
//
// Before it builds the function, it puts the application's own [Variables] into the
// environment, so that Parts.Actions and all that runs later find them by os.Getenv. A
// variable of a package, and parts that main passes, are made before that.
func Start(build Builder, parts functions.Parts) {
	lift.StartFunc(func(ctx context.Context) (*lift.App, error) {
		if err := setVariables(ctx); err != nil {
			return nil, err
		}
		return build(ctx, parts, config.Options{})
	})
}

// Connect builds the connect function.
func Connect(ctx context.Context, parts functions.Parts, opts config.Options) (*lift.App, error) {
	var env connections
	if err := errors.Join(parts.CheckApplication(), config.Load(ctx, &env, opts), addIssuers(ctx, &parts, opts)); err != nil {
		return nil, err
	}
	parts.Connections = env.store("", env.Connections)
	env.observe(&parts)
	if err := env.fault(); err != nil {
		return nil, err
	}
	return functions.Connect(parts)
}

// Disconnect builds the disconnect function.
func Disconnect(ctx context.Context, parts functions.Parts, opts config.Options) (*lift.App, error) {
	var env connections
	if err := errors.Join(parts.CheckApplication(), config.Load(ctx, &env, opts)); err != nil {
		return nil, err
	}
	parts.Connections = env.store("", env.Connections)
	env.observe(&parts)
	if err := env.fault(); err != nil {
		return nil, err
	}
	return functions.Disconnect(parts)
}

// Router builds the router function.
func Router(ctx context.Context, parts functions.Parts, opts config.Options) (*lift.App, error) {
	var env work
	if err := errors.Join(parts.CheckApplication(), config.Load(ctx, &env, opts), addIssuers(ctx, &parts, opts)); err != nil {
		return nil, err
	}
	env.fill(&parts)
	if err := env.fault(); err != nil {
		return nil, err
	}
	return functions.Router(parts)
}

// Processor builds the processor function.
func Processor(ctx context.Context, parts functions.Parts, opts config.Options) (*lift.App, error) {
	var env struct {
		work
		Stream string        `env:"AWS_LAMBDA_LOG_STREAM_NAME" default:"processor"`
		Lease  time.Duration `env:"STREAMER_LEASE"`
		Paused bool          `env:"STREAMER_PAUSED"`
	}
	if err := errors.Join(parts.CheckApplication(), config.Load(ctx, &env, opts)); err != nil {
		return nil, err
	}
	env.fill(&parts)
	parts.Worker, parts.Lease, parts.Paused = env.Stream, cmp.Or(env.Lease, parts.Lease), env.Paused
	if err := env.fault(); err != nil {
		return nil, err
	}
	return functions.Processor(parts)
}
