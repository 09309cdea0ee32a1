package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pay-theory/streamer/emulator/dynamodb"
	"github.com/pay-theory/streamer/emulator/dynamodb/rules"
	"github.com/pay-theory/streamer/emulator/gateway"
	"github.com/pay-theory/streamer/emulator/iam"
	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/emulator/queue"
	"github.com/pay-theory/streamer/emulator/ssm"
)

// StagingIssuer is that of the tokens of a [Staging]. It is not that of development tokens, which the functions refuse.
const StagingIssuer = "streamer-staging"

// A Staging is a stack of what AWS would run: the binaries of the four functions
// as processes on a Runtime API, DynamoDB's protocol, SQS with its mapping, and the
// @connections API. It is empty at each start.
// Close it to stop it.
type Staging struct {
	config   StagingConfig
	plan     *plan
	folder   string // for the binaries and the key
	key      *Key
	database *dynamodb.Server
	hosts    map[string]*lambda.Processes // by the functions' ARNs
	queues   map[string]*queue.Queue      // by their ARNs
	callers  *iam.Callers                 // the functions, in the plan's order, and the one who has started the stack
	services []string                     // the variables by which AWS's clients find the services
	gateway  *gateway.Gateway
	console  string // path of the console
	listener net.Listener
	servers  []*http.Server

	stop    context.CancelFunc
	workers sync.WaitGroup
	served  chan error
}

// StartStaging reads the template, builds its functions, starts everything and
// returns when the stack answers. It needs the go command, and npm when the
// database server is not in the cache yet.
func StartStaging(ctx context.Context, config StagingConfig) (*Staging, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Staging{config: config, hosts: map[string]*lambda.Processes{}, served: make(chan error, 8)}
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
	keys, certificates, err := s.serveKeys()
	if err != nil {
		return err
	}
	own, given := map[string]string{"CodeBucket": "staging"}, maps.Clone(c.Parameters)
	issuers, err := withOwnIssuer(given["JwtIssuers"], keys)
	if err != nil {
		return err
	}
	own["JwtIssuers"] = issuers
	if given["JwtIssuers"] != "" {
		given["JwtIssuers"] = issuers
	}
	if s.plan, err = readTemplate(c.Template, c.Name, own, given); err != nil {
		return err
	}
	if err := BuildFunctions(ctx, Build{Source: c.Source, Functions: s.plan.binaries(), Output: s.folder}); err != nil {
		return err
	}
	server, err := dynamodb.Install(ctx, c.Cache)
	if err != nil {
		return err
	}
	if s.database, err = dynamodb.Start(context.WithoutCancel(ctx), dynamodb.Config{Binary: server}); err != nil {
		return err
	}
	tables, err := newDatabase(s.database.Endpoint)
	if err != nil {
		return err
	}
	for _, table := range s.plan.tables {
		if err := tables.create(ctx, table); err != nil {
			return err
		}
	}
	if err := s.functions(certificates); err != nil {
		return err
	}
	return s.work(tables)
}

