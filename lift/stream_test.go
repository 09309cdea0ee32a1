package lift_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

var streamingFronts = []lift.GatewayKind{lift.GatewayFunctionURL, lift.GatewayRESTAPI}

// parts is an answer that is streamed in parts and ends with err.
func parts(err error, texts ...string) lift.Handler {
	return lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{
			Status: 201, Header: http.Header{"Set-Cookie": {"a=1", "b=2"}, "X-One": {"1", "2"}},
			Stream: func(w io.Writer) error {
				for _, text := range texts {
					if _, err := io.WriteString(w, text); err != nil {
						return err
					}
				}
				return err
			},
		}, nil
	})
}

// A streamed answer is streamed where the front can, and buffered elsewhere,
// which the log says once. What clients get is the same.
func TestStreamOverEveryWay(t *testing.T) {
	t.Parallel()
	for _, way := range lifttest.Ways {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger(), Streaming: streamingFronts})
			app.HTTP("GET /", parts(nil, "ab", "", "cd"))
			for range 2 {
				answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: way})
				can := way == lifttest.FunctionURL || way == lifttest.RESTAPI
				if answer.Streamed != can || answer.Err != nil || answer.Status != 201 || string(answer.Body) != "abcd" {
					t.Errorf("got %+v, want abcd, streamed %t", answer, can)
				}
				if cookies := answer.Header.Values("Set-Cookie"); len(cookies) != 2 || answer.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
					t.Errorf("got the headers %v", answer.Header)
				}
				if lines := log.Lines(t, "a streamed answer is buffered"); can != (len(lines) == 0) || len(lines) > 1 {
					t.Errorf("got the log\n%s", &log)
				}
			}
		})
	}
	t.Run("a front that is not set up for it", func(t *testing.T) {
		t.Parallel()
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
		app.HTTP("GET /", parts(nil, "ab", "cd"))
		if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: lifttest.FunctionURL}); answer.Streamed || string(answer.Body) != "abcd" {
			t.Errorf("got %+v, want abcd, buffered", answer)
		}
	})
}

// Behind a front that streams every answer is a stream, and so is an error until
// the first byte.
func TestStreamedFrontsGetNothingElse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		h           lift.Handler
		path        string
		status      int
		contentType string
		body        string
	}{
		"a body":                   {handle(&lift.Response{Body: []byte("ab")}, nil), "/", 200, "text/plain; charset=utf-8", "ab"},
		"nothing":                  {handle(nil, nil), "/", 204, "", ""},
		"an error":                 {handle(nil, lift.Errorf(lift.CodeConflict, "no")), "/", 409, "application/problem+json", `"detail":"no"`},
		"no route":                 {handle(nil, nil), "/x", 404, "application/problem+json", `"code":"not_found"`},
		"an empty stream":          {parts(nil), "/", 201, "", ""},
		"an error before a byte":   {parts(lift.Errorf(lift.CodeUnavailable, "away")), "/", 503, "application/problem+json", `"detail":"away"`},
		"an empty part and an end": {parts(nil, ""), "/", 201, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger(), Streaming: streamingFronts})
			app.HTTP("GET /{$}", tt.h)
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: lifttest.FunctionURL, Path: tt.path})
			if !answer.Streamed || answer.Err != nil || answer.Status != tt.status || !strings.Contains(string(answer.Body), tt.body) ||
				answer.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("got %+v %s, want a stream of %d %s", answer, answer.Body, tt.status, tt.contentType)
			}
		})
	}
}

