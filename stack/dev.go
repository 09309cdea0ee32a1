package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/emulator/gateway"
	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
)

// A DevConfig sets up a Dev. Data and Parts.Actions are required.
type DevConfig struct {
	Data   string // folder for the database and the development key; made if need be
	Listen string // address; "": 127.0.0.1:8700. Port 0 chooses a free one
	Stage  string // of the WebSocket API; "": dev

	// Parts are what the application brings. The store, the clients' connections
	// and what joins the functions are the stack's own, and so are metrics.
	Parts functions.Parts

	SweepEvery time.Duration // how often the schedule fires; 0: 10 s. On AWS it is a minute
	InFlight   int           // bytes of messages that are handled at the same time; 0: 16 MiB. More are refused, as a throttle of AWS does
	Metrics    io.Writer     // gets the functions' metric lines, from several goroutines; nil: none are written
}

func (c DevConfig) withDefaults() (DevConfig, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8700"
	}
	if c.Stage == "" {
		c.Stage = "dev"
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = 10 * time.Second
	}
	if c.Parts.Lease == 0 {
		c.Parts.Lease = 10 * time.Second
	}
	if c.Parts.Logger == nil {
		c.Parts.Logger = slog.Default()
	}
	p := c.Parts
	switch {
	case c.Data == "":
		return c, errors.New("stack: DevConfig.Data is empty")
	case p.Actions == nil:
		return c, errors.New("stack: DevConfig.Parts.Actions is nil")
	case c.InFlight < 0:
		return c, fmt.Errorf("stack: DevConfig.InFlight %d is negative; 0 stands for the default", c.InFlight)
	case c.SweepEvery < 0:
		return c, fmt.Errorf("stack: DevConfig.SweepEvery %v is negative", c.SweepEvery)
	}
	return c, p.CheckApplication()
}

// A Dev is a running system. Close it to stop it.
type Dev struct {
	config   DevConfig
	key      *Key
	store    *sqlite.Store
	hosts    []*lambda.InProcess
	requests *streamer.Requests
	queue    *devQueue
	gateway  *gateway.Gateway
	handler  http.Handler // the gateway, and the console beside it
	console  string       // path of the console
	listener net.Listener
	server   *http.Server

	stop    context.CancelFunc
	workers sync.WaitGroup
	served  chan error
}

// StartDev starts everything and returns when the stack answers. Its errors say
// what to do.
func StartDev(ctx context.Context, config DevConfig) (*Dev, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Dev{config: config, served: make(chan error, 1)}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Dev) start(ctx context.Context) error {
	c := s.config
	// The port comes first: without it nothing else is worth touching.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return explainListen(c.Listen, err)
	}
	s.listener = listener
	if err := openFolder(ctx, c.Data, c.Parts.Logger); err != nil {
		return err
	}
	if s.store, err = sqlite.Open(ctx, filepath.Join(c.Data, databaseFile)); err != nil {
		return err
	}
	if err := s.pruneConnections(ctx); err != nil {
		return err
	}
	if s.key, err = CreateKey(c.Data); err != nil {
		return err
	}
	if err := s.functions(); err != nil {
		return err
	}
	s.serve()
	return nil
}

// pruneConnections deletes the connections of a stack that was killed: no socket
// outlives its gateway.
func (s *Dev) pruneConnections(ctx context.Context) error {
	const page = 1000
	for {
		left, err := s.store.StaleConnections(ctx, time.Now().AddDate(100, 0, 0), page)
		if err != nil {
			return err
		}
		for _, c := range left {
			if err := s.store.DeleteConnection(ctx, c.ID); err != nil {
				return err
			}
		}
		if len(left) < page {
			return nil
		}
	}
}

