package stack_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

// A whole system in one process, with one action and a client of it: all that
// an end-to-end test of one's own actions needs.
func ExampleStartDev() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	data, err := os.MkdirTemp("", "streamer-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(data)
	count := streamer.NewAction(streamer.ActionConfig{Name: "count", Long: true},
		func(_ context.Context, job *streamer.Job, words []string) (int, error) {
			job.Progress(50, "counting")
			return len(words), nil
		})
	dev, err := stack.StartDev(ctx, stack.DevConfig{
		Data: data, Listen: "127.0.0.1:0",
		Parts: functions.Parts{
			Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{count}, nil },
			Logger:  slog.New(slog.DiscardHandler),
		},
	})
	if err != nil {
		panic(err)
	}
	defer dev.Close(ctx)

	c, err := client.Dial(ctx, client.Config{URL: dev.WebSocketURL(), Token: func(context.Context) (string, error) {
		return dev.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	}})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	result, err := c.Do(ctx, client.Request{Action: "count", Payload: []string{"to", "be"}}, nil)
	fmt.Println(string(result), err)
	// Output: 2 <nil>
}

// The settings of the deployed functions hold on one machine, too: with one open
// request for each caller, the second is refused.
func ExampleDevConfig_limits() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	data, err := os.MkdirTemp("", "streamer-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(data)
	approve := streamer.NewAction(streamer.ActionConfig{Name: "approve", Long: true},
		func(ctx context.Context, job *streamer.Job, _ any) (int, error) {
			_, err := streamer.AwaitSignal[any](ctx, job, "approval", time.Hour)
			return 0, err
		})
	dev, err := stack.StartDev(ctx, stack.DevConfig{
		Data: data, Listen: "127.0.0.1:0",
		Parts: functions.Parts{
			Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{approve}, nil },
			Limits:  streamer.Limits{OpenPerPrincipal: 1},
			Logger:  slog.New(slog.DiscardHandler),
		},
	})
	if err != nil {
		panic(err)
	}
	defer dev.Close(ctx)

	c, err := client.HTTP(client.Config{URL: dev.WebSocketURL(), HTTPURL: dev.HTTPURL(), Token: func(context.Context) (string, error) {
		return dev.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	}})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	for range 2 {
		_, err := c.Start(ctx, client.Request{Action: "approve"})
		refused, _ := errors.AsType[*client.Error](err)
		fmt.Println(err == nil, refused != nil && refused.Code == wire.RateLimited)
	}
	// Output:
	// true false
	// false true
}

// A program starts a request for a user, who watches it from a browser or another device. On
// AWS the same is a Lambda function with deployed.Requests.
func ExampleDev_Requests() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	data, err := os.MkdirTemp("", "streamer-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(data)
	invoice := streamer.NewAction(streamer.ActionConfig{Name: "invoice", Long: true},
		func(_ context.Context, job *streamer.Job, order string) (string, error) {
			return "invoice of " + order + " for " + job.Principal().Subject, nil
		})
	dev, err := stack.StartDev(ctx, stack.DevConfig{
		Data: data, Listen: "127.0.0.1:0",
		Parts: functions.Parts{
			Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{invoice}, nil },
			Logger:  slog.New(slog.DiscardHandler),
		},
	})
	if err != nil {
		panic(err)
	}
	defer dev.Close(ctx)

	// There is no token: the program vouches for the principal.
	ada := streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: "ada"}, CorrelationID: "order-7"}
	ack, err := dev.Requests().Submit(ctx, ada, wire.Message{ID: "invoice-7", Action: "invoice", Payload: []byte(`"order 7"`)})
	if err != nil {
		panic(err)
	}
	fmt.Println(ack.RequestID, ack.Status)

	c, err := client.Dial(ctx, client.Config{URL: dev.WebSocketURL(), Token: func(context.Context) (string, error) {
		return dev.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	}})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	call, err := c.Watch(ctx, "invoice-7")
	if err != nil {
		panic(err)
	}
	result, err := call.Wait(nil)
	fmt.Println(string(result), err)
	// Output:
	// invoice-7 queued
	// "invoice of order 7 for ada" <nil>
}
