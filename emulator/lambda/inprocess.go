package lambda

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
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
	ARN     string // the function's; "": one of the region "local" with the name

	// Timeout is how long an invocation may take, 1 s to 15 min. 0: 15 min.
	Timeout time.Duration

	// Concurrency is how many invocations run at a time, as a function's
	// reserved concurrency does: synchronous ones beyond it are refused with
	// ErrThrottled; asynchronous ones wait in a queue, and leave a tenth of the
	// permits, one at least, to synchronous ones. Lambda has them try again after
	// a while, and slows down with a long queue:
	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
	// 0: 1000. With 1 there is nothing to leave, and the queue keeps synchronous ones out.
	Concurrency int

	// Retries is how often a failed asynchronous invocation is tried again.
	// Lambda's default is 2; here 0 means none.
	Retries int

	// RetryWait spaces these retries; the second waits twice as long. Lambda
	// waits one minute, which is what 0 means.
	RetryWait time.Duration

	// EventAge is how long an asynchronous event is kept, in the queue and between
	// retries, before it is given up. 0: 6 h, as on Lambda.
	EventAge time.Duration

	// OnFailure is called for each asynchronous event that is given up; nil:
	// only Logger hears of it. What is in the queue when the host closes is not
	// given up, but lost.
	OnFailure func(Failure)

	Logger *slog.Logger // hears of asynchronous failures; nil: slog.Default
}

// A Failure is an asynchronous event that was given up.
type Failure struct {
	RequestID   string // the same at each try
	Condition   string // RetriesExhausted or EventAgeExceeded
	Payload     []byte // of the event
	Invocations int    // how often the function had it
	Response    []byte // the last error, as Lambda hands it on; nil without an invocation
}

// Why an asynchronous event is given up, in the words of
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
const (
	retriesExhausted = "RetriesExhausted"
	eventAgeExceeded = "EventAgeExceeded"
)

// ErrThrottled says that a function runs as often as it may at a time.
var ErrThrottled = errors.New("function is throttled: its concurrency is used up")

// ErrClosed says that the host is shutting down.
var ErrClosed = errors.New("function host is closed")

