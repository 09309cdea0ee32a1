package lifttest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// maxAnswer is the largest answer that the Runtime API takes:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxAnswer = 6<<20 + 100

// A RuntimeAPI stands in for the Lambda Runtime API, version 2018-06-01, and
// for what the runtime library needs of the Extensions API. It listens on
// loopback, for one function's process; [StartFunction] runs one on it.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type RuntimeAPI struct {
	listener net.Listener
	server   *http.Server
	queue    chan *pending
	closed   chan struct{}

	mu      sync.Mutex
	taken   map[string]*pending
	n       int
	ready   chan struct{} // closed by the first request for an invocation
	initErr chan struct{} // closed by an init error
	fault   *InvocationError
}

// An Invocation is what a function is invoked with.
type Invocation struct {
	Event       Event
	RequestID   string        // default: one of its own
	Timeout     time.Duration // until the deadline; default 10 s
	TraceID     string        // the X-Ray header; default one that is sampled
	FunctionARN string
	TenantID    string // of a function with tenant isolation

	// Stream gets the body of a streamed answer as it comes. Default: it is kept,
	// as the Answer's Body. The function waits while a Write does not return.
	Stream io.Writer
}

type pending struct {
	Invocation
	deadline time.Time
	answer   chan Answer
}

// An InvocationError is how a failed invocation looks to the caller of the
// function.
type InvocationError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// Error returns type and message.
func (e *InvocationError) Error() string { return e.Type + ": " + e.Message }

// NewRuntimeAPI starts a RuntimeAPI. It ends with the test.
func NewRuntimeAPI(t testing.TB) *RuntimeAPI {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen for the function: %v", err)
	}
	api := &RuntimeAPI{
		listener: listener, queue: make(chan *pending), closed: make(chan struct{}),
		taken: make(map[string]*pending), ready: make(chan struct{}), initErr: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", api.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", api.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", api.invocationError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", api.initError)
	mux.HandleFunc("POST /2020-01-01/extension/register", api.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", api.wait)
	api.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = api.server.Serve(listener)
	}()
	t.Cleanup(func() {
		close(api.closed)
		_ = api.server.Close()
		<-served
	})
	return api
}

// Addr returns what the function's environment variable
// AWS_LAMBDA_RUNTIME_API must hold.
func (api *RuntimeAPI) Addr() string { return api.listener.Addr().String() }

// Ready is closed when the function has asked for its first invocation, which
// ends its init phase.
func (api *RuntimeAPI) Ready() <-chan struct{} { return api.ready }

// InitError is closed when the function has reported that it cannot start.
func (api *RuntimeAPI) InitError() <-chan struct{} { return api.initErr }

// Invoke hands the invocation to the function and waits for its answer, an
// *InvocationError for one that fails. One without an answer at the deadline
// is a Sandbox.Timedout, as on Lambda.
func (api *RuntimeAPI) Invoke(ctx context.Context, t testing.TB, inv Invocation) Answer {
	t.Helper()
	answer := api.invoke(ctx, inv)
	answer.interpret(t, inv.Event)
	return answer
}

func (api *RuntimeAPI) invoke(ctx context.Context, inv Invocation) Answer {
	p := api.prepare(inv)
	ctx, cancel := context.WithDeadline(ctx, p.deadline)
	defer cancel()
	defer func() {
		api.mu.Lock()
		defer api.mu.Unlock()
		delete(api.taken, p.RequestID)
	}()
	select {
	case api.queue <- p:
	case <-api.initErr:
		return Answer{Err: api.fault}
	case <-ctx.Done():
		return Answer{Err: p.timedOut()}
	}
	select {
	case answer := <-p.answer:
		return answer
	case <-api.initErr:
		return Answer{Err: api.fault}
	case <-ctx.Done():
		return Answer{Err: p.timedOut()}
	}
}

