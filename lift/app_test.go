package lift_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// handle is a handler that ignores its event.
func handle(res *lift.Response, err error) lift.Handler {
	return lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return res, err })
}

// trail is a middleware that notes when it is entered and left.
func trail(notes *[]string, name string) lift.Middleware {
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			*notes = append(*notes, name+">")
			defer func() { *notes = append(*notes, "<"+name) }()
			return next.Handle(ctx, e)
		})
	}
}

func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got, _ := recover().(string); !strings.Contains(got, want) {
			t.Errorf("panic %q, want one with %q", got, want)
		}
	}()
	f()
}

// everyTrigger is one event of each trigger.
var everyTrigger = []struct {
	trigger lift.Trigger
	route   string
	event   lifttest.Event
}{
	{lift.TriggerHTTP, "GET /things/{id}", lifttest.HTTP{Path: "/things/7"}},
	{lift.TriggerConnect, "$connect", lifttest.Connect{}},
	{lift.TriggerDisconnect, "$disconnect", lifttest.Disconnect{}},
	{lift.TriggerMessage, "$default", lifttest.Message{Body: `{"a":1}`}},
	{lift.TriggerMessage, "named", lifttest.Message{Route: "named", Body: `{"a":1}`}},
	{lift.TriggerHTTP, "GET /things/{id}", lifttest.HTTP{Via: lifttest.HTTPAPIv1, Path: "/things/7"}},
	{lift.TriggerHTTP, "GET /things/{id}", lifttest.HTTP{Via: lifttest.RESTAPI, Path: "/things/7"}},
	{lift.TriggerHTTP, "GET /things/{id}", lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/things/7"}},
	{lift.TriggerHTTP, "GET /things/{id}", lifttest.HTTP{Via: lifttest.LoadBalancer, Path: "/things/7"}},
	{lift.TriggerHTTP, "GET /things/{id}", lifttest.HTTP{Via: lifttest.LoadBalancerMulti, Path: "/things/7"}},
	{lift.TriggerDynamoDB, "Example", lifttest.Stream{Records: []lifttest.Record{{}}}},
	{lift.TriggerKinesis, "example", lifttest.Kinesis{Records: []lifttest.KinesisRecord{{Data: []byte(`{"a":1}`)}}}},
	{lift.TriggerSQS, "example", lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: `{"a":1}`}}}},
	{lift.TriggerSQS, "example.fifo", lifttest.SQS{Queue: "example.fifo", Messages: []lifttest.SQSMessage{{Body: `{"a":1}`}}}},
	{lift.TriggerSNS, "example", lifttest.SNS{Message: `{"a":1}`}},
	{lift.TriggerS3, "example", lifttest.S3{Objects: []lifttest.S3Object{{Key: "a b.txt"}}}},
	{lift.TriggerEventBridge, "Example", lifttest.EventBridge{}},
	{lift.TriggerEventBridge, "*", lifttest.EventBridge{DetailType: "Another"}},
	{lift.TriggerSchedule, "every-minute", lifttest.Schedule{}},
	{lift.TriggerSchedule, "every-minute", lifttest.Schedule{Rule: true}},
	{lift.TriggerDirect, "", lifttest.JSON{Value: map[string]int{"a": 1}}},
	{lift.TriggerDurable, "", lifttest.Durable{}},
}

func registerAll(app *lift.App, h lift.Handler, mw ...lift.Middleware) {
	app.HTTP("GET /things/{id}", h, mw...)
	app.WebSocket(lift.RouteConnect, h, mw...)
	app.WebSocket(lift.RouteDisconnect, h, mw...)
	app.WebSocket(lift.RouteDefault, h, mw...)
	app.WebSocket("named", h, mw...)
	app.DynamoDB(h, mw...)
	app.Kinesis(h, mw...)
	app.SQS(h, mw...)
	app.SNS(h, mw...)
	app.S3(h, mw...)
	app.EventBridge("Example", h, mw...)
	app.EventBridge(lift.AnyDetailType, h, mw...)
	app.Schedule(h, mw...)
	app.Direct(h, mw...)
	app.Durable(func(ctx context.Context, _ []byte) ([]byte, error) {
		_, err := h.Handle(ctx, lift.EventFrom(ctx))
		return []byte(`{"Status":"SUCCEEDED"}`), err
	}, mw...)
}

