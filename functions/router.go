package functions

import (
	"context"
	"log/slog"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// answerLimit is below the 29 s after which API Gateway gives up on a function
// (Amazon API Gateway Developer Guide, "Quotas", integration timeout).
const answerLimit = 28 * time.Second

// Router answers the messages of open WebSockets and the HTTP API. The
// WebSocket API's $default route must have a route response: a message's answer
// is what the function returns. It needs Connections, Requests, Actions, Push,
// Close, Dispatch, and Issuers or a Verifier.
func Router(parts Parts) (*lift.App, error) {
	err := parts.check("Router", need{"Connections", parts.Connections != nil}, need{"Requests", parts.Requests != nil},
		need{"Actions", parts.Actions != nil}, need{"Push", parts.Push != nil}, need{"Close", parts.Close != nil},
		need{"Dispatch", parts.Dispatch != nil}, parts.needVerifier())
	if err != nil {
		return nil, err
	}
	requests, err := Requests(parts)
	if err != nil {
		return nil, err
	}
	if err := parts.verify(); err != nil {
		return nil, err
	}
	connections := parts.connections()
	connections.Store = annotating{connections.Store}
	messages := &streamer.Router{Connections: connections, Requests: requests,
		Verifier: renewals{parts.Verifier}, Now: parts.Now}
	app := newApp(parts, answerLimit)

	app.WebSocket(lift.RouteDefault, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		frame, err := messages.Answer(ctx, e.WebSocket.ConnectionID, e.CorrelationID, e.Body)
		concerns(e, frame.RequestID)
		if err != nil {
			return fail(ctx, e, err)
		}
		res := answer(e, frame)
		if len(res.Body) > wire.MaxMessage {
			return fail(ctx, e, streamer.Errorf(wire.PayloadTooLarge,
				"the answer has %d bytes, a message %d: read the request over HTTP", len(res.Body), wire.MaxMessage))
		}
		return res, nil
	}))
	authenticate := auth.JWT(parts.Verifier)
	httpAPI{requests, connections}.routes(app, authenticate)
	if parts.Routes != nil {
		parts.Routes(app, authenticate)
	}
	return app, nil
}

// annotating is a store that notes whose connection a message came on.
type annotating struct{ request.ConnectionStore }

// LoadConnection implements [request.ConnectionStore].
func (a annotating) LoadConnection(ctx context.Context, id string) (request.Connection, error) {
	conn, err := a.ConnectionStore.LoadConnection(ctx, id)
	if err == nil {
		belongsTo(lift.EventFrom(ctx), conn.Principal.Tenant)
	}
	return conn, err
}

// answer is a frame as a function's response, with what the event's log line
// tells of it.
func answer(e *lift.Event, frame wire.Frame) *lift.Response {
	e.Annotate(slog.String("frame", string(frame.Type)))
	return &lift.Response{Body: frame.Append(nil)}
}
