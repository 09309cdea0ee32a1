package lambda

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// An environment is one process with the Runtime API that it asks. It belongs
// to the invocation that took it from the pool.
type environment struct {
	cmd    *exec.Cmd
	pid    int
	lines  *lineWriter // takes what it prints
	server *http.Server
	busy   atomic.Bool
	reaper *time.Timer // while it is idle

	due bool // it has answered and not asked again; the pool's

	asked     chan struct{}    // the process asked for an event
	work      chan *invocation // and gets it
	initFault chan error

	exited chan struct{} // closed when the process has ended and its output is read

	mu      sync.Mutex
	current *invocation // that has no answer yet
}

// An invocation is one event on its way.
type invocation struct {
	id, arn       string
	clientContext string // JSON, or ""
	payload       []byte
	deadline      time.Time
	answer        chan answer  // takes one
	stream        io.Writer    // for an answer that is streamed; nil where it is wanted whole
	streaming     atomic.Bool  // a streamed answer has begun, and will be in answer
	answered      func(answer) // is called with the answer once it is posted
	tail          *logTail     // nil: the caller did not ask for the log
}

func newEnvironment(c ProcessConfig, output *sync.Mutex) (*environment, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &environment{asked: make(chan struct{}, 1), work: make(chan *invocation), initFault: make(chan error, 1), exited: make(chan struct{})}
	e.server = &http.Server{Handler: e.api(), ReadHeaderTimeout: 10 * time.Second}

	e.cmd = exec.Command(c.Command[0], c.Command[1:]...)
	e.cmd.Env = append(lambdaVariables(c, listener.Addr().String()), c.Env...)
	e.cmd.SysProcAttr = processAttributes()
	if e.lines, err = newLineWriter(c, output); err != nil {
		return nil, fmt.Errorf("%w (%v)", err, listener.Close())
	}
	e.cmd.Stdout, e.cmd.Stderr = e.lines.pipe, e.lines.pipe
	if err := e.cmd.Start(); err != nil {
		e.lines.close()
		return nil, fmt.Errorf("%w (%v)", err, listener.Close())
	}
	e.pid = e.cmd.Process.Pid
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = e.server.Serve(listener) // ends with Close
	}()
	go func() {
		_ = e.cmd.Wait() // how it ended is in its state
		e.lines.close()
		_ = e.server.Close()
		<-served
		close(e.exited)
	}()
	return e, nil
}

// lambdaVariables are what Lambda sets:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func lambdaVariables(c ProcessConfig, runtimeAPI string) []string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI,
		"AWS_LAMBDA_FUNCTION_NAME=" + c.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(c.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + c.Name,
		fmt.Sprintf("AWS_LAMBDA_LOG_STREAM_NAME=%s/[$LATEST]%x", time.Now().UTC().Format("2006/01/02"), id),
		"LAMBDA_TASK_ROOT=" + filepath.Dir(c.Command[0]),
		"_HANDLER=bootstrap", "TZ=:UTC", "LANG=en_US.UTF-8", "PATH=" + os.Getenv("PATH"),
	}
}

// invoke hands the process an event and waits for its answer, which it hands on, and for
// its next question. It returns with the process waiting, or ended.
func (e *environment) invoke(ctx context.Context, inv *invocation, c ProcessConfig) ([]byte, error) {
	e.busy.Store(true)
	defer e.busy.Store(false)
	e.thaw()
	timeout := time.NewTimer(time.Until(inv.deadline))
	defer timeout.Stop()
	work, exited := e.work, e.exited
	var got *answer
	for {
		select {
		case work <- inv:
			work = nil
		case a := <-inv.answer:
			if exited == nil {
				return a.payload, a.err
			}
			got = &a
			inv.answered(a)
		case <-e.asked:
			if got = latest(got, inv); got != nil {
				return got.payload, got.err
			}
			// It had hung up and asked again before it got this event.
		case <-exited:
			got = latest(got, inv)
			switch {
			case got != nil:
				return got.payload, got.err
			case !inv.streaming.Load():
				return nil, e.exitError(inv.id)
			}
			exited = nil // what has come of the stream is handed on first, and then it is one that broke off
		case <-timeout.C:
			e.kill()
			return nil, &TimeoutError{RequestID: inv.id, After: c.Timeout}
		case <-ctx.Done():
			e.end(context.WithoutCancel(ctx), c.Grace)
			return nil, ErrClosed
		}
	}
}

// latest is the answer got, or the one that waits.
func latest(got *answer, inv *invocation) *answer {
	if got == nil {
		select {
		case a := <-inv.answer:
			return &a
		default:
		}
	}
	return got
}

