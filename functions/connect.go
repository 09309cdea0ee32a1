package functions

import (
	"context"
	"slices"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/request"
)

// Subprotocol is the WebSocket subprotocol that the server speaks, and selects
// when a client offers it.
const Subprotocol = "streamer.v1"

// Connect answers $connect: it verifies the token and records the connection
// with its principal. A client without a valid token is refused before the
// upgrade, with 401. It needs Connections, and Issuers or a Verifier.
func Connect(parts Parts) (*lift.App, error) {
	err := parts.check("Connect", need{"Connections", parts.Connections != nil}, parts.needVerifier())
	if err != nil {
		return nil, err
	}
	if err := parts.verify(); err != nil {
		return nil, err
	}
	connections := parts.connections()
	app := newApp(parts, 0)
	app.WebSocket(lift.RouteConnect, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		principal, err := caller(e)
		if err != nil {
			return nil, err
		}
		belongsTo(e, principal.Tenant)
		conn := request.Connection{ID: e.WebSocket.ConnectionID, Principal: principal,
			SourceIP: e.WebSocket.SourceIP, UserAgent: e.WebSocket.UserAgent}
		if err := connections.Open(ctx, conn); err != nil {
			return nil, err
		}
		res := &lift.Response{Status: 200}
		if slices.Contains(e.WebSocket.Subprotocols(), Subprotocol) {
			res.SetHeader("Sec-WebSocket-Protocol", Subprotocol)
		}
		return res, nil
	}), auth.JWT(parts.Verifier))
	return app, nil
}

// Disconnect answers $disconnect: it removes the connection and its
// subscriptions. It needs Connections.
func Disconnect(parts Parts) (*lift.App, error) {
	if err := parts.check("Disconnect", need{"Connections", parts.Connections != nil}); err != nil {
		return nil, err
	}
	connections := parts.connections()
	app := newApp(parts, 0)
	app.WebSocket(lift.RouteDisconnect, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		return nil, connections.Close(ctx, e.WebSocket.ConnectionID)
	}))
	return app, nil
}
