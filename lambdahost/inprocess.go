package lambdahost

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// A Handler answers an invocation. An implementation of
// github.com/aws/aws-lambda-go/lambda.Handler is one.
type Handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// A Config sets up an in-process host. Name and Handler are required.
type Config struct {
	Name    string // the function's
	Handler Handler

	// Timeout is how long an invocation may take, 1 s to 15 min. 0: 15 min.
	Timeout time.Duration

	// Concurrency is how many invocations run at a time, as a function's
	// reserved concurrency does: synchronous ones beyond it are refused with
	// ErrThrottled, asynchronous ones wait in line. 0: 1000.
	Concurrency int

	// Retries is how often a failed asynchronous invocation is tried again.
	// Lambda's default is 2; here 0 means none.
	Retries int

	// RetryWait spaces these retries; the second waits twice as long. Lambda
	// waits one minute, which is what 0 means.
	RetryWait time.Duration

	Logger *slog.Logger // hears of asynchronous failures; nil: slog.Default
}

// ErrThrottled says that a function runs as often as it may at a time.
var ErrThrottled = errors.New("function is throttled: its concurrency is used up")

// ErrClosed says that the host is shutting down.
var ErrClosed = errors.New("function host is closed")

// A TimeoutError says that an invocation took longer than its function may. In
// one process nobody can end the handler; what it still does is dropped.
type TimeoutError struct {
	RequestID string
	After     time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s Task timed out after %.2f seconds", e.RequestID, e.After.Seconds())
}

// A CrashError is a panic that left the handler: on Lambda the process dies of
// it.
type CrashError struct {
	Value any
	Stack []byte
}

func (e *CrashError) Error() string { return fmt.Sprintf("function crashed: %v", e.Value) }

// An InProcess host runs a function's handler in this process, several
// invocations at a time. It is safe for concurrent use. Close it when done.
type InProcess struct {
	Config
	slots chan struct{}

	stop    context.CancelFunc // tells running handlers that the host closes
	stopped context.Context
	running sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

// NewInProcess checks the config and returns a host.
func NewInProcess(config Config) (*InProcess, error) {
	c := config
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Minute
	}
	if c.Concurrency == 0 {
		c.Concurrency = 1000
	}
	if c.RetryWait == 0 {
		c.RetryWait = time.Minute
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case c.Name == "":
		return nil, errors.New("lambdahost: Config.Name is empty")
	case c.Handler == nil:
		return nil, errors.New("lambdahost: Config.Handler is nil")
	case c.Timeout < time.Second || c.Timeout > 15*time.Minute:
		return nil, fmt.Errorf("lambdahost: Config.Timeout of %v is not between 1 s and 15 min", c.Timeout)
	case c.Concurrency < 0 || c.Retries < 0 || c.RetryWait < 0:
		return nil, errors.New("lambdahost: a negative setting")
	}
	h := &InProcess{Config: c, slots: make(chan struct{}, c.Concurrency)}
	h.stopped, h.stop = context.WithCancel(context.Background())
	return h, nil
}

// Invoke runs the function and returns its answer, as an invocation of type
// RequestResponse does. The error is the handler's own, ErrThrottled, ErrClosed,
// a *TimeoutError or a *CrashError.
//
// A caller that goes away, as ctx tells, does not end the function; only the
// wait for it.
func (h *InProcess) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if !h.enter() {
		return nil, ErrClosed
	}
	select {
	case h.slots <- struct{}{}:
	default:
		h.running.Done()
		return nil, ErrThrottled
	}
	done := make(chan answer, 1)
	go func() {
		defer h.running.Done()
		defer func() { <-h.slots }()
		out, err := h.run(payload)
		done <- answer{out, err}
	}()
	select {
	case a := <-done:
		return a.payload, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// InvokeAsync accepts an invocation and runs it later, as one of type Event: in
// line, and again when it fails, as the config says. The only error is
// ErrClosed. The line is in memory: what waits in it is lost with the process.
func (h *InProcess) InvokeAsync(payload []byte) error {
	if !h.enter() {
		return ErrClosed
	}
	go func() {
		defer h.running.Done()
		for try := 0; ; try++ {
			select {
			case h.slots <- struct{}{}:
			case <-h.stopped.Done():
				return
			}
			_, err := h.run(payload)
			<-h.slots
			if err == nil {
				return
			}
			h.Logger.Error("asynchronous invocation failed", "function", h.Name, "try", try+1, "error", err.Error())
			if try == h.Retries || !h.pause(h.RetryWait<<try) {
				return
			}
		}
	}()
	return nil
}

// Close refuses new invocations, cancels the contexts of the running ones and
// waits for them as long as ctx lasts.
func (h *InProcess) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.stop()
	done := make(chan struct{})
	go func() {
		h.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close function %s: it is still running: %w", h.Name, context.Cause(ctx))
	}
}

// enter counts an invocation as running unless the host is closed.
func (h *InProcess) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.running.Add(1)
	return true
}

// pause waits and reports whether the host is still open.
func (h *InProcess) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-h.stopped.Done():
		return false
	}
}

type answer struct {
	payload []byte
	err     error
}

// run is one invocation with a deadline of its own.
func (h *InProcess) run(payload []byte) ([]byte, error) {
	id := newRequestID()
	ctx, cancel := context.WithTimeout(h.stopped, h.Timeout)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID:       id,
		InvokedFunctionArn: "arn:aws:lambda:local:000000000000:function:" + h.Name,
	})
	// The handler owns its payload, and so does the caller.
	own := append([]byte(nil), payload...)
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if v := recover(); v != nil {
				a = answer{err: &CrashError{Value: v, Stack: debug.Stack()}}
			}
			done <- a
		}()
		a.payload, a.err = h.Handler.Invoke(ctx, own)
	}()
	timeout := time.NewTimer(h.Timeout)
	defer timeout.Stop()
	select {
	case a := <-done:
		return a.payload, a.err
	case <-timeout.C:
		return nil, &TimeoutError{RequestID: id, After: h.Timeout}
	}
}

// newRequestID makes an id of the form that Lambda's have, a UUID of version 4
// (RFC 9562, section 5.4).
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
