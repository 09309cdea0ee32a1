//go:build linux

package lambda_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// buffer is a writer that may be read while it is written to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// processes runs the tests' binary as the function "worker". The reports of its
// invocations come on the channel.
func processes(t *testing.T, c lambda.ProcessConfig) (*lambda.Processes, <-chan lambda.Report) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	reports := make(chan lambda.Report, 100)
	c.Name, c.Command, c.Report = "worker", []string{self}, func(r lambda.Report) { reports <- r }
	c.Logger = slog.New(slog.DiscardHandler)
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.InitTimeout == 0 {
		c.InitTimeout = 30 * time.Second // of a machine that does other things too
	}
	p, err := lambda.NewProcesses(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
		if left := p.Running(); len(left) > 0 {
			t.Errorf("after Close there are %v", left)
		}
	})
	return p, reports
}

type reply struct {
	PID                             int
	Request, ARN, Name, Home, Extra string
	Client                          string
	Deadline                        int64
	Memory                          int
}

func invoke(t *testing.T, p *lambda.Processes, o order) (reply, error) {
	t.Helper()
	payload, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Invoke(t.Context(), payload)
	var r reply
	if err == nil {
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatalf("answer %s: %v", out, err)
		}
	}
	return r, err
}

func TestOneProcessServesEventAfterEvent(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:worker"
	p, reports := processes(t, lambda.ProcessConfig{Env: []string{"EXTRA=more"}, Memory: 512, ARN: arn})
	var pid int
	for n := range 5 {
		before := time.Now()
		r, err := invoke(t, p, order{})
		if err != nil {
			t.Fatal(err)
		}
		left := time.UnixMilli(r.Deadline).Sub(before)
		if len(r.Request) != 36 || r.ARN != arn || r.Memory != 512 ||
			r.Name != "worker" || r.Home != "" || r.Extra != "more" ||
			left < 29*time.Second || left > time.Minute {
			t.Errorf("the function saw %+v, %v left", r, left)
		}
		report := <-reports
		if cold := report.Init > 0; cold != (n == 0) || report.PID != r.PID || report.RequestID != r.Request || report.Duration <= 0 {
			t.Errorf("report of invocation %d: %+v", n, report)
		}
		if n > 0 && r.PID != pid {
			t.Errorf("process %d after %d", r.PID, pid)
		}
		pid = r.PID
	}
}

// A goroutine that goes on after the response stands still until the next event.
func TestWhatIsLeftRunningStandsStill(t *testing.T) {
	t.Parallel()
	p, _ := processes(t, lambda.ProcessConfig{})
	file := filepath.Join(t.TempDir(), "ticks")
	r, err := invoke(t, p, order{Do: "leave", File: file})
	if err != nil {
		t.Fatal(err)
	}
	waitStopped(t, r.PID)
	read := func() uint64 {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) != 8 {
			return 0 // it was frozen before its first tick
		}
		return binary.BigEndian.Uint64(raw)
	}
	first := read()
	for range 10_000 {
		if now := read(); now != first {
			t.Fatalf("the counter went from %d to %d between two invocations", first, now)
		}
	}
	// It goes on with the next event: this one waits for a hundred ticks.
	if again, err := invoke(t, p, order{Do: "resume"}); err != nil || again.PID != r.PID {
		t.Fatalf("%+v, %v", again, err)
	}
	waitStopped(t, r.PID)
	if now := read(); now < first+50 {
		t.Errorf("the counter went from %d to %d during an invocation", first, now)
	}
}

// waitStopped waits until the kernel says that every thread is stopped.
func waitStopped(t *testing.T, pid int) {
	t.Helper()
	for range 5_000 {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		stopped := 0
		for _, task := range tasks {
			stat, err := os.ReadFile(task)
			if _, state, ok := strings.Cut(string(stat), ") "); err == nil && ok && state[0] == 'T' {
				stopped++
			}
		}
		if stopped > 0 && stopped == len(tasks) {
			return
		}
	}
	t.Fatal("the process is not stopped")
}