// Middlewares see a stream's status, size, end and error, and what it does with
// the handler's context.
func TestMiddlewareSeesTheEndOfAStream(t *testing.T) {
	t.Parallel()
	type telemetry struct {
		Message      string
		Status       float64
		Bytes        float64
		Errors       float64
		Milliseconds float64
		Fault        bool
		Details      int
		Err          string
	}
	for name, tt := range map[string]struct {
		fail func() error
		want telemetry
	}{
		"it ends well": {func() error { return nil }, telemetry{Message: "handled", Status: 201, Bytes: 4, Milliseconds: 1000}},
		"it breaks off": {func() error { return errors.New("sesame") }, telemetry{Message: "failed", Status: 201, Bytes: 4, Errors: 1, Milliseconds: 1000, Fault: true, Details: 1,
			Err: "internal: internal error (correlation id TcGYnhqKIAMEVXA=)"}},
		"it panics": {func() error { panic("sesame") }, telemetry{Message: "failed", Status: 201, Bytes: 4, Errors: 1, Milliseconds: 1000, Fault: true, Details: 1,
			Err: "internal: internal error (correlation id TcGYnhqKIAMEVXA=)"}},
		"its time is up": {nil, telemetry{Message: "failed", Status: 201, Bytes: 4, Errors: 1, Milliseconds: 5000, Fault: true, Details: 1,
			Err: "timeout: the time was not enough (correlation id TcGYnhqKIAMEVXA=)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			daemon := lifttest.NewDaemon(t)
			tracer, err := trace.New(trace.Config{Service: "shop", Daemon: daemon.Address()})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				var log lifttest.Log
				var metrics lifttest.Metrics
				recorder, err := metric.New(metric.Config{Namespace: "shop", Writer: &metrics})
				if err != nil {
					t.Fatal(err)
				}
				app := lift.New(lift.Config{Logger: lift.NewLogger(lift.LogConfig{Writer: &log}), Streaming: streamingFronts})
				app.Use(middleware.Correlation(), middleware.Trace(tracer), middleware.Metrics(recorder), middleware.Log(),
					middleware.LogBuffer(middleware.LogBufferConfig{}), middleware.Recover(), middleware.Deadline(5*time.Second))
				app.HTTP("GET /", lift.HandlerFunc(func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
					return &lift.Response{Status: 201, Stream: func(w io.Writer) error {
						lift.Logger(ctx).Debug("detail")
						_, _ = io.WriteString(w, "abcd")
						if tt.fail == nil {
							<-ctx.Done()
							return ctx.Err()
						}
						time.Sleep(time.Second) // of the bubble's clock
						return tt.fail()
					}}, nil
				}))
				ctx := lifttest.Traced(t.Context(), "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
				answer := lifttest.Invoke(ctx, t, app, lifttest.HTTP{Via: lifttest.FunctionURL})
				if string(answer.Body) != "abcd" || answer.Header.Get("X-Correlation-Id") == "" {
					t.Errorf("got %+v", answer)
				}
				line := log.Line(t, tt.want.Message)
				got := telemetry{
					Message: tt.want.Message, Status: line["status"].(float64), Bytes: line["streamed_bytes"].(float64),
					Errors: metrics.Values(t, "Errors")[0], Milliseconds: metrics.Values(t, "Duration")[0], Details: len(log.Lines(t, "detail")),
				}
				if sent := metrics.Values(t, "StreamedBytes")[0]; sent != got.Bytes || line["duration_ms"] != got.Milliseconds {
					t.Errorf("got %v bytes and %v ms in one place, and %+v in the other", sent, line["duration_ms"], got)
				}
				if answer.Err != nil {
					got.Err = answer.Err.Error()
				}
				got.Fault = tt.want.Fault
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
			if fault, _ := daemon.Segment(t)["fault"].(bool); fault != tt.want.Fault {
				t.Errorf("the segment's fault: got %t, want %t", fault, tt.want.Fault)
			}
		})
	}
}

// Over net/http a stream is flushed as it comes, and one that breaks off ends the
// connection.
func TestStreamOverNetHTTP(t *testing.T) {
	t.Parallel()
	seen := make(chan struct{})
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("GET /slow", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Stream: func(w io.Writer) error {
			_, _ = io.WriteString(w, "first\n")
			<-seen
			_, err := io.WriteString(w, "last\n")
			return err
		}}, nil
	}))
	app.HTTP("GET /broken", parts(errors.New("sesame"), "first\n"))
	app.HTTP("GET /failed", parts(lift.Errorf(lift.CodeConflict, "no")))
	app.HTTP("GET /whole", handle(&lift.Response{Body: []byte("whole")}, nil))
	server := httptest.NewServer(app)
	defer server.Close()
	get := func(path string) *http.Response {
		t.Helper()
		res, err := http.Get(server.URL + path) //nolint:noctx // the test ends it
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	slow := bufio.NewReader(get("/slow").Body)
	if first, err := slow.ReadString('\n'); first != "first\n" {
		t.Errorf("got %q, %v before the end", first, err)
	}
	close(seen)
	if rest, err := io.ReadAll(slow); string(rest) != "last\n" || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}
	if body, err := io.ReadAll(get("/broken").Body); string(body) != "first\n" || err == nil {
		t.Errorf("a stream that breaks off: got %q and no error, want one", body)
	}
	if res := get("/failed"); res.StatusCode != 409 || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("an error before the first byte: got %d %v", res.StatusCode, res.Header)
	}
	if res := get("/whole"); res.ContentLength != 5 {
		t.Errorf("an answer that is no stream: got the length %d, want 5", res.ContentLength)
	}
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

