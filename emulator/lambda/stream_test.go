//go:build linux

package lambda_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/lift"
)

func send(t *testing.T, method, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", "c=3; d=4")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = res.Body.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return res
}

// A real binary streams behind a function URL and a REST API: the first part is there
// before the last, and what breaks off is not taken for whole.
func TestFrontsStream(t *testing.T) {
	p, _ := processes(t, lambda.ProcessConfig{Env: []string{"TEST_INIT=stream"}})
	for name, tt := range map[string]struct {
		front http.Handler
		root  string
	}{
		"function URL": {lambda.FunctionURL{Function: p, Stream: true}, ""},
		"REST API":     {lambda.RESTAPI{Function: p, Stream: true, Stage: "v1"}, "/v1"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.front)
			t.Cleanup(server.Close)
			streams(t, server.URL+tt.root)
		})
	}
}

func streams(t *testing.T, root string) {
	t.Helper()

	res := send(t, "POST", root+"/echo?q=1", "\x00 body")
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "\x00 body" || res.StatusCode != 207 || len(res.Header.Values("Set-Cookie")) != 2 ||
		res.Header.Get("X-Query") != "q=1" || res.Header.Get("X-Cookie") != "c=3; d=4" {
		t.Errorf("got %d %q %v, %v", res.StatusCode, body, res.Header, err)
	}
	if res := send(t, "GET", root+"/none", ""); res.StatusCode != 404 || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("no route: got %d %v", res.StatusCode, res.Header)
	}

	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	waiting := bufio.NewReader(send(t, "GET", root+"/wait?file="+fifo, "").Body)
	if line, err := waiting.ReadString('\n'); line != "first\n" {
		t.Errorf("got %q, %v before the end", line, err)
	}
	if err := os.WriteFile(fifo, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(waiting); string(rest) != "last\n" || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}

	for _, path := range []string{"/broken", "/exit?file=" + fifo} {
		t.Run(path[:5], func(t *testing.T) {
			answer := bufio.NewReader(send(t, "GET", root+path, "").Body)
			if first, err := answer.ReadString('\n'); first != "first\n" || err != nil {
				t.Errorf("got %q, %v; want the first part", first, err)
			}
			if strings.Contains(path, fifo) {
				if err := os.WriteFile(fifo, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if rest, err := io.ReadAll(answer); len(rest) != 0 || err == nil {
				t.Errorf("got %q, %v behind it; want an error", rest, err)
			}
		})
	}
	if res := send(t, "POST", root+"/echo", "again"); res.StatusCode != 207 {
		t.Errorf("after them: got %d, want 207", res.StatusCode)
	}
}

// The events look the same in both modes. Behind a function URL an answer of the other
// mode gets through as a mess, as on AWS; a REST API refuses it.
func TestFunctionURLModes(t *testing.T) {
	app := streamingApp()
	buffers := lift.New(lift.Config{Logger: slog.New(slog.DiscardHandler)})
	buffers.HTTP("POST /echo", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		return &lift.Response{Status: 207, Body: e.Body}, nil
	}))
	handler := func(app *lift.App) lambda.Handler {
		return handlerFunc(func(ctx context.Context, payload []byte) ([]byte, error) {
			if w := lambda.StreamFrom(ctx); w != nil {
				ctx = lift.WithStream(ctx, w)
			}
			return app.Invoke(ctx, payload)
		})
	}
	for name, tt := range map[string]struct {
		app         *lift.App
		stream      bool
		status      int
		contentType string
		body        string
		rest        int // what a REST API answers in its place; 0: the same
	}{
		"both stream":         {app, true, 207, "text/plain; charset=utf-8", "body", 0},
		"both buffer":         {buffers, false, 207, "text/plain; charset=utf-8", "body", 0},
		"the app alone":       {app, false, 207, "text/plain; charset=utf-8", "body", 0}, // Lift sees that its host cannot
		"the URL alone":       {buffers, true, 200, "application/octet-stream", `{"statusCode":207,`, 502},
		"bytes, both buffer":  {buffers, false, 207, "application/octet-stream", "\xff\x00", 0},
		"a value, no status":  {nil, false, 200, "application/json", `{"a":1}`, 502},
		"an error":            {nil, false, 502, "application/json", "Internal Server Error", 502},
		"an error, streaming": {nil, true, 502, "application/json", "Internal Server Error", 502},
	} {
		t.Run(name, func(t *testing.T) {
			h := handlerFunc(func(context.Context, []byte) ([]byte, error) {
				if tt.status == 502 {
					return nil, errors.New("no")
				}
				return []byte(tt.body), nil
			})
			config := lambda.Config{Name: "f", Handler: h, Logger: slog.New(slog.DiscardHandler)}
			if tt.app != nil {
				config.Handler = handler(tt.app)
			}
			host, err := lambda.NewInProcess(config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = host.Close(context.Background()) })
			server := httptest.NewServer(lambda.FunctionURL{Function: host, Stream: tt.stream})
			t.Cleanup(server.Close)
			rest := httptest.NewServer(lambda.RESTAPI{Function: host, Stream: tt.stream})
			t.Cleanup(rest.Close)
			sent := tt.body
			if tt.app != nil && tt.status == 200 {
				sent = "body"
			}
			res := send(t, "POST", server.URL+"/echo", sent)
			behind := send(t, "POST", rest.URL+"/prod/echo", sent)
			if body, err := io.ReadAll(behind.Body); tt.rest == 0 && (behind.StatusCode != tt.status || string(body) != tt.body) ||
				tt.rest != 0 && (behind.StatusCode != tt.rest || string(body) != `{"message": "Internal server error"}`) {
				t.Errorf("REST API: got %d %q, %v; want %d %q, or %d and its own error", behind.StatusCode, body, err, tt.status, tt.body, tt.rest)
			}
			if body, err := io.ReadAll(res.Body); res.StatusCode != tt.status || res.Header.Get("Content-Type") != tt.contentType || !strings.Contains(string(body), tt.body) {
				t.Errorf("got %d %s %q, %v; want %d %s %q", res.StatusCode, res.Header.Get("Content-Type"), body, err, tt.status, tt.contentType, tt.body)
			}
		})
	}
}

