package app_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/streamertest"

	"example.com/own-action/app"
)

// The action by itself. Its function's time is over after each name, and the next
// invocation goes on from there.
func TestGreet(t *testing.T) {
	t.Parallel()
	job := streamertest.New(t, app.Greet, []string{"Ada", "Grace", "Joan"})
	job.OnReport = func(streamer.Report) { job.EndSlice() }
	job.Run()
	want := []string{"Hello, Ada!", "Hello, Grace!", "Hello, Joan!"}
	if got := streamertest.Result[[]string](job); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The action as a client sees it: over a WebSocket, with a store, in this process.
func TestGreetForAClient(t *testing.T) {
	t.Parallel()
	dev, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", Parts: app.Parts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close(context.Background()) })
	c, err := client.Dial(t.Context(), client.Config{URL: dev.WebSocketURL(), Token: func(context.Context) (string, error) {
		return dev.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var last client.Progress
	result, err := c.Do(t.Context(), client.Request{Action: "greet", Payload: []string{"Ada", "Grace"}}, func(p client.Progress) { last = p })
	if want := `["Hello, Ada!","Hello, Grace!"]`; err != nil || string(result) != want {
		t.Errorf("got %s, %v after %+v, want %s", result, err, last, want)
	}
}