// functions builds the four functions, the gateway before them, and the queue and
// the schedule behind them.
func (s *Dev) functions() error {
	c := s.config
	public, err := s.key.PublicPEM()
	if err != nil {
		return err
	}
	all, err := c.Parts.Actions(s.store)
	if err != nil {
		return err
	}
	logs := &logRing{}
	push := &pusher{sync: s.store.Sync}
	parts, external := c.Parts, c.Parts.Verifier != nil
	if !external {
		own := auth.Config{Keys: public, Issuer: DevIssuer, Audience: DevAudience}
		parts.Verifier, err = functions.NewVerifier(append([]auth.Config{own}, parts.Issuers...)...)
		if err != nil {
			return err
		}
		parts.Issuers = nil
	}
	hosts := map[string]*lambda.InProcess{}
	s.queue = newDevQueue(func(ctx context.Context, d request.Dispatch) { s.run(ctx, hosts["processor"], d) })
	parts.Connections, parts.Requests, parts.Push, parts.Close, parts.Dispatch = s.store, s.store, push, push, s.queue
	parts.Actions = func(request.Lister) ([]streamer.Action, error) { return all, nil }
	parts.SweepEvery = c.SweepEvery
	parts.Worker, parts.Logger = fmt.Sprintf("dev-%d", os.Getpid()), logs.tee(parts.Logger)
	if s.requests, err = functions.Requests(parts); err != nil {
		return err
	}
	eager := s.store.Eager() // what leaves the functions waits for the disk
	parts.Connections, parts.Requests = eager, eager
	for _, f := range devFunctions {
		if c.Metrics != nil {
			if parts.Telemetry.Metrics, err = functions.Metrics(f.name, c.Metrics); err != nil {
				return err
			}
		}
		app, err := f.build(parts)
		if err != nil {
			return err
		}
		host, err := lambda.NewInProcess(lambda.Config{
			Name: f.name, Handler: durable{streaming{app}, s.store.Sync}, Timeout: f.timeout, Concurrency: concurrency, Logger: parts.Logger})
		if err != nil {
			return err
		}
		hosts[f.name], s.hosts = host, append(s.hosts, host)
	}
	s.gateway, err = gateway.New(gateway.Config{
		Stage: c.Stage,
		Routes: map[string]gateway.Route{
			lift.RouteConnect:    {Function: hosts["connect"]},
			lift.RouteDisconnect: {Function: hosts["disconnect"]},
			lift.RouteDefault:    {Function: hosts["router"], RouteResponse: true},
		},
		HTTP:   hosts["router"],
		Limits: gateway.Limits{Closing: closingTime, InFlight: c.InFlight},
		// Pages on other ports call the HTTP API; the token alone opens it.
		CORS: &gateway.CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"},
			ExposeHeaders: []string{"Location"}},
	})
	if err != nil {
		return err
	}
	names := make([]string, len(all))
	for i, action := range all {
		names[i] = action.Name()
	}
	s.handler, s.console, err = withConsole(withEvents(s.gateway, hosts["router"]), consoleConfig{
		address: s.listener.Addr(), stage: c.Stage, actions: names, issuer: DevIssuer, audience: DevAudience, key: s.key,
		foreign: external, logs: logs})
	if err != nil {
		return err
	}
	push.gateway = s.gateway
	s.work(hosts["processor"].Invoke)
	return nil
}

// work starts the schedule and the purge of expired rows, and takes up what an earlier
// process left running or queued.
func (s *Dev) work(invoke func(context.Context, []byte) ([]byte, error)) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = func() {
		stop()
		s.queue.close()
	}
	s.endLeases(ctx) // before a worker of this process has one
	s.workers.Go(func() { s.dispatchStored(ctx) })
	s.workers.Go(func() {
		every(ctx, s.config.SweepEvery, func(ctx context.Context) { tick(ctx, invoke, s.config.Parts.Logger) })
	})
	s.workers.Go(func() {
		every(ctx, purgeEvery, func(ctx context.Context) { purge(ctx, s.store, time.Now(), s.config.Parts.Logger) })
	})
}

func (s *Dev) serve() {
	s.server = &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(s.config.Parts.Logger.Handler(), slog.LevelWarn)}
	go func() {
		err := s.server.Serve(gateway.Listen(s.listener))
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		s.served <- err
	}()
}

// Addr is the address that the stack listens on.
func (s *Dev) Addr() string { return s.listener.Addr().String() }

// WebSocketURL is where clients connect.
func (s *Dev) WebSocketURL() string { return "ws://" + s.Addr() + "/" + s.config.Stage }

