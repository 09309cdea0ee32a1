//go:build linux

package cli

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal is a pseudo-terminal: what a person sees and types at, and the
// program's side of it.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { program.Close() })
	if err := unix.IoctlSetWinsize(int(person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		t.Skip(err)
	}
	return person, program
}

// atTerminal starts the program at a terminal of its own.
func atTerminal(t *testing.T, args ...string) (cmd *exec.Cmd, person *os.File, seen *console) {
	t.Helper()
	person, terminal := openTerminal(t)
	cmd = exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "STREAMER_TEST_AS_PROGRAM=1", "TERM=xterm", "NO_COLOR=", "XDG_CONFIG_HOME="+t.TempDir())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	seen = newConsole()
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := person.Read(buf)
			if err != nil {
				return
			}
			seen.Write(buf[:n])
		}
	}()
	return cmd, person, seen
}

// TestMain lets a test run this binary as the program itself.
func TestMain(m *testing.M) {
	if os.Getenv("STREAMER_TEST_AS_PROGRAM") != "" {
		Main()
		return
	}
	os.Exit(m.Run())
}

// A person at a terminal sees a bar, and Ctrl-C cancels where that was asked for.
func TestCtrlCAtATerminal(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	cmd, person, seen := atTerminal(t, "call", "echo_async", `{"step_ms":2000}`, "--id", "r1", "--cancel-on-interrupt", "--data", s.data,
		"--url", s.url)
	seen.await(t, "20 %")
	person.Write([]byte{3})
	seen.await(t, "CANCELLED")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("%v:\n%s", err, seen)
	}
	for line := range strings.Lines(seen.String()) {
		if visible := ansiCodes.ReplaceAllString(line, ""); strings.Contains(line, "[=") && len([]rune(visible)) > 62 {
			t.Errorf("a line is wider than the terminal: %q", line)
		}
	}
}

// A pipe gets plain lines, whatever the server says.
func TestPlainLinesInAPipe(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	code, out, errs := s.do(t, "", "call", "echo_async", `{"step_ms":1}`)
	if code != exitDone || strings.ContainsAny(out+errs, "\r\x1b") || !strings.Contains(errs, "100.0 %") {
		t.Errorf("exit %d: %q %q", code, out, errs)
	}
}

// A person is asked before many requests are changed, and no answer but yes counts.
func TestTheQuestionAtATerminal(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	if code, _, errs := s.do(t, "", "call", "echo_async", "1", "--id", "r1", "--in", "24h", "--no-wait"); code != exitDone {
		t.Fatalf("exited with %d, %s", code, errs)
	}
	for _, tt := range []struct {
		name, typed, says string
		code              int
	}{
		{"Ctrl-C", "\x03", "nothing was done", exitInterrupt},
		{"return", "\n", "nothing was done", exitUnchanged},
		{"no", "n\n", "nothing was done", exitUnchanged},
		{"yes", "y\n", "1 cancelled", exitDone},
	} {
		t.Run(tt.name, func(t *testing.T) { // one after the other: they are steps
			cmd, person, seen := atTerminal(t, "cancel", "--action", "echo_async", "--data", s.data, "--url", s.url)
			seen.await(t, "Cancel 1 request of your own at "+s.url+"? [y/N]")
			person.WriteString(tt.typed)
			seen.await(t, tt.says)
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != tt.code {
				t.Errorf("%v, want the exit code %d:\n%s", err, tt.code, seen)
			}
		})
	}
}

// list --watch draws a table that fits the terminal, in colours, until Ctrl-C.
func TestListWatchAtATerminal(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	if code, _, errs := s.do(t, "", "call", "profile_csv", `{"file":"none.csv"}`, "--id", "a-request-that-fails"); code != exitFailed {
		t.Fatalf("exited with %d, %s", code, errs)
	}
	cmd, person, seen := atTerminal(t, "list", "--watch", "--data", s.data, "--url", s.url)
	seen.await(t, paint("FAILED", red))
	person.WriteString("\x03")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupt {
		t.Errorf("%v, want the exit code %d:\n%s", err, exitInterrupt, seen)
	}
	for line := range strings.Lines(seen.String()) {
		if visible := strings.TrimRight(ansiCodes.ReplaceAllString(line, ""), "\r\n"); len([]rune(visible)) > 60 {
			t.Errorf("%q has %d characters, want at most 60", visible, len([]rune(visible)))
		}
	}
	if !strings.Contains(seen.String(), "Ctrl-C leaves") {
		t.Errorf("got %s, want it to say how to leave", seen)
	}
}
