package ownaction_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	ownaction "example.com/own-action"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/stack"
)

func TestGreet(t *testing.T) {
	t.Parallel()
	dev, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", Parts: ownaction.Parts})
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
	if err != nil || string(result) != `["Hello, Ada!","Hello, Grace!"]` {
		t.Errorf("%s, %v after %+v", result, err, last)
	}
}

// The README promises fifteen lines, and shows them as they are.
func TestFifteenLines(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("action.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, action, _ := strings.Cut(string(source), "var Greet")
	action, _, _ = strings.Cut(action, "\n\n")
	if lines := strings.Count(action, "\n") + 1; lines != 15 {
		t.Errorf("the action has %d lines", lines)
	}
	if !strings.Contains(string(readme), "```go\nvar Greet"+action+"\n```") {
		t.Error("README.md does not show the action as it is")
	}
}
