package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pay-theory/streamer/gateway"
	"github.com/pay-theory/streamer/internal/dynoxide"
	"github.com/pay-theory/streamer/lambdahost"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/store/dynamo"
)

// A StagingConfig sets up a staging stack. Source and Cache are required.
type StagingConfig struct {
	Source string // folder of a module whose ./cmd/connect, disconnect, router and processor are the functions
	Cache  string // folder where the database server is kept once npm has fetched it; made if need be
	Listen string // address; "": a free port on 127.0.0.1
	Stage  string // of the WebSocket API; "": staging

	SweepEvery  time.Duration // how often the schedule fires; 0: a minute, as on AWS
	PollEvery   time.Duration // how long an empty stream is left alone; 0: 250 ms, as on AWS
	RetryWait   time.Duration // before a failed asynchronous invocation is tried again; 0: a minute, as on AWS
	Concurrency int           // how many processes each function may have; 0: 50

	Env    []string     // variables of every function beside the stack's own, as NAME=value
	Output io.Writer    // what the functions print, line by line; nil: nowhere
	Logger *slog.Logger // nil: slog.Default

	// OnCall is called for each network call that a function makes, as it
	// arrives; nil: nobody counts. OnReport is called at the end of each
	// invocation. Both are called from many goroutines.
	OnCall   func(Call)
	OnReport func(lambdahost.Report)
}

func (c StagingConfig) withDefaults() (StagingConfig, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Stage == "" {
		c.Stage = "staging"
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = time.Minute
	}
	if c.PollEvery == 0 {
		c.PollEvery = 250 * time.Millisecond
	}
	if c.Concurrency == 0 {
		c.Concurrency = 50
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case c.Source == "":
		return c, errors.New("local: StagingConfig.Source is empty")
	case c.Cache == "":
		return c, errors.New("local: StagingConfig.Cache is empty")
	case c.SweepEvery < 0 || c.PollEvery < 0 || c.RetryWait < 0 || c.Concurrency < 0:
		return c, errors.New("local: a negative setting")
	}
	return c, nil
}

// What the functions of a staging stack are told.
const (
	stagingIssuer      = "streamer-staging" // not that of development tokens, which the functions refuse
	stagingRegion      = "us-east-1"
	stagingRequests    = "streamer-requests"
	stagingConnections = "streamer-connections"
)

// asyncRetries is Lambda's default for asynchronous invocations:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const asyncRetries = 2

// A Staging is a stack of what AWS would run: the binaries of the four functions
// as processes on a Runtime API, DynamoDB's protocol with its streams, the
// @connections API and Lambda's Invoke over HTTP. It is empty at each start.
// Close it to stop it.
type Staging struct {
	config   StagingConfig
	folder   string // for the binaries and the key
	key      *Key
	database *dynoxide.Server
	hosts    map[string]*lambdahost.Processes
	gateway  *gateway.Gateway
	listener net.Listener
	servers  []*http.Server

	stop    context.CancelFunc
	workers sync.WaitGroup
	served  chan error
}

// StartStaging builds the functions, starts everything and returns when the stack
// answers. It needs the go command, and npm when the database server is not in
// the cache yet.
func StartStaging(ctx context.Context, config StagingConfig) (*Staging, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Staging{config: config, hosts: map[string]*lambdahost.Processes{}, served: make(chan error, 3)}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Staging) start(ctx context.Context) error {
	c := s.config
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return explainListen(c.Listen, err)
	}
	s.listener = listener
	if s.folder, err = os.MkdirTemp("", "streamer-staging-"); err != nil {
		return fmt.Errorf("make a folder for the functions: %w", err)
	}
	if s.key, err = CreateKey(s.folder); err != nil {
		return err
	}
	if err := buildFunctions(ctx, c.Source, s.folder); err != nil {
		return err
	}
	server, err := dynoxide.Install(ctx, c.Cache)
	if err != nil {
		return err
	}
	if s.database, err = dynoxide.Start(context.WithoutCancel(ctx), dynoxide.Config{Binary: server}); err != nil {
		return err
	}
	store, err := dynamo.New(dynamo.Config{Region: stagingRegion, Credentials: stagingCredentials, Endpoint: s.database.Endpoint,
		RequestsTable: stagingRequests, ConnectionsTable: stagingConnections})
	if err != nil {
		return err
	}
	if err := store.CreateTables(ctx); err != nil {
		return err
	}
	if err := s.functions(); err != nil {
		return err
	}
	return s.work(ctx)
}

