// Package deployed builds the four functions for Lambda: from what Lambda and
// the template set in the environment, over DynamoDB, the @connections API and
// invocations of Lambda. Nothing here makes a network call; the first event
// does.
//
// Every fault of the environment is reported at once, by the variable's name and
// never with its value.
package deployed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/dispatch/lambda"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/config"
	"github.com/pay-theory/streamer/lift/trace"
	"github.com/pay-theory/streamer/push/apigw"
	"github.com/pay-theory/streamer/store/dynamo"
)

// devIssuer is what development tokens say of themselves. A function that is
// told to trust it does not start.
const devIssuer = "streamer-dev"

// platform is what Lambda itself sets.
type platform struct {
	Region       string      `env:"AWS_REGION,required"`
	AccessKey    string      `env:"AWS_ACCESS_KEY_ID,required"`
	SecretKey    lift.Secret `env:"AWS_SECRET_ACCESS_KEY,required"`
	SessionToken lift.Secret `env:"AWS_SESSION_TOKEN"`
	Function     string      `env:"AWS_LAMBDA_FUNCTION_NAME,required"`
	Daemon       string      `env:"AWS_XRAY_DAEMON_ADDRESS"`
	DynamoDB     string      `env:"AWS_ENDPOINT_URL_DYNAMODB"`
	Lambda       string      `env:"AWS_ENDPOINT_URL_LAMBDA"`
}

func (p platform) credentials() aws.CredentialsProvider {
	who := aws.Credentials{AccessKeyID: p.AccessKey, SecretAccessKey: p.SecretKey.Reveal(), SessionToken: p.SessionToken.Reveal(), Source: "environment"}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return who, nil })
}

func (p platform) telemetry() (functions.Telemetry, error) {
	metrics, metricsErr := functions.Metrics(p.Function, os.Stdout)
	tracer, err := trace.New(trace.Config{Daemon: p.Daemon})
	return functions.Telemetry{Metrics: metrics, Tracer: tracer}, errors.Join(metricsErr, err)
}

// transport makes calls that are seen in the trace of their event.
func (p platform) transport() http.RoundTripper { return trace.Transport(dynamo.NewTransport()) }

func (p platform) store(requests, connections string) (*dynamo.Store, error) {
	return dynamo.New(dynamo.Config{Region: p.Region, Credentials: p.credentials(), Endpoint: p.DynamoDB,
		RequestsTable: requests, ConnectionsTable: connections, Transport: p.transport()})
}

func (p platform) push(callback string) (*apigw.Pusher, error) {
	return apigw.New(apigw.Config{Endpoint: callback, Region: p.Region, Credentials: p.credentials(), Transport: p.transport()})
}

// tokens say whose tokens are good.
type tokens struct {
	JWKS     string `env:"STREAMER_JWKS_URL"`
	Keys     string `env:"STREAMER_JWT_KEYS"` // PEM or a JWK set, in the place of the URL
	Issuer   string `env:"STREAMER_JWT_ISSUER,required"`
	Audience string `env:"STREAMER_JWT_AUDIENCE,required"`
}

func (t tokens) verifier() (*auth.Verifier, error) {
	if t.Issuer == devIssuer {
		return nil, errors.New("config: STREAMER_JWT_ISSUER is the issuer of development tokens, which open nothing here")
	}
	return auth.NewVerifier(auth.Config{
		Keys: []byte(t.Keys), JWKS: auth.JWKSConfig{URL: t.JWKS},
		Issuer: t.Issuer, Audience: t.Audience, ScopeClaims: functions.ScopeClaims,
	})
}

// limits bound what a tenant or principal may have.
type limits struct {
	TenantRunning int `env:"STREAMER_LIMIT_TENANT_RUNNING"`
	PrincipalOpen int `env:"STREAMER_LIMIT_PRINCIPAL_OPEN"`
}

func (l limits) limits() (streamer.Limits, error) {
	if l.TenantRunning < 0 || l.PrincipalOpen < 0 {
		return streamer.Limits{}, errors.New("config: STREAMER_LIMIT_TENANT_RUNNING or STREAMER_LIMIT_PRINCIPAL_OPEN is negative")
	}
	return streamer.Limits{RunningPerTenant: l.TenantRunning, OpenPerPrincipal: l.PrincipalOpen}, nil
}

// Connect builds the connect function.
func Connect(ctx context.Context, opts config.Options) (*lift.App, error) {
	var cfg struct {
		platform
		tokens
		Connections string `env:"STREAMER_CONNECTIONS_TABLE,required"`
	}
	if err := load(ctx, opts, &cfg.platform, &cfg.tokens, &cfg); err != nil {
		return nil, err
	}
	store, storeErr := cfg.store("", cfg.Connections)
	telemetry, telemetryErr := cfg.telemetry()
	verifier, err := cfg.verifier()
	if err := errors.Join(storeErr, telemetryErr, err); err != nil {
		return nil, err
	}
	return functions.Connect(functions.ConnectConfig{Connections: store, Verifier: verifier, Telemetry: telemetry}), nil
}