func TestEveryTriggerRunsTheOneStack(t *testing.T) {
	t.Parallel()
	for _, tt := range everyTrigger {
		t.Run(tt.trigger.String()+" "+tt.route, func(t *testing.T) {
			t.Parallel()
			var notes []string
			var seen *lift.Event
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger()})
			app.Use(trail(&notes, "a"), trail(&notes, "b"))
			registerAll(app, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				notes = append(notes, "handler")
				seen = e
				if lift.EventFrom(ctx) != e || lift.CorrelationID(ctx) != e.CorrelationID {
					t.Error("the context does not carry the event")
				}
				lift.Logger(ctx).Info("inside")
				return nil, nil
			}), trail(&notes, "route"))

			if answer := lifttest.Invoke(t.Context(), t, app, tt.event); answer.Err != nil || answer.Failed != nil {
				t.Fatalf("answer %+v", answer)
			}
			if got, want := strings.Join(notes, " "), "a> b> route> handler <route <b <a"; got != want {
				t.Errorf("order %q, want %q", got, want)
			}
			if seen.Trigger != tt.trigger || seen.Route != tt.route {
				t.Errorf("event of %s %q", seen.Trigger, seen.Route)
			}
			if seen.RequestID != lifttest.RequestID || seen.ID == "" || seen.CorrelationID != seen.ID {
				t.Errorf("ids %q, %q, %q", seen.RequestID, seen.ID, seen.CorrelationID)
			}
			if !seen.ColdStart {
				t.Error("the first event is no cold start")
			}
			line := log.Line(t, "inside")
			if line["invocation_id"] != lifttest.RequestID || line["correlation_id"] != seen.CorrelationID {
				t.Errorf("log line %v", line)
			}
			lifttest.Invoke(t.Context(), t, app, tt.event)
			if seen.ColdStart {
				t.Error("the second event is a cold start")
			}
		})
	}
}

func TestUndeclaredErrorsNeverLeak(t *testing.T) {
	t.Parallel()
	for _, tt := range everyTrigger {
		if tt.trigger == lift.TriggerDurable {
			continue // Lambda alone gets to see the error
		}
		t.Run(tt.trigger.String()+" "+tt.route, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger()})
			registerAll(app, handle(nil, errors.New("dial tcp 10.0.0.1: sesame")))
			answer := lifttest.Invoke(t.Context(), t, app, tt.event)

			shown := string(answer.Payload)
			if answer.Err != nil {
				shown += answer.Err.Error()
			}
			if strings.Contains(shown, "sesame") {
				t.Errorf("the caller is shown %s", shown)
			}
			lines := log.Lines(t, "")
			if len(lines) != 1 || lines[0]["level"] != "ERROR" || lines[0]["error"] != "dial tcp 10.0.0.1: sesame" {
				t.Fatalf("log:\n%s", log.String())
			}
			if answer.Failed == nil && !strings.Contains(shown, lines[0]["correlation_id"].(string)) {
				t.Errorf("no correlation id in %s", shown)
			}
		})
	}
}

func TestUnhandledEventsAreErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range everyTrigger {
		if tt.trigger == lift.TriggerDirect {
			continue
		}
		t.Run(tt.trigger.String()+" "+tt.route, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger()})
			app.Direct(handle(nil, nil)) // must not swallow it
			answer := lifttest.Invoke(t.Context(), t, app, tt.event)
			var err *lift.Error
			if !errors.As(answer.Err, &err) || err.Code != lift.CodeUnhandled {
				t.Fatalf("answer %+v", answer)
			}
			if log.Line(t, "invocation refused")["level"] != "ERROR" {
				t.Error("no error in the log")
			}
		})
	}
	t.Run("nothing fits", func(t *testing.T) {
		t.Parallel()
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
		app.DynamoDB(handle(nil, nil))
		for _, payload := range []string{`{"a":1}`, `7`, `{"Records":[]}`, `{"Records":{}}`, `{"requestContext":"x"}`} {
			t.Run(payload, func(t *testing.T) {
				if answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload)); answer.Err == nil {
					t.Errorf("%s answers %s", payload, answer.Payload)
				}
			})
		}
	})
	t.Run("a WebSocket route", func(t *testing.T) {
		t.Parallel()
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
		app.WebSocket(lift.RouteConnect, handle(nil, nil))
		answer := lifttest.Invoke(t.Context(), t, app, lifttest.Message{Route: "named"})
		if answer.Err == nil || !strings.Contains(answer.Err.Error(), "named") {
			t.Errorf("answer %+v", answer)
		}
	})
}