func (api *RuntimeAPI) prepare(inv Invocation) *pending {
	api.mu.Lock()
	defer api.mu.Unlock()
	api.n++
	inv.RequestID = cmp.Or(inv.RequestID, fmt.Sprintf("8f507cfc-0000-4697-b07a-%012d", api.n))
	inv.Timeout = cmp.Or(inv.Timeout, 10*time.Second)
	inv.TraceID = cmp.Or(inv.TraceID, "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
	inv.FunctionARN = cmp.Or(inv.FunctionARN, "arn:aws:lambda:us-east-1:123456789012:function:example")
	return &pending{Invocation: inv, deadline: time.Now().Add(inv.Timeout), answer: make(chan Answer, 1)}
}

func (p *pending) timedOut() error {
	return &InvocationError{Type: "Sandbox.Timedout", Message: fmt.Sprintf("Task timed out after %.2f seconds", p.Timeout.Seconds())}
}

func (api *RuntimeAPI) next(w http.ResponseWriter, r *http.Request) {
	api.mu.Lock()
	select {
	case <-api.ready:
	default:
		close(api.ready)
	}
	api.mu.Unlock()
	var p *pending
	select {
	case p = <-api.queue:
	case <-api.closed:
		return
	case <-r.Context().Done():
		return
	}
	api.mu.Lock()
	api.taken[p.RequestID] = p
	api.mu.Unlock()
	for name, value := range map[string]string{
		"Lambda-Runtime-Aws-Request-Id":       p.RequestID,
		"Lambda-Runtime-Deadline-Ms":          strconv.FormatInt(p.deadline.UnixMilli(), 10),
		"Lambda-Runtime-Invoked-Function-Arn": p.FunctionARN,
		"Lambda-Runtime-Trace-Id":             p.TraceID,
		"Content-Type":                        "application/json",
	} {
		w.Header().Set(name, value)
	}
	if p.TenantID != "" {
		w.Header().Set("Lambda-Runtime-Aws-Tenant-Id", p.TenantID)
	}
	_, _ = w.Write(p.Event.Payload())
}

// answered finds the invocation that a request is the answer to, and refuses
// the request when there is none.
func (api *RuntimeAPI) answered(w http.ResponseWriter, r *http.Request) (*pending, []byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, false
	}
	p := api.take(w, r)
	return p, body, p != nil
}

func (api *RuntimeAPI) take(w http.ResponseWriter, r *http.Request) *pending {
	api.mu.Lock()
	defer api.mu.Unlock()
	id := r.PathValue("id")
	p := api.taken[id]
	delete(api.taken, id)
	if p == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	}
	return p
}

func (api *RuntimeAPI) response(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Lambda-Runtime-Function-Response-Mode") == "streaming" {
		if p := api.take(w, r); p != nil {
			answer := p.stream(r)
			accept(w)
			p.answer <- answer
		}
		return
	}
	p, body, ok := api.answered(w, r)
	if !ok {
		return
	}
	if len(body) > maxAnswer {
		const kind = "Function.ResponseSizeTooLarge"
		message := fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxAnswer)
		refuse(w, http.StatusRequestEntityTooLarge, kind, message)
		p.answer <- Answer{Err: &InvocationError{Type: kind, Message: message}}
		return
	}
	accept(w)
	p.answer <- Answer{Payload: body}
}

func (api *RuntimeAPI) invocationError(w http.ResponseWriter, r *http.Request) {
	p, body, ok := api.answered(w, r)
	if !ok {
		return
	}
	accept(w)
	p.answer <- Answer{Err: readError(r, body)}
}

func (api *RuntimeAPI) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		return
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	if api.fault == nil {
		api.fault = readError(r, body)
		close(api.initErr)
	}
	accept(w)
}

// readError reads an error's body; a runtime may put the type into a header
// alone.
func readError(r *http.Request, body []byte) *InvocationError {
	e := new(InvocationError)
	if err := json.Unmarshal(body, e); err != nil {
		e.Message = string(body)
	}
	e.Type = cmp.Or(e.Type, r.Header.Get("Lambda-Runtime-Function-Error-Type"))
	return e
}

func (api *RuntimeAPI) register(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Lambda-Extension-Identifier", "c4ca4238-a0b9-2382-0dcc-509a6f75849b")
	_, _ = io.WriteString(w, `{"functionName":"example","functionVersion":"$LATEST","handler":"bootstrap"}`)
}

func (api *RuntimeAPI) wait(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-api.closed:
	case <-r.Context().Done():
	}
}

func accept(w http.ResponseWriter) {
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	res, err := lift.JSON(status, InvocationError{Type: kind, Message: message})
	if err != nil {
		panic(err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(res.Body)
}
