// Package runtimeapi runs a function on Lambda's Runtime API, version
// 2018-06-01, over plain TCP connections. It links no HTTP client:
// docs/decisions/0015-own-runtime-loop.md has what that saves.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/lift/internal/deepstack"
)

const (
	invocations = "/2018-06-01/runtime/invocation/"
	initError   = "/2018-06-01/runtime/init/error"
)

// Limits of bodies, in bytes.
const (
	// MaxAnswer is the longest answer that Lambda takes:
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	MaxAnswer = 6<<20 + 100

	maxEvent  = 32 << 20  // well above what Lambda sends
	maxStatus = 256 << 10 // of what the API says of an answer
)

// TypeAnswerTooLarge is the type of the failure in place of an answer of more
// than MaxAnswer bytes. It is what Lambda itself calls it.
const TypeAnswerTooLarge = "Function.ResponseSizeTooLarge"

// A Config says what to run.
type Config struct {
	// Address is the value of AWS_LAMBDA_RUNTIME_API.
	Address string

	// Handler answers an invocation. It is called from as many goroutines as
	// Concurrency says. The payload is its own. An answer that it writes to the
	// context's Stream instead of returning it is ended when it returns. The work
	// that it leaves with the context's After runs when the invocation is answered.
	Handler func(ctx context.Context, payload []byte) ([]byte, *Failure)

	// Late answers in place of a handler that ignores its deadline, among several.
	// Default: a failure of the type timeout.
	Late func(ctx context.Context, payload []byte) ([]byte, *Failure)

	// Concurrency is how many invocations the process takes at the same time,
	// the value of AWS_LAMBDA_MAX_CONCURRENCY. Default: 1.
	Concurrency int

	Logger *slog.Logger
}

// Run takes invocations and answers them until it cannot, and returns why.
//
// With a Concurrency of 1, it returns for any answer that the API does not take,
// and, once the failure has been logged and reported, for a panic of the handler
// with ErrPanicked. With
// more, those are logged, and Run returns when no invocation can be taken any
// more: what befalls one invocation does not end the others.
func Run(cfg Config) error {
	if cfg.Concurrency <= 1 {
		return newLoop(cfg).run()
	}
	ends := make([]error, cfg.Concurrency)
	var all sync.WaitGroup
	for i := range ends {
		all.Go(func() {
			ends[i] = newLoop(cfg).run()
			cfg.Logger.Error("one of several runtime loops ends", slog.Int("loop", i), slog.String("error", ends[i].Error()))
		})
	}
	all.Wait()
	return ends[0]
}

// ReportInitError tells Lambda that the function cannot start.
func ReportInitError(address string, f *Failure) error {
	c := client{address: address}
	defer c.close()
	res, err := c.do(request{method: "POST", path: initError, header: f.header(), body: f.body(), limit: maxStatus})
	if err == nil && res.status != 202 {
		err = refused("the init error", res)
	}
	return err
}

// A loop takes one invocation after another.
type loop struct {
	Config
	client client
}

func newLoop(cfg Config) *loop { return &loop{Config: cfg, client: client{address: cfg.Address}} }

func (l *loop) alone() bool { return l.Concurrency <= 1 }

func (l *loop) run() error {
	deepstack.Grow()
	defer l.client.close()
	for {
		inv, err := l.next()
		if err != nil {
			return fmt.Errorf("take the next invocation: %w", err)
		}
		err = l.serve(inv)
		if err != nil && l.alone() {
			return err
		}
		if err != nil && !errors.Is(err, ErrPanicked) {
			l.Logger.Error("an invocation among several ends with an error", slog.String("invocation_id", inv.id), slog.String("error", err.Error()))
		}
	}
}

// An invocation is one that the function has to answer.
type invocation struct {
	id      string
	header  map[string]string
	payload []byte
	stream  Stream
	after   After
}

func (l *loop) next() (*invocation, error) {
	res, err := l.client.do(request{method: "GET", path: invocations + "next", limit: maxEvent})
	if err != nil {
		return nil, err
	}
	if res.status != 200 {
		return nil, refused("a request for an invocation", res)
	}
	if !res.bounded {
		return nil, errors.New("the API tells no length of the event, which may not be whole")
	}
	id := res.header["lambda-runtime-aws-request-id"]
	if id == "" || strings.ContainsAny(id, "/?# %") || printable(id) != id {
		return nil, fmt.Errorf("%.80q is not a request id", id)
	}
	return &invocation{id: id, header: res.header, payload: res.body}, nil
}

// ErrPanicked is why Run ends after a panic of the handler, which is in the log.
var ErrPanicked = errors.New("the handler panicked, and the process ends with it: middleware.Recover would answer an error instead")

// serve calls the handler, answers the invocation, and then runs what the handler has
// left for after that, whatever became of the answer.
func (l *loop) serve(inv *invocation) error {
	err := l.answer(inv)
	inv.after.answered(l.Logger, inv.id, l.alone())
	return err
}

// answer calls the handler and answers the invocation.
func (l *loop) answer(inv *invocation) error {
	answer, failure, crashed := l.callInTime(inv)
	if inv.stream.begun() {
		err := l.finish(inv, failure)
		if err == nil && crashed {
			err = ErrPanicked
		}
		return err
	}
	if len(answer) > MaxAnswer {
		failure = &Failure{
			Type:    TypeAnswerTooLarge,
			Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxAnswer),
		}
		l.Logger.Error("the answer is too large", slog.String("invocation_id", inv.id), slog.Int("bytes", len(answer)),
			slog.Int("max", MaxAnswer))
	}
	if failure == nil {
		return l.post(inv, "/response", "Content-Type: application/octet-stream\r\n", answer)
	}
	if err := l.post(inv, "/error", failure.header(), failure.body()); err != nil {
		return err
	}
	if crashed {
		return ErrPanicked
	}
	return nil
}

