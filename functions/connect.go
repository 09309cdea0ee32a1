package functions

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/request"
)

// Subprotocol is the WebSocket subprotocol that the server speaks. A client that
// offers it is answered with it.
const Subprotocol = "streamer.v1"

// A ConnectConfig is what the connect function needs; Connections and Verifier
// are required.
type ConnectConfig struct {
	Connections request.ConnectionStore
	Verifier    *auth.Verifier
	Logger      *slog.Logger // nil: Lift's default
	Telemetry   Telemetry
}

// Connect answers $connect: it verifies the token and records the connection
// with its principal. Whoever has no good token is refused before the upgrade,
// with 401. It panics when the config lacks something.
func Connect(config ConnectConfig) *lift.App {
	require("Connect", config.Connections != nil, config.Verifier != nil)
	connections := streamer.Connections{Store: config.Connections}
	app := newApp(config.Logger, config.Telemetry, 0)
	app.WebSocket(lift.RouteConnect, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		who, err := caller(e)
		if err != nil {
			return nil, err
		}
		e.Annotate(slog.String("tenant", who.Tenant))
		conn := request.Connection{ID: e.WebSocket.ConnectionID, Principal: who, SourceIP: e.WebSocket.SourceIP, UserAgent: e.WebSocket.UserAgent}
		if err := connections.Open(ctx, conn); err != nil {
			return nil, err
		}
		res := &lift.Response{Status: 200}
		if slices.Contains(e.WebSocket.Subprotocols(), Subprotocol) {
			res.SetHeader("Sec-WebSocket-Protocol", Subprotocol)
		}
		return res, nil
	}), auth.JWT(config.Verifier))
	return app
}

// A DisconnectConfig is what the disconnect function needs; the store is
// required.
type DisconnectConfig struct {
	Connections request.ConnectionStore
	Logger      *slog.Logger // nil: Lift's default
	Telemetry   Telemetry
}

// Disconnect answers $disconnect: it forgets the connection. It panics when the
// config lacks something.
func Disconnect(config DisconnectConfig) *lift.App {
	require("Disconnect", config.Connections != nil)
	connections := streamer.Connections{Store: config.Connections}
	app := newApp(config.Logger, config.Telemetry, 0)
	app.WebSocket(lift.RouteDisconnect, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		return nil, connections.Close(ctx, e.WebSocket.ConnectionID)
	}))
	return app
}

// require panics for a part that is missing, since that is a mistake in wiring.
func require(function string, present ...bool) {
	if slices.Contains(present, false) {
		panic(errors.New("functions." + function + ": the config lacks a required part"))
	}
}
