package runtimeapi_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
)

// The API closes a kept connection while the handler works. The answer goes
// over a new one, once.
func TestReconnect(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]struct {
		before func(l *line)
		want   string // how it ends; "" for an answer that arrives
	}{
		"closed while idle":       {func(l *line) { _ = l.Close() }, ""},
		"closed when it is asked": {func(l *line) { l.want("POST invocation/id-1/response"); _ = l.Close() }, ""},
		"closed in the response": {func(l *line) {
			l.want("POST invocation/id-1/response")
			l.say("HTTP/1.1 20")
			_ = l.Close()
		}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, "127.0.0.1:0")
			ended, _ := run(t, runtimeapi.Config{Address: p.address()})
			l := p.accept()
			l.give("id-1", "{}")
			lost.before(l)
			if lost.want != "" {
				wantEnd(t, ended, lost.want)
				return
			}
			second := p.accept()
			if _, body := second.want("POST invocation/id-1/response"); body != "{}" {
				t.Errorf("got the answer %q", body)
			}
			_ = second.Close() // it has answered nothing: that was the only second try
			wantEnd(t, ended, "answer an invocation: POST /2018-06-01/runtime/invocation/id-1/response")
		})
	}
	t.Run("never on a new connection", func(t *testing.T) {
		t.Parallel()
		p := newPeer(t, "127.0.0.1:0")
		ended, _ := run(t, runtimeapi.Config{Address: p.address()})
		l := p.accept()
		l.want("GET invocation/next")
		_ = l.Close()
		wantEnd(t, ended, "take the next invocation")
	})
	t.Run("Connection: close", func(t *testing.T) {
		t.Parallel()
		p := newPeer(t, "127.0.0.1:0")
		run(t, runtimeapi.Config{Address: p.address()})
		first := p.accept()
		first.give("id-1", "{}", "Connection: close")
		second := p.accept()
		second.want("POST invocation/id-1/response")
		second.say("HTTP/1.0 202 Accepted\r\n\r\n")
		_ = second.Close()
		p.accept().want("GET invocation/next")
	})
}

// A function is frozen while it waits for an invocation, the API closes the
// connection meanwhile, and the function asks again when it thaws.
func TestFreezeAndThaw(t *testing.T) {
	t.Parallel()
	p := newPeer(t, "127.0.0.1:0")
	function := exec.CommandContext(t.Context(), os.Args[0])
	function.Env = append(os.Environ(), "RUNTIMEAPI_TEST_ADDRESS="+p.address(), "HTTP_PROXY=http://127.0.0.1:9")
	var output strings.Builder
	function.Stdout = &output
	if err := function.Start(); err != nil {
		t.Fatal(err)
	}
	l := p.accept()
	for i := range 3 {
		id := fmt.Sprint(i)
		l.give(id, "{}")
		l.want("POST invocation/" + id + "/response")
		l.say(accepted)
		l.want("GET invocation/next")
		for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
			if err := function.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = l.Close() // after the first
		}
		l = p.accept()
	}
	l.want("GET invocation/next")
	_ = p.listener.Close()
	_ = l.Close()
	if err := function.Wait(); function.ProcessState.ExitCode() != 1 || !strings.Contains(output.String(), "take the next invocation") {
		t.Errorf("the function ends with %v: %s", err, output.String())
	}
}

