package functions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

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

// A verifier of one's own, here of opaque tokens in a table.
func ExampleParts_verifier() {
	parts, closeStore := exampleParts()
	defer closeStore()
	parts.Verifier = keys{"k-1": {Tenant: "acme", Subject: "ada", Scopes: []string{"admin"}, Expiry: time.Now().Add(time.Hour)}}
	parts.Routes = func(app *lift.App, authenticate lift.Middleware) {
		app.HTTP("GET /me", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			return lift.JSON(http.StatusOK, e.Claims.Tenant+"/"+e.Claims.Subject)
		}), authenticate)
	}
	router, err := functions.Router(parts)
	if err != nil {
		panic(err)
	}
	for _, token := range []string{"k-1", "k-2"} {
		event := lifttest.HTTP{Path: "/me", Header: bearer(token)}
		fmt.Println(invoke(router, event.Payload()))
	}
	// Output:
	// 200 "acme/ada"
	// 401 {"type":"about:blank","title":"Unauthorized","status":401,"detail":"the key is not known","code":"UNAUTHORIZED","correlation_id":"TcGYnhqKIAMEVXA="}
}

type keys map[string]lift.Claims

func (k keys) Verify(_ context.Context, token string) (*lift.Claims, error) {
	claims, known := k[token]
	if !known {
		return nil, lift.Errorf(lift.CodeUnauthorized, "the key is not known")
	}
	return &claims, nil
}

// adaAlone is a verifier that takes every token for ada's.
type adaAlone struct{}

func (adaAlone) Verify(context.Context, string) (*lift.Claims, error) {
	return &lift.Claims{Tenant: "acme", Subject: "ada"}, nil
}

// send makes an HTTP event of the arguments and returns the answer's status and
// body.
func send(app *lift.App, method, path, body string) string {
	event := lifttest.HTTP{Method: method, Path: path, Header: bearer("token"), Body: []byte(body)}
	return invoke(app, event.Payload())
}

func invoke(app *lift.App, payload []byte) string {
	out, err := app.Invoke(context.Background(), payload)
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