// ConsoleURL is the web console, as in [Stack].
func (s *Dev) ConsoleURL() string { return s.HTTPURL() + s.console }

// HTTPURL is the root of the HTTP API.
func (s *Dev) HTTPURL() string { return "http://" + s.Addr() }

// Sign makes a token that the stack accepts, with claims changed or added as in
// [Key.SignClaims]. It is of no use when the parts have a verifier of their own.
func (s *Dev) Sign(g Grant, changes map[string]any, now time.Time) (string, error) {
	return s.key.SignClaims(g, changes, now)
}

// Requests are the use cases of the stack for the program that runs it: to start
// requests for users, as deployed.Requests does on AWS. They end with the stack.
func (s *Dev) Requests() *streamer.Requests { return s.requests }

// Done gives the server's fault, should it end by itself.
func (s *Dev) Done() <-chan error { return s.served }

// Close stops the stack: running actions end their slices and leave their
// checkpoints, sockets are closed, and everything is waited for as long as ctx
// lasts. What is queued or running goes on at the next start. Connections that
// $disconnect has not removed after a few seconds are left to the sweep.
func (s *Dev) Close(ctx context.Context) error {
	var faults []error
	if s.stop != nil {
		s.stop()
	}
	for _, h := range s.hosts {
		if h.Name == "processor" {
			faults = append(faults, h.Close(ctx))
		}
	}
	if s.gateway != nil {
		faults = append(faults, s.closeGateway(ctx))
	}
	if s.server != nil {
		faults = append(faults, s.server.Close())
	} else if s.listener != nil {
		faults = append(faults, s.listener.Close())
	}
	for _, h := range s.hosts {
		faults = append(faults, h.Close(ctx))
	}
	s.workers.Wait()
	if s.store != nil {
		faults = append(faults, s.store.Close())
	}
	return errors.Join(faults...)
}

// How long a stack that stops waits for its clients to answer the close frame, and
// in all for $disconnect.
const (
	closingTime    = 2 * time.Second
	disconnectTime = 4 * time.Second
)

func (s *Dev) closeGateway(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, disconnectTime)
	defer cancel()
	err := s.gateway.Close(bounded)
	if err != nil && ctx.Err() == nil {
		s.config.Parts.Logger.WarnContext(ctx, "connections are left to the sweep", "error", err.Error())
		return nil
	}
	return err
}

// concurrency is above Lambda's default for an account: a goroutine costs less
// than an environment, and a message that is throttled gets no answer of its own.
const concurrency = 10_000

// devFunctions are the four functions, with the timeouts of the deployed ones.
var devFunctions = []struct {
	name    string
	build   func(functions.Parts) (*lift.App, error)
	timeout time.Duration
}{
	{"connect", functions.Connect, 10 * time.Second},
	{"disconnect", functions.Disconnect, 10 * time.Second},
	{"router", functions.Router, 29 * time.Second},
	{"processor", functions.Processor, 15 * time.Minute},
}

// A pusher sends frames through the gateway, and closes connections. What a frame tells
// is on the disk before.
type pusher struct {
	gateway *gateway.Gateway
	sync    func() error
}

// Push implements [streamer.Pusher].
func (p *pusher) Push(ctx context.Context, connectionID string, frame []byte) error {
	if err := p.sync(); err != nil {
		return err
	}
	return explainGone(p.gateway.Post(ctx, connectionID, frame))
}

// CloseConnection implements [streamer.Closer].
func (p *pusher) CloseConnection(ctx context.Context, connectionID string) error {
	return explainGone(p.gateway.Delete(ctx, connectionID))
}

func explainGone(err error) error {
	if refused, ok := errors.AsType[*gateway.Error](err); ok && refused.Status == http.StatusGone {
		return streamer.ErrGone
	}
	return err
}

// explainListen says what to do about a port that cannot be had.
func explainListen(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use: stop what runs there or choose another with --listen", address)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s may not be used without more rights: choose a port above 1023 with --listen", address)
	}
	return fmt.Errorf("cannot listen on %s: %w", address, err)
}