// A refusal that comes before the answer is whole is read, and the rest of the
// answer is not sent.
func TestEarlyRefusal(t *testing.T) {
	t.Parallel()
	p := newPeer(t, "127.0.0.1:0")
	_, log := run(t, runtimeapi.Config{Address: p.address()})
	l := p.accept()
	l.give("id-1", strings.Repeat("x", 6<<20))
	if _, err := l.reader.Peek(1); err != nil {
		t.Fatal(err)
	}
	l.say("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
	p.accept().want("GET invocation/next")
	if !strings.Contains(log.String(), "status 413") {
		t.Errorf("got the log %s", log)
	}
}

// A peer may be as slow as it likes.
func TestSlowPeer(t *testing.T) {
	t.Parallel()
	p := newPeer(t, "127.0.0.1:0")
	run(t, runtimeapi.Config{Address: p.address()})
	l := p.accept()
	l.want("GET invocation/next")
	bytewise := iotest.OneByteReader(strings.NewReader("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id:1\r\n" +
		"Lambda-Runtime-Deadline-Ms:4102444800000\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nA: b\r\n\r\n"))
	one := make([]byte, 1)
	for {
		n, err := bytewise.Read(one)
		l.say(string(one[:n]))
		if err != nil {
			break
		}
	}
	if _, body := l.want("POST invocation/1/response"); body != "abc0123456789" {
		t.Errorf("got the event %q", body)
	}
}

func TestBrokenPeers(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n"
	for name, c := range map[string]struct{ says, want string }{
		"no HTTP":               {"SSH-2.0-x\r\n", "is not a status line"},
		"another version":       {"HTTP/2.0 200 OK\r\n\r\n", "is not a status line"},
		"a status of letters":   {"HTTP/1.1 two OK\r\n\r\n", "is not a status line"},
		"half a status line":    {"HTTP/1.1 200", "read the status line: unexpected EOF"},
		"half a header":         {head + "A: b", "read the header: unexpected EOF"},
		"a folded line":         {head + " b\r\n\r\n", "is not a header line"},
		"a long line":           {head + "A: " + strings.Repeat("x", 65<<10) + "\r\n\r\n", "a line of more than 65536 bytes"},
		"an endless header":     {head + strings.Repeat("A: b\r\n", 200), "more than 128 lines"},
		"endless 1xx":           {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 200), "without end"},
		"half a body":           {head + "Content-Length: 5\r\n\r\nabc", "unexpected EOF"},
		"half a chunk":          {head + "Transfer-Encoding: chunked\r\n\r\n5\r\nabc", "unexpected EOF"},
		"no last chunk":         {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "unexpected EOF"},
		"no end of the trailer": {head + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "unexpected EOF"},
		"a chunk too long":      {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "longer than its size"},
		"a chunk size":          {head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "the chunk size"},
		"a huge chunk":          {head + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", "a body of more than"},
		"a huge body":           {head + "Content-Length: 9000000000000000000\r\n\r\n", "a body of more than"},
		"a length of letters":   {head + "Content-Length: x\r\n\r\n", "the Content-Length"},
		"two lengths":           {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "two values of content-length"},
		"length and chunks":     {head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both a Transfer-Encoding"},
		"compressed":            {head + "Transfer-Encoding: gzip, chunked\r\n\r\n", "want chunked"},
		"no length":             {head + "\r\nabc", "tells no length"},
		"no id":                 {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "is not a request id"},
		"an id with a path":     {"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: ../x\r\nContent-Length: 0\r\n\r\n", "is not a request id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, "127.0.0.1:0")
			ended, _ := run(t, runtimeapi.Config{Address: p.address()})
			l := p.accept()
			l.want("GET invocation/next")
			l.say(c.says)
			_ = l.Close()
			wantEnd(t, ended, c.want)
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for listen, names := range map[string][]string{
		"127.0.0.1:0": {"127.0.0.1", "localhost", "LocalHost"},
		"[::1]:0":     {"[::1]"},
		"127.8.8.8:0": {"127.8.8.8"},
	} {
		for _, name := range names {
			t.Run(name+" for "+listen, func(t *testing.T) {
				t.Parallel()
				p := newPeer(t, listen)
				address := name + p.address()[strings.LastIndexByte(p.address(), ':'):]
				run(t, runtimeapi.Config{Address: address})
				header, _ := p.accept().want("GET invocation/next")
				if !strings.HasPrefix(header.Get("User-Agent"), "lift/go") {
					t.Errorf("got the header %v", header)
				}
			})
		}
	}
	for _, address := range []string{"", "127.0.0.1", "localhost:70000", "::1:80", "http://127.0.0.1:80"} {
		t.Run("not "+address, func(t *testing.T) {
			t.Parallel()
			ended, _ := run(t, runtimeapi.Config{Address: address})
			wantEnd(t, ended, fmt.Sprintf("connect to the Runtime API at AWS_LAMBDA_RUNTIME_API, %q: ", address))
		})
	}
}