type handlerFunc func(ctx context.Context, payload []byte) ([]byte, error)

func (f handlerFunc) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f(ctx, payload)
}

// A caller who wants the answer whole gets it whole, and one that breaks off is an
// error.
func TestStreamedAnswersWhole(t *testing.T) {
	p, _ := processes(t, lambda.ProcessConfig{Env: []string{"TEST_INIT=stream"}})
	event := func(path string) []byte {
		return []byte(`{"version":"2.0","rawPath":"` + path + `","requestContext":{"domainName":"x.lambda-url.local.on.aws","http":{"method":"GET"}}}`)
	}
	if out, err := p.Invoke(t.Context(), event("/none")); err != nil || !strings.HasPrefix(string(out), `{"statusCode":404,`) || !strings.Contains(string(out), "\x00\x00\x00\x00\x00\x00\x00\x00{") {
		t.Errorf("got %q, %v", out, err)
	}
	for path, want := range map[string]string{"/broken": "internal", "/cut": "Runtime.TruncatedResponse",
		"/large": "Function.ResponseSizeTooLarge"} {
		t.Run(path, func(t *testing.T) {
			_, err := p.Invoke(t.Context(), event(path))
			if fault, ok := errors.AsType[*lambda.FunctionError](err); !ok || fault.Type != want {
				t.Errorf("got %v, want a %s", err, want)
			}
		})
	}
}

// A streamed answer that has begun is one that breaks off when the process ends, also where
// the host sees the process's end first: the caller still gets what came.
func TestProcessEndsInTheMiddleOfAStream(t *testing.T) {
	p, _ := processes(t, lambda.ProcessConfig{Env: []string{"TEST_INIT=stream"}})
	caller := &lateReader{gone: func() bool { return len(p.Running()) == 0 }}
	_, err := p.Invoke(lambda.WithStream(t.Context(), caller), []byte(`{"version":"2.0","rawPath":"/cut","requestContext":{`+
		`"domainName":"x.lambda-url.local.on.aws","http":{"method":"GET"}}}`))
	if fault, ok := errors.AsType[*lambda.FunctionError](err); !ok || fault.Type != "Runtime.TruncatedResponse" {
		t.Errorf("got %v, want a Runtime.TruncatedResponse", err)
	}
	if caller.got < 4<<20 {
		t.Errorf("the caller got %d bytes, want what the process wrote before it ended", caller.got)
	}
}

// A lateReader takes the end of a long stream once the process is gone.
type lateReader struct {
	gone func() bool
	got  int
}

func (l *lateReader) Write(p []byte) (int, error) {
	l.got += len(p)
	for l.got > 5<<20-64<<10 && !l.gone() { // the process has handed on all by then, and ends
		runtime.Gosched()
	}
	return len(p), nil
}
