package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A console is a buffer that two goroutines may use, and on which a test can
// wait for words.
type console struct {
	mu  sync.Mutex
	buf bytes.Buffer
	new chan struct{}
}

func newConsole() *console { return &console{new: make(chan struct{}, 1)} }

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.new <- struct{}{}:
	default:
	}
	return c.buf.Write(p)
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}

// await returns when the console shows the words.
func (c *console) await(t *testing.T, words string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !strings.Contains(c.String(), words) {
		select {
		case <-c.new:
		case <-ctx.Done():
			t.Fatalf("%q does not come in:\n%s", words, c)
		}
	}
}

// A terminal is one run of the program.
type terminal struct {
	out, err   *console
	interrupts chan os.Signal
	exit       chan int
}

func start(t *testing.T, ctx context.Context, env map[string]string, stdin string, args ...string) *terminal {
	t.Helper()
	term := &terminal{out: newConsole(), err: newConsole(), interrupts: make(chan os.Signal, 1), exit: make(chan int, 1)}
	go func() {
		term.exit <- run(ctx, args, &environment{
			stdin: strings.NewReader(stdin), stdout: term.out, stderr: term.err,
			getenv: func(name string) string { return env[name] }, configDir: env["XDG_CONFIG_HOME"], interrupts: term.interrupts,
		})
	}()
	return term
}

// a server is `streamer dev` on a port and a folder of its own.
type server struct {
	*terminal
	url, data, files string
	env              map[string]string
}

func startServer(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{data: filepath.Join(t.TempDir(), "data"), files: t.TempDir()}
	args := []string{"dev", "--listen", "127.0.0.1:0", "--data", s.data, "--files", s.files, "--lease", "2s", "--log", "text"}
	s.terminal = start(t, t.Context(), nil, "", append(args, flags...)...)
	s.err.await(t, "Try it")
	_, after, _ := strings.Cut(s.err.String(), "WebSocket  ")
	s.url, _, _ = strings.Cut(after, "\n")
	s.env = map[string]string{"STREAMER_URL": s.url}
	t.Cleanup(func() {
		s.interrupts <- os.Interrupt
		if code := <-s.exit; code != exitDone {
			t.Errorf("dev exited with %d:\n%s", code, s.err)
		}
	})
	return s
}

// do runs a client command to its end.
func (s *server) do(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	term := start(t, t.Context(), s.env, stdin, append(args, "--data", s.data)...)
	code = <-term.exit
	return code, term.out.String(), term.err.String()
}

