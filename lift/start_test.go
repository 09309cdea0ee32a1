package lift_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lambdamessages "github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// TestMain is also the function that the tests here run as a process.
func TestMain(m *testing.M) {
	switch os.Getenv("LIFT_TEST_FUNCTION") {
	case "":
	case "empty":
		lift.Start(lift.New(lift.Config{}))
	case "no settings":
		lift.StartFunc(func(context.Context) (*lift.App, error) { return nil, errors.New("TABLE is not set:\nname the table") })
	case "a panic":
		lift.StartFunc(func(context.Context) (*lift.App, error) { panic("sesame") })
	case "no recover":
		lift.StartFunc(func(context.Context) (*lift.App, error) {
			app := lift.New(lift.Config{})
			app.Direct(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { panic("sesame") }))
			return app, nil
		})
	default:
		function()
	}
	os.Exit(m.Run())
}

func function() {
	app := lift.New(lift.Config{Margin: time.Second, Streaming: streamingFronts})
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	app.HTTP("GET /slow", lift.HandlerFunc(func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	hang := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { select {} })
	app.HTTP("GET /hang", hang)
	app.WebSocket(lift.RouteDefault, hang)
	app.Direct(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		switch string(e.Body) {
		case `"trace"`:
			return &lift.Response{Body: []byte(`"` + os.Getenv("_X_AMZN_TRACE_ID") + `"`)}, nil
		case `"conflict"`:
			return nil, &lift.Error{Code: lift.CodeConflict, Message: "said so", Cause: errors.New("sesame")}
		case `"panic"`:
			panic("sesame")
		case `"exit"`:
			os.Exit(3)
		case `"hang"`:
			select {}
		}
		e.Logger().Info("seen")
		return &lift.Response{Body: []byte(`"` + e.RequestID + `"`)}, nil
	}))
	app.SQS(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		if string(e.Body) == "slow" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, nil
	}))
	app.HTTP("GET /large", large(20<<20))
	app.HTTP("GET /broken", parts(errors.New("sesame"), "ab"))
	app.Durable(func(context.Context, []byte) ([]byte, error) { return nil, &checkpointError{"t"} })
	app.HTTP("GET /wrapped", lift.Wrap(func(context.Context, any) (any, error) {
		return nil, lambdamessages.InvokeResponse_Error{Type: "Custom", Message: "no"}
	}))
	app.OnShutdown(func(ctx context.Context) {
		deadline, _ := ctx.Deadline()
		fmt.Println("bye", time.Until(deadline) > 100*time.Millisecond)
	})
	lift.Start(app)
}

func start(t *testing.T, env ...string) *lifttest.Function {
	t.Helper()
	return lifttest.StartFunction(t, os.Args[0], append([]string{"LIFT_TEST_FUNCTION=1", "GORACE=atexit_sleep_ms=0", "GOCOVERDIR=" + t.TempDir()}, env...)...)
}

// Lambda and the log learn why a function does not start, in one line of JSON.
func TestFunctionsThatCannotStart(t *testing.T) {
	t.Parallel()
	for function, want := range map[string]string{
		"empty":       "Runtime.InvalidApp: the app has no handlers: register one before lift.Start",
		"no settings": "Runtime.InitError: TABLE is not set:\nname the table",
		"a panic":     "Runtime.InitError: panic: sesame",
	} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			f := start(t, "LIFT_TEST_FUNCTION="+function)
			<-f.API.InitError()
			<-f.Exited()
			answer := f.API.Invoke(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw("{}")})
			if answer.Err == nil || answer.Err.Error() != want {
				t.Errorf("got %v, want %s", answer.Err, want)
			}
			line := onlyLine(t, f)
			_, text, _ := strings.Cut(want, ": ")
			if line["level"] != "FATAL" || line["message"] != "the function cannot start" || line["error"] != text {
				t.Errorf("got the line %v", line)
			}
			stack, _ := json.Marshal(line["stack"])
			if function == "a panic" && !strings.Contains(string(stack), "start_test.go") {
				t.Errorf("got the stack %s", stack)
			}
		})
	}
}

