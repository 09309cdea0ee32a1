// Package nodetest runs scripts of Node.js, and through them a browser, from Go
// tests. A machine without them skips such a test; CI, which installs them,
// fails.
package nodetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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

// Serve starts a script that is a server, and returns the first line that it prints. The script
// ends when its standard input does, which is at the test's end.
func Serve(t testing.TB, folder, script string) string {
	t.Helper()
	Installed(t, folder)
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "node", script)
	command.Dir, command.Stderr = folder, os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // it ends then, as Wait tells
		if err := command.Wait(); err != nil {
			t.Errorf("node %s: %v", script, err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("node %s printed no line: %v", script, err)
	}
	return strings.TrimSpace(line)
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
// installed, or others than its package-lock.json names.
func Installed(t testing.TB, folder string) {
	t.Helper()
	if err := installed(folder); err != nil {
		missing(t, fmt.Sprintf("the packages of %s are not installed: %v: run make npm", filepath.Base(folder), err))
	}
}

// A lock is a package-lock.json, or what npm writes of it into node_modules: that
// has neither the folder's own package nor optional ones of other machines.
type lock struct {
	Packages map[string]lockedPackage `json:"packages"`
}

type lockedPackage struct {
	Version   string `json:"version"`
	Integrity string `json:"integrity"`
	Optional  bool   `json:"optional"`
}

// installed compares contents, since a checkout changes the times of files.
func installed(folder string) error {
	wanted, err := readLock(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	present, err := readLock(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if err != nil {
		return err
	}
	delete(wanted, "") // the folder's own
	for _, path := range slices.Sorted(maps.Keys(wanted)) {
		is, found := present[path]
		switch want := wanted[path]; {
		case !found && !want.Optional:
			return fmt.Errorf("%s is missing", path)
		case found && is.Version != want.Version:
			return fmt.Errorf("%s is version %s, package-lock.json wants %s", path, is.Version, want.Version)
		case found && is.Integrity != want.Integrity:
			return fmt.Errorf("%s is another tarball than package-lock.json wants", path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(present)) {
		if _, found := wanted[path]; !found {
			return fmt.Errorf("%s is not in package-lock.json", path)
		}
	}
	return nil
}

func readLock(path string) (map[string]lockedPackage, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var l lock
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return l.Packages, nil
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