func TestCallAndWhatFollows(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	payloadFile := filepath.Join(t.TempDir(), "payload.json")
	if err := os.WriteFile(payloadFile, []byte(`{"from":"a file"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		stdin    string
		args     []string
		code     int
		out, err string // contained; out "-": empty
	}{
		{"a short action", "", []string{"call", "echo", `{"n":9223372036854775807}`}, 0, `{"n":9223372036854775807}` + "\n", ""},
		{"a payload from a file", "", []string{"call", "echo", "@" + payloadFile}, 0, `{"from":"a file"}`, ""},
		{"a payload from stdin", ` [1, 2] `, []string{"call", "echo", "-"}, 0, `[1, 2]`, ""},
		{"a payload behind a byte order mark", "\ufeff[1]", []string{"call", "echo", "-"}, 0, "[1]\n", ""},
		{"a payload that begins with a dash", "", []string{"call", "echo", "-5"}, 0, "-5\n", ""},
		{"an id that begins with a dash", "", []string{"call", "echo_async", "-1", "--id", "-r1"}, 0, `"echo":-1`, "100.0 %"},
		{"get an id that begins with a dash", "", []string{"get", "-r1", "--http"}, 0, `"id":"-r1"`, ""},
		{"its name, of an id that begins with a dash", "", []string{"get", "-r1", "-o", "name"}, 0, "-r1\n", ""},
		{"a row of one request", "", []string{"get", "-o=wide", "-r1"}, 0, "FINISHED", ""},
		{"a format that is not there", "", []string{"get", "r1", "-o", "yaml"}, exitUsage, "-", "the formats are json, table, wide and name"},
		{"metadata with commas, quotes and line ends", "",
			[]string{"call", "echo_async", `{"step_ms":1}`, "--id", "r0", "--metadata", "note=a,\"b\"\nc", "--metadata", "x=y"}, 0, "", ""},
		{"metadata as it is stored", "", []string{"get", "r0", "--detail"}, 0, `"metadata":{"note":"a,\"b\"\nc","x":"y"}`, ""},
		{"metadata without a value", "", []string{"call", "echo", "--metadata", "note"}, exitUsage, "-", "write name=value"},
		{"a request that fails", "", []string{"call", "profile_csv", `{"file":"none.csv"}`, "--id", "f1"}, 1, "-", "none.csv"},
		{"redrive what has failed", "", []string{"redrive", "f1"}, 0, `"id":"f1"`, ""},
		{"over HTTP", "", []string{"call", "echo", `{"over":"http"}`, "--http"}, 0, `{"over":"http"}`, ""},
		{"a long action", "", []string{"call", "echo_async", `{"message":"m","step_ms":1}`, "--id", "r1"}, 0, `"message":"m"`, "100.0 %"},
		{"a long action over HTTP", "", []string{"call", "echo_async", `{"message":"m","step_ms":1}`, "--http"}, 0, `"message":"m"`, ""},
		{"the same id again", "", []string{"call", "echo_async", `{"message":"m","step_ms":1}`, "--id", "r1"}, 0, `"message":"m"`, ""},
		{"the id, another payload", "", []string{"call", "echo_async", `{"message":"x","step_ms":1}`, "--id", "r1"}, 1, "-", "DUPLICATE_REQUEST"},
		{"not waiting", "", []string{"call", "echo_async", `{"message":"m","step_ms":1}`, "--id", "r2", "--no-wait"}, 0, "r2\n", ""},
		{"not waiting for a short action", "", []string{"call", "echo", "7", "--no-wait"}, 0, "7\n", ""},
		{"not waiting for a short action over HTTP", "", []string{"call", "echo", "7", "--no-wait", "--http"}, 0, "7\n", ""},
		{"not waiting over HTTP", "", []string{"call", "echo_async", `{"step_ms":1}`, "--id", "r3", "--no-wait", "--http"}, 0, "r3\n", ""},
		{"in a day", "", []string{"call", "echo_async", "1", "--id", "d1", "--in", "24h", "--no-wait"}, 0, "d1\n",
			"it starts in 24h0m0s, at "},
		{"at a time", "", []string{"call", "echo_async", "1", "--id", "d2", "--at", "2026-01-01T00:00:00+02:00"}, 0, `"echo":1`, ""},
		{"at a local time over HTTP", "", []string{"call", "echo_async", "1", "--id", "d3", "--at", "2026-01-01 00:00", "--http"}, 0, `"echo":1`, ""},
		{"at no time", "", []string{"call", "echo_async", "1", "--at", "tomorrow"}, exitUsage, "-", `--at "tomorrow" is not a time: write RFC 3339`},
		{"in the past", "", []string{"call", "echo_async", "1", "--in", "-1h"}, exitUsage, "-", "--in -1h0m0s is not a time ahead"},
		{"at and in", "", []string{"call", "echo_async", "1", "--in", "1h", "--at", "2026-01-01T00:00:00Z"}, exitUsage, "-", "--at and --in exclude each other"},
		{"a short action later", "", []string{"call", "echo", "1", "--in", "1h"}, 1, "-", "VALIDATION_ERROR"},
		{"why it has not started", "", []string{"why", "d1"}, 0, "asked for a later start: it starts in 2", ""},
		{"list what starts later", "", []string{"list", "--state", "queued"}, 0, "time in 2", ""},
		{"get what starts later", "", []string{"get", "d1"}, 0, `"waiting":{"for":"time","until":"`, ""},
		{"cancel what starts later", "", []string{"cancel", "d1"}, 0, `"state":"CANCELLED"`, ""},
		{"watch what has ended", "", []string{"watch", "r1"}, 0, `"message":"m"`, ""},
		{"watch what is not there", "", []string{"watch", "none"}, 1, "-", "NOT_FOUND"},
		{"get", "", []string{"get", "r1"}, 0, `"state":"SUCCEEDED"`, ""},
		{"get over HTTP", "", []string{"get", "r1", "--http"}, 0, `"state":"SUCCEEDED"`, ""},
		{"cancel what has ended", "", []string{"cancel", "r1"}, exitUnchanged, `"state":"SUCCEEDED"`, "r1 is SUCCEEDED: there is nothing to cancel"},
		{"why", "", []string{"why", "r1"}, 0, "echo_async r1 is SUCCEEDED", ""},
		{"why as JSON", "", []string{"why", "r1", "-o", "json", "--http"}, 0, `"state":"SUCCEEDED"`, ""},
		{"redrive what has succeeded", "", []string{"redrive", "r1"}, exitUnchanged, `"state":"SUCCEEDED"`, "only a FAILED one is run again"},
		{"signal what has ended", "", []string{"signal", "r1", "token", "{}"}, 1, "-", "VALIDATION_ERROR"},
		{"a signal that is not JSON", "", []string{"signal", "r1", "token", "{"}, 2, "-", "is not valid JSON"},
		{"output of what emits nothing", "", []string{"output", "r1", "--follow"}, 0, "-", ""},
		{"list", "", []string{"list", "--state", "succeeded"}, 0, "r1", ""},
		{"list as JSON", "", []string{"list", "-o", "json"}, 0, `{"requests":[`, ""},
		{"list nothing", "", []string{"list", "--action", "none"}, 0, "-", "no requests"},
		{"an unknown state", "", []string{"list", "--state", "x"}, exitUsage, "-", `--state "X" is not a state: set QUEUED`},
		{"an unknown action", "", []string{"call", "none"}, 1, "-", "INVALID_ACTION"},
		{"a payload that is refused", "", []string{"call", "generate_report", `{"format":"pdf"}`}, 1, "-", "VALIDATION_ERROR"},
		{"a payload that is not JSON", "", []string{"call", "echo", `{hello}`}, 2, "-", "is not valid JSON"},
		{"a payload that is not there", "", []string{"call", "echo", "@/nowhere"}, 2, "-", "no such file"},
		{"no action", "", []string{"call"}, 2, "-", "Usage: streamer call ACTION [PAYLOAD] [flags]\nSee: streamer call --help"},
		{"an unknown flag", "", []string{"call", "echo", "--what"}, 2, "-", "unknown flag"},
		{"a misspelt command", "", []string{"lits"}, 2, "-", "Did you mean this?\n\tlist"},
		{"a command by another name", "", []string{"tail", "r1"}, 2, "-", "\twatch\n\toutput\n"},
		{"an unknown command", "", []string{"what"}, 2, "-", "unknown command"},
		{"a token that is not good", "", []string{"call", "echo", "--token", "x.y.z"}, 3, "-", "401"},
		{"a token that is not good, over HTTP", "", []string{"list", "--http", "--token", "x.y.z"}, 3, "-", "pass another with --token or $STREAMER_TOKEN\ncorrelation id: "},
		{"a stage that is not there", "", []string{"get", "r1", "--url", s.url + "x"}, 3, "-", "check the stage"},
		{"nothing that verify is let in to", "", []string{"verify", "--token", "x.y.z"}, 3, "-", "401"},
		{"another folder's key", "", []string{"get", "r1", "--token", otherKey(t)}, 3, "-", "401"},
	} {
		t.Run(tt.name, func(t *testing.T) { // one after the other: they are steps
			code, out, errs := s.do(t, tt.stdin, tt.args...)
			wantRun(t, code, out, errs, tt.code, tt.out, tt.err)
		})
	}
	if strings.Contains(s.err.String(), "x.y.z") {
		t.Error("a token is in the log")
	}
}

// wantRun compares what a command did: texts that stdout and stderr hold, "-" for an
// empty stdout.
func wantRun(t *testing.T, code int, out, errs string, wantCode int, wantOut, wantErr string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("exited with %d, want %d", code, wantCode)
	}
	if wantOut == "-" && out != "" || !strings.Contains(out, strings.TrimPrefix(wantOut, "-")) {
		t.Errorf("got the stdout %q, want %q", out, wantOut)
	}
	if !strings.Contains(errs, wantErr) {
		t.Errorf("got the stderr %q, want %q", errs, wantErr)
	}
}

func otherKey(t *testing.T) string {
	t.Helper()
	s := startServer(t)
	code, token, errs := s.do(t, "", "token", "--tenant", "acme", "--subject", "ada", "--scope", "a", "--ttl", "1m")
	if code != 0 || strings.Count(token, ".") != 2 {
		t.Fatalf("token: exit %d, %q, %q", code, token, errs)
	}
	return strings.TrimSpace(token)
}

// A wait that ends before the request does says where to pick it up.
func TestTermination(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for id, transport := range map[string]string{"r1": "--http", "r2": "--http=false"} {
		t.Run(transport, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			term := start(t, ctx, s.env, "", "call", "echo_async", `{"step_ms":2000}`, "--id", id, "--data", s.data, transport)
			term.err.await(t, "20.0 %")
			cancel()
			if code := <-term.exit; code != exitFailed || !strings.Contains(term.err.String(), "the request keeps running; follow it again with: ") ||
				!strings.HasSuffix(term.err.String(), "watch "+id+" --data "+s.data+"\nstreamer: interrupted\n") {
				t.Errorf("exited with %d, want %d and how to follow %s again:\n%s", code, exitFailed, id, term.err)
			}
			s.do(t, "", "cancel", id)
		})
	}
}

