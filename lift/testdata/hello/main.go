// Command hello is what testdata/budget.json bounds: a function with one
// handler and the whole stack.
package main

import (
	"context"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

type greeting struct {
	Message string `json:"message"`
}

func main() {
	app := lift.New(lift.Config{})
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	app.HTTP("GET /hello/{name}", lift.Typed(func(ctx context.Context, _ struct{}) (greeting, error) {
		return greeting{"Hello, " + lift.EventFrom(ctx).HTTP.PathValue("name") + "!"}, nil
	}))
	lift.Start(app)
}
