package functions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
)

// The four functions from one value, as each stack builds them.
func ExampleParts() {
	parts, closeStore := exampleParts()
	defer closeStore()
	for _, build := range []func(functions.Parts) (*lift.App, error){
		functions.Connect, functions.Disconnect, functions.Router, functions.Processor,
	} {
		app, err := build(parts)
		fmt.Println(app != nil, err)
	}
	parts.Connections = nil
	_, err := functions.Connect(parts)
	fmt.Println(err)
	// Output:
	// true <nil>
	// true <nil>
	// true <nil>
	// true <nil>
	// functions: Connect needs Parts.Connections
}

// A short action over HTTP, through the router function.
func ExampleRouter() {
	parts, closeStore := exampleParts()
	defer closeStore()
	router, err := functions.Router(parts)
	if err != nil {
		panic(err)
	}
	fmt.Println(send(router, "POST", "/requests", `{"id":"r1","action":"greet","payload":"Grace"}`))
	fmt.Println(send(router, "GET", "/health", ""))
	// Output:
	// 201 {"type":"response","request_id":"r1","success":true,"data":"Hello, Grace!"}
	// 200 {"status":"ok"}
}

// A middleware around each run of an action, and a route of the application's
// own that only authenticated callers reach.
func ExampleParts_middleware() {
	parts, closeStore := exampleParts()
	defer closeStore()
	parts.ActionMiddleware = append(parts.ActionMiddleware, func(next streamer.ActionFunc) streamer.ActionFunc {
		return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			fmt.Println("runs", job.Action())
			return next(ctx, job)
		}
	})
	parts.Routes = func(app *lift.App, authenticate lift.Middleware) {
		app.HTTP("GET /me", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			return lift.JSON(http.StatusOK, e.Claims.Subject)
		}), authenticate)
	}
	router, err := functions.Router(parts)
	if err != nil {
		panic(err)
	}
	fmt.Println(send(router, "POST", "/requests", `{"id":"r1","action":"greet","payload":"Grace"}`))
	fmt.Println(send(router, "GET", "/me", ""))
	// Output:
	// runs greet
	// 201 {"type":"response","request_id":"r1","success":true,"data":"Hello, Grace!"}
	// 200 "ada"
}

// exampleParts are those of an application with one action, over a store in
// memory.
func exampleParts() (parts functions.Parts, closeStore func() error) {
	store, err := sqlite.Open(context.Background(), sqlite.Memory)
	if err != nil {
		panic(err)
	}
	greet := streamer.NewAction(streamer.ActionConfig{Name: "greet"},
		func(_ context.Context, _ *streamer.Job, name string) (string, error) {
			return "Hello, " + name + "!", nil
		})
	out := &mail{}
	return functions.Parts{
		Actions:     func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{greet}, nil },
		Verifier:    adaAlone{},
		Connections: store, Requests: store, Push: out, Close: out, Dispatch: streamer.QueueFunc(out.Dispatch),
		Logger: new(lifttest.Log).Logger(),
	}, store.Close
}

// adaAlone is a verifier that takes every token for ada's.
type adaAlone struct{}

func (adaAlone) Verify(context.Context, string) (*lift.Claims, error) {
	return &lift.Claims{Subject: "ada", Raw: []byte(`{"tenant_id":"acme"}`)}, nil
}

// send makes an HTTP event of the arguments and returns the answer's status and
// body.
func send(app *lift.App, method, path, body string) string {
	event := lifttest.HTTP{Method: method, Path: path, Header: bearer("token"), Body: []byte(body)}
	out, err := app.Invoke(context.Background(), event.Payload())
	if err != nil {
		return err.Error()
	}
	var answer struct {
		Status int    `json:"statusCode"`
		Body   string `json:"body"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return err.Error()
	}
	return fmt.Sprint(answer.Status, " ", answer.Body)
}
