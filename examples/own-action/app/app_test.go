package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/stack"

	"example.com/own-action/app"
)

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
