package lift_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// quiet is a Config for examples: what they log goes nowhere.
var quiet = lift.Config{Logger: slog.New(slog.DiscardHandler)}

// send prints what AWS is answered to an event.
func send(app *lift.App, event lifttest.Event) {
	answer, err := app.Invoke(context.Background(), event.Payload())
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	fmt.Println(string(answer))
}

// One app answers several kinds of events; each handler gets the same Event.
func ExampleApp() {
	app := lift.New(quiet)
	app.Use(middleware.Recover())
	app.HTTP("GET /hello/{name}", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		return &lift.Response{Body: []byte("Hello, " + e.HTTP.PathValue("name"))}, nil
	}))
	app.Direct(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Body: []byte(`"direct"`)}, nil
	}))
	send(app, lifttest.HTTP{Path: "/hello/ada"})
	send(app, lifttest.JSON{Value: 1})
	// Output:
	// {"statusCode":200,"headers":{"Content-Type":"text/plain; charset=utf-8"},"body":"Hello, ada"}
	// "direct"
}

type exampleOrder struct {
	Item  string `json:"item"`
	Count int    `json:"count"`
}

func (o exampleOrder) Validate() error {
	if o.Count < 1 {
		return errors.New("count must be 1 or more")
	}
	return nil
}

// Typed decodes and validates the input, and encodes the output.
func ExampleTyped() {
	app := lift.New(quiet)
	app.Direct(lift.Typed(func(_ context.Context, in exampleOrder) (exampleOrder, error) {
		in.Count *= 2
		return in, nil
	}))
	send(app, lifttest.JSON{Value: exampleOrder{"tea", 2}})
	_, err := app.Invoke(context.Background(), []byte(`{"item":"tea"}`))
	shown, _ := lift.AsError(err)
	fmt.Println(shown.Code)
	// Output:
	// {"item":"tea","count":4}
	// invalid
}

// A guard that cannot work for a trigger refuses to be registered for it.
func ExampleOnly() {
	guard := lift.Only("office hours", func(next lift.Handler) lift.Handler { return next }, lift.TriggerHTTP)
	app := lift.New(quiet)
	defer func() { fmt.Println(recover() != nil) }()
	app.SQS(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil }), guard)
	// Output: true
}

// Where leaves a middleware out for the other triggers.
func ExampleWhere() {
	note := func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			fmt.Println("before", e.Trigger)
			return next.Handle(ctx, e)
		})
	}
	app := lift.New(quiet)
	app.Use(lift.Where(note, lift.TriggerSchedule))
	h := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil })
	app.Schedule(h)
	app.Direct(h)
	send(app, lifttest.Schedule{})
	send(app, lifttest.JSON{Value: 1})
	// Output:
	// before schedule
	// null
	// null
}

// A message that fails is reported and comes again; the others are done.
func ExampleApp_SQS() {
	app := lift.New(quiet)
	app.SQS(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		if string(e.Body) == "bad" {
			return nil, errors.New("this one fails")
		}
		fmt.Println("done:", string(e.Body))
		return nil, nil
	}))
	send(app, lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: "a"}, {Body: "bad"}, {Body: "c"}}})
	// Output:
	// done: a
	// done: c
	// {"batchItemFailures":[{"itemIdentifier":"message-2"}]}
}

// A stream stops at the first record that fails, since exampleOrder counts.
func ExampleApp_DynamoDB() {
	app := lift.New(quiet)
	app.DynamoDB(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		fmt.Println(e.DynamoDB.Name, e.Route, e.DynamoDB.NewImage.Text("id"))
		if e.DynamoDB.NewImage.Text("id") == "o-2" {
			return nil, errors.New("this one fails")
		}
		return nil, nil
	}))
	send(app, lifttest.Stream{Table: "orders", Records: []lifttest.Record{
		{NewImage: map[string]any{"id": "o-1"}}, {NewImage: map[string]any{"id": "o-2"}}, {NewImage: map[string]any{"id": "o-3"}},
	}})
	// Output:
	// INSERT orders o-1
	// INSERT orders o-2
	// {"batchItemFailures":[{"itemIdentifier":"2"}]}
}

func ExampleApp_Kinesis() {
	app := lift.New(quiet)
	app.Kinesis(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		fmt.Println(e.Kinesis.PartitionKey, string(e.Body))
		return nil, nil
	}))
	send(app, lifttest.Kinesis{Records: []lifttest.KinesisRecord{{Key: "sensor-1", Data: []byte("20.5")}}})
	// Output:
	// sensor-1 20.5
	// {"batchItemFailures":[]}
}

func ExampleApp_SNS() {
	app := lift.New(quiet)
	app.SNS(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		fmt.Println(e.Route, e.SNS.Subject, string(e.Body), e.SNS.Attributes.Text("kind"))
		return nil, nil
	}))
	send(app, lifttest.SNS{Topic: "news", Subject: "hi", Message: "text", Attributes: map[string]any{"kind": "note"}})
	// Output:
	// news hi text note
	// null
}

func ExampleApp_S3() {
	app := lift.New(quiet)
	app.S3(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		fmt.Println(e.S3.Event, e.S3.Bucket, e.S3.Key, e.S3.Size)
		return nil, nil
	}))
	send(app, lifttest.S3{Bucket: "photos", Objects: []lifttest.S3Object{{Key: "2026/a cat.jpg", Size: 1024}}})
	// Output:
	// ObjectCreated:Put photos 2026/a cat.jpg 1024
	// null
}

