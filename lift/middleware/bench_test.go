package middleware_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/pay-theory/streamer/internal/budget"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
)

// dispatched is an app with the usual stack, its log line not written, and a
// WebSocket message of 2 KB for it.
func dispatched(tb testing.TB) (*lift.App, []byte) {
	rec, err := metric.New(metric.Config{Namespace: "bench", Writer: io.Discard})
	if err != nil {
		tb.Fatal(err)
	}
	app := lift.New(lift.Config{Logger: lift.NewLogger(lift.LogConfig{Writer: io.Discard, Level: slog.LevelError})})
	claims := &lift.Claims{Subject: "ada", Scopes: []string{"things"}}
	app.Use(middleware.Correlation(), middleware.Metrics(rec), middleware.Log(), middleware.Recover(), func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			e.Claims = claims
			return next.Handle(ctx, e)
		})
	})
	app.WebSocket(lift.RouteDefault, lift.HandlerFunc(func(ctx context.Context, _ *lift.Event) (*lift.Response, error) {
		if lift.ClaimsFrom(ctx) != claims {
			tb.Error("no claims")
		}
		return nil, nil
	}))
	body := `{"action":"echo","payload":{"text":"` + strings.Repeat("word ", 220) + `"}}`
	return app, lifttest.Message{Body: body}.Payload()
}

// What an event costs on its way through the stack is a promise.
func TestDispatchAllocations(t *testing.T) {
	app, payload := dispatched(t)
	ctx := context.Background()
	allocs := testing.AllocsPerRun(200, func() {
		if _, err := app.Invoke(ctx, payload); err != nil {
			t.Error(err)
		}
	})
	budget.Test(t, "dispatch with middlewares", map[string]int{"allocations": int(allocs)})
}

// BenchmarkDispatch sends one message through the stack, beside what
// aws-lambda-go's own struct costs to decode.
func BenchmarkDispatch(b *testing.B) {
	app, payload := dispatched(b)
	b.Run("lift", func(b *testing.B) {
		ctx := context.Background()
		b.SetBytes(int64(len(payload)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := app.Invoke(ctx, payload); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-lambda-go decode alone", func(b *testing.B) {
		b.SetBytes(int64(len(payload)))
		b.ReportAllocs()
		for b.Loop() {
			var e events.APIGatewayWebsocketProxyRequest
			if err := json.Unmarshal(payload, &e); err != nil {
				b.Fatal(err)
			}
		}
	})
}