// What follows output over HTTP waits for a server that is started again.
func TestOutputOverARestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	dev := func(listen string) (*terminal, string) {
		server := start(t, t.Context(), nil, "", "dev", "--listen", listen, "--data", data, "--log", "text")
		server.err.await(t, "Try it")
		_, after, _ := strings.Cut(server.err.String(), "WebSocket  ")
		url, _, _ := strings.Cut(after, "\n")
		return server, url
	}
	server, url := dev("127.0.0.1:0")
	env := map[string]string{"STREAMER_URL": url}
	if code := <-start(t, t.Context(), env, "", "call", "ask_approval", `{"lines":["a"]}`, "--id", "r1", "--no-wait", "--data", data).exit; code != exitDone {
		t.Fatal("no request")
	}
	follower := start(t, t.Context(), env, "", "output", "r1", "--follow", "--http", "--data", data)
	follower.out.await(t, `"a"`)
	server.interrupts <- os.Interrupt
	<-server.exit
	follower.err.await(t, "; trying again\n")
	server, _ = dev(strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/dev"))
	signal := start(t, t.Context(), env, "", "signal", "r1", "approval", "--data", data)
	if code := <-signal.exit; code != exitDone {
		t.Errorf("signal: exit %d: %s", code, signal.err)
	}
	if code := <-follower.exit; code != exitDone || follower.out.String() != `"a"`+"\n" || strings.Count(follower.err.String(), "trying again") != 1 {
		t.Errorf("exit %d: %s%s", code, follower.out, follower.err)
	}
	server.interrupts <- os.Interrupt
	<-server.exit
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// A script that keeps what a command prints learns from the exit code that there is nothing.
func TestStdoutThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	if code, _, errs := s.do(t, "", "call", "echo_async", `{"step_ms":1}`, "--id", "r1"); code != exitDone {
		t.Fatal(errs)
	}
	for _, args := range []string{"token", "call echo_async --no-wait", "call echo 1", "get r1", "why r1", "list", "connections close --subject you --yes", "verify"} {
		t.Run(args, func(t *testing.T) {
			errs := newConsole()
			code := run(t.Context(), append(strings.Fields(args), "--data", s.data), &environment{
				stdin: strings.NewReader(""), stdout: fullDisk{}, stderr: errs, getenv: func(name string) string { return s.env[name] },
			})
			if code != exitFailed || !strings.Contains(errs.String(), "no space left") {
				t.Errorf("exited with %d, want %d and that there is no space left: %s", code, exitFailed, errs)
			}
		})
	}
}