// A TimeoutError says that an invocation took longer than its function may. In
// one process the handler cannot be ended; what it still answers is dropped.
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
	permits chan struct{}
	events  chan struct{} // of permits, what asynchronous events may have

	stop    context.CancelFunc // tells running handlers that the host closes
	stopped context.Context
	running sync.WaitGroup

	answered atomic.Int32 // of the running invocations, those that only have work left

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
	if c.EventAge == 0 {
		c.EventAge = 6 * time.Hour
	}
	if c.ARN == "" {
		c.ARN = "arn:aws:lambda:local:000000000000:function:" + c.Name
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case c.Name == "":
		return nil, errors.New("lambda: Config.Name is empty")
	case c.Handler == nil:
		return nil, errors.New("lambda: Config.Handler is nil")
	case c.Timeout < time.Second || c.Timeout > 15*time.Minute:
		return nil, fmt.Errorf("lambda: Config.Timeout of %v is not between 1 s and 15 min", c.Timeout)
	case c.Concurrency < 0 || c.Retries < 0 || c.RetryWait < 0 || c.EventAge < 0:
		return nil, errors.New("lambda: Concurrency, Retries, RetryWait or EventAge of the Config is negative")
	}
	h := &InProcess{Config: c, permits: make(chan struct{}, c.Concurrency),
		events: make(chan struct{}, max(1, c.Concurrency-max(1, c.Concurrency/10)))}
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
	if !h.permit() {
		h.running.Done()
		return nil, ErrThrottled
	}
	done := make(chan answer, 1)
	stream := newCallerStream(ctx)
	defer stream.leave()
	said := callOf(ctx)
	go func() {
		defer h.running.Done()
		h.run(said, payload, stream, func(a answer) { done <- a })
	}()
	select {
	case a := <-done:
		return a.payload, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// handover is how long an invocation waits for one that has been answered and is about to
// end. On Lambda a caller that has an answer needs longer than that to invoke again.
const handover = 20 * time.Millisecond

// permit takes a permit for a synchronous invocation, if there is one.
func (h *InProcess) permit() bool {
	select {
	case h.permits <- struct{}{}:
		return true
	default:
	}
	if h.answered.Load() == 0 {
		return false
	}
	timer := time.NewTimer(handover)
	defer timer.Stop()
	select {
	case h.permits <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

// InvokeAsync accepts an invocation and runs it later, as one of type Event: when
// there is room, and again when it fails, as the config says. It outlives ctx. The only
// error is ErrClosed. The queue is in memory: what waits in it is lost with the process.
func (h *InProcess) InvokeAsync(ctx context.Context, payload []byte) error {
	if !h.enter() {
		return ErrClosed
	}
	said := callOf(ctx)
	go func() {
		defer h.running.Done()
		h.runEvent(said, Failure{RequestID: said.requestID, Payload: append([]byte(nil), payload...)}, time.Now().Add(h.EventAge))
	}()
	return nil
}

// runEvent runs an asynchronous event until it succeeds or is given up.
func (h *InProcess) runEvent(said call, f Failure, until time.Time) {
	waiting, cancel := context.WithDeadline(h.stopped, until)
	defer cancel()
	for {
		if !h.admit(waiting) {
			h.giveUp(f, eventAgeExceeded)
			return
		}
		var got answer
		h.run(said, f.Payload, nil, func(a answer) { got = a })
		<-h.events
		if got.err == nil {
			return
		}
		f.Invocations++
		f.Response = errorPayload(got.err)
		h.Logger.Error("asynchronous invocation failed", "function", h.Name, "try", f.Invocations, "error", got.err.Error())
		wait := h.RetryWait << (f.Invocations - 1)
		switch {
		case f.Invocations > h.Retries:
			h.giveUp(f, retriesExhausted)
			return
		case time.Now().Add(wait).After(until):
			h.giveUp(f, eventAgeExceeded)
			return
		case !h.pause(wait):
			return
		}
	}
}

// admit waits for an event's turn, as long as ctx lasts.
func (h *InProcess) admit(ctx context.Context) bool {
	select {
	case h.events <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	select {
	case h.permits <- struct{}{}:
		return true
	case <-ctx.Done():
		<-h.events
		return false
	}
}

func (h *InProcess) giveUp(f Failure, condition string) {
	if f.Condition = condition; h.OnFailure != nil && h.stopped.Err() == nil {
		h.OnFailure(f)
	}
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

type earlyKey struct{}

// earlyFrom is where a handler puts its answer when it has work left behind that.
func earlyFrom(ctx context.Context) chan<- answer {
	early, _ := ctx.Value(earlyKey{}).(chan<- answer)
	return early
}

// run is one invocation with a deadline of its own. It calls give once, with the answer,
// returns when the handler has, and releases the caller's permit.
func (h *InProcess) run(said call, payload []byte, stream *callerStream, give func(answer)) {
	works := false // although it has answered
	defer func() {
		<-h.permits
		if works {
			h.answered.Add(-1)
		}
	}()
	ctx, cancel := context.WithTimeout(h.stopped, h.Timeout)
	defer cancel()
	if stream != nil {
		ctx = WithStream(ctx, stream)
	}
	early := make(chan answer, 1)
	ctx = context.WithValue(ctx, earlyKey{}, (chan<- answer)(early))
	ctx = lambdacontext.NewContext(withCall(ctx, said), said.context(h.ARN))
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
	last := give
	for {
		select {
		case a := <-early:
			works, last = true, func(answer) {}
			h.answered.Add(1)
			give(a)
		case a := <-done:
			if len(a.payload) > maxSync {
				a = answer{err: responseTooLarge()}
			}
			last(a)
			return
		case <-timeout.C:
			last(answer{err: &TimeoutError{RequestID: said.requestID, After: h.Timeout}})
			return
		}
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
