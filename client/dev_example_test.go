package client_test

import (
	"context"
	"encoding/json"
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

// withServer runs a whole Streamer in this process, as `streamer dev` does, and
// gives do what a client of it needs.
func withServer(do func(ctx context.Context, cfg client.Config) error) {
	if err := runServer(do); err != nil {
		fmt.Println(err)
	}
}

func runServer(do func(ctx context.Context, cfg client.Config) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	data, err := os.MkdirTemp("", "streamer-example")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	server, err := stack.StartDev(ctx, stack.DevConfig{Data: data, Listen: "127.0.0.1:0", Parts: functions.Parts{
		Logger: slog.New(slog.DiscardHandler),
		Actions: func(request.Lister) ([]streamer.Action, error) {
			return []streamer.Action{greet(), publish(), export(), ship()}, nil
		},
	}})
	if err != nil {
		return err
	}
	token := func(context.Context) (string, error) {
		return server.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	}
	return errors.Join(do(ctx, client.Config{URL: server.WebSocketURL(), Token: token}), server.Close(ctx))
}

// greet is a short action: it is answered at once.
func greet() streamer.Action {
	config := streamer.ActionConfig{Name: "greet"}
	return streamer.NewAction(config, func(_ context.Context, _ *streamer.Job, name string) (string, error) {
		return "Hello, " + name + "!", nil
	})
}

// publish is a long action that waits for a signal before it ends.
func publish() streamer.Action {
	config := streamer.ActionConfig{Name: "publish", Long: true}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, page string) (json.RawMessage, error) {
		return streamer.AwaitSignal[json.RawMessage](ctx, job, "approval", time.Hour)
	})
}

// export is a long action that has output and works until it is cancelled.
func export() streamer.Action {
	config := streamer.ActionConfig{Name: "export", Long: true}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, rows []string) (int, error) {
		for _, row := range rows {
			if err := job.Emit(row); err != nil {
				return 0, err
			}
		}
		job.Progress(50, "exported")
		<-ctx.Done()
		return 0, context.Cause(ctx)
	})
}

// A short action is one call, over a WebSocket or HTTP.
func ExampleClient_Do() {
	withServer(func(ctx context.Context, cfg client.Config) error {
		for _, open := range []func() (*client.Client, error){
			func() (*client.Client, error) { return client.Dial(ctx, cfg) },
			func() (*client.Client, error) { return client.HTTP(cfg) },
		} {
			c, err := open()
			if err != nil {
				return err
			}
			result, err := c.Do(ctx, client.Request{Action: "greet", Payload: "Ada"}, nil)
			fmt.Println(string(result), err)
			c.Close()
		}
		return nil
	})
	// Output:
	// "Hello, Ada!" <nil>
	// "Hello, Ada!" <nil>
}

// The id is the idempotency key: a request that is sent again is the same one.
func ExampleClient_Start() {
	withServer(func(ctx context.Context, cfg client.Config) error {
		c, err := client.Dial(ctx, cfg)
		if err != nil {
			return err
		}
		defer c.Close()
		call, err := c.Start(ctx, client.Request{Action: "publish", ID: "page-7", Payload: "/news"})
		if err != nil {
			return err
		}
		fmt.Println("stored:", call.ID())
		if _, err := c.Signal(ctx, "page-7", "approval", json.RawMessage(`{"by":"grace"}`)); err != nil {
			return err
		}
		result, err := call.Wait(nil)
		fmt.Println(string(result), err)

		again, err := c.Do(ctx, client.Request{Action: "publish", ID: "page-7", Payload: "/news"}, nil)
		fmt.Println(string(again), err)
		return nil
	})
	// Output:
	// stored: page-7
	// {"by":"grace"} <nil>
	// {"by":"grace"} <nil>
}

// A cancelled call ends with the code CANCELLED; what it has emitted stays.
func ExampleClient_Cancel() {
	withServer(func(ctx context.Context, cfg client.Config) error {
		c, err := client.Dial(ctx, cfg)
		if err != nil {
			return err
		}
		defer c.Close()
		call, err := c.Start(ctx, client.Request{Action: "export", Payload: []string{"one", "two"}})
		if err != nil {
			return err
		}
		_, err = call.Wait(func(p client.Progress) {
			if p.Message == "exported" { // the action has begun
				_, _ = c.Cancel(ctx, call.ID())
			}
		})
		if failed, ok := errors.AsType[*client.Error](err); ok && failed.Code == wire.Cancelled {
			fmt.Println(failed.Code)
		}
		output, err := c.Output(ctx, call.ID(), 0)
		for _, chunk := range output.Chunks {
			fmt.Println(string(chunk))
		}
		return err
	})
	// Output:
	// CANCELLED
	// "one"
	// "two"
}

// The server pushes what an action emits; the loop ends with the request.
func ExampleHandle_Output() {
	withServer(func(ctx context.Context, cfg client.Config) error {
		c, err := client.Dial(ctx, cfg)
		if err != nil {
			return err
		}
		defer c.Close()
		call, err := c.Start(ctx, client.Request{Action: "export", Payload: []string{"one", "two"}})
		if err != nil {
			return err
		}
		for chunk, err := range call.Output(ctx) {
			if err != nil {
				return err
			}
			fmt.Println(string(chunk))
			if string(chunk) == `"two"` {
				_, _ = c.Cancel(ctx, call.ID())
			}
		}
		return nil
	})
	// Output:
	// "one"
	// "two"
}

// An unknown action, as any refusal, is an Error with a code to branch on.
func ExampleError() {
	withServer(func(ctx context.Context, cfg client.Config) error {
		c, err := client.HTTP(cfg)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Do(ctx, client.Request{Action: "make_coffee"}, nil)
		if failed, ok := errors.AsType[*client.Error](err); ok {
			fmt.Println(failed.Code, failed.Retryable)
		}
		return nil
	})
	// Output: INVALID_ACTION false
}
