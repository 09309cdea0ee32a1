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

	"github.com/aws/aws-lambda-go/events"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// message is a WebSocket event of 2 KB, most of it the body.
func message(b *testing.B) []byte {
	payload, err := os.ReadFile(filepath.Join(awsEvents(b), "apigw-websocket-request-send-message.json"))
	if err != nil {
		b.Fatal(err)
	}
	body := `{\"action\":\"echo\",\"payload\":{\"text\":\"` + strings.Repeat("word ", 220) + `\"}}`
	return []byte(strings.Replace(string(payload), `{\r\n\t\"a\": 1\r\n}`, body, 1))
}

// BenchmarkDispatch sends one message through Lift and a stack, its log line
// written to nowhere, beside what aws-lambda-go's own struct costs to decode.
func BenchmarkDispatch(b *testing.B) {
	payload := message(b)
	b.Run("lift", func(b *testing.B) {
		app := lift.New(lift.Config{Logger: slog.New(slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))})
		app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover())
		app.WebSocket(lift.RouteDefault, handle(nil, nil))
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
