// Package deployed builds the four functions for Lambda: from what Lambda and
// the template set in the environment, over DynamoDB, the @connections API and
// invocations of Lambda. Nothing here makes a network call; the first event
// does.
//
// Every fault of the environment is reported at once, by the variable's name and
// never with its value.
//
// A function's main is one line, as in
//
//	func main() { deployed.Start(deployed.Connect) }
package deployed

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/aws/apigateway"
	"github.com/pay-theory/streamer/aws/lambda"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/config"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/lift/trace"
	"github.com/pay-theory/streamer/lift/transport"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/dynamo"
)

// devIssuer is what development tokens say of themselves. A function that is
// told to trust it does not start.
const devIssuer = "streamer-dev"

// A Function builds one of the four from its environment.
type Function func(ctx context.Context, opts config.Options) (*lift.App, error)

// Start builds a function from the process's environment and serves it. It does
// not return. A function that cannot start says why and exits with status 1.
func Start(f Function) {
	app, err := f(context.Background(), config.Options{})
	if err != nil {
		log.Fatalf("the function cannot start:\n%v", err)
	}
	lift.Start(app)
}

// platform is what Lambda itself sets, and what is made of it. The methods note
// what goes wrong; fault tells.
type platform struct {
	Region       string      `env:"AWS_REGION,required"`
	AccessKey    string      `env:"AWS_ACCESS_KEY_ID,required"`
	SecretKey    lift.Secret `env:"AWS_SECRET_ACCESS_KEY,required"`
	SessionToken lift.Secret `env:"AWS_SESSION_TOKEN"`
	Function     string      `env:"AWS_LAMBDA_FUNCTION_NAME,required"`
	Daemon       string      `env:"AWS_XRAY_DAEMON_ADDRESS"`
	DynamoDB     string      `env:"AWS_ENDPOINT_URL_DYNAMODB"`
	Lambda       string      `env:"AWS_ENDPOINT_URL_LAMBDA"`

	faults []error
}

func (p *platform) note(faults ...error) { p.faults = append(p.faults, faults...) }

func (p *platform) fault() error { return errors.Join(p.faults...) }

func (p *platform) credentials() sigv4.Provider {
	return sigv4.Static(sigv4.Credentials{AccessKeyID: p.AccessKey, SecretAccessKey: p.SecretKey.Reveal(), SessionToken: p.SessionToken.Reveal()})
}

func (p *platform) telemetry() functions.Telemetry {
	metrics, metricsErr := functions.Metrics(p.Function, os.Stdout)
	tracer, err := trace.New(trace.Config{Daemon: p.Daemon})
	p.note(metricsErr, err)
	return functions.Telemetry{Metrics: metrics, Tracer: tracer}
}

// transport makes calls that are seen in the trace of their event.
func (p *platform) transport() http.RoundTripper { return trace.Transport(transport.New()) }

func (p *platform) store(requests, connections string) *dynamo.Store {
	store, err := dynamo.New(dynamo.Config{Region: p.Region, Credentials: p.credentials(), Endpoint: p.DynamoDB,
		RequestsTable: requests, ConnectionsTable: connections, Transport: p.transport()})
	p.note(err)
	return store
}

func (p *platform) dispatch() *lambda.Dispatcher {
	dispatch, err := lambda.New(lambda.Config{Function: p.Function, Region: p.Region, Credentials: p.credentials(), Endpoint: p.Lambda,
		Transport: p.transport()})
	p.note(err)
	return dispatch
}

// tokens say whose tokens are good.
type tokens struct {
	JWKS     string `env:"STREAMER_JWKS_URL"`
	Keys     string `env:"STREAMER_JWT_KEYS"` // PEM or a JWK set, in the place of the URL
	Issuer   string `env:"STREAMER_JWT_ISSUER,required"`
	Audience string `env:"STREAMER_JWT_AUDIENCE,required"`
}

func (p *platform) verifier(t tokens) *auth.Verifier {
	if t.Issuer == devIssuer {
		p.note(errors.New("config: STREAMER_JWT_ISSUER is the issuer of development tokens, which open nothing here"))
	}
	verifier, err := auth.NewVerifier(auth.Config{
		Keys: []byte(t.Keys), JWKS: auth.JWKSConfig{URL: t.JWKS, Transport: transport.New()},
		Issuer: t.Issuer, Audience: t.Audience, ScopeClaims: functions.ScopeClaims,
	})
	p.note(err)
	return verifier
}