// A stream to HEAD, or one that could not be sent, gives back what it holds.
func TestStreamsAreEnded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method string
		status int
		reader io.Reader
	}{
		"GET":            {"GET", 200, strings.NewReader("text")},
		"HEAD":           {"HEAD", 200, strings.NewReader("text")},
		"a broken read":  {"GET", 500, io.MultiReader(errorReader{})},
		"HEAD, a broken": {"HEAD", 500, errorReader{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &closer{Reader: tt.reader}
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger(), Streaming: streamingFronts})
			app.Use(middleware.Log())
			app.HTTP("GET /", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
				return &lift.Response{Header: http.Header{"Content-Type": {"text/plain"}, "Etag": {`"1"`}}, Stream: lift.Reader(body)}, nil
			}))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: lifttest.FunctionURL, Method: tt.method})
			if answer.Status != tt.status || !body.closed || (tt.method == "HEAD") != (len(answer.Body) == 0) || (tt.status == 500) == (answer.Header.Get("Etag") != "") {
				t.Errorf("got %+v, closed %t", answer, body.closed)
			}
			if len(log.Lines(t, "")) != 1 {
				t.Errorf("got the log\n%s", &log)
			}
		})
	}
	t.Run("buffered and too large", func(t *testing.T) {
		t.Parallel()
		body := &closer{Reader: io.LimitReader(zeros{}, 7<<20)}
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
		app.HTTP("GET /", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
			return &lift.Response{Stream: lift.Reader(body)}, nil
		}))
		if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{}); answer.Status != 500 || !body.closed {
			t.Errorf("got %d, closed %t; want 500", answer.Status, body.closed)
		}
	})
	mustPanic(t, "Config.Streaming names load_balancer, which cannot stream", func() {
		lift.New(lift.Config{Streaming: []lift.GatewayKind{lift.GatewayLoadBalancer}})
	})
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errors.New("sesame") }

// zeros is a long body that takes no memory.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// large streams n bytes, and then as text how many bytes the process allocated
// meanwhile.
func large(n int64) lift.Handler {
	return lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Header: http.Header{"Content-Type": {"application/octet-stream"}}, Stream: func(w io.Writer) error {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := lift.Reader(io.LimitReader(zeros{}, n))(w); err != nil {
				return err
			}
			runtime.ReadMemStats(&after)
			_, err := fmt.Fprintf(w, "%012d", after.TotalAlloc-before.TotalAlloc)
			return err
		}}, nil
	})
}

type sink struct {
	n    int64
	tail []byte
}

func (s *sink) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	s.tail = append(s.tail, p...)
	s.tail = s.tail[max(0, len(s.tail)-12):]
	return len(p), nil
}

// A function streams 20 MB, more than an answer may have, in the memory of a
// chunk, and the next invocation finds it well.
func TestStreamInConstantMemory(t *testing.T) {
	t.Parallel()
	f := start(t)
	var got sink
	answer := f.Send(t.Context(), t, lifttest.Invocation{
		Event: lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/large"}, Stream: &got, Timeout: time.Minute,
	})
	allocated, err := strconv.Atoi(string(got.tail))
	if err != nil || answer.Err != nil || !answer.Streamed || answer.Status != 200 || got.n != 20<<20+12 {
		t.Fatalf("got %d bytes, %+v, %v", got.n, answer, err)
	}
	if allocated > 1<<20 {
		t.Errorf("streaming 20 MB allocates %d bytes, want at most 1 MB", allocated)
	}
	t.Logf("streaming %d bytes allocates %d", got.n, allocated)
	if answer := f.Invoke(t.Context(), t, lifttest.Raw(`1`)); answer.Err != nil {
		t.Errorf("the next invocation: %v", answer.Err)
	}
	broken := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/broken"}, RequestID: "id-1"})
	if text := fmt.Sprint(broken.Err); string(broken.Body) != "ab" || broken.Status != 201 ||
		text != "internal: internal error (correlation id TcGYnhqKIAMEVXA=)" {
		t.Errorf("a stream that breaks off: got %+v, %q", broken, broken.Body)
	}
}

