// Package sockets lets clients of WebSockets that others wrote talk to a whole server:
// reconnecting-websocket, partysocket and undici's.
package sockets

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

func TestSocketsOfOthers(t *testing.T) {
	t.Parallel()
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
	nodetest.Run(t, "..", []string{"STREAMER_URL=" + running.WebSocketURL(), "STREAMER_HTTP_URL=" + running.HTTPURL(),
		"STREAMER_TOKEN=" + sign("ada"), "STREAMER_OPERATOR=" + sign("olga", request.OperatorScope)},
		filepath.Join("sockets", "clients.test.mjs"))
}
