package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"runtime/debug"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// The exit codes.
const (
	exitDone       = 0
	exitFailed     = 1 // the request or the server failed
	exitUsage      = 2
	exitConnection = 3   // no connection, or not authenticated
	exitUnchanged  = 4   // there was nothing to cancel, to redrive or to signal
	exitInterrupt  = 130 // Ctrl-C: 128 and the number of SIGINT, as shells have it
)

// An exitError ends the program with a code. A nil err was reported already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "reported"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// environment is what the program gets from its process.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	configDir      string           // of this user; empty: none is known
	interrupts     <-chan os.Signal // Ctrl-C

	mu          sync.Mutex
	onInterrupt func() // what the next Ctrl-C does; nil: it ends the program
}

// print writes to stdout; a failed write fails the command.
func (env *environment) print(format string, args ...any) error {
	if _, err := fmt.Fprintf(env.stdout, format, args...); err != nil {
		return &exitError{exitFailed, err}
	}
	return nil
}

// sayf writes to stderr. A terminal shows what other users' texts hold and does not
// obey it.
func (env *environment) sayf(format string, args ...any) {
	fmt.Fprint(env.stderr, printableLines(fmt.Sprintf(format, args...)))
}

// errInterrupted is the cause of a context that Ctrl-C ended.
var errInterrupted = errors.New("interrupted")

// watchInterrupts ends the program with the first Ctrl-C that no command handles.
func (env *environment) watchInterrupts(ctx context.Context, end context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-env.interrupts:
		}
		env.mu.Lock()
		handle := env.onInterrupt
		env.mu.Unlock()
		if handle == nil {
			end(errInterrupted)
			return
		}
		handle()
	}
}

// interrupt sets what Ctrl-C does; nil: it ends the program.
func (env *environment) interrupt(handle func()) {
	env.mu.Lock()
	defer env.mu.Unlock()
	env.onInterrupt = handle
}

// terminal reports whether a stream is a terminal that shows more than plain lines.
func (env *environment) terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && env.getenv("TERM") != "dumb"
}

const rootHelp = `Streamer runs long work behind a WebSocket: short actions are answered at once,
long ones become durable requests with live progress.

Results go to stdout, everything else to stderr. Progress is a bar
on a terminal and plain lines elsewhere; NO_COLOR and TERM=dumb are respected.`

const rootExample = `  streamer dev     # everything on this machine; then, in another terminal:
  streamer call echo '{"hello":"world"}'
  streamer call generate_report '{"start_date":"2026-01-01","end_date":"2026-12-31","format":"csv"}'
  source <(streamer completion bash)`

const exitCodesHelp = `0  done
1  the request or the server failed, or a check of verify
2  a command, a flag or an argument is wrong
3  no connection, or the server does not accept the token
4  all stayed as it was: there was nothing to cancel, to redrive or to signal
130  Ctrl-C; the request keeps running

staging --once exits with the code of its command.`

func newRoot(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:           "streamer",
		Short:         "Long work behind a WebSocket, durable and live",
		Long:          rootHelp,
		Example:       rootExample,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newNew(env), newDev(env), newStaging(env), newDist(env), newCall(env), newWatch(env), newGet(env),
		newList(env), newCancel(env), newWhy(env), newRedrive(env), newSignal(env), newOutput(env), newConnections(env),
		newStats(env), newFailures(env),
		newSchedules(env), newActions(env), newTypes(env), newConsoleCommand(env), newContext(env), newToken(env), newVerify(env),
		newMan(env),
		&cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesHelp})
	return root
}

// version is what the go command noted in the program: a release, or a commit.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// isLoopback reports whether a URL is of a server on this machine.
func isLoopback(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
