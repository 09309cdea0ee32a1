package middleware_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/internal/schematest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

// buffered is an app whose logger writes from level info on.
func buffered(log *lifttest.Log, cfg middleware.LogBufferConfig, h lift.HandlerFunc) *lift.App {
	a := lift.New(lift.Config{Logger: lift.NewLogger(lift.LogConfig{Writer: log, Level: slog.LevelInfo})})
	a.Use(middleware.LogBuffer(cfg))
	a.Direct(h)
	return a
}

func messages(t *testing.T, log *lifttest.Log) string {
	t.Helper()
	var all []string
	for _, line := range log.Lines(t, "") {
		all = append(all, line["message"].(string))
	}
	return strings.Join(all, " ")
}

func TestLogBuffer(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		cfg  middleware.LogBufferConfig
		err  error
		want string
	}{
		"success":    {middleware.LogBufferConfig{}, nil, "two"},
		"failure":    {middleware.LogBufferConfig{}, broken, "two one three failed"},
		"trace too":  {middleware.LogBufferConfig{Level: lift.LevelTrace}, broken, "two zero one three failed"},
		"sampled":    {middleware.LogBufferConfig{Sample: 1}, nil, "one two three"},
		"few lines":  {middleware.LogBufferConfig{Lines: 1}, broken, "two held log lines dropped three failed"},
		"few bytes":  {middleware.LogBufferConfig{Bytes: 30}, broken, "two held log lines dropped three failed"},
		"no room":    {middleware.LogBufferConfig{Bytes: 1}, broken, "two failed"},
		"never open": {middleware.LogBufferConfig{Sample: 1e-300}, nil, "two"},
	} {
		t.Run(name, func(t *testing.T) {
			var log lifttest.Log
			var kept *slog.Logger
			app := buffered(&log, tt.cfg, func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				l := lift.Logger(ctx)
				kept = l
				l.Log(ctx, lift.LevelTrace, "zero")
				l.With("a", 1).WithGroup("g").Debug("one", "b", 2)
				l.Info("two")
				l.Debug("three", "n", 3)
				return nil, tt.err
			})
			lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
			kept.Debug("after the end")
			if got := messages(t, &log); got != tt.want {
				t.Errorf("%s: %q, want %q", name, got, tt.want)
			}
			if name == "failure" {
				line := log.Line(t, "one")
				if line["a"] != 1.0 || line["g"].(map[string]any)["b"] != 2.0 || line["invocation_id"] != lifttest.RequestID || line["level"] != "DEBUG" {
					t.Errorf("line %v", line)
				}
			}
		})
	}
	panics(t, "LogBuffer", func() { middleware.LogBuffer(middleware.LogBufferConfig{Sample: 2}) })
}

// What is held is what was logged: encoded then, and without credentials.
func TestLogBufferKeepsValues(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := buffered(&log, middleware.LogBufferConfig{}, func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		list, header := []int{1}, http.Header{"Cookie": {"sesame"}, "Accept": {"a"}}
		query, texts, anything := url.Values{"token": {"sesame"}, "q": {"a"}}, map[string]string{"k": "a"}, map[string]any{"password": "sesame", "k": list}
		lift.Logger(ctx).Debug("held", "list", list, "header", header, "query", query, "texts", texts, "any", anything,
			"error", errors.New("first"), "secret", lift.NewSecret("sesame"), "f", func() {}, slog.Group("g", "list", list))
		list[0], header["Accept"][0], query["q"][0], texts["k"] = 2, "b", "b", "b"
		return nil, errors.New("boom")
	})
	lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
	text, _ := json.Marshal(log.Line(t, "held"))
	for _, want := range []string{`"list":[1]`, `"Accept":["a"]`, `"q":["a"]`, `"texts":{"k":"a"}`, `"k":[1]`, `"error":"first"`, `"secret":"[redacted]"`, `"f":"!ERROR:json`, `"g":{"list":[1]}`} {
		t.Run(want, func(t *testing.T) {
			if !strings.Contains(string(text), want) {
				t.Errorf("no %s in %s", want, text)
			}
		})
	}
	if strings.Contains(string(text), "sesame") {
		t.Errorf("a credential in %s", text)
	}
}

// Whatever a value is, its bytes count.
func TestLogBufferCountsValues(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 2000)
	for name, value := range map[string]any{
		"text": large, "JSON": []string{large}, "header": http.Header{"A": {large}}, "query": url.Values{"a": {large}},
		"map of texts": map[string]string{"a": large}, "map": map[string]any{"a": large}, "group": slog.GroupValue(slog.String("a", large)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			app := buffered(&log, middleware.LogBufferConfig{Bytes: 1000}, func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				lift.Logger(ctx).Debug("large", "value", value)
				lift.Logger(ctx).Debug("small")
				return nil, errors.New("broken")
			})
			lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
			if got, want := messages(t, &log), "held log lines dropped small failed"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestLogBufferOfAPanic(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := buffered(&log, middleware.LogBufferConfig{}, func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		lift.Logger(ctx).Debug("before")
		panic("boom")
	})
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic is gone")
			}
		}()
		lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
	}()
	log.Line(t, "before")
}

func TestLogBufferBeforeTheTimeIsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log lifttest.Log
		app := buffered(&log, middleware.LogBufferConfig{}, func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			lift.Logger(ctx).Debug("before")
			<-ctx.Done() // a handler that heeds no deadline but Lambda's own
			synctest.Wait()
			if got := messages(t, &log); got != "before" {
				t.Errorf("lines %q when the invocation ends", got)
			}
			lift.Logger(ctx).Debug("after")
			return nil, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		lifttest.Invoke(ctx, t, app, lifttest.JSON{Value: 1})
		if got := messages(t, &log); got != "before after" {
			t.Errorf("lines %q", got)
		}
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	var out lifttest.Metrics
	var log lifttest.Log
	rec, err := metric.New(metric.Config{Namespace: "n", Writer: &out})
	if err != nil {
		t.Fatal(err)
	}
	var result error
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.Use(middleware.Metrics(rec))
	app.Direct(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		if result == nil {
			panic("boom")
		}
		metric.Add(ctx, "", 1, metric.Count)
		return nil, result
	}))
	for _, result = range []error{lift.Errorf(lift.CodeNotFound, "no"), lift.Errorf(lift.CodeTimeout, "late"), errors.New("boom"), nil} {
		t.Run(fmt.Sprint(result), func(t *testing.T) {
			func() {
				defer func() {
					if value := recover(); (value != nil) != (result == nil) {
						t.Errorf("recovered %v", value)
					}
				}()
				lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: 1})
			}()
		})
	}
	for _, line := range out.Lines() {
		schematest.EMF(t, line)
	}
	for name, want := range map[string][]float64{"Errors": {0, 1, 1, 1}, "Refusals": {1, 0, 0, 0}, "ColdStart": {1}} {
		t.Run(name, func(t *testing.T) {
			if got := out.Values(t, name); !slices.Equal(got, want) {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		})
	}
	if n := len(log.Lines(t, "metrics left out")); n != 3 {
		t.Errorf("%d lines on metrics left out", n)
	}
	panics(t, "without a Recorder", func() { middleware.Metrics(nil) })
	panics(t, "without a Tracer", func() { middleware.Trace(nil) })
}

// A message is in the trace of its invocation and names its sender's, which may be
// another for each message of a batch. Where there is no invocation's it is in its
// sender's.
func TestTraceOfAMessage(t *testing.T) {
	t.Parallel()
	const (
		invocation = "1-5759e988-bd862e3fe1be46a994272793"
		sender     = "1-0af76519-16cd43dd8448eb211c80319c"
		other      = "1-0af76519-16cd43dd8448eb211c803aaa"
	)
	header := func(root string) string { return "Root=" + root + ";Parent=b7ad6b7169203331;Sampled=1" }
	for name, tt := range map[string]struct {
		lambda   string
		messages []string // the trace headers
		traces   []string
		senders  []any
	}{
		"several of one invocation": {header(invocation), []string{header(sender), header(other), "", header(invocation), "x"},
			[]string{invocation, invocation, invocation, invocation, invocation}, []any{sender, other, nil, nil, nil}},
		"outside Lambda": {"", []string{header(sender), header(other)}, []string{sender, other}, []any{nil, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			daemon := lifttest.NewDaemon(t)
			tracer, err := trace.New(trace.Config{Service: "shop", Daemon: daemon.Address()})
			if err != nil {
				t.Fatal(err)
			}
			app := lift.New(lift.Config{})
			app.Use(middleware.Trace(tracer))
			app.SQS(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil }))
			var batch lifttest.SQS
			for _, text := range tt.messages {
				batch.Messages = append(batch.Messages, lifttest.SQSMessage{Body: "x", TraceHeader: text})
			}
			lifttest.Invoke(lifttest.Traced(t.Context(), tt.lambda), t, app, batch)
			for i := range tt.traces {
				segment := daemon.Segment(t)
				got := segment["annotations"].(map[string]any)["sender_trace_id"]
				if segment["trace_id"] != tt.traces[i] || got != tt.senders[i] {
					t.Errorf("message %d: got trace %v and sender's %v, want %s and %v", i, segment["trace_id"], got, tt.traces[i], tt.senders[i])
				}
			}
			daemon.Empty(t)
		})
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	tracer, err := trace.New(trace.Config{Service: "shop", Daemon: daemon.Address()})
	if err != nil {
		t.Fatal(err)
	}
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.Use(middleware.Trace(tracer), middleware.Log())
	app.HTTP("/x", lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		if e.HTTP.URL.RawQuery == "panic" {
			panic("boom")
		}
		return &lift.Response{Status: 418}, trace.Do(ctx, "part", func(context.Context) error { return nil })
	}))

	// Outside Lambda the caller's trace counts, and the segment is the request's.
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Query: "token=sesame", Header: http.Header{"Traceparent": {traceparent}}})
	part, event := daemon.Segment(t), daemon.Segment(t)
	if event["name"] != "shop" || event["parent_id"] != "b7ad6b7169203331" || event["type"] != nil || event["error"] != true || part["parent_id"] != event["id"] {
		t.Errorf("segment %v, part %v", event, part)
	}
	if text := fmt.Sprint(event["http"]); text != "map[request:map[method:GET url:https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/x] response:map[status:418]]" {
		t.Errorf("http %s", text)
	}
	if line := log.Line(t, "refused"); line["trace_id"] != "1-0af76519-16cd43dd8448eb211c80319c" {
		t.Errorf("line %v", line)
	}

	// Without any trace nothing happens.
	lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x"})
	daemon.Empty(t)

	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic is gone")
			}
		}()
		lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Query: "panic", Header: http.Header{"Traceparent": {traceparent}}})
	}()
	if event := daemon.Segment(t); event["fault"] != true {
		t.Errorf("segment %v", event)
	}
	lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/nowhere", Header: http.Header{"Traceparent": {traceparent}}})
	if event := daemon.Segment(t); event["error"] != true || event["annotations"].(map[string]any)["route"] != "" {
		t.Errorf("segment %v", event)
	}
}