func TestVerifyASuite(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	code, out, errs := s.do(t, "", "verify", "--json")
	if code != 0 || !strings.Contains(errs, " 0 failed, 0 skipped") {
		t.Errorf("exit %d: %s\n%s", code, errs, out)
	}
	for line := range strings.Lines(out) {
		var result struct{ Group, Name, Outcome string }
		if err := json.Unmarshal([]byte(line), &result); err != nil || result.Name == "" {
			t.Errorf("line %q: %v", line, err)
		}
	}
}

func TestDevSaysWhatToDo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "broken")
	if err := os.MkdirAll(broken, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "streamer.db"), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	busy := startServer(t)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a port in use", []string{"--listen", listener.Addr().String()}, 1, "is in use: stop what runs there or choose another with --listen"},
		{"a file for a folder", []string{"--data", file}, 1, "choose another with --data"},
		{"a broken database", []string{"--data", broken}, 1, "move it away"},
		{"a folder in use", []string{"--data", busy.data}, 1, "another"},
		{"files that are not there", []string{"--files", filepath.Join(dir, "none")}, 2, "none"},
		{"an unknown log format", []string{"--log", "xml"}, 2, "use json or text"},
		{"a stage that the console hides", []string{"--stage", "console"}, 1, "is not a valid stage here"},
		{"a stage that hides the HTTP API", []string{"--stage", "requests"}, 1, "is not a valid stage here"},
		{"a bad stage", []string{"--stage", "no/slash"}, 2, "stage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"dev", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, fmt.Sprint("d", len(tt.name)))}, tt.args...)
			term := start(t, t.Context(), nil, "", args...)
			code := <-term.exit
			if code != tt.code || !strings.Contains(term.err.String(), tt.want) || strings.Contains(term.err.String(), "goroutine") {
				t.Errorf("exited with %d, want %d and %q:\n%s", code, tt.code, tt.want, term.err)
			}
		})
	}
}

