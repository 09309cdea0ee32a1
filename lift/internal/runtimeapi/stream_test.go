package runtimeapi_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
)

// streaming is a handler that writes to its stream.
func streaming(f func(w io.Writer) *runtimeapi.Failure) func(context.Context, []byte) ([]byte, *runtimeapi.Failure) {
	return func(ctx context.Context, _ []byte) ([]byte, *runtimeapi.Failure) {
		return nil, f(ctx.Value(runtimeapi.StreamKey{}).(io.Writer))
	}
}

// What goes over the wire for a streamed answer, byte for byte but for the agent.
func TestStream(t *testing.T) {
	t.Parallel()
	const head = "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: ADDRESS\r\nUser-Agent: lift\r\n" +
		"Lambda-Runtime-Invocation-Id: n-1\r\n" +
		"Content-Type: application/vnd.awslambda.http-integration-response\r\n" +
		"Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" +
		"Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
	fault := base64.StdEncoding.EncodeToString([]byte(`{"errorMessage":"no","errorType":"timeout"}`))
	for name, tt := range map[string]struct {
		write func(w io.Writer) *runtimeapi.Failure
		want  string
	}{
		"chunks": {func(w io.Writer) *runtimeapi.Failure {
			for _, part := range []string{"", "ab", "", "cdefghijklmnop"} {
				if n, err := io.WriteString(w, part); n != len(part) || err != nil {
					t.Errorf("write %q: %d, %v", part, n, err)
				}
			}
			return nil
		}, "2\r\nab\r\ne\r\ncdefghijklmnop\r\n0\r\n\r\n"},
		"no chunk": {func(w io.Writer) *runtimeapi.Failure {
			_, _ = w.Write(nil)
			return nil
		}, "0\r\n\r\n"},
		"a failure": {func(w io.Writer) *runtimeapi.Failure {
			_, _ = io.WriteString(w, "ab")
			return &runtimeapi.Failure{Type: "timeout", Message: "no"}
		}, "2\r\nab\r\n0\r\nLambda-Runtime-Function-Error-Type: timeout\r\nLambda-Runtime-Function-Error-Body: " + fault + "\r\n\r\n"},
		"a long write": {func(w io.Writer) *runtimeapi.Failure {
			_, _ = io.WriteString(w, strings.Repeat("x", 32<<10+1))
			return nil
		}, "8000\r\n" + strings.Repeat("x", 32<<10) + "\r\n1\r\nx\r\n0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, "127.0.0.1:0")
			_, log := run(t, runtimeapi.Config{Address: p.address(), Handler: streaming(tt.write)})
			l := p.accept()
			l.give("id-1", "{}", "Lambda-Runtime-Invocation-Id: n-1")
			stream := p.accept() // of its own
			want := strings.ReplaceAll(head, "ADDRESS", p.address()) + tt.want
			got := make([]byte, len(want)+len("/go1.26.8"))
			var n int
			for !strings.HasSuffix(string(got[:n]), "0\r\n\r\n") && !strings.HasSuffix(string(got[:n]), fault+"\r\n\r\n") && n < len(got) {
				more, err := stream.reader.Read(got[n:])
				if n += more; err != nil {
					t.Fatalf("after %q: %v", got[:n], err)
				}
			}
			text := string(got[:n])
			if before, after, ok := strings.Cut(text, "User-Agent: lift/"); ok {
				_, after, _ = strings.Cut(after, "\r\n")
				text = before + "User-Agent: lift\r\n" + after
			}
			if diff := cmp.Diff(want, text); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			stream.say(accepted)
			if _, err := stream.reader.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("the connection of the stream: got %v, want it closed", err)
			}
			l.want("GET invocation/next")
			if log.String() != "" {
				t.Errorf("got the log %s", log)
			}
		})
	}
}

// The first byte is there before the last is written.
func TestStreamIsSentAsItComes(t *testing.T) {
	t.Parallel()
	p := newPeer(t, "127.0.0.1:0")
	seen := make(chan struct{})
	run(t, runtimeapi.Config{Address: p.address(), Handler: streaming(func(w io.Writer) *runtimeapi.Failure {
		_, _ = io.WriteString(w, "first")
		<-seen
		_, _ = io.WriteString(w, "last")
		return nil
	})})
	l := p.accept()
	l.give("id-1", "{}")
	stream := p.accept()
	req, err := http.ReadRequest(stream.reader)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 5)
	if _, err := io.ReadFull(req.Body, first); err != nil || string(first) != "first" {
		t.Errorf("got %q, %v", first, err)
	}
	close(seen)
	if rest, err := io.ReadAll(req.Body); err != nil || string(rest) != "last" {
		t.Errorf("got %q, %v", rest, err)
	}
	stream.say(accepted)
	l.want("GET invocation/next")
}

// A stream that the other side does not take ends the Write, is logged once, and
// does not end the process.
func TestStreamsThatBreakOff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		peer func(*line)
		log  string
	}{
		"it is refused":                 {func(l *line) { l.say("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n") }, "stream"},
		"the connection ends":           {func(l *line) { _ = l.Close() }, "stream"},
		"it is not read until too late": {func(*line) {}, "send a chunk of the stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, "127.0.0.1:0")
			_, log := run(t, runtimeapi.Config{Address: p.address(), Handler: streaming(func(w io.Writer) *runtimeapi.Failure {
				w.(*runtimeapi.Stream).SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
				for {
					if _, err := w.Write(make([]byte, 1<<20)); err != nil {
						if again, second := w.Write([]byte("x")); again != 0 || second == nil {
							t.Errorf("a Write after a failed one: got %d, %v", again, second)
						}
						return nil
					}
				}
			})})
			l := p.accept()
			l.give("id-1", "{}")
			tt.peer(p.accept())
			l.want("GET invocation/next")
			if !strings.Contains(log.String(), tt.log) || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("got the log %s", log)
			}
		})
	}
	t.Run("there is no second connection", func(t *testing.T) {
		t.Parallel()
		p := newPeer(t, "127.0.0.1:0")
		_, log := run(t, runtimeapi.Config{Address: p.address(), Handler: streaming(func(w io.Writer) *runtimeapi.Failure {
			if _, err := w.Write([]byte("x")); err == nil {
				t.Error("a Write without a connection: got no error")
			}
			return &runtimeapi.Failure{Type: "x", Message: "y"}
		})})
		l := p.accept()
		l.want("GET invocation/next")
		_ = p.listener.Close()
		l.say(event("id-1", "{}"))
		l.want("GET invocation/next")
		if log.String() != "" {
			t.Errorf("got the log %s, want none: the failure has its line", log)
		}
	})
}

// A panic in mid-stream is in the trailer, and ends a process that is alone.
func TestPanicInAStream(t *testing.T) {
	t.Parallel()
	p := newPeer(t, "127.0.0.1:0")
	ended, log := run(t, runtimeapi.Config{Address: p.address(), Handler: streaming(func(w io.Writer) *runtimeapi.Failure {
		_, _ = io.WriteString(w, "ab")
		panic("sesame")
	})})
	l := p.accept()
	l.give("id-1", "{}")
	stream := p.accept()
	req, err := http.ReadRequest(stream.reader)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(req.Body); string(body) != "ab" || err != nil || req.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "string" {
		t.Errorf("got %q, %v, trailer %v", body, err, req.Trailer)
	}
	stream.say(accepted)
	wantEnd(t, ended, "the handler panicked")
	if strings.Count(log.String(), "\n") != 1 {
		t.Errorf("got the log %s", log)
	}
}
