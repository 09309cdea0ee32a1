package middleware_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
)

func status(app *lift.App, request lifttest.HTTP) string {
	answer, err := app.Invoke(context.Background(), request.Payload())
	if err != nil {
		return err.Error()
	}
	return string(answer[:len(`{"statusCode":200`)])
}

// Recover turns a panic into an internal error, and the process lives on.
func ExampleRecover() {
	app := lift.New(lift.Config{Logger: slog.New(slog.DiscardHandler)})
	app.Use(middleware.Recover())
	app.HTTP("GET /", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { panic("a bug") }))
	fmt.Println(status(app, lifttest.HTTP{}))
	// Output: {"statusCode":500
}

// RateLimit answers 429 when a caller's tokens are spent.
func ExampleRateLimit() {
	app := lift.New(lift.Config{Logger: slog.New(slog.DiscardHandler)})
	app.Use(middleware.RateLimit(middleware.RateLimitConfig{
		Limiter: middleware.NewTokenBuckets(middleware.TokenBucketConfig{Rate: 0.001, Burst: 1}),
	}))
	app.HTTP("GET /", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil }))
	fmt.Println(status(app, lifttest.HTTP{}), status(app, lifttest.HTTP{}))
	// Output: {"statusCode":204 {"statusCode":429
}

// Idempotency runs a call once for each key, and repeats its answer.
func ExampleIdempotency() {
	app := lift.New(lift.Config{Logger: slog.New(slog.DiscardHandler)})
	app.Use(middleware.Idempotency(middleware.IdempotencyConfig{
		Store: middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{}), Lease: time.Minute, Keep: time.Hour,
	}))
	app.HTTP("POST /orders", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		fmt.Println("placed")
		return &lift.Response{Status: http.StatusCreated}, nil
	}))
	request := lifttest.HTTP{Method: http.MethodPost, Path: "/orders", Header: http.Header{"Idempotency-Key": {"k-1"}}}
	fmt.Println(status(app, request), status(app, request))
	// Output:
	// placed
	// {"statusCode":201 {"statusCode":201
}

// Metrics counts each event; handlers add metrics of their own.
func ExampleMetrics() {
	var out lifttest.Metrics
	recorder, err := metric.New(metric.Config{Namespace: "Shop", Writer: &out})
	if err != nil {
		fmt.Println(err)
		return
	}
	app := lift.New(lift.Config{Logger: slog.New(slog.DiscardHandler)})
	app.Use(middleware.Metrics(recorder))
	app.Direct(lift.HandlerFunc(func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
		metric.From(ctx).Add("Orders", 3, metric.Count)
		return nil, nil
	}))
	_, err = app.Invoke(context.Background(), lifttest.JSON{Value: 1}.Payload())
	fmt.Println(len(out.Lines()), err)
	// Output: 1 <nil>
}