// freeAddress returns an address at which no server answers.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Who has not started the server is told at once, not after all tries.
func TestServerThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	term := start(t, t.Context(), map[string]string{"STREAMER_TOKEN": "x.y.z"}, "", "get", "x", "--url", "ws://"+address+"/dev")
	term.err.await(t, "connection refused; trying for 10s\n")
	term.interrupts <- os.Interrupt
	if code := <-term.exit; code != exitInterrupt || strings.Count(term.err.String(), "trying for") != 1 {
		t.Errorf("exit %d: %s", code, term.err)
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		code int
		want string
	}{
		"no key, no token":         {nil, []string{"get", "x", "--url", "ws://" + address + "/dev"}, 3, "streamer dev"},
		"elsewhere, without token": {nil, []string{"get", "x", "--url", "wss://streamer.example/dev"}, 2, "--token"},
		"no URL":                   {map[string]string{"STREAMER_TOKEN": "x.y.z"}, []string{"get", "x", "--url", "nonsense"}, 2, "URL"},
		"no URL, over HTTP":        {map[string]string{"STREAMER_TOKEN": "x.y.z"}, []string{"get", "x", "--http", "--url", "http://127.0.0.1"}, 2, "URL"},
		"nothing to verify":        {map[string]string{"STREAMER_TOKEN": "x.y.z"}, []string{"verify", "--url", "ws://" + address + "/dev"}, 3, "streamer dev"},
		"token: no folder":         {nil, []string{"token"}, 1, "streamer dev"},
		"token: no tenant":         {nil, []string{"token", "--tenant", ""}, 2, "tenant"},
		"token: no time":           {nil, []string{"token", "--ttl", "0s"}, 2, "--ttl"},
	} {
		t.Run(name, func(t *testing.T) {
			term := start(t, t.Context(), tt.env, "", append(tt.args, "--data", t.TempDir())...)
			if code := <-term.exit; code != tt.code || !strings.Contains(term.err.String(), tt.want) {
				t.Errorf("exited with %d, want %d and %q:\n%s", code, tt.code, tt.want, term.err)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	term := start(t, t.Context(), nil, "", "--version")
	if code := <-term.exit; code != exitDone || !strings.HasPrefix(term.out.String(), "streamer version ") {
		t.Errorf("exit %d: %s%s", code, term.out, term.err)
	}
}