// A panic that nothing recovers ends the process with one line.
func TestPanicIsOneLine(t *testing.T) {
	t.Parallel()
	f := start(t, "LIFT_TEST_FUNCTION=no recover")
	answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw("{}")})
	<-f.Exited()
	if answer.Err == nil || answer.Err.Error() != "string: sesame" {
		t.Errorf("got %v, want string: sesame", answer.Err)
	}
	if line := onlyLine(t, f); line["level"] != "ERROR" || line["message"] != "the handler panicked" {
		t.Errorf("got the line %v", line)
	}
}

// onlyLine is the one line that a function that has ended wrote.
func onlyLine(t *testing.T, f *lifttest.Function) map[string]any {
	t.Helper()
	var log lifttest.Log
	_, _ = log.Write([]byte(f.Output()))
	lines := log.Lines(t, "")
	if len(lines) != 1 {
		t.Fatalf("got %d lines, want 1:\n%s", len(lines), f.Output())
	}
	return lines[0]
}

// Where Lambda gives a process several invocations at once, one does not wait
// for the other.
func TestStartTakesSeveralAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t, "AWS_LAMBDA_MAX_CONCURRENCY=2")
	ctx, cancel := context.WithCancel(t.Context())
	hangs := make(chan struct{})
	go func() {
		defer close(hangs)
		f.API.Invoke(ctx, t, lifttest.Invocation{Event: lifttest.Raw(`"hang"`), Timeout: time.Minute})
	}()
	for range 3 {
		answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw(`1`), Timeout: time.Minute})
		if answer.Err != nil {
			t.Errorf("got %v", answer.Err)
		}
	}
	cancel()
	<-hangs
}

// Among several at once, who waits for a handler that ignores its deadline is told
// so in the form of the event, and the process goes on.
func TestStartAnswersInPlaceOfALateHandler(t *testing.T) {
	t.Parallel()
	f := start(t, "AWS_LAMBDA_MAX_CONCURRENCY=8")
	for name, tt := range map[string]struct {
		event lifttest.Event
		want  []string // in the answer or the failure
	}{
		"HTTP":     {lifttest.HTTP{Path: "/hang"}, []string{`"statusCode":504`, `application/problem+json`, `\"code\":\"timeout\"`}},
		"REST":     {lifttest.HTTP{Via: lifttest.LoadBalancer, Path: "/hang"}, []string{`"statusCode":504`, `504 Gateway Timeout`}},
		"message":  {lifttest.Message{Body: "{}"}, []string{`"statusCode":200`, `\"code\":\"timeout\"`}},
		"direct":   {lifttest.Raw(`"hang"`), []string{"timeout: the time was not enough"}},
		"a stream": {lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/hang"}, []string{"timeout: the time was not enough"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := f.Send(t.Context(), t, lifttest.Invocation{Event: tt.event, Timeout: time.Second})
			got := string(answer.Payload)
			if answer.Err != nil {
				got += answer.Err.Error()
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("got %s, want %s in it", got, want)
				}
			}
		})
	}
}

// A function as Lambda runs it: a process that speaks the Runtime API, answers
// one invocation after another, and on SIGTERM runs its hooks and ends.
func TestStart(t *testing.T) {
	t.Parallel()
	f := start(t)
	if answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw(`{"a":1}`), RequestID: "id-1"}); string(answer.Payload) != `"id-1"` {
		t.Errorf("answer %q, %v", answer.Payload, answer.Err)
	}
	trace := "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"
	if answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw(`"trace"`), TraceID: trace}); string(answer.Payload) != `"`+trace+`"` {
		t.Errorf("trace %q, %v", answer.Payload, answer.Err)
	}
	if err := f.Shutdown(t); err != nil {
		t.Errorf("the function ended with %v", err)
	}
	if !strings.Contains(f.Output(), "\nbye true\n") {
		t.Errorf("output %q", f.Output())
	}
	for _, key := range []string{`"timestamp":"`, `"level":"INFO"`, `"message":"seen"`, `"invocation_id":"id-1"`, `"correlation_id":"id-1"`} {
		t.Run(key, func(t *testing.T) {
			if !strings.Contains(f.Output(), key) {
				t.Errorf("no %s in %q", key, f.Output())
			}
		})
	}
}