func TestFaultsAreLambdas(t *testing.T) {
	t.Parallel()
	var out buffer
	p, reports := processes(t, lambda.ProcessConfig{Timeout: 2 * time.Second, Output: &out})
	first, err := invoke(t, p, order{})
	if err != nil {
		t.Fatal(err)
	}
	<-reports
	_, err = invoke(t, p, order{Do: "fail"})
	if fault, ok := errors.AsType[*lambda.FunctionError](err); !ok ||
		fault.Type != "errorString" || !strings.Contains(string(fault.Payload), `"errorMessage":"broken"`) {
		t.Errorf("an error: %v", err)
	}
	if r := <-reports; r.PID != first.PID || r.Err == nil {
		t.Errorf("an error ended the process: %+v", r)
	}
	_, err = invoke(t, p, order{Do: "exit"})
	r := <-reports
	want := fmt.Sprintf(`{"errorMessage":"RequestId: %s Error: Runtime exited with error: exit status 1",`+
		`"errorType":"Runtime.ExitError"}`, r.RequestID)
	if fault, ok := errors.AsType[*lambda.FunctionError](err); !ok || string(fault.Payload) != want {
		t.Errorf("an exit: %v, want %s", err, want)
	}
	if !strings.Contains(out.String(), "worker: last words\n") {
		t.Errorf("output %q", out.String())
	}
	_, err = invoke(t, p, order{Do: "hang"})
	if timeout, ok := errors.AsType[*lambda.TimeoutError](err); !ok || timeout.After != 2*time.Second {
		t.Errorf("a hang: %v", err)
	}
	if r := <-reports; r.Init == 0 || r.Duration < 2*time.Second {
		t.Errorf("after the exit: %+v", r)
	}
	if _, err := invoke(t, p, order{}); err != nil {
		t.Error(err)
	}
	if r := <-reports; r.Init == 0 {
		t.Errorf("after the hang: %+v", r)
	}
}

func TestAKilledProcessIsReplaced(t *testing.T) {
	t.Parallel()
	p, _ := processes(t, lambda.ProcessConfig{})
	r, err := invoke(t, p, order{})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(r.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for len(p.Running()) > 0 { // its end takes a moment
		runtime.Gosched()
	}
	again, err := invoke(t, p, order{})
	if err != nil || again.PID == r.PID {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestAFailedInitIsTriedTwice(t *testing.T) {
	t.Parallel()
	var out buffer
	p, reports := processes(t, lambda.ProcessConfig{Env: []string{"TEST_INIT=exit"}, Output: &out})
	_, err := invoke(t, p, order{})
	if fault, ok := errors.AsType[*lambda.FunctionError](err); !ok ||
		fault.Type != "Runtime.ExitError" || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("an exit: %v", err)
	}
	if r := <-reports; r.Init == 0 || r.Err == nil || strings.Count(out.String(), "worker: cannot start\n") != 2 {
		t.Errorf("%+v, output %q", r, out.String())
	}
	p, _ = processes(t, lambda.ProcessConfig{Env: []string{"TEST_INIT=report"}})
	for try := range 10 {
		_, err := invoke(t, p, order{})
		if fault, ok := errors.AsType[*lambda.FunctionError](err); !ok || fault.Type != "Config.Missing" {
			t.Errorf("reported, try %d: got %v, want Config.Missing", try, err)
		}
	}
	p, _ = processes(t, lambda.ProcessConfig{Env: []string{"TEST_INIT=hang"}, InitTimeout: 10 * time.Millisecond, Timeout: time.Second})
	_, err = invoke(t, p, order{})
	if timeout, ok := errors.AsType[*lambda.TimeoutError](err); !ok || timeout.After != time.Second {
		t.Errorf("a hang: %v", err)
	}
}

func TestProcessesAreScaledUpToTheLimit(t *testing.T) {
	t.Parallel()
	p, reports := processes(t, lambda.ProcessConfig{Concurrency: 2})
	var gates [3]string
	for i := range gates {
		gates[i] = filepath.Join(t.TempDir(), "gate")
		if err := syscall.Mkfifo(gates[i], 0o600); err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(order{Do: "wait", File: gates[i]})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			go p.Invoke(t.Context(), payload)
		} else if err := p.InvokeAsync(t.Context(), payload); err != nil {
			t.Fatal(err)
		}
	}
	// A gate opens as soon as its invocation runs; two of three do, in any order.
	opened := make(chan *os.File, len(gates))
	for _, gate := range gates {
		go func() {
			f, err := os.OpenFile(gate, os.O_WRONLY, 0)
			if err != nil {
				t.Error(err)
			}
			opened <- f
		}()
	}
	first, second := <-opened, <-opened
	if _, err := p.Invoke(t.Context(), []byte("{}")); !errors.Is(err, lambda.ErrThrottled) {
		t.Errorf("a third invocation: %v", err)
	}
	if n := len(p.Running()); n != 2 {
		t.Errorf("%d processes", n)
	}
	first.Close()
	second.Close()
	(<-opened).Close()
	pids := map[int]bool{}
	for range gates {
		r := <-reports
		pids[r.PID] = true
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	if len(pids) != 2 {
		t.Errorf("they ran in %v", pids)
	}
}

// A caller has its answer while the function works on. Until that asks for its next event
// it is busy, so another invocation gets another process, or none.
func TestAFunctionWorksOnAfterItsAnswer(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"another process": 2, "no process": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, reports := processes(t, lambda.ProcessConfig{Env: []string{"TEST_INIT=stream"}, Concurrency: limit})
			get := func(file string) (string, error) {
				out, err := p.Invoke(t.Context(), fmt.Appendf(nil, `{"version":"2.0","rawPath":"/after","rawQueryString":"file=%s",`+
					`"requestContext":{"domainName":"x.execute-api.local.amazonaws.com","http":{"method":"GET"}}}`, file))
				return string(out), err
			}
			gate := filepath.Join(t.TempDir(), "gate")
			if err := syscall.Mkfifo(gate, 0o600); err != nil {
				t.Fatal(err)
			}
			first, err := get(gate)
			if err != nil || len(reports) != 0 || !p.Running()[0].Busy {
				t.Fatalf("got %v, %d reports, %v, want an answer and no report of a busy process", err, len(reports), p.Running())
			}
			switch meanwhile, err := get(""); {
			case limit > 1 && (err != nil || meanwhile == first):
				t.Errorf("meanwhile: got %s, %v, want another process than %s", meanwhile, err, first)
			case limit > 1:
				<-reports
			case !errors.Is(err, lambda.ErrThrottled):
				t.Errorf("meanwhile: got %s, %v, want ErrThrottled", meanwhile, err)
			}
			f, err := os.OpenFile(gate, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
			if r := <-reports; r.Err != nil || r.Init == 0 {
				t.Errorf("got the report %+v, want that of the first invocation", r)
			}
			if again, err := get(""); err != nil || again != first {
				t.Errorf("afterwards: got %s, %v, want %s", again, err, first)
			}
		})
	}
}

