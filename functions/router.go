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

// A RouterConfig is what the router function needs. Connections, Requests,
// Actions, Push, Close and Verifier are required.
type RouterConfig struct {
	Connections request.ConnectionStore
	Requests    request.Store
	Actions     *streamer.Registry
	Push        streamer.Pusher
	Close       streamer.Closer
	Verifier    *auth.Verifier
	Limits      streamer.Limits
	Retention   time.Duration // how long a final request can be read; 0: streamer.DefaultRetention
	Logger      *slog.Logger  // nil: Lift's default
	Telemetry   Telemetry
}

// Router answers the messages of open WebSockets and the HTTP API. The
// WebSocket API's $default route must have a route response: a message's answer
// is what the function returns. It panics when the config lacks something.
func Router(config RouterConfig) *lift.App {
	require("Router", config.Connections != nil, config.Requests != nil, config.Actions != nil,
		config.Push != nil, config.Close != nil, config.Verifier != nil)
	if config.Logger == nil {
		config.Logger = lift.NewLogger(lift.LogConfig{})
	}
	requests := &streamer.Requests{Store: config.Requests, Actions: config.Actions, Push: config.Push,
		Limits: config.Limits, Retention: config.Retention, Logger: config.Logger}
	connections := streamer.Connections{Store: config.Connections, Closer: config.Close}
	messages := &streamer.Router{Connections: connections, Requests: requests,
		Verifier: renewals{config.Verifier}, Logger: config.Logger}
	app := newApp(config.Logger, config.Telemetry, answerLimit)

	app.WebSocket(lift.RouteDefault, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		frame, err := messages.Answer(ctx, e.WebSocket.ConnectionID, e.CorrelationID, e.Body)
		concerns(e, frame.RequestID)
		if err != nil {
			return fail(ctx, e, err)
		}
		return answer(e, frame), nil
	}))
	httpAPI{requests, connections}.routes(app, auth.JWT(config.Verifier))
	return app
}

// answer is a frame as a function's response, with what the event's log line
// tells of it.
func answer(e *lift.Event, frame wire.Frame) *lift.Response {
	e.Annotate(slog.String("frame", string(frame.Type)))
	return &lift.Response{Body: frame.Append(nil)}
}
