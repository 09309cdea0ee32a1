// Package programtest runs programs that others wrote and a package manager installs,
// such as AWS's CLI, curl and Python with its modules, from Go tests. A machine without
// one skips such a test; where STREAMER_STRANGERS is 1, as make strangers sets it, it fails.
package programtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// limit is how long a program may take.
const limit = 3 * time.Minute

// Find returns the path of a program.
func Find(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name)
	}
	return path
}

// Python returns the first python3 in the PATH that has all the modules: a package
// manager installs them for the system's own, which may come behind another.
func Python(t testing.TB, modules ...string) string {
	t.Helper()
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		python := filepath.Join(folder, "python3")
		if exec.CommandContext(t.Context(), python, "-c", "import "+strings.Join(modules, ", ")).Run() == nil {
			return python
		}
	}
	missing(t, "Python with "+strings.Join(modules, ", "))
	return ""
}

// Long skips a test that takes long, unless STREAMER_STRANGERS is 1.
func Long(t testing.TB) {
	t.Helper()
	if !asked() {
		t.Skip("it takes long: type make strangers")
	}
}

func asked() bool { return os.Getenv("STREAMER_STRANGERS") == "1" }

// missing skips the test, or fails it, and says what to type.
func missing(t testing.TB, what string) {
	t.Helper()
	text := what + " is not installed: type .ci/setup strangers"
	if asked() {
		t.Fatal(text)
	}
	t.Skip(text)
}

// A Result is how a program ended and what it printed.
type Result struct {
	Code           int // exit status
	Stdout, Stderr string
}

// Run runs a program to its end, with env added to the environment. It ends the test when the
// program does not start, and after three minutes.
func Run(t testing.TB, env []string, program string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit, fmt.Errorf("it did not end within %v", limit))
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), env...)
	command.WaitDelay = 5 * time.Second // for a child of its own that holds the output open
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && (!exited || ctx.Err() != nil) {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), errors.Join(err, context.Cause(ctx)), stderr.Bytes())
	}
	return Result{Code: command.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
}
