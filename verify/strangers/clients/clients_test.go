// Package clients lets clients that others wrote use a whole server as its protocol says:
// Python's websockets, gorilla/websocket and curl.
package clients

import (
	"context"
	"testing"
	"time"

	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

// A server is one for the user ada and the operator olga.
type server struct {
	*stack.Dev
	token, operator string
}

func start(t *testing.T) server {
	t.Helper()
	var log lifttest.Log
	running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0",
		Parts: functions.Parts{Logger: log.Logger(), Actions: actions.All}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		defer cancel()
		if err := running.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	sign := func(subject string, scopes ...string) string {
		token, err := running.Sign(stack.Grant{Tenant: "acme", Subject: subject, Scopes: scopes, TTL: time.Hour}, nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	return server{running, sign("ada"), sign("olga", request.OperatorScope)}
}
