package verify_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
)

// One check of the suite against a stage, here one in this process. A check sees
// two URLs and a token, so the stage may be anywhere.
func ExampleCheck() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	data, err := os.MkdirTemp("", "streamer-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(data)
	stage, err := stack.StartDev(ctx, stack.DevConfig{Data: data, Listen: "127.0.0.1:0",
		Parts: functions.Parts{Actions: actions.All, Logger: slog.New(slog.DiscardHandler)}})
	if err != nil {
		panic(err)
	}
	defer stage.Close(ctx)
	token, err := stage.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	if err != nil {
		panic(err)
	}
	target := &verify.Target{WebSocketURL: stage.WebSocketURL(), HTTPURL: stage.HTTPURL(), Token: token}
	for _, check := range verify.Checks() {
		if check.Name == "no token: 401" {
			fmt.Println(check.Group, "|", check.Name, "|", check.Run(ctx, target))
		}
	}
	// Output: handshake | no token: 401 | <nil>
}
