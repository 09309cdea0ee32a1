package lift_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

// serve runs the app on Lift's loop in this process.
func serve(t *testing.T, app *lift.App) *lifttest.RuntimeAPI {
	t.Helper()
	api := lifttest.NewRuntimeAPI(t)
	handler := func(ctx context.Context, payload []byte) ([]byte, *runtimeapi.Failure) {
		answer, err := app.Invoke(ctx, payload)
		if err != nil {
			return nil, &runtimeapi.Failure{Type: "error", Message: err.Error()}
		}
		return answer, nil
	}
	go func() { // ends with the API
		_ = runtimeapi.Run(runtimeapi.Config{Address: api.Addr(), Handler: handler, Logger: new(lifttest.Log).Logger()})
	}()
	return api
}

// register has the app answer all kinds of events by h.
func register(app *lift.App, h lift.HandlerFunc) {
	app.HTTP("GET /", h)
	app.WebSocket(lift.RouteDefault, h)
	app.SQS(h)
	app.Direct(h)
}

// The caller of each kind of event has its answer while the work waits, and the work is
// done before the next invocation.
func TestAfterTheAnswer(t *testing.T) {
	t.Parallel()
	stream := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Stream: func(w io.Writer) error { _, err := io.WriteString(w, "ok"); return err }}, nil
	})
	for _, tt := range []struct {
		name   string
		event  lifttest.Event
		answer lift.Handler
		want   string
		fails  bool
	}{
		{name: "a request", event: lifttest.HTTP{}, want: "ok"},
		{name: "a request that fails", event: lifttest.HTTP{}, answer: handle(nil, errors.New("sesame")), want: "internal"},
		{name: "a streamed answer", event: lifttest.HTTP{Via: lifttest.FunctionURL}, answer: stream, want: "ok"},
		{name: "a message", event: lifttest.Message{}, want: "ok"},
		{name: "a record", event: lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: "1"}}}, want: "batchItemFailures"},
		{name: "a direct invocation", event: lifttest.Raw("{}"), want: "ok"},
		{name: "a direct invocation that fails", event: lifttest.Raw("{}"), answer: handle(nil, errors.New("sesame")), fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger(), Streaming: streamingFronts})
			app.Use(middleware.Recover(), middleware.Deadline(0))
			release, done := make(chan struct{}), make(chan bool, 2)
			register(app, func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				lift.After(ctx, func(ctx context.Context) {
					<-release
					done <- ctx.Err() == nil && lift.EventFrom(ctx) == e
				})
				if tt.answer != nil {
					return tt.answer.Handle(ctx, e)
				}
				return &lift.Response{Body: []byte(`"ok"`)}, nil
			})
			api := serve(t, app)
			first := api.Invoke(t.Context(), t, lifttest.Invocation{Event: tt.event})
			if got := string(first.Payload) + string(first.Body); !strings.Contains(got, tt.want) || (first.Err != nil) != tt.fails {
				t.Errorf("got %s, %v, want %s while the work waits", got, first.Err, tt.want)
			}
			close(release)
			api.Invoke(t.Context(), t, lifttest.Invocation{Event: tt.event})
			if len(done) == 0 {
				t.Fatal("the next invocation came before the work was done")
			}
			if !<-done {
				t.Error("the work's context is cancelled or has no event, want the event and time left")
			}
		})
	}
}

// Where nothing runs it after the answer, work runs at once, and once.
func TestAfterElsewhere(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(t *testing.T, app *lift.App){
		"App.Invoke": func(t *testing.T, app *lift.App) { lifttest.Invoke(t.Context(), t, app, lifttest.Raw("{}")) },
		"App.ServeHTTP": func(t *testing.T, app *lift.App) {
			app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		},
		"App.Invoke, beyond the deadline": func(t *testing.T, app *lift.App) {
			ctx, cancel := context.WithDeadline(t.Context(), time.Now())
			defer cancel()
			lifttest.Invoke(ctx, t, app, lifttest.Raw("{}"))
		},
		"no event": func(t *testing.T, app *lift.App) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, did := lift.New(lift.Config{}), 0
			register(app, func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
				lift.After(ctx, func(context.Context) { did++ })
				if did != 1 {
					t.Errorf("got the work done %d times when After returned, want once", did)
				}
				return nil, nil
			})
			if name == "no event" {
				lift.After(t.Context(), func(context.Context) { did++ })
			}
			if call(t, app); did != 1 {
				t.Errorf("got the work done %d times, want once", did)
			}
		})
	}
}

