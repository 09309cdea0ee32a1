// Package nodetest runs scripts of Node.js, and through them a browser, from Go
// tests. A machine without them skips such a test; CI, which installs them,
// fails.
package nodetest

import (
	"context"
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
	Installed(t, folder)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	command.Dir, command.Env = folder, append(os.Environ(), env...)
	command.WaitDelay = 5 * time.Second // for a browser that holds the output open
	out, err := command.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not end within %v", limit)
	}
	if err != nil {
		t.Errorf("node %s: %v\n%s", script, err, out)
	} else if len(out) > 0 {
		t.Logf("node %s:\n%s", script, out)
	}
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