func ExampleApp_EventBridge() {
	app := lift.New(quiet)
	app.EventBridge("Order Placed", lift.Typed(func(ctx context.Context, in exampleOrder) (struct{}, error) {
		fmt.Println(lift.EventFrom(ctx).EventBridge.Source, in.Item)
		return struct{}{}, nil
	}))
	send(app, lifttest.EventBridge{Source: "com.example.shop", DetailType: "Order Placed", Detail: exampleOrder{"tea", 1}})
	// Output:
	// com.example.shop tea
	// null
}

func ExampleApp_Schedule() {
	app := lift.New(quiet)
	app.Schedule(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		fmt.Println(e.Route, e.Time.Format(time.DateOnly))
		return nil, nil
	}))
	send(app, lifttest.Schedule{Name: "nightly", Time: time.Date(2026, 11, 27, 3, 0, 0, 0, time.UTC)})
	// Output:
	// nightly 2026-11-27
	// null
}

// The body of a message's answer goes to its client as a frame.
func ExampleApp_WebSocket() {
	app := lift.New(quiet)
	app.WebSocket(lift.RouteConnect, lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		fmt.Println("connect", e.WebSocket.ConnectionID)
		return nil, nil
	}))
	app.WebSocket(lift.RouteDefault, lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		return &lift.Response{Body: append([]byte("echo "), e.Body...)}, nil
	}))
	send(app, lifttest.Connect{ConnectionID: "c-1="})
	send(app, lifttest.Message{ConnectionID: "c-1=", Body: "hi"})
	// Output:
	// connect c-1=
	// {"statusCode":200}
	// {"statusCode":200,"body":"echo hi"}
}

// A direct invocation answers any JSON; its errors carry their code.
func ExampleApp_Direct() {
	app := lift.New(quiet)
	app.Direct(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return nil, lift.Errorf(lift.CodeNotFound, "there is no such order")
	}))
	_, err := app.Invoke(context.Background(), []byte(`{"id":"o-1"}`))
	shown, public := lift.AsError(err)
	fmt.Println(shown.Code, shown.HTTPStatus(), public)
	// Output: not_found 404 true
}

// An App serves net/http as well, for tests and for containers.
func ExampleApp_ServeHTTP() {
	app := lift.New(quiet)
	app.HTTP("GET /health", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return lift.JSON(0, map[string]bool{"ok": true})
	}))
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health", nil))
	fmt.Println(w.Code, w.Body)
	// Output: 200 {"ok":true}
}

// Any net/http handler runs under the app's middleware.
func ExampleHTTPHandler() {
	admin := http.NewServeMux()
	admin.HandleFunc("GET /admin/ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "pong") })
	app := lift.New(quiet)
	app.HTTP("/admin/", lift.HTTPHandler(admin))
	send(app, lifttest.HTTP{Path: "/admin/ping"})
	// Output: {"statusCode":200,"headers":{"Content-Type":"text/plain; charset=utf-8"},"body":"pong"}
}

// An Operation says what an OpenAPI document needs, and the status of success.
func ExampleOperation() {
	app := lift.New(quiet)
	app.HTTP("POST /orders", lift.Operation{
		Handler: lift.Typed(func(_ context.Context, in exampleOrder) (exampleOrder, error) { return in, nil }),
		Summary: "Place an order",
		Status:  http.StatusCreated,
		Errors:  []lift.Code{lift.CodeConflict},
	})
	header := http.Header{"Content-Type": {"application/json"}}
	send(app, lifttest.HTTP{Method: "POST", Path: "/orders", Header: header, Body: []byte(`{"item":"tea","count":1}`)})
	// Output: {"statusCode":201,"headers":{"Content-Type":"application/json"},"body":"{\"item\":\"tea\",\"count\":1}"}
}

// A stockError is a domain's own error type. It does not import lift.
type stockError struct{ left int }

func (e *stockError) Error() string                { return fmt.Sprintf("%d left", e.left) }
func (e *stockError) HTTPStatus() int              { return http.StatusConflict }
func (e *stockError) Retry() (bool, time.Duration) { return true, time.Minute }
func (e *stockError) Public() (code, message string, details any) {
	return "out_of_stock", "there is not enough left", map[string]int{"left": e.left}
}

// A domain's error type needs no translation.
func ExamplePublicError() {
	shown, public := lift.AsError(fmt.Errorf("place order: %w", &stockError{left: 2}))
	fmt.Println(public, shown.HTTPStatus(), shown.Code, shown.Message, shown.Details, shown.RetryAfter)
	// Output: true 409 out_of_stock there is not enough left map[left:2] 1m0s
}

// An internal error's text stays in the log.
func ExampleAsError() {
	shown, public := lift.AsError(errors.New("dial tcp 10.0.0.7:5432: refused"))
	fmt.Println(public, shown.Code, shown.Message)
	// Output: false internal internal error
}

// A Secret does not show itself.
func ExampleSecret() {
	key := lift.NewSecret("sesame")
	fmt.Printf("%v %+v %s\n", key, struct{ Key lift.Secret }{key}, key.Reveal())
	// Output: [redacted] {Key:[redacted]} sesame
}