// lead is how long before the deadline an invocation among several is answered
// whose handler has not.
const lead = 100 * time.Millisecond

// TypeTimeout is the type of the failure of a handler that ignores its deadline.
const TypeTimeout = "timeout"

// callInTime calls the handler. Lambda ends the process of one that is alone and
// misses its deadline. Among several, the process goes on, so that one is answered
// here, just before; what it answers later is dropped.
func (l *loop) callInTime(inv *invocation) (answer []byte, failure *Failure, crashed bool) {
	ctx, cancel, err := l.context(inv)
	if err != nil {
		l.Logger.Error("the invocation cannot be read", slog.String("invocation_id", inv.id), slog.String("error", err.Error()))
		return nil, &Failure{Type: "Runtime.InvalidInvocation", Message: err.Error()}, false
	}
	if l.alone() {
		defer cancel()
		return l.call(ctx, inv)
	}
	done := make(chan struct{})
	var late struct { // what the handler answers, for who still waits
		answer  []byte
		failure *Failure
	}
	go func() {
		defer close(done)
		defer cancel()
		late.answer, late.failure, _ = l.call(ctx, inv)
	}()
	timer := time.NewTimer(time.Until(inv.stream.deadline) - lead)
	defer timer.Stop()
	select {
	case <-done:
		return late.answer, late.failure, false
	case <-timer.C:
	}
	l.Logger.Error("the handler ignores its deadline", slog.String("invocation_id", inv.id), slog.Time("deadline", inv.stream.deadline))
	if l.Late != nil && !inv.stream.begun() {
		answer, failure = l.Late(ctx, inv.payload)
		return answer, failure, false
	}
	return nil, &Failure{Type: TypeTimeout, Message: "the time was not enough"}, false
}

// call calls the handler. It tells whether that panicked.
func (l *loop) call(ctx context.Context, inv *invocation) (answer []byte, failure *Failure, crashed bool) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		answer, failure, crashed = nil, Panicked(value), true
		l.Logger.Error("the handler panicked", slog.String("invocation_id", inv.id), slog.Any("failure", failure))
	}()
	answer, failure = l.Handler(ctx, inv.payload)
	return answer, failure, false
}

// context is the handler's: with the deadline, the trace id under the key that
// the X-Ray SDK reads, and a [lambdacontext.LambdaContext].
func (l *loop) context(inv *invocation) (context.Context, context.CancelFunc, error) {
	text := inv.header["lambda-runtime-deadline-ms"]
	deadline, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, nil, fmt.Errorf("Lambda-Runtime-Deadline-Ms is %.40q: want a time in milliseconds", text)
	}
	lc := &lambdacontext.LambdaContext{
		AwsRequestID:       inv.id,
		InvokedFunctionArn: inv.header["lambda-runtime-invoked-function-arn"],
		TenantID:           inv.header["lambda-runtime-aws-tenant-id"],
	}
	err = errors.Join(inv.decode("Client-Context", &lc.ClientContext), inv.decode("Cognito-Identity", &lc.Identity))
	if err != nil {
		return nil, nil, err
	}
	trace := inv.header["lambda-runtime-trace-id"]
	if l.alone() {
		_ = os.Setenv("_X_AMZN_TRACE_ID", trace)
	}
	end := time.UnixMilli(deadline)
	ctx, cancel := context.WithDeadline(context.Background(), end)
	inv.stream = Stream{address: l.Address, path: invocations + inv.id + "/response", header: inv.echo(), deadline: end}
	inv.after.Deadline = end
	return &invocationContext{lambdacontext.NewContext(ctx, lc), trace, &inv.stream, &inv.after}, cancel, nil
}

// echo is the header line that an answer sends back where the API has sent it.
func (inv *invocation) echo() string {
	id, ok := inv.header["lambda-runtime-invocation-id"]
	if !ok {
		return ""
	}
	return "Lambda-Runtime-Invocation-Id: " + printable(id) + "\r\n"
}

// decode decodes a header's JSON into value, if there is any.
func (inv *invocation) decode(name string, value any) error {
	text := inv.header["lambda-runtime-"+strings.ToLower(name)]
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("Lambda-Runtime-%s is not the JSON that it should be: %w", name, err)
	}
	return nil
}

// post sends an answer. The API refuses one that comes too late (410), or that
// is too large (413): the caller has been answered then, and the next
// invocation is due.
func (l *loop) post(inv *invocation, what, header string, body []byte) error {
	res, err := l.client.do(request{method: "POST", path: invocations + inv.id + what, header: header + inv.echo(), body: body,
		limit: maxStatus})
	if err != nil {
		return fmt.Errorf("answer an invocation: %w", err)
	}
	return l.taken(inv, res)
}

// taken looks at what the API says of an answer.
func (l *loop) taken(inv *invocation, res *response) error {
	switch res.status {
	case 202:
		return nil
	case 410, 413:
		l.Logger.Error("Lambda dropped the answer", slog.String("invocation_id", inv.id), slog.String("error", refused("an answer", res).Error()))
		return nil
	}
	return refused("an answer", res)
}

func refused(what string, res *response) error {
	return fmt.Errorf("the Runtime API refuses %s with status %d: %.200q", what, res.status, res.body)
}