// functionNames are the commands that are the functions.
var functionNames = []string{"connect", "disconnect", "router", "processor"}

// buildFunctions builds the binaries as `make dist` does, for this machine.
func buildFunctions(ctx context.Context, source, folder string) error {
	args := []string{"build", "-trimpath", "-ldflags=-s -w -buildid=", "-tags", "lambda.norpc", "-o", folder + string(filepath.Separator)}
	for _, name := range functionNames {
		args = append(args, "./cmd/"+name)
	}
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir, build.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the functions in %s: %w\n%s", source, err, out)
	}
	return nil
}

// stagingCredentials are the stack's own, for a server that does not ask whose
// they are.
var stagingCredentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "staging", SecretAccessKey: "staging"}, nil
})

// functions starts the services that the functions call, and the gateway that
// calls them.
func (s *Staging) functions() error {
	c := s.config
	api := lambdahost.API{}
	invocations, err := s.serve(observe(c.OnCall, "lambda", api))
	if err != nil {
		return err
	}
	database := s.database.Endpoint
	if c.OnCall != nil {
		passOn, err := passOnTo(database)
		if err != nil {
			return err
		}
		if database, err = s.serve(observe(c.OnCall, "dynamodb", passOn)); err != nil {
			return err
		}
	}
	public, err := s.key.PublicPEM()
	if err != nil {
		return err
	}
	for _, name := range functionNames {
		host, err := lambdahost.NewProcesses(lambdahost.ProcessConfig{
			Name: name, Command: []string{filepath.Join(s.folder, name)}, Timeout: timeouts[name], Concurrency: c.Concurrency,
			Retries: asyncRetries, RetryWait: c.RetryWait, Logger: c.Logger, Output: c.Output, Report: s.report,
			Env: append([]string{
				"AWS_REGION=" + stagingRegion,
				// Each function has a role of its own, by whose key its calls are told
				// from the others'.
				"AWS_ACCESS_KEY_ID=" + name, "AWS_SECRET_ACCESS_KEY=staging",
				"AWS_ENDPOINT_URL_DYNAMODB=" + database,
				"AWS_ENDPOINT_URL_LAMBDA=" + invocations,
				"STREAMER_CALLBACK_URL=http://" + s.Addr() + "/" + c.Stage,
				"STREAMER_CONNECTIONS_TABLE=" + stagingConnections, "STREAMER_REQUESTS_TABLE=" + stagingRequests,
				"STREAMER_JWT_KEYS=" + string(public), "STREAMER_JWT_ISSUER=" + stagingIssuer, "STREAMER_JWT_AUDIENCE=" + DevAudience,
			}, c.Env...),
		})
		if err != nil {
			return err
		}
		s.hosts[name], api[name] = host, host
	}
	s.gateway, err = gateway.New(gateway.Config{
		Stage: c.Stage, Region: stagingRegion, RequireSignature: true,
		Routes: map[string]gateway.Route{
			lift.RouteConnect:    {Function: s.hosts["connect"]},
			lift.RouteDisconnect: {Function: s.hosts["disconnect"]},
			lift.RouteDefault:    {Function: s.hosts["router"], RouteResponse: true},
		},
		HTTP: s.hosts["router"],
	})
	if err != nil {
		return err
	}
	s.serveOn(gateway.Listen(s.listener), observe(c.OnCall, "execute-api", s.gateway))
	return nil
}

