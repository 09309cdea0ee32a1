package lifttest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/gobuild"
)

// Build builds the function in the package with the go command and with the
// flags of package gobuild, and returns the binary's path. The path
// of the package is as for go build, relative to the test's own.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", slices.Concat([]string{"build"}, gobuild.Flags(), []string{"-o", path, pkg})...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// A Function is a function's binary, running as a process on a RuntimeAPI of
// its own.
type Function struct {
	API *RuntimeAPI

	process *os.Process
	output  outputBuffer
	exited  chan struct{}
	err     error
}

// StartFunction runs a function's binary, with env beside what Lambda sets. It
// is killed at the end of the test.
func StartFunction(t testing.TB, path string, env ...string) *Function {
	t.Helper()
	f := &Function{API: NewRuntimeAPI(t), exited: make(chan struct{})}
	command := exec.Command(path)
	command.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + f.API.Addr(), "AWS_REGION=us-east-1", "AWS_LAMBDA_FUNCTION_NAME=example",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/example", "AWS_LAMBDA_LOG_STREAM_NAME=2024/02/19/[$LATEST]example",
		"TZ=UTC", "PATH=/usr/local/bin:/usr/bin/:/bin",
	}, env...)
	command.Stdout, command.Stderr = &f.output, &f.output
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	f.process = command.Process
	go func() {
		defer close(f.exited)
		f.err = command.Wait()
	}()
	t.Cleanup(func() {
		_ = f.process.Kill()
		<-f.exited
	})
	return f
}

// Invoke sends an event to the function.
func (f *Function) Invoke(ctx context.Context, t testing.TB, event Event) Answer {
	t.Helper()
	return f.Send(ctx, t, Invocation{Event: event})
}

// Send sends an invocation to the function. A process that ends meanwhile is a
// Runtime.ExitError, and one that gives no answer in time is killed, as on
// Lambda.
func (f *Function) Send(ctx context.Context, t testing.TB, inv Invocation) Answer {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan Answer, 1)
	go func() { answers <- f.API.invoke(ctx, inv) }()
	select {
	case answer := <-answers:
		answer.interpret(t, inv.Event)
		if e, ok := answer.Err.(*InvocationError); ok && e.Type == "Sandbox.Timedout" {
			_ = f.process.Kill()
		}
		return answer
	case <-f.exited:
		cancel()
		<-answers
		return Answer{Err: &InvocationError{Type: "Runtime.ExitError", Message: fmt.Sprintf("Runtime exited: %v", f.err)}}
	}
}

// Shutdown ends the process as Lambda does, by SIGTERM and then SIGKILL, and
// returns the process's error, which is nil for exit status 0. Lambda kills
// after half a second; this gives ten times as much, for machines that are busy.
func (f *Function) Shutdown(t testing.TB) error {
	t.Helper()
	if err := f.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("signal the function: %v", err)
	}
	select {
	case <-f.exited:
	case <-time.After(5 * time.Second):
		_ = f.process.Kill()
		<-f.exited
	}
	return f.err
}

// Exited is closed when the process has ended.
func (f *Function) Exited() <-chan struct{} { return f.exited }

// Output returns what the process has written so far.
func (f *Function) Output() string { return f.output.String() }

type outputBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *outputBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *outputBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