// Sixty-four streams at once keep apart.
func TestManyStreamsAtOnce(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger(), Streaming: streamingFronts})
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(time.Minute))
	app.HTTP("GET /{n}", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		n := e.HTTP.PathValue("n")
		return lift.Events(time.Millisecond, func(s *lift.EventStream) error {
			for range 20 {
				if err := s.Send(lift.ServerSentEvent{Data: []byte(n)}); err != nil {
					return err
				}
			}
			return nil
		}), nil
	}))
	done := make(chan string)
	for n := range 64 {
		go func() {
			answer := lifttest.Invoke(context.Background(), t, app, lifttest.HTTP{Via: lifttest.FunctionURL, Path: fmt.Sprintf("/%d", n)})
			if want := strings.Repeat(fmt.Sprintf("data: %d\n\n", n), 20); strings.ReplaceAll(string(answer.Body), ":\n\n", "") != want {
				done <- fmt.Sprintf("stream %d: got %q", n, answer.Body)
				return
			}
			done <- ""
		}()
	}
	for range 64 {
		if fault := <-done; fault != "" {
			t.Error(fault)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event lift.ServerSentEvent
		want  string
		err   string
	}{
		"data":               {lift.ServerSentEvent{Data: []byte("a")}, "data: a\n\n", ""},
		"all":                {lift.ServerSentEvent{ID: "7", Name: "progress", Retry: 1500 * time.Millisecond, Data: []byte("{}")}, "id: 7\nevent: progress\nretry: 1500\ndata: {}\n\n", ""},
		"several lines":      {lift.ServerSentEvent{Data: []byte("a\r\nb\rc\n")}, "data: a\ndata: b\ndata: c\ndata: \n\n", ""},
		"empty data":         {lift.ServerSentEvent{Data: []byte{}}, "data: \n\n", ""},
		"an id alone":        {lift.ServerSentEvent{ID: "7"}, "id: 7\n\n", ""},
		"a name of lines":    {lift.ServerSentEvent{Name: "a\nb"}, "", `name "a\nb"`},
		"an id with a NUL":   {lift.ServerSentEvent{ID: "a\x00"}, "", `id "a\x00"`},
		"an id of two lines": {lift.ServerSentEvent{ID: "a\r"}, "", `id "a\r"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			res := lift.Events(0, func(s *lift.EventStream) error { return s.Send(tt.event) })
			err := res.Stream(&got)
			if got.String() != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %q, %v; want %q, %q", got.String(), err, tt.want, tt.err)
			}
			if res.Status != 200 || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("got %d %v", res.Status, res.Header)
			}
		})
	}
}

// A stream without events is kept alive by comments, and one that is busy needs
// none. A client that has gone ends it.
func TestEventsKeepAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got strings.Builder
		res := lift.Events(10*time.Second, func(s *lift.EventStream) error {
			for range 3 {
				time.Sleep(5 * time.Second)
				if err := s.Send(lift.ServerSentEvent{Data: []byte("a")}); err != nil {
					return err
				}
			}
			time.Sleep(32 * time.Second)
			return nil
		})
		if err := res.Stream(&got); err != nil {
			t.Error(err)
		}
		if want := "data: a\n\ndata: a\n\ndata: a\n\n:\n\n:\n\n"; got.String() != want {
			t.Errorf("got %q, want %q", got.String(), want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		gone := &goneAfter{n: 2} // the head and a comment
		res := lift.Events(time.Second, func(s *lift.EventStream) error {
			time.Sleep(time.Minute)
			return s.Send(lift.ServerSentEvent{Data: []byte("a")})
		})
		if err := res.Stream(gone); !errors.Is(err, io.ErrClosedPipe) || gone.writes != 3 {
			t.Errorf("got %v after %d writes, want the error of the third", err, gone.writes)
		}
	})
}

type goneAfter struct{ n, writes int }

func (g *goneAfter) Write(p []byte) (int, error) {
	g.writes++
	if g.writes > g.n {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// The head of an event stream is there before the first event.
func TestEventsSendTheHeadAtOnce(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("GET /", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return lift.Events(0, func(s *lift.EventStream) error {
			<-begun
			return s.Send(lift.ServerSentEvent{Data: []byte("a")})
		}), nil
	}))
	server := httptest.NewServer(app)
	defer server.Close()
	res, err := http.Get(server.URL) //nolint:noctx // the test ends it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	close(begun)
	if body, err := io.ReadAll(res.Body); string(body) != "data: a\n\n" || err != nil || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("got %q, %v, %v", body, err, res.Header)
	}
}
