// Command hello is what testdata/budget.json bounds: a function with one
// handler and the whole stack.
package main

import (
	"context"
	"log"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
)

type greeting struct {
	Message string `json:"message"`
}

func main() {
	recorder, err := metric.New(metric.Config{Namespace: "Hello"})
	if err != nil {
		log.Fatal(err)
	}
	app := lift.New(lift.Config{})
	app.Use(middleware.Correlation(), middleware.Metrics(recorder), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	app.HTTP("GET /hello/{name}", lift.Typed(func(ctx context.Context, _ struct{}) (greeting, error) {
		return greeting{"Hello, " + lift.EventFrom(ctx).HTTP.PathValue("name") + "!"}, nil
	}))
	lift.Start(app)
}
