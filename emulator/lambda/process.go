package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// A ProcessConfig sets up a host of processes. Name and Command are required;
// ARN, Timeout, Concurrency, Retries, RetryWait, EventAge, OnFailure and Logger
// are as in [Config].
type ProcessConfig struct {
	Name    string // the function's
	ARN     string
	Command []string // the program and its arguments

	// Env are variables beside those that Lambda sets for every function. Region
	// and credentials belong here. Nothing else of this process's environment
	// reaches the function.
	Env []string

	// Memory is the memory size, in MB, that the function finds in
	// AWS_LAMBDA_FUNCTION_MEMORY_SIZE. It is not enforced. 0: 128, as on Lambda.
	Memory int

	Timeout     time.Duration
	Concurrency int
	Retries     int
	RetryWait   time.Duration
	EventAge    time.Duration
	OnFailure   func(Failure)
	Logger      *slog.Logger

	// InitTimeout is how long a process may take until it asks for its first
	// event. 0: 10 s, as on Lambda.
	InitTimeout time.Duration

	// Idle is how long a frozen process is kept. Lambda does not say how long it
	// does. 0: 10 min.
	Idle time.Duration

	// Grace is how long a process may take to end after SIGTERM, when the host
	// closes. 0: 2 s.
	Grace time.Duration

	// Output gets what the processes print, line by line, with the function's
	// name in front. Writes come one at a time. nil: it is lost.
	Output io.Writer

	// LogLevel is the ApplicationLogLevel of a function with the log format JSON: Output
	// does not get the lines below it. "": it gets all.
	LogLevel string

	// Report is called at the end of each invocation, when its process waits for the
	// next event or has ended. Its caller may have had the answer before. nil: there is
	// no report.
	Report func(Report)
}

// A Report is what Lambda's line REPORT says of an invocation.
type Report struct {
	Function  string
	RequestID string
	PID       int
	Init      time.Duration // of the process, when it was started for this invocation; else 0
	Duration  time.Duration // without Init, with what the function did after its answer
	Err       error         // why the invocation failed
}

// A FunctionError is an invocation that failed in the function: it reported an
// error, or its process ended.
type FunctionError struct {
	Type    string // such as Runtime.ExitError
	Payload []byte // the error as Lambda hands it on, a JSON object
}

func (e *FunctionError) Error() string { return "function failed: " + string(e.Payload) }

// Processes is a host that runs a function as Lambda does: as processes that ask
// a Runtime API for events, each with one at a time. A process that waits for its
// next event is frozen with SIGSTOP, so what its goroutines go on doing stands
// still until then. It is safe for concurrent use. Close it when done.
//
// The Runtime API is that of
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; what happens
// when is in
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.
// An answer is handed on when the function posts it. The process is busy until it asks
// for its next event, so a caller that invokes again meanwhile gets another, unless it
// asks within 20 ms, for which an invocation waits. With the log, of which the report is a
// part, the answer is handed on then.
type Processes struct {
	config ProcessConfig
	host   *InProcess // limits, retries and closes
	output sync.Mutex

	mu     sync.Mutex
	idle   []*environment // the last used is last
	all    map[*environment]bool
	closed bool

	answered int           // the processes that have answered and not asked again
	waiting  int           // the invocations that wait for one of them
	freed    chan struct{} // closed when one has asked again or ended
}

// NewProcesses checks the config and returns a host. No process is started
// before it is needed.
func NewProcesses(config ProcessConfig) (*Processes, error) {
	p := &Processes{config: config, all: map[*environment]bool{}, freed: make(chan struct{})}
	c := &p.config
	c.InitTimeout = cmp.Or(c.InitTimeout, 10*time.Second)
	c.Idle = cmp.Or(c.Idle, 10*time.Minute)
	c.Grace = cmp.Or(c.Grace, 2*time.Second)
	c.Memory = cmp.Or(c.Memory, 128)
	switch {
	case len(c.Command) == 0:
		return nil, errors.New("lambda: ProcessConfig.Command is empty: it is the program and its arguments")
	case c.InitTimeout < 0 || c.Idle < 0 || c.Grace < 0 || c.Memory < 0:
		return nil, errors.New("lambda: InitTimeout, Idle, Grace or Memory of the ProcessConfig is negative")
	}
	host, err := NewInProcess(Config{Name: c.Name, ARN: c.ARN, Handler: (*pool)(p), Timeout: c.Timeout, Concurrency: c.Concurrency,
		Retries: c.Retries, RetryWait: c.RetryWait, EventAge: c.EventAge, OnFailure: c.OnFailure, Logger: c.Logger})
	if err != nil {
		return nil, err
	}
	c.Timeout, c.Logger = host.Timeout, host.Logger
	host.Timeout += 2*c.InitTimeout + c.Grace // the pool enforces the function's own
	p.host = host
	return p, nil
}

// Name is the function's.
func (p *Processes) Name() string { return p.config.Name }

// Invoke runs the function and returns its answer, as an invocation of type
// RequestResponse does. The error is a *FunctionError, a *TimeoutError,
// ErrThrottled or ErrClosed, or says why no process could be started.
//
// A caller that goes away, as ctx tells, does not end the function; only the
// wait for it.
func (p *Processes) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return p.host.Invoke(ctx, payload)
}

// InvokeAsync accepts an invocation and runs it later, as one of type Event: when
// there is room, and again when it fails, as the config says. It outlives ctx. The only
// error is ErrClosed. What waits is in memory, and lost with the host.
func (p *Processes) InvokeAsync(ctx context.Context, payload []byte) error {
	return p.host.InvokeAsync(ctx, payload)
}

