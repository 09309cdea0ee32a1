package lift_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/internal/budget"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// message is a WebSocket event of 2 KB, most of it the body.
func message(t testing.TB) []byte {
	payload, err := os.ReadFile(filepath.Join(awsEvents(t), "apigw-websocket-request-send-message.json"))
	if err != nil {
		t.Fatal(err)
	}
	body := `{\"action\":\"echo\",\"payload\":{\"text\":\"` + strings.Repeat("word ", 220) + `\"}}`
	return []byte(strings.Replace(string(payload), `{\r\n\t\"a\": 1\r\n}`, body, 1))
}

// dispatch sends messages through the stack, as the runtime library would, with
// a log that is at level error.
func dispatch(t testing.TB) func() {
	payload := message(t)
	app := lift.New(lift.Config{Logger: slog.New(slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))})
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	app.WebSocket(lift.RouteDefault, handle(nil, nil))
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	t.Cleanup(cancel)
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "8f507cfc-xmpl-4697-b07a-ac58fc914c95"})
	return func() {
		if _, err := app.Invoke(ctx, payload); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkDispatch sends one message through Lift and a stack, its log line
// written to nowhere, beside what aws-lambda-go's own struct costs to decode.
func BenchmarkDispatch(b *testing.B) {
	payload := message(b)
	b.Run("lift", func(b *testing.B) {
		send := dispatch(b)
		b.SetBytes(int64(len(payload)))
		b.ReportAllocs()
		for b.Loop() {
			send()
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

// Not parallel: what others allocate would count.
func TestDispatchAllocations(t *testing.T) {
	budget.Test(t, "dispatch", map[string]int{"allocations": int(testing.AllocsPerRun(100, dispatch(t)))})
}

// BenchmarkDecode decodes one event of each family, by a handler that does
// nothing.
func BenchmarkDecode(b *testing.B) {
	for _, tt := range everyTrigger {
		b.Run(tt.trigger.String(), func(b *testing.B) {
			app := lift.New(lift.Config{Logger: slog.New(slog.DiscardHandler)})
			registerAll(app, handle(nil, nil))
			payload := tt.event.Payload()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := app.Invoke(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