// Disconnect builds the disconnect function.
func Disconnect(ctx context.Context, opts config.Options) (*lift.App, error) {
	var cfg struct {
		platform
		Connections string `env:"STREAMER_CONNECTIONS_TABLE,required"`
	}
	if err := load(ctx, opts, &cfg.platform, &cfg); err != nil {
		return nil, err
	}
	store, storeErr := cfg.store("", cfg.Connections)
	telemetry, err := cfg.telemetry()
	if err := errors.Join(storeErr, err); err != nil {
		return nil, err
	}
	return functions.Disconnect(functions.DisconnectConfig{Connections: store, Telemetry: telemetry}), nil
}

// An Actions makes the application's actions over the store that they may read.
type Actions func(requests streamer.RequestLister) ([]streamer.Action, error)

// Router builds the router function.
func Router(ctx context.Context, opts config.Options, actions Actions) (*lift.App, error) {
	var cfg struct {
		platform
		tokens
		Connections string        `env:"STREAMER_CONNECTIONS_TABLE,required"`
		Requests    string        `env:"STREAMER_REQUESTS_TABLE,required"`
		Callback    string        `env:"STREAMER_CALLBACK_URL,required"`
		Retention   time.Duration `env:"STREAMER_RETENTION"`
		Limits      limits
	}
	if err := load(ctx, opts, &cfg.platform, &cfg.tokens, &cfg); err != nil {
		return nil, err
	}
	store, storeErr := cfg.store(cfg.Requests, cfg.Connections)
	verifier, verifierErr := cfg.verifier()
	limits, limitsErr := cfg.Limits.limits()
	telemetry, telemetryErr := cfg.telemetry()
	push, err := cfg.push(cfg.Callback)
	if err := errors.Join(storeErr, verifierErr, limitsErr, telemetryErr, err); err != nil {
		return nil, err
	}
	all, err := actions(store)
	if err != nil {
		return nil, err
	}
	return functions.Router(functions.RouterConfig{Connections: store, Requests: store, Actions: streamer.NewRegistry(all...),
		Push: push, Close: push, Verifier: verifier, Limits: limits, Retention: cfg.Retention, Telemetry: telemetry}), nil
}

// Processor builds the processor function. It invokes itself to run a request.
func Processor(ctx context.Context, opts config.Options, actions Actions) (*lift.App, error) {
	var cfg struct {
		platform
		Connections string        `env:"STREAMER_CONNECTIONS_TABLE,required"`
		Requests    string        `env:"STREAMER_REQUESTS_TABLE,required"`
		Callback    string        `env:"STREAMER_CALLBACK_URL,required"`
		Stream      string        `env:"AWS_LAMBDA_LOG_STREAM_NAME" default:"processor"`
		Retention   time.Duration `env:"STREAMER_RETENTION"`
		Lease       time.Duration `env:"STREAMER_LEASE"`
		Limits      limits
	}
	if err := load(ctx, opts, &cfg.platform, &cfg); err != nil {
		return nil, err
	}
	store, storeErr := cfg.store(cfg.Requests, cfg.Connections)
	push, pushErr := cfg.push(cfg.Callback)
	limits, limitsErr := cfg.Limits.limits()
	telemetry, telemetryErr := cfg.telemetry()
	dispatch, err := lambda.New(lambda.Config{Function: cfg.Function, Region: cfg.Region, Credentials: cfg.credentials(), Endpoint: cfg.Lambda,
		Transport: cfg.transport()})
	if err := errors.Join(storeErr, pushErr, limitsErr, telemetryErr, err); err != nil {
		return nil, err
	}
	all, err := actions(store)
	if err != nil {
		return nil, err
	}
	p, err := streamer.NewProcessor(streamer.ProcessorConfig{Store: store, Actions: streamer.NewRegistry(all...), Push: push, Dispatch: dispatch,
		Connections: streamer.Connections{Store: store, Closer: push},
		Worker:      cfg.Stream, Retention: cfg.Retention, Lease: cfg.Lease, Limits: limits, Logger: lift.NewLogger(lift.LogConfig{})})
	if err != nil {
		return nil, err
	}
	return functions.Processor(p, telemetry), nil
}

// load fills every part and joins their faults.
func load(ctx context.Context, opts config.Options, parts ...any) error {
	var faults []error
	for _, part := range parts {
		faults = append(faults, config.Load(ctx, part, opts))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("the function cannot start:\n%w", err)
	}
	return nil
}