// Close refuses new invocations and ends every process: SIGTERM, and SIGKILL
// after the grace or when ctx ends. What still ran has failed with ErrClosed.
func (p *Processes) Close(ctx context.Context) error {
	err := p.host.Close(ctx)
	p.mu.Lock()
	p.closed = true
	all := make([]*environment, 0, len(p.all))
	for e := range p.all {
		all = append(all, e)
	}
	p.idle = nil
	p.mu.Unlock()
	var ended sync.WaitGroup
	for _, e := range all {
		ended.Go(func() { e.end(ctx, p.config.Grace) })
	}
	ended.Wait()
	return err
}

// A Process is a process of a function.
type Process struct {
	PID  int
	Busy bool // it has an event; else it is frozen, or starting
}

// Running returns the processes that there are now.
func (p *Processes) Running() []Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Process
	for e := range p.all {
		if !e.ended() {
			out = append(out, Process{PID: e.pid, Busy: e.busy.Load()})
		}
	}
	return out
}

// A pool is Processes as the handler of its own InProcess host.
type pool Processes

// Invoke implements [Handler]. Its ctx ends when the host closes.
func (p *pool) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	inv := &invocation{id: lc.AwsRequestID, arn: lc.InvokedFunctionArn, payload: payload, deadline: time.Now().Add(p.config.Timeout),
		answer: make(chan answer, 1), stream: StreamFrom(ctx), clientContext: callOf(ctx).clientContext, tail: callOf(ctx).tail}
	report := Report{Function: p.config.Name, RequestID: inv.id}
	started := time.Now()
	e, err := p.take(ctx, inv, &report)
	var out []byte
	if err == nil {
		started = time.Now()
		report.PID = e.pid
		inv.answered = func(a answer) {
			if inv.tail == nil {
				p.expect(e)
				earlyFrom(ctx) <- a
			}
		}
		e.lines.begin(inv)
		out, err = e.invoke(ctx, inv, p.config)
		report.Duration = time.Since(started)
		e.lines.end(inv)
		p.put(e)
	} else {
		report.Duration = time.Since(started)
	}
	report.Err = err
	inv.tail.report(report, p.config)
	if p.config.Report != nil {
		p.config.Report(report)
	}
	return out, err
}

// expect notes that a process has answered and will soon wait for an event.
func (p *pool) expect(e *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered++
	e.due = true
}

// free returns the process that waits for an event and was used last, or nil. Where
// processes have answered and are about to wait it gives them a moment.
func (p *pool) free() *environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	var enough <-chan time.Time
	for {
		for n := len(p.idle); n > 0; n = len(p.idle) {
			e := p.idle[n-1]
			p.idle = p.idle[:n-1]
			if e.reaper.Stop() && !e.ended() {
				return e
			}
		}
		if p.waiting >= p.answered {
			return nil
		}
		if enough == nil {
			enough = time.After(handover)
		}
		p.waiting++
		freed := p.freed
		p.mu.Unlock()
		over := false
		select {
		case <-freed:
		case <-enough:
			over = true
		}
		p.mu.Lock()
		p.waiting--
		if over {
			return nil
		}
	}
}

// take returns a process that waits for an event, or a new one. An init that fails is
// tried once more, in the time of the invocation.
func (p *pool) take(ctx context.Context, inv *invocation, report *Report) (*environment, error) {
	if e := p.free(); e != nil {
		return e, nil
	}
	start := time.Now()
	e, err := p.start(ctx, inv, p.config.InitTimeout)
	inv.deadline = time.Now().Add(p.config.Timeout)
	if err != nil && !errors.Is(err, ErrClosed) {
		e, err = p.start(ctx, inv, p.config.Timeout)
	}
	report.Init = time.Since(start)
	return e, err
}

// start starts a process and waits until it asks for its first event.
func (p *pool) start(ctx context.Context, inv *invocation, limit time.Duration) (*environment, error) {
	e, err := newEnvironment(p.config, &p.output)
	if err != nil {
		return nil, fmt.Errorf("start function %s: %w", p.config.Name, err)
	}
	p.mu.Lock()
	late := p.closed // Close had no more time to wait
	p.all[e] = true
	p.mu.Unlock()
	go func() {
		<-e.exited
		p.mu.Lock()
		delete(p.all, e)
		p.mu.Unlock()
	}()
	if late {
		e.kill()
		return nil, ErrClosed
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-e.asked:
		return e, nil
	case fault := <-e.initFault:
		e.kill()
		return nil, fault
	case <-e.exited:
		return nil, e.initFailure(inv.id)
	case <-timer.C:
		e.kill()
		return nil, &TimeoutError{RequestID: inv.id, After: limit}
	case <-ctx.Done():
		e.end(context.WithoutCancel(ctx), p.config.Grace)
		return nil, ErrClosed
	}
}

// put freezes a process until it is taken again, or reaped.
func (p *pool) put(e *environment) {
	ended := e.ended()
	if !ended {
		e.freeze()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.due {
		e.due = false
		p.answered--
	}
	close(p.freed)
	p.freed = make(chan struct{})
	if ended || p.closed {
		return // Close ends it
	}
	p.idle = append(p.idle, e)
	e.reaper = time.AfterFunc(p.config.Idle, func() { p.reap(e) })
}

// reap ends a process that was not taken in time.
func (p *pool) reap(e *environment) {
	p.mu.Lock()
	for i := range p.idle {
		if p.idle[i] == e {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			break
		}
	}
	p.mu.Unlock()
	e.kill()
}