// functions starts the services that the functions call, and the gateway that
// calls them.
func (s *Staging) functions(certificates string) error {
	c := s.config
	logs := &logRing{}
	output := io.Writer(logs)
	if c.Output != nil {
		output = io.MultiWriter(c.Output, logs)
	}
	var err error
	if s.queues, err = s.plan.makeQueues(); err != nil {
		return err
	}
	api := queue.API{}
	for _, q := range s.queues {
		api[q.Name()] = q
	}
	s.makeCallers()
	messages, err := s.serve(c.watched("sqs", s.callers.Require("sqs", api)))
	if err != nil {
		return err
	}
	parameters, err := s.serve(c.watched("ssm", s.callers.Require("ssm", ssm.Store(c.ParameterStore))))
	if err != nil {
		return err
	}
	tables, err := rules.NewHandler(s.database.Endpoint)
	if err != nil {
		return err
	}
	tables.Refused = func(r *rules.Refusal) {
		c.Logger.Warn("refused a request as DynamoDB does", "rule", r.Rule, "error", r.Message, "source", r.Source)
	}
	database, err := s.serve(c.watched("dynamodb", s.callers.Require("dynamodb", tables)))
	if err != nil {
		return err
	}
	endpoints := []string{"AWS_ENDPOINT_URL_DYNAMODB=" + database, "AWS_ENDPOINT_URL_SQS=" + messages, "AWS_ENDPOINT_URL_SSM=" + parameters}
	here := localAddresses(s.plan.apis, s.Addr())
	for i, f := range s.plan.functions {
		env := slices.Concat([]string{"SSL_CERT_FILE=" + certificates}, endpoints, variables(s.callers.Known[i]))
		for name, value := range f.env {
			if name == "STREAMER_SWEEP_EVERY" && c.SweepEvery > 0 {
				value = c.SweepEvery.String()
			}
			env = append(env, name+"="+here.Replace(value))
		}
		env = append(env, c.Env...)
		host, err := lambda.NewProcesses(lambda.ProcessConfig{
			Name: f.name, ARN: f.arn, Command: []string{filepath.Join(s.folder, f.binary)}, Timeout: f.timeout, Memory: f.memory,
			Concurrency: s.concurrency(f),
			Retries:     f.retries, RetryWait: c.RetryWait, EventAge: f.eventAge, Logger: c.Logger, Output: output,
			LogLevel: f.logLevel, Env: env,
			OnFailure: func(failure lambda.Failure) { s.giveUp(f.failures, ofEvent(failure, f.arn, time.Now())) },
			Report:    func(r lambda.Report) { r.Function = f.short; s.report(r) },
		})
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		s.hosts[f.arn] = host
	}
	invocations, err := s.serve(c.watched("lambda", s.callers.Require("lambda", s.invocations())))
	if err != nil {
		return err
	}
	s.services = slices.Concat(endpoints, []string{"AWS_ENDPOINT_URL_LAMBDA=" + invocations,
		"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI=" + s.HTTPURL() + "/" + s.plan.socket.stage})
	config := gateway.Config{Stage: s.plan.socket.stage, Selection: s.plan.socket.selection, APIID: s.plan.socket.id,
		AccountID: stagingAccount,
		Region:    stagingRegion, Callers: s.callers, Routes: map[string]gateway.Route{}}
	config.Limits.Integration = s.plan.socket.timeout
	for key, route := range s.plan.socket.routes {
		config.Routes[key] = gateway.Route{Function: s.behind(route), RouteResponse: route.answers}
	}
	if http := s.plan.http; http != nil {
		config.HTTP, config.CORS, config.Limits.HTTP = s.behind(http.routes[gateway.RouteDefault]), http.cors, http.timeout
	}
	if s.gateway, err = gateway.New(config); err != nil {
		return err
	}
	apis := c.watched("execute-api", s.gateway)
	if s.plan.url != nil {
		apis = withEvents(apis, s.hosts[s.plan.url.arn])
	}
	handler, path, err := withConsole(apis,
		consoleConfig{address: s.listener.Addr(), stage: s.plan.socket.stage,
			issuer: StagingIssuer, audience: DevAudience, key: s.key, foreign: c.Parameters["OwnVerifier"] == "true", logs: logs})
	if err != nil {
		return err
	}
	s.console = path
	s.serveOn(gateway.Listen(s.listener), handler)
	return nil
}

// behind is the function that a route invokes.
func (s *Staging) behind(route routePlan) gateway.Function {
	if !route.permitted {
		return forbidden{}
	}
	return s.hosts[route.function]
}