// One that has answered and has nothing left to do is the next caller's, also at the limit.
func TestACallerFindsTheProcessThatAnswered(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 9} {
		p, reports := processes(t, lambda.ProcessConfig{Concurrency: limit})
		for range 20 {
			if _, err := invoke(t, p, order{}); err != nil {
				t.Fatal(err)
			}
		}
		starts := 0
		for range 20 {
			if r := <-reports; r.Init > 0 {
				starts++
			}
		}
		if starts > 2 { // a machine that stands still for 20 ms
			t.Errorf("with the limit %d: got %d processes for one caller, want one", limit, starts)
		}
	}
}

func TestIdleProcessesAreReaped(t *testing.T) {
	t.Parallel()
	p, _ := processes(t, lambda.ProcessConfig{Idle: time.Millisecond})
	if _, err := invoke(t, p, order{}); err != nil {
		t.Fatal(err)
	}
	for len(p.Running()) > 0 {
		runtime.Gosched()
	}
}

func TestCloseEndsARunningProcess(t *testing.T) {
	t.Parallel()
	p, _ := processes(t, lambda.ProcessConfig{})
	gate := filepath.Join(t.TempDir(), "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := invoke(t, p, order{Do: "wait", File: gate})
		failed <- err
	}()
	f, err := os.OpenFile(gate, os.O_WRONLY, 0) // returns when the function waits
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	closed := make(chan error)
	go func() { closed <- p.Close(t.Context()) }()
	if err := <-failed; !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("the invocation: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// An answer above 6 MB is a failed invocation, also of a process.
func TestProcessesRefuseLargeAnswers(t *testing.T) {
	t.Parallel()
	p, _ := processes(t, lambda.ProcessConfig{})
	_, err := invoke(t, p, order{Do: "large"})
	if fault, ok := errors.AsType[*lambda.FunctionError](err); !ok || fault.Type != "Function.ResponseSizeTooLarge" {
		t.Errorf("got %v, want a Function.ResponseSizeTooLarge", err)
	}
}

func TestProcessConfig(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]lambda.ProcessConfig{
		"no name":    {Command: []string{"f"}},
		"no command": {Name: "f"},
		"too short":  {Name: "f", Command: []string{"f"}, Timeout: time.Millisecond},
		"negative":   {Name: "f", Command: []string{"f"}, Idle: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := lambda.NewProcesses(config); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
	p, err := lambda.NewProcesses(lambda.ProcessConfig{Name: "f", Command: []string{filepath.Join(t.TempDir(), "missing")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Invoke(t.Context(), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a program that is not there: %v", err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