// connections is what all four need.
type connections struct {
	platform
	Connections string `env:"STREAMER_CONNECTIONS_TABLE,required"`
}

// Connect builds the connect function.
func Connect(ctx context.Context, opts config.Options) (*lift.App, error) {
	var env struct {
		connections
		tokens
	}
	if err := config.Load(ctx, &env, opts); err != nil {
		return nil, err
	}
	c := functions.ConnectConfig{Connections: env.store("", env.Connections), Verifier: env.verifier(env.tokens), Telemetry: env.telemetry()}
	if err := env.fault(); err != nil {
		return nil, err
	}
	return functions.Connect(c), nil
}

// Disconnect builds the disconnect function.
func Disconnect(ctx context.Context, opts config.Options) (*lift.App, error) {
	var env connections
	if err := config.Load(ctx, &env, opts); err != nil {
		return nil, err
	}
	c := functions.DisconnectConfig{Connections: env.store("", env.Connections), Telemetry: env.telemetry()}
	if err := env.fault(); err != nil {
		return nil, err
	}
	return functions.Disconnect(c), nil
}

// work is what the router and the processor have in common.
type work struct {
	connections
	Requests       string        `env:"STREAMER_REQUESTS_TABLE,required"`
	Callback       string        `env:"STREAMER_CALLBACK_URL,required"`
	Retention      time.Duration `env:"STREAMER_RETENTION"`
	RunningLimit   uint          `env:"STREAMER_LIMIT_TENANT_RUNNING"`
	PrincipalLimit uint          `env:"STREAMER_LIMIT_PRINCIPAL_OPEN"`
}

func (w *work) limits() streamer.Limits {
	return streamer.Limits{RunningPerTenant: int(w.RunningLimit), OpenPerPrincipal: int(w.PrincipalLimit)}
}

func (w *work) push() *apigateway.Pusher {
	push, err := apigateway.New(apigateway.Config{Endpoint: w.Callback, Region: w.Region, Credentials: w.credentials(), Transport: w.transport()})
	w.note(err)
	return push
}

// An Actions makes the application's actions over the store that they may read.
type Actions func(requests request.Lister) ([]streamer.Action, error)

// registry makes the actions, each run of them seen in the trace of its event.
func (w *work) registry(actions Actions, store *dynamo.Store) *streamer.Registry {
	all, err := actions(store)
	w.note(err)
	return streamer.NewRegistry(all...).With(functions.Traced)
}

// Router builds the router function.
func Router(actions Actions) Function {
	return func(ctx context.Context, opts config.Options) (*lift.App, error) {
		var env struct {
			work
			tokens
		}
		if err := config.Load(ctx, &env, opts); err != nil {
			return nil, err
		}
		store, push := env.store(env.Requests, env.Connections), env.push()
		c := functions.RouterConfig{Connections: store, Requests: store, Actions: env.registry(actions, store), Push: push, Close: push,
			Verifier: env.verifier(env.tokens), Limits: env.limits(), Retention: env.Retention, Telemetry: env.telemetry()}
		if err := env.fault(); err != nil {
			return nil, err
		}
		return functions.Router(c), nil
	}
}

// Processor builds the processor function. It invokes itself to run a request.
func Processor(actions Actions) Function {
	return func(ctx context.Context, opts config.Options) (*lift.App, error) {
		var env struct {
			work
			Stream string        `env:"AWS_LAMBDA_LOG_STREAM_NAME" default:"processor"`
			Lease  time.Duration `env:"STREAMER_LEASE"`
		}
		if err := config.Load(ctx, &env, opts); err != nil {
			return nil, err
		}
		store, push, telemetry := env.store(env.Requests, env.Connections), env.push(), env.telemetry()
		p, err := streamer.NewProcessor(streamer.ProcessorConfig{
			Store: store, Actions: env.registry(actions, store), Push: push, Dispatch: env.dispatch(),
			Connections: streamer.Connections{Store: store, Closer: push},
			Worker:      env.Stream, Retention: env.Retention, Lease: env.Lease, Limits: env.limits(), Logger: lift.NewLogger(lift.LogConfig{}),
		})
		if err := errors.Join(env.fault(), err); err != nil {
			return nil, err
		}
		return functions.Processor(p, telemetry), nil
	}
}
