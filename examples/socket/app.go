// Package socket is a WebSocket API whose messages are answered by a frame. The
// routes need a route response in API Gateway for that.
package socket

import (
	"context"
	"slices"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/middleware"
)

// Subprotocol is what clients must offer.
const Subprotocol = "echo.v1"

// New returns the app.
func New(cfg lift.Config) *lift.App {
	app := lift.New(cfg)
	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0))
	app.WebSocket(lift.RouteConnect, lift.HandlerFunc(connect))
	app.WebSocket("echo", lift.Typed(echo))
	app.WebSocket(lift.RouteDefault, lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return nil, lift.Errorf(lift.CodeInvalid, "the action is not known")
	}))
	app.WebSocket(lift.RouteDisconnect, lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil }))
	return app
}

func connect(_ context.Context, e *lift.Event) (*lift.Response, error) {
	if !slices.Contains(e.WebSocket.Subprotocols(), Subprotocol) {
		return nil, lift.Errorf(lift.CodeInvalid, "the subprotocol is %s", Subprotocol)
	}
	return (*lift.Response)(nil).SetHeader("Sec-WebSocket-Protocol", Subprotocol), nil
}

// A Message is what goes both ways.
type Message struct {
	Action string `json:"action"`
	Text   string `json:"text"`
}

func echo(_ context.Context, in Message) (Message, error) { return in, nil }
