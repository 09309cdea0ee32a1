package deployed

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/pay-theory/streamer/aws/apigateway"
	"github.com/pay-theory/streamer/aws/sqs"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/lift/trace"
	"github.com/pay-theory/streamer/lift/transport"
	"github.com/pay-theory/streamer/store/dynamo"
)

// An account is who calls AWS, and where it answers. Its methods make parts of it and
// collect what is wrong, which fault returns.
type account struct {
	Region       string      `env:"AWS_REGION,required"`
	AccessKey    string      `env:"AWS_ACCESS_KEY_ID,required"`
	SecretKey    lift.Secret `env:"AWS_SECRET_ACCESS_KEY,required"`
	SessionToken lift.Secret `env:"AWS_SESSION_TOKEN"`
	DynamoDB     string      `env:"AWS_ENDPOINT_URL_DYNAMODB"`
	SQS          string      `env:"AWS_ENDPOINT_URL_SQS"`
	Endpoint     string      `env:"AWS_ENDPOINT_URL"` // of every service that has none of its own
	FIPS         bool        `env:"AWS_USE_FIPS_ENDPOINT"`
	DualStack    bool        `env:"AWS_USE_DUALSTACK_ENDPOINT"`

	faults []error
}

func (a *account) note(faults ...error) { a.faults = append(a.faults, faults...) }

func (a *account) fault() error { return errors.Join(a.faults...) }

func (a *account) credentials() sigv4.Provider {
	return sigv4.Static(sigv4.Credentials{
		AccessKeyID: a.AccessKey, SecretAccessKey: a.SecretKey.Reveal(), SessionToken: a.SessionToken.Reveal()})
}

// A platform is what Lambda itself sets.
type platform struct {
	account
	Function string `env:"AWS_LAMBDA_FUNCTION_NAME,required"`
	Daemon   string `env:"AWS_XRAY_DAEMON_ADDRESS"`
	LogLevel string `env:"STREAMER_LOG_LEVEL"` // "": Lambda's own
}

// observe adds what tells of the function: its log, metrics and traces.
func (p *platform) observe(parts *functions.Parts) {
	metrics, metricsErr := functions.Metrics(p.Function, os.Stdout)
	tracer, err := trace.New(trace.Config{Daemon: p.Daemon})
	p.note(metricsErr, err)
	parts.Telemetry = functions.Telemetry{Metrics: metrics, Tracer: tracer}
	if p.LogLevel == "" || parts.Logger != nil {
		return
	}
	// Lambda's own filter would drop the metrics, whose lines have no level.
	var level slog.Level
	if err := level.UnmarshalText([]byte(p.LogLevel)); err != nil {
		p.note(errors.New("config: STREAMER_LOG_LEVEL is not a level of the log: use DEBUG, INFO, WARN or ERROR"))
	}
	parts.Logger = lift.NewLogger(lift.LogConfig{Level: level})
}

// transport makes calls that are part of their event's trace.
func (a *account) transport() http.RoundTripper { return trace.Transport(transport.New()) }

// endpoint is where a service answers, "" for its own address in the region. The names of
// FIPS and dual-stack endpoints differ from service to service and from region to region,
// so they are asked for rather than guessed:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (a *account) endpoint(service, own string) string {
	at := cmp.Or(own, a.Endpoint)
	for _, setting := range []struct {
		name string
		on   bool
	}{{"AWS_USE_FIPS_ENDPOINT", a.FIPS}, {"AWS_USE_DUALSTACK_ENDPOINT", a.DualStack}} {
		if setting.on && at == "" {
			a.note(fmt.Errorf("config: %s is true, and the endpoint of %s is not named: set AWS_ENDPOINT_URL_%[2]s to the one of the region",
				setting.name, service))
		}
	}
	return at
}

func (a *account) store(requests, connections string) *dynamo.Store {
	store, err := dynamo.New(dynamo.Config{Region: a.Region, Credentials: a.credentials(), Endpoint: a.endpoint("DYNAMODB", a.DynamoDB),
		RequestsTable: requests, ConnectionsTable: connections, Transport: a.transport()})
	a.note(err)
	return store
}

func (a *account) push(callback string) *apigateway.Pusher {
	push, err := apigateway.New(apigateway.Config{
		Endpoint: callback, Region: a.Region, Credentials: a.credentials(), Transport: a.transport()})
	a.note(err)
	return push
}

// connections is what all four functions read.
type connections struct {
	platform
	Connections string `env:"STREAMER_CONNECTIONS_TABLE,required"`
}

// stage is what says where requests are kept and how they are limited.
type stage struct {
	Requests       string        `env:"STREAMER_REQUESTS_TABLE,required"`
	Queue          string        `env:"STREAMER_QUEUE_URL,required"`
	Retention      time.Duration `env:"STREAMER_RETENTION"`
	SweepEvery     time.Duration `env:"STREAMER_SWEEP_EVERY"`
	RunningLimit   uint          `env:"STREAMER_LIMIT_TENANT_RUNNING"`
	PrincipalLimit uint          `env:"STREAMER_LIMIT_PRINCIPAL_OPEN"`
}

// fill adds what all that works on requests has in common but the store.
func (s *stage) fill(a *account, parts *functions.Parts) {
	queue, err := sqs.New(sqs.Config{
		QueueURL: s.Queue, Region: a.Region, Credentials: a.credentials(), Endpoint: a.endpoint("SQS", a.SQS), Transport: a.transport()})
	a.note(err)
	parts.Dispatch, parts.SweepEvery = queue, s.SweepEvery
	parts.Retention = cmp.Or(s.Retention, parts.Retention)
	parts.Limits.RunningPerTenant = cmp.Or(int(s.RunningLimit), parts.Limits.RunningPerTenant)
	parts.Limits.OpenPerPrincipal = cmp.Or(int(s.PrincipalLimit), parts.Limits.OpenPerPrincipal)
}

// work is what the router and the processor read.
type work struct {
	connections
	stage
	Callback string `env:"STREAMER_CALLBACK_URL,required"`
}

// fill adds what the router and the processor have in common.
func (w *work) fill(parts *functions.Parts) {
	w.stage.fill(&w.account, parts)
	store, push := w.store(w.Requests, w.Connections), w.push(w.Callback)
	parts.Connections, parts.Requests, parts.Push, parts.Close = store, store, push, push
	w.observe(parts)
}
