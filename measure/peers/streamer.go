package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/cmd/cli"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

// five is the job as an action: each step recorded, and reported to the client.
func five() streamer.Action {
	return streamer.NewAction(streamer.ActionConfig{Name: "five", Long: true},
		func(ctx context.Context, job *streamer.Job, _ any) (int, error) {
			for n := range jobSteps {
				name := stepName(n)
				if _, err := streamer.RunStep(ctx, job, name, func(context.Context) (int, error) { return step(job.ID(), n) }); err != nil {
					return 0, err
				}
				job.Progress(float64(100*(n+1)/jobSteps), name)
			}
			return jobSteps, nil
		})
}

// streamerServer is the project of a user: `streamer dev` with an action of its own.
func streamerServer() {
	cli.Dev(functions.Parts{Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{five()}, nil }})
}

// A streamerClient is the Go client over one WebSocket, in a process of its own.
type streamerClient struct{ *client.Client }

func newStreamerClient(ctx context.Context, url, data string) (engine, error) {
	c, err := client.Dial(ctx, client.Config{URL: url, Token: func(context.Context) (string, error) { return sign(data) },
		Backoff: client.Backoff{Min: 50 * time.Millisecond}})
	if err != nil {
		return nil, err
	}
	return streamerClient{c}, nil
}

// sign makes a token of the development key in the server's folder.
func sign(data string) (string, error) {
	key, err := stack.OpenKey(data)
	if err != nil {
		return "", err
	}
	return key.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, time.Now())
}

// Run implements [engine].
func (c streamerClient) Run(ctx context.Context, id string) (int, error) {
	heard := 0
	result, err := c.Do(ctx, client.Request{Action: "five", ID: id}, func(client.Progress) { heard++ })
	if err != nil {
		return 0, err
	}
	if heard == 0 {
		return 0, errors.New("the client heard of no progress")
	}
	return number(result)
}

// Await implements [engine].
func (c streamerClient) Await(ctx context.Context, id string) (int, error) {
	call, err := c.Watch(ctx, id)
	if err != nil {
		return 0, err
	}
	result, err := call.Wait(nil)
	if err != nil {
		return 0, err
	}
	return number(result)
}

// Close implements [engine].
func (c streamerClient) Close() { _ = c.Client.Close() } // the process ends

func number(text json.RawMessage) (n int, err error) {
	if err := json.Unmarshal(text, &n); err != nil {
		return 0, fmt.Errorf("the result %s: %w", text, err)
	}
	return n, nil
}