// report logs the end of an invocation.
func (s *Staging) report(r lambdahost.Report) {
	attrs := []slog.Attr{slog.String("function", r.Function), slog.String("request", r.RequestID), slog.Int("pid", r.PID), slog.Duration("duration", r.Duration)}
	if r.Init > 0 {
		attrs = append(attrs, slog.Duration("init", r.Init))
	}
	level := slog.LevelInfo
	if r.Err != nil {
		level, attrs = slog.LevelError, append(attrs, slog.String("error", r.Err.Error()))
	}
	s.config.Logger.LogAttrs(context.Background(), level, "invocation", attrs...)
	if s.config.OnReport != nil {
		s.config.OnReport(r)
	}
}

// work starts the stream's poller and the schedule.
func (s *Staging) work(ctx context.Context) error {
	invoke := s.hosts["processor"].Invoke
	stream := &stream{endpoint: s.database.Endpoint, invoke: invoke, pollEvery: s.config.PollEvery, logger: s.config.Logger}
	shards, err := stream.open(ctx, stagingRequests)
	if err != nil {
		return err
	}
	working, stop := context.WithCancel(context.Background())
	s.stop = stop
	for _, shard := range shards {
		s.workers.Go(func() { stream.run(working, shard) })
	}
	s.workers.Go(func() {
		every(working, s.config.SweepEvery, func(ctx context.Context) { tick(ctx, invoke, s.config.Logger) })
	})
	return nil
}

// serve serves on a free port and returns the URL.
func (s *Staging) serve(h http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the functions: %w", err)
	}
	s.serveOn(listener, h)
	return "http://" + listener.Addr().String(), nil
}

func (s *Staging) serveOn(listener net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelWarn)}
	s.servers = append(s.servers, server)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.served <- err
		}
	}()
}

// Addr is the address that the stack listens on.
func (s *Staging) Addr() string { return s.listener.Addr().String() }

// WebSocketURL is where clients connect.
func (s *Staging) WebSocketURL() string { return "ws://" + s.Addr() + "/" + s.config.Stage }

// HTTPURL is the root of the HTTP API.
func (s *Staging) HTTPURL() string { return "http://" + s.Addr() }

// Backends says what the stack is made of.
func (s *Staging) Backends() string {
	return fmt.Sprintf("functions %v as processes from %s, DynamoDB by dynoxide %s at %s", functionNames, s.folder, dynoxide.Version, s.database.Endpoint)
}

// Sign makes a token that the stack accepts, with claims changed or added as in
// [Key.SignClaims].
func (s *Staging) Sign(g Grant, changes map[string]any, now time.Time) (string, error) {
	claims := map[string]any{"iss": stagingIssuer}
	for name, value := range changes {
		claims[name] = value
	}
	return s.key.SignClaims(g, claims, now)
}

// Processes returns the processes of a function that there are now.
func (s *Staging) Processes(function string) []lambdahost.Process { return s.hosts[function].Running() }

// Done gives a server's fault, should one end by itself.
func (s *Staging) Done() <-chan error { return s.served }

// Close stops the stack and forgets everything. It waits as long as ctx lasts
// for the functions that run because sockets are closed.
func (s *Staging) Close(ctx context.Context) error {
	var faults []error
	if s.stop != nil {
		s.stop()
	}
	if s.gateway != nil {
		faults = append(faults, s.gateway.Close(ctx))
	}
	var closing sync.WaitGroup
	results := make(chan error, len(s.hosts))
	for _, host := range s.hosts {
		closing.Go(func() { results <- host.Close(ctx) })
	}
	closing.Wait()
	for range s.hosts {
		faults = append(faults, <-results)
	}
	s.workers.Wait()
	for _, server := range s.servers {
		faults = append(faults, server.Close())
	}
	if s.gateway == nil && s.listener != nil {
		faults = append(faults, s.listener.Close())
	}
	if s.database != nil {
		s.database.Stop()
	}
	if s.folder != "" {
		faults = append(faults, os.RemoveAll(s.folder))
	}
	return errors.Join(faults...)
}
