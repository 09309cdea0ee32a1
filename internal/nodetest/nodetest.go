// Package nodetest runs scripts of Node.js, and through them a browser, from Go
// tests. A machine without them skips such a test; CI, which installs them,
// fails.
package nodetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// limit is how long a script may take.
const limit = 3 * time.Minute

// Run runs a script with node in a folder whose packages are installed, and
// logs what it prints and fails the test when it fails. env is added to the
// environment. The script ends when the test does, and after three minutes.
func Run(t testing.TB, folder string, env []string, script string, args ...string) {
	t.Helper()
	command, cancel := prepare(t, folder, env, script, args)
	defer cancel()
	out, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("node %s: %v\n%s", script, err, out)
	} else if len(out) > 0 {
		t.Logf("node %s:\n%s", script, out)
	}
}

// Output runs a script as [Run] does, with a standard input, and returns its standard
// output. A script that fails ends the test.
func Output(t testing.TB, folder string, stdin []byte, script string, args ...string) []byte {
	t.Helper()
	command, cancel := prepare(t, folder, nil, script, args)
	defer cancel()
	var said bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(stdin), &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, said.Bytes())
	}
	return out
}

func prepare(t testing.TB, folder string, env []string, script string, args []string) (*exec.Cmd, context.CancelFunc) {
	t.Helper()
	Installed(t, folder)
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit, fmt.Errorf("it did not end within %v", limit))
	command := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	command.Cancel = func() error { return errors.Join(context.Cause(ctx), command.Process.Kill()) }
	command.Dir, command.Env = folder, append(os.Environ(), env...)
	command.WaitDelay = 5 * time.Second // for a browser that holds the output open
	return command, cancel
}

// Installed skips the test, or fails it in CI, where a folder's packages are not
// installed.
func Installed(t testing.TB, folder string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		missing(t, "the packages of "+filepath.Base(folder)+" are not installed: make npm")
	}
}

// Chromium is the environment that names an installed Chromium to a script,
// under CHROMIUM. It is for playwright-core's executablePath.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return "CHROMIUM=" + path
		}
	}
	missing(t, "Chromium is not installed: apt-get install chromium")
	return ""
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