func (e *environment) ended() bool {
	select {
	case <-e.exited:
		return true
	default:
		return false
	}
}

// exitError says how the process ended, in Lambda's words.
func (e *environment) exitError(requestID string) error {
	how := "Runtime exited without providing a reason"
	if state := e.cmd.ProcessState; state != nil && !state.Success() {
		how = "Runtime exited with error: " + state.String()
	}
	return newFunctionError("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: %s", requestID, how))
}

func newFunctionError(kind, message string) *FunctionError {
	payload, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message}) // strings encode
	return &FunctionError{Type: kind, Payload: payload}
}

// kill ends the process at once and waits for its end.
func (e *environment) kill() {
	e.signal(sigKill)
	<-e.exited
}

// end asks the process to end, and kills it when it does not in time.
func (e *environment) end(ctx context.Context, grace time.Duration) {
	e.signal(sigTerm)
	e.thaw()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-e.exited:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	e.kill()
}

func (e *environment) freeze() { e.signal(sigStop) }

func (e *environment) thaw() { e.signal(sigCont) }

// api is the Runtime API.
func (e *environment) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.fault)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.initError)
	return mux
}

func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	unanswered := e.current != nil
	e.mu.Unlock()
	if unanswered {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the last event has no answer yet")
		return
	}
	select {
	case e.asked <- struct{}{}:
	default: // it asked before and hung up
	}
	var inv *invocation
	select {
	case inv = <-e.work:
	case <-r.Context().Done():
		return
	}
	e.mu.Lock()
	e.current = inv
	e.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
	h.Set("Lambda-Runtime-Trace-Id", newTraceID())
	if inv.clientContext != "" {
		h.Set("Lambda-Runtime-Client-Context", inv.clientContext)
	}
	_, _ = w.Write(inv.payload) // a process that does not read it runs into its time limit
}

// newTraceID makes a header as X-Ray's is, of a trace that is not sampled.
func newTraceID() string {
	var b [20]byte
	rand.Read(b[:]) // never fails
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", time.Now().Unix(), b[:12], b[12:])
}

func (e *environment) response(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Lambda-Runtime-Function-Response-Mode") == "streaming" {
		e.streamed(w, r)
		return
	}
	inv, body, ok := e.answered(w, r)
	switch {
	case !ok:
	case len(body) > maxSync:
		inv.answer <- answer{err: responseTooLarge()}
		refuse(w, http.StatusRequestEntityTooLarge, responseSize, fmt.Sprintf(responseSizeText, maxSync))
	default:
		inv.answer <- answer{payload: body}
		accept(w)
	}
}

const (
	responseSize     = "Function.ResponseSizeTooLarge"
	responseSizeText = "Response payload size exceeded maximum allowed payload size (%d bytes)."
)

// responseTooLarge is what becomes of an invocation that answers with more than maxSync.
func responseTooLarge() *FunctionError {
	return newFunctionError(responseSize, fmt.Sprintf(responseSizeText, maxSync))
}

func (e *environment) fault(w http.ResponseWriter, r *http.Request) {
	if inv, body, ok := e.answered(w, r); ok {
		inv.answer <- answer{err: readFault(r, body)}
		accept(w)
	}
}

// answered returns the invocation that a request answers, which it is taken for
// once.
func (e *environment) answered(w http.ResponseWriter, r *http.Request) (*invocation, []byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxSync+1))
	if err != nil {
		return nil, nil, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	inv := e.current
	if inv == nil || inv.id != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil, nil, false
	}
	e.current = nil
	return inv, body, true
}

func (e *environment) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxSync))
	if err != nil {
		return
	}
	select {
	case e.initFault <- readFault(r, body):
	default: // it has one
	}
	accept(w) // after which the process ends
}

// initFailure says why a process ended before it asked for an event: what it
// reported, or else how it ended.
func (e *environment) initFailure(requestID string) error {
	select {
	case fault := <-e.initFault:
		return fault
	default:
		return e.exitError(requestID)
	}
}

// readFault reads an error's body; a runtime may put the type into a header
// alone.
func readFault(r *http.Request, body []byte) *FunctionError {
	var said struct {
		Type string `json:"errorType"`
	}
	kind := r.Header.Get("Lambda-Runtime-Function-Error-Type")
	if err := json.Unmarshal(body, &said); err != nil {
		return newFunctionError(kind, string(body))
	}
	if said.Type != "" {
		kind = said.Type
	}
	return &FunctionError{Type: kind, Payload: body}
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	body, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message}) // strings encode
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