// report logs the end of an invocation.
func (s *Staging) report(r lambda.Report) {
	attrs := []slog.Attr{slog.String("function", r.Function), slog.String("request", r.RequestID), slog.Int("pid", r.PID),
		slog.Duration("duration", r.Duration)}
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

// work starts the mappings, the schedules and what DynamoDB does by itself.
func (s *Staging) work(tables database) error {
	working, stop := context.WithCancel(context.Background())
	s.stop = stop
	for _, planned := range s.plan.mappings {
		config, room := planned.MappingConfig, s.concurrency(planned.function)-besideMapping
		config.Queue, config.Function, config.Logger = s.queues[planned.queue], s.hosts[planned.function.arn], s.config.Logger
		config.MaximumConcurrency = max(min(cmp.Or(config.MaximumConcurrency, room), room), LeastConcurrency-besideMapping)
		mapping, err := queue.NewMapping(config)
		if err != nil {
			return err
		}
		s.workers.Go(func() { mapping.Run(working) })
	}
	for _, planned := range s.plan.schedules {
		interval := cmp.Or(s.config.SweepEvery, planned.every)
		s.workers.Go(func() {
			every(working, interval, func(ctx context.Context) {
				// A host that is closed takes nothing more, and is right in that.
				_ = s.hosts[planned.function].InvokeAsync(ctx, []byte(planned.event(time.Now())))
			})
		})
	}
	for _, table := range s.plan.tables {
		if table.ttl == "" {
			continue
		}
		s.workers.Go(func() {
			every(working, expireEvery, func(ctx context.Context) {
				if err := tables.expire(ctx, table, time.Now()); err != nil && ctx.Err() == nil {
					s.config.Logger.WarnContext(ctx, "time to live failed", "error", err.Error())
				}
			})
		})
	}
	return nil
}

// concurrency is how many processes a function may have.
func (s *Staging) concurrency(f *functionPlan) int {
	if f.reserved > 0 {
		return min(f.reserved, s.config.Concurrency)
	}
	return s.config.Concurrency
}

// besideMapping is how much of a function's concurrency is left to its schedule, as the
// template leaves it.
const besideMapping = 5

// LeastConcurrency is how many processes a function needs: a mapping has 2 at least.
const LeastConcurrency = 2 + besideMapping

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
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.config.Logger.Handler(),
		slog.LevelWarn)}
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
func (s *Staging) WebSocketURL() string { return "ws://" + s.Addr() + "/" + s.plan.socket.stage }

// ConsoleURL is the web console, as in [Stack].
func (s *Staging) ConsoleURL() string { return s.HTTPURL() + s.console }

// HTTPURL is the root of the HTTP API.
func (s *Staging) HTTPURL() string { return "http://" + s.Addr() }

// Backends says what the stack is made of.
func (s *Staging) Backends() string {
	var names []string
	for _, f := range s.plan.functions {
		names = append(names, f.short)
	}
	return fmt.Sprintf("%s: functions %v as processes from %s, DynamoDB by dynoxide %s at %s", s.config.Template, names, s.folder,
		dynamodb.Version, s.database.Endpoint)
}

// Sign makes a token that the stack accepts, with claims changed or added as in
// [Key.SignClaims]. It is of no use when the functions have a verifier of their own.
func (s *Staging) Sign(g Grant, changes map[string]any, now time.Time) (string, error) {
	claims := map[string]any{"iss": StagingIssuer}
	maps.Copy(claims, changes)
	return s.key.SignClaims(g, claims, now)
}

// KeyFile is the private key that Sign signs with, as long as the stack lasts.
func (s *Staging) KeyFile() string { return filepath.Join(s.folder, keyFile) }

// Processes returns the processes of a function that there are now.
func (s *Staging) Processes(function string) []lambda.Process {
	for _, f := range s.plan.functions {
		if f.short == function {
			return s.hosts[f.arn].Running()
		}
	}
	return nil
}

// Done gives a server's fault, should one end by itself.
func (s *Staging) Done() <-chan error { return s.served }

// Close stops the stack and discards all that it stored. It waits as long as ctx lasts
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
