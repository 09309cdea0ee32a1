// Package hello is the smallest useful Lift app: one HTTP route behind the
// usual middlewares. It runs behind an HTTP API, a REST API, a function URL or
// a load balancer (examples/hello/function), and on one's own machine
// (examples/hello/local).
package hello

import (
	"context"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// A Greeting is what the app answers.
type Greeting struct {
	Message string `json:"message"`
}

// New returns the app.
func New(cfg lift.Config) *lift.App {
	app := lift.New(cfg)
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	app.HTTP("GET /hello/{name}", lift.Typed(hello))
	return app
}

func hello(ctx context.Context, _ struct{}) (Greeting, error) {
	name := lift.EventFrom(ctx).HTTP.PathValue("name")
	if name == "stranger" {
		return Greeting{}, lift.Errorf(lift.CodeNotFound, "%q is not a name that this service greets: try another", name)
	}
	return Greeting{Message: "Hello, " + name + "!"}, nil
}