// The work has until the invocation's deadline, whatever the handler had, and the handler's
// end does not cancel it. At once it has what is left of the handler's.
func TestAfterHasTheInvocationsDeadline(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.Use(middleware.Deadline(time.Second))
	type seen struct {
		left time.Duration
		err  error
	}
	got := make(chan seen, 1)
	app.Direct(lift.HandlerFunc(func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
		lift.After(ctx, func(ctx context.Context) {
			deadline, _ := ctx.Deadline()
			got <- seen{time.Until(deadline), ctx.Err()}
		})
		return nil, nil
	}))
	api := serve(t, app)
	api.Invoke(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw("{}"), Timeout: time.Minute})
	if s := <-got; s.err != nil || s.left < 30*time.Second || s.left > time.Minute {
		t.Errorf("after the answer: got %s left and %v, want the rest of a minute", s.left, s.err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lifttest.Invoke(ctx, t, app, lifttest.Raw("{}"))
	if s := <-got; s.err != nil || s.left <= 0 || s.left > time.Second {
		t.Errorf("at once: got %s left and %v, want the rest of the handler's second", s.left, s.err)
	}
}

// A panic of work is a line of the log. The answer, the work behind it and the next
// invocation are as they would be.
func TestAfterThatPanics(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"after the answer", "at once"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger()})
			did := make(chan bool, 9)
			app.Direct(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				e.Correlate("c-1")
				lift.After(ctx, func(context.Context) { panic("sesame") })
				lift.After(ctx, func(context.Context) { did <- true })
				return &lift.Response{Body: []byte("1")}, nil
			}))
			invoke := func() lifttest.Answer { return lifttest.Invoke(t.Context(), t, app, lifttest.Raw("{}")) }
			if name == "after the answer" {
				api := serve(t, app)
				invoke = func() lifttest.Answer {
					return api.Invoke(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw("{}")})
				}
			}
			for range 2 {
				if answer := invoke(); string(answer.Payload) != "1" {
					t.Errorf("got %+v, want the answer 1", answer)
				}
				<-did
			}
			line := log.Lines(t, "the work after the answer panicked")[0]
			failure, _ := line["failure"].(map[string]any)
			stack, _ := failure["stackTrace"].([]any)
			if line["level"] != "ERROR" || line["correlation_id"] != "c-1" || failure["errorMessage"] != "sesame" || len(stack) == 0 {
				t.Errorf("got the line %v, want an error with the correlation id, the panic and its stack", line)
			}
		})
	}
}

// What work logs, counts and calls belongs to its event, whose own line and segment are
// out by then.
func TestAfterIsObserved(t *testing.T) {
	t.Parallel()
	log, metrics, daemon := new(lifttest.Log), new(lifttest.Metrics), lifttest.NewDaemon(t)
	recorder, err := metric.New(metric.Config{Namespace: "n", Writer: metrics})
	if err != nil {
		t.Fatal(err)
	}
	tracer, err := trace.New(trace.Config{Daemon: daemon.Address()})
	if err != nil {
		t.Fatal(err)
	}
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.Use(middleware.Trace(tracer), middleware.Metrics(recorder), middleware.Log())
	done := make(chan bool, 1)
	app.Direct(lift.HandlerFunc(func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
		metric.Add(ctx, "Seen", 1, metric.Count)
		lift.After(ctx, func(ctx context.Context) {
			defer func() { done <- true }()
			lift.Logger(ctx).Info("in the work")
			metric.Add(ctx, "Late", 2, metric.Count)
			metric.From(ctx).With(metric.Dimension{Name: "queue", Value: "q"}).Add("Later", 3, metric.Count)
			_ = trace.Do(ctx, "call", func(context.Context) error { return nil })
		})
		return nil, nil
	}))
	const root = "1-5759e988-bd862e3fe1be46a994272793"
	api := serve(t, app)
	api.Invoke(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw("{}"), RequestID: "r-1", TraceID: "Root=" + root + ";Parent=53995c3f42cd8ad8;Sampled=1"})
	<-done
	if line := log.Line(t, "in the work"); line["correlation_id"] != "r-1" || line["trace_id"] != root {
		t.Errorf("got the line %v, want the event's ids", line)
	}
	documents := metrics.Documents(t)
	if len(documents) != 3 || documents[0]["Seen"] != 1.0 || documents[1]["Late"] != 2.0 || documents[1]["correlation_id"] != "r-1" ||
		documents[1]["Duration"] != nil || documents[2]["Later"] != 3.0 || documents[2]["queue"] != "q" {
		t.Errorf("got the metrics %v, want the event's line and one of each value of the work", documents)
	}
	event, call := daemon.Segment(t), daemon.Segment(t)
	if call["trace_id"] != root || call["parent_id"] != event["id"] || call["name"] != "call" || event["id"] == nil {
		t.Errorf("got the segments %v and %v, want the work's call below the event", event, call)
	}
}
