package runtimeapi_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
)

// TestMain is also the function that the tests here run as a process.
func TestMain(m *testing.M) {
	if address := os.Getenv("RUNTIMEAPI_TEST_ADDRESS"); address != "" {
		err := runtimeapi.Run(runtimeapi.Config{Address: address, Handler: echo, Logger: slog.Default()})
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func echo(_ context.Context, payload []byte) ([]byte, *runtimeapi.Failure) { return payload, nil }

// A peer is a Runtime API of which a test writes each byte.
type peer struct {
	t        *testing.T
	listener net.Listener
}

func newPeer(t *testing.T, address string) *peer {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Skipf("this machine does not listen on %s: %v", address, err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return &peer{t, listener}
}

func (p *peer) address() string { return p.listener.Addr().String() }

// A line is one connection of the function's.
type line struct {
	net.Conn
	t      *testing.T
	reader *bufio.Reader
}

func (p *peer) accept() *line {
	p.t.Helper()
	if err := p.listener.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)); err != nil {
		p.t.Fatal(err)
	}
	conn, err := p.listener.Accept()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	return &line{conn, p.t, bufio.NewReader(conn)}
}

// want reads a request and checks its first line.
func (l *line) want(what string) (http.Header, string) {
	l.t.Helper()
	req, err := http.ReadRequest(l.reader)
	if err != nil {
		l.t.Fatalf("want %s: %v", what, err)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		l.t.Fatalf("read the body of %s: %v", what, err)
	}
	got := req.Method + " " + strings.TrimPrefix(req.RequestURI, "/2018-06-01/runtime/")
	if got != what {
		l.t.Fatalf("got %s %.300s\nwant %s", got, body, what)
	}
	return req.Header, string(body)
}

func (l *line) say(text string) {
	l.t.Helper()
	if _, err := io.WriteString(l, text); err != nil {
		l.t.Fatal(err)
	}
}

// give answers a request for an invocation.
func (l *line) give(id, payload string, header ...string) {
	l.t.Helper()
	l.want("GET invocation/next")
	l.say(event(id, payload, header...))
}

func event(id, payload string, header ...string) string {
	return "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: " + id + "\r\nlambda-runtime-deadline-ms: 4102444800000\r\n" +
		strings.Join(append(header, ""), "\r\n") + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(payload), payload)
}

const accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"

// A logBuffer is where a function logs.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// run runs a function in the process. What it returns tells how that ended.
func run(t *testing.T, cfg runtimeapi.Config) (ended func() error, log *logBuffer) {
	t.Helper()
	log = new(logBuffer)
	cfg.Logger = slog.New(slog.NewJSONHandler(log, nil))
	if cfg.Handler == nil {
		cfg.Handler = echo
	}
	done := make(chan error, 1)
	go func() { done <- runtimeapi.Run(cfg) }()
	return func() error { return <-done }, log
}

// wantEnd fails unless the function ended with an error that says so.
func wantEnd(t *testing.T, ended func() error, want string) {
	t.Helper()
	if err := ended(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got the end %v\nwant %s", err, want)
	}
}
