package stack_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

// BenchmarkJobOnDev is a job of five steps by RunStep, one after another, from send to
// result over the WebSocket of a development server with its database in a file.
func BenchmarkJobOnDev(b *testing.B) {
	five := streamer.NewAction(streamer.ActionConfig{Name: "five", Long: true},
		func(ctx context.Context, job *streamer.Job, _ any) (int, error) {
			for n := range 5 {
				if _, err := streamer.RunStep(ctx, job, fmt.Sprint("step-", n), func(context.Context) (int, error) { return n, nil }); err != nil {
					return 0, err
				}
			}
			return 5, nil
		})
	server, err := stack.StartDev(b.Context(), stack.DevConfig{Data: b.TempDir(), Listen: "127.0.0.1:0", Parts: functions.Parts{
		Logger:  slog.New(slog.DiscardHandler),
		Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{five}, nil },
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close(context.WithoutCancel(b.Context()))
	c, err := client.Dial(b.Context(), client.Config{URL: server.WebSocketURL(), Token: func(context.Context) (string, error) {
		return server.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		if _, err := c.Do(b.Context(), client.Request{Action: "five"}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