func TestPayloadsThatAreNotJSON(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.Direct(handle(nil, nil))
	for _, payload := range []string{``, `{`, `{"a":}`, `{"a":1} x`, `[1,]`, `{"body":"secret`} {
		t.Run(payload, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
			var err *lift.Error
			if !errors.As(answer.Err, &err) || err.Code != lift.CodeInvalid || strings.Contains(answer.Err.Error(), "secret") {
				t.Errorf("%q answers %+v", payload, answer)
			}
		})
	}
}

func TestMistakesInWiringPanic(t *testing.T) {
	t.Parallel()
	h := handle(nil, nil)
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	mustPanic(t, "no handler", func() { app.Direct(nil) })
	app = lift.New(lift.Config{})
	registerAll(app, h)
	mustPanic(t, "App.Use comes before", func() { app.Use() })
	mustPanic(t, "has a handler already", func() { app.Direct(h) })
	mustPanic(t, "has a handler already", func() { app.Schedule(h) })
	mustPanic(t, "App.Durable has a handler already", func() { app.Durable(func(context.Context, []byte) ([]byte, error) { return nil, nil }) })
	mustPanic(t, "App.Durable has no handler", func() { app.Durable(nil) })
	mustPanic(t, "has a handler already", func() { app.DynamoDB(h) })
	mustPanic(t, "has a handler already", func() { app.Kinesis(h) })
	mustPanic(t, "has a handler already", func() { app.SQS(h) })
	mustPanic(t, "has a handler already", func() { app.SNS(h) })
	mustPanic(t, "has a handler already", func() { app.S3(h) })
	mustPanic(t, "detail type Example has a handler already", func() { app.EventBridge("Example", h) })
	mustPanic(t, "without a detail type", func() { app.EventBridge("", h) })
	mustPanic(t, "lift.HTTPHandler answers HTTP requests and cannot be registered for App.Direct", func() {
		lift.New(lift.Config{}).Direct(lift.HTTPHandler(http.NotFoundHandler()))
	})
	mustPanic(t, "HTTPHandler of nil", func() { lift.HTTPHandler(nil) })
	mustPanic(t, "without HTTP handlers", func() { lift.New(lift.Config{}).ServeHTTP(nil, nil) })
	mustPanic(t, "Parallel is negative", func() { lift.New(lift.Config{Parallel: -1}) })
	mustPanic(t, "WebSocket route named has a handler already", func() { app.WebSocket("named", h) })
	mustPanic(t, "not a valid WebSocket route key", func() { app.WebSocket("$conect", h) })
	mustPanic(t, "not a valid WebSocket route key", func() { app.WebSocket("", h) })
	mustPanic(t, "Margin is negative", func() { lift.New(lift.Config{Margin: -1}) })
	mustPanic(t, "returned no handler", func() {
		lift.New(lift.Config{}).Direct(h, func(lift.Handler) lift.Handler { return nil })
	})
}