// The code of an error is the type by which others know it, and nothing else of
// it leaves the function.
func TestStartReportsErrorsByTheirCode(t *testing.T) {
	t.Parallel()
	f := start(t)
	for payload, want := range map[string]string{
		`"conflict"`: "conflict: said so", `"panic"`: "internal: internal error",
		`{"Records":[{"eventSource":"aws:s3"}]}`: "unhandled: this function has no handler for S3 notifications",
		`{`:                                      "invalid: the payload is not JSON",
	} {
		t.Run(payload, func(t *testing.T) {
			answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw(payload), RequestID: "id-1"})
			if answer.Err == nil || answer.Err.Error() != want+" (correlation id id-1)" {
				t.Errorf("%s answers %s, %v", payload, answer.Payload, answer.Err)
			}
		})
	}
	answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.HTTP{Path: "/wrapped"}})
	if answer.Err == nil || answer.Err.Error() != "Custom: no" {
		t.Errorf("a wrapped handler's own type: got %d, %v, want Custom: no", answer.Status, answer.Err)
	}
	if answer := f.Invoke(t.Context(), t, lifttest.Raw(`1`)); answer.Err != nil {
		t.Errorf("the process does not live on: %v", answer.Err)
	}
	if err := f.Shutdown(t); err != nil { // all that it has printed has been read then
		t.Errorf("the function ended with %v", err)
	}
	if !strings.Contains(f.Output(), "start_test.go") {
		t.Errorf("no stack of the panic in %s", f.Output())
	}
}

// The answer is there before Lambda's own deadline: 504 for a client, what was
// not handled for a batch.
func TestStartAnswersBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	f := start(t)
	<-f.API.Ready() // the time counts from the invocation, not from the start of the process
	if answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.HTTP{Path: "/slow"}, Timeout: 2 * time.Second}); answer.Status != 504 {
		t.Errorf("answer %+v", answer)
	}
	answer := f.Send(t.Context(), t, lifttest.Invocation{
		Event:   lifttest.SQS{Messages: []lifttest.SQSMessage{{ID: "1", Body: "quick"}, {ID: "2", Body: "slow"}, {ID: "3", Body: "late"}}},
		Timeout: 2 * time.Second,
	})
	if strings.Join(answer.Failed, " ") != "2 3" {
		t.Errorf("answer %+v", answer)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := lift.New(lift.Config{})
		var order []string
		app.OnShutdown(func(ctx context.Context) {
			order = append(order, "first")
			<-ctx.Done() // one that takes all the time there is
		})
		app.OnShutdown(func(ctx context.Context) {
			order = append(order, fmt.Sprint(ctx.Err()))
		})
		start := time.Now()
		app.Shutdown(t.Context())
		if strings.Join(order, ", ") != "first, context deadline exceeded" || time.Since(start) != 400*time.Millisecond {
			t.Errorf("%q after %s", order, time.Since(start))
		}
	})
}

func TestFunctionsThatEndOrHang(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{`"exit"`: "Runtime.ExitError: Runtime exited: exit status 3", `"hang"`: "Sandbox.Timedout: Task timed out after 1.00 seconds"} {
		t.Run(payload, func(t *testing.T) {
			f := start(t)
			<-f.API.Ready()
			answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw(payload), Timeout: time.Second})
			if answer.Err == nil || answer.Err.Error() != want {
				t.Errorf("%s answers %s, %v", payload, answer.Payload, answer.Err)
			}
			<-f.Exited()
		})
	}
}
