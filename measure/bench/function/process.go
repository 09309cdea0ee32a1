// Package function runs a Lambda function's binary on a Runtime API and says to
// the microsecond what it took: from exec to its first question for an event, for
// each event, in CPU time and in memory.
//
// lambdahost runs functions as Lambda does, frozen between events and many at a
// time. Freezing costs time that varies, so a measurement does without.
package function

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Config says what to run. Name and Path are required.
type Config struct {
	Name  string   // the function's
	Path  string   // its binary, of which the process gets a copy
	Env   []string // beside what Lambda sets itself
	Quota *Quota   // how much of a CPU it gets; nil: all there are
}

// A Process is a running function. Its methods are for one goroutine. Stop it
// when done.
type Process struct {
	cmd     *exec.Cmd
	server  *http.Server
	started time.Time
	output  tail

	asked   chan time.Time // for an event
	work    chan event
	answers chan answer
	exited  chan struct{}
	n       int
}

type event struct {
	id      string
	payload []byte
}

type answer struct {
	id      string
	at      time.Time
	payload []byte
	failed  bool
}

// patience is how long one step may take; a throttled cold start takes a second
// or two.
const patience = time.Minute

// Start starts the function. Its copy of the binary is new, as on a new machine of
// Lambda: on which pages of memory a file happens to lie shows in an init, and
// processes that share them would all have it or all not.
func Start(config Config) (*Process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	copied, err := copyOf(config.Path)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	p := &Process{asked: make(chan time.Time, 1), work: make(chan event), answers: make(chan answer, 1), exited: make(chan struct{})}
	p.server = &http.Server{Handler: p.api(), ReadHeaderTimeout: 10 * time.Second}
	p.cmd = exec.Command(copied)
	p.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME=" + config.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + config.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=2026/01/01/[$LATEST]00000000000000000000000000000000",
		"LAMBDA_TASK_ROOT=" + filepath.Dir(config.Path), "_HANDLER=bootstrap", "TZ=:UTC", "LANG=en_US.UTF-8",
	}, config.Env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.started, err = config.Quota.start(p.cmd)
	if err != nil {
		return nil, errors.Join(err, listener.Close(), os.Remove(copied))
	}
	go func() { _ = p.server.Serve(listener) }() // ends with Stop
	go func() {
		_ = p.cmd.Wait() // how it ended is in its state
		close(p.exited)
	}()
	return p, nil
}

func copyOf(path string) (string, error) {
	from, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Chmod(0o700), to.Close()); err != nil {
		return "", errors.Join(err, os.Remove(to.Name()))
	}
	return to.Name(), nil
}

// Ready waits until the function asks for its first event and returns how long
// that took.
func (p *Process) Ready(ctx context.Context) (time.Duration, error) {
	at, err := p.await(ctx)
	return at.Sub(p.started), err
}

// await waits for the next question.
func (p *Process) await(ctx context.Context) (time.Time, error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case at := <-p.asked:
		return at, nil
	case <-p.exited:
		return time.Time{}, fmt.Errorf("the function ended: %v\n%s", p.cmd.ProcessState, p.output.String())
	case <-timeout.C:
		return time.Time{}, fmt.Errorf("the function does not ask for an event\n%s", p.output.String())
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

// Invoke gives the function an event and returns its answer and how long that
// took. It waits until the function asks for the next event, which is not in that
// time. A function that answers with an error makes an error of it.
func (p *Process) Invoke(ctx context.Context, payload []byte) ([]byte, time.Duration, error) {
	p.n++
	id := fmt.Sprintf("8f507cfc-0000-4697-b07a-%012d", p.n)
	began := time.Now()
	select {
	case p.work <- event{id, payload}:
	case <-p.exited:
		return nil, 0, fmt.Errorf("the function has ended: %v\n%s", p.cmd.ProcessState, p.output.String())
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
	if _, err := p.await(ctx); err != nil {
		return nil, 0, err
	}
	select {
	case a := <-p.answers:
		if a.failed || a.id != id {
			return nil, 0, fmt.Errorf("the function failed: %s\n%s", a.payload, p.output.String())
		}
		return a.payload, a.at.Sub(began), nil
	default:
		return nil, 0, errors.New("the function asks for the next event before it has answered this one")
	}
}

// Stop ends the process and returns when it has ended.
func (p *Process) Stop() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.exited
	_ = p.server.Close()
	_ = os.Remove(p.cmd.Path)
}

// Output is the end of what the function has printed. Call it after Stop.
func (p *Process) Output() string { return p.output.String() }

// Printed returns how many lines the function has printed, and how many of them
// are embedded metrics.
func (p *Process) Printed() (lines, metrics int) {
	p.output.mu.Lock()
	defer p.output.mu.Unlock()
	return p.output.lines, p.output.metrics
}

// Usage reads what the process has taken until now.
func (p *Process) Usage() (Usage, error) { return UsageOf(p.cmd.Process.Pid) }

func (p *Process) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", p.take(false))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", p.take(true))
	return mux
}

func (p *Process) next(w http.ResponseWriter, r *http.Request) {
	p.asked <- time.Now()
	var e event
	select {
	case e = <-p.work:
	case <-r.Context().Done():
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", e.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(5*time.Minute).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:bench")
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
	_, _ = w.Write(e.payload) // a function that does not read it does not answer
}

func (p *Process) take(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		p.answers <- answer{id: r.PathValue("id"), at: at, payload: payload, failed: failed}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"status":"OK"}`)
	}
}

// A tail counts the lines that are written to it and keeps the first and the last
// of them.
type tail struct {
	mu             sync.Mutex
	lines, metrics int
	first, last    []byte
}

// metricMark is in a line of CloudWatch's embedded metric format:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
var metricMark = []byte(`"CloudWatchMetrics"`)

const tailSize = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines += bytes.Count(p, []byte("\n"))
	t.metrics += bytes.Count(p, metricMark)
	room := min(len(p), tailSize-len(t.first))
	t.first = append(t.first, p[:room]...)
	t.last = append(t.last, p[room:]...)
	if n := len(t.last); n > 2*tailSize {
		t.last = bytes.Clone(t.last[n-tailSize:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.first) + string(t.last))
}