func TestOnlyRefusesAtRegistration(t *testing.T) {
	t.Parallel()
	var notes []string
	guard := lift.Only("gate.Keep", trail(&notes, "guard"), lift.TriggerHTTP, lift.TriggerConnect)
	h := handle(nil, nil)

	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.Use(trail(&notes, "outer"))
	app.HTTP("GET /x", h, trail(&notes, "a"), guard, trail(&notes, "b"))
	mustPanic(t, "gate.Keep cannot guard a dynamodb handler (it applies to: http, websocket_connect)", func() { app.DynamoDB(h, guard) })
	mustPanic(t, "gate.Keep", func() { app.Schedule(h, trail(&notes, "a"), guard, trail(&notes, "b")) })
	mustPanic(t, "gate.Keep", func() { app.Direct(h, lift.Chain(trail(&notes, "a"), guard)) })

	lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x"})
	if got, want := strings.Join(notes, " "), "outer> a> guard> b> <b <guard <a <outer"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}

	// In a middleware's own test there is no App; then the event decides.
	bare := guard(h)
	if _, err := bare.Handle(t.Context(), &lift.Event{Trigger: lift.TriggerHTTP}); err != nil {
		t.Error(err)
	}
	if _, err := bare.Handle(t.Context(), &lift.Event{Trigger: lift.TriggerDirect}); err == nil {
		t.Error("a guard let pass an event that it cannot judge")
	}
}

func TestDeadlineOfAnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := lift.New(lift.Config{Margin: time.Second})
		var got time.Time
		app.Direct(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			got = e.Deadline
			return nil, nil
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := app.Invoke(ctx, []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		if want := time.Now().Add(9 * time.Second); !got.Equal(want) {
			t.Errorf("deadline %s, want %s", got, want)
		}
	})
}

func TestContextWithoutEvent(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	if lift.EventFrom(ctx) != nil || lift.CorrelationID(ctx) != "" || lift.ClaimsFrom(ctx) != nil || lift.Logger(ctx) == nil {
		t.Error("a bare context is not taken as one without event")
	}
	e := &lift.Event{CorrelationID: "c", Claims: &lift.Claims{Subject: "ada"}}
	ctx = lift.NewContext(ctx, e)
	if lift.ClaimsFrom(ctx).Subject != "ada" || lift.CorrelationID(ctx) != "c" || lift.Logger(ctx) == nil || e.Header("x") != "" {
		t.Error("the event's facts are not found")
	}
}

func TestEventsWithoutAnyID(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	var ids []string
	app.Direct(lift.HandlerFunc(func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
		ids = append(ids, lift.CorrelationID(ctx))
		return nil, nil
	}))
	for range 2 {
		if _, err := app.Invoke(t.Context(), []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] == "" || ids[0] == ids[1] {
		t.Errorf("correlation ids %q", ids)
	}
}

// Whatever is made of an event's logger keeps the event's ids.
func TestLoggersOfAnEvent(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.Direct(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		before := e.Logger()
		e.Logger().With("a", 1).Info("with")
		e.Logger().WithGroup("g").Info("group", "b", 2)
		e.Correlate("other")
		before.Info("before")
		e.Logger().Info("after")
		return nil, nil
	}))
	lifttest.Invoke(t.Context(), t, app, lifttest.JSON{})
	if line := log.Line(t, "with"); line["a"] != 1.0 || line["correlation_id"] != lifttest.RequestID || line["invocation_id"] != lifttest.RequestID {
		t.Errorf("with: %v", line)
	}
	if line := log.Line(t, "group"); line["g"].(map[string]any)["b"] != 2.0 || line["correlation_id"] != lifttest.RequestID {
		t.Errorf("group: %v", line)
	}
	if before, after := log.Line(t, "before"), log.Line(t, "after"); before["correlation_id"] != lifttest.RequestID || after["correlation_id"] != "other" {
		t.Errorf("before %v, after %v", before, after)
	}
}

// One app, sixty-four invocations at a time, of every trigger.
func TestManyInvocationsAtOnce(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger(), Parallel: 4})
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	var cold, handled atomic.Int64
	registerAll(app, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		if e.ColdStart {
			cold.Add(1)
		}
		handled.Add(1)
		lift.Logger(ctx).Info("inside")
		return nil, nil
	}))
	const workers, each = 64, 20
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			for j := range each {
				tt := everyTrigger[(i+j)%len(everyTrigger)]
				if answer := lifttest.Invoke(t.Context(), t, app, tt.event); answer.Err != nil || answer.Failed != nil {
					t.Errorf("%s answers %+v", tt.trigger, answer)
				}
			}
		})
	}
	group.Wait()
	if cold.Load() != 1 || handled.Load() != workers*each {
		t.Errorf("%d cold starts, %d handled", cold.Load(), handled.Load())
	}
}
