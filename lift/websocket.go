package lift

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The route keys that API Gateway gives a meaning.
const (
	RouteConnect    = "$connect"
	RouteDisconnect = "$disconnect"
	RouteDefault    = "$default"
)

// A WebSocket is the view of an event of an API Gateway WebSocket API. The
// message itself is [Event.Body].
type WebSocket struct {
	ConnectionID string
	MessageID    string // TriggerMessage only
	APIID        string
	Stage        string
	DomainName   string // with Stage, where the @connections API is
	SourceIP     string
	UserAgent    string
	ConnectedAt  time.Time

	// Header and Query are those of the handshake, for TriggerConnect only. They
	// may carry credentials.
	Header http.Header
	Query  url.Values

	DisconnectCode   int // TriggerDisconnect only: the close status, as in 1001
	DisconnectReason string
}

// Subprotocols returns those that the client offers at $connect, in its order.
func (w *WebSocket) Subprotocols() []string {
	var names []string
	for _, line := range w.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.TrimSpace(name)
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// WebSocket registers a handler for a route key of a WebSocket API: "$connect",
// "$disconnect", a name that the API's selection expression yields, or
// "$default", which also gets the messages of routes that have no handler here.
//
// An error at $connect refuses the connection with the error's HTTP status. On
// message routes an answer or an error reaches the client as a frame, provided
// that the API's route has a route response.
func (a *App) WebSocket(route string, h Handler, mw ...Middleware) {
	f, _ := a.families[formWebSocket].(*webSocketFamily)
	if f == nil {
		f = &webSocketFamily{routes: make(map[string]Handler)}
		a.families[formWebSocket] = f
	}
	if f.routes[route] != nil {
		panic("lift: WebSocket route " + route + " has a handler already")
	}
	trigger := TriggerMessage
	switch {
	case route == RouteConnect:
		trigger = TriggerConnect
	case route == RouteDisconnect:
		trigger = TriggerDisconnect
	case route == "" || strings.HasPrefix(route, "$") && route != RouteDefault:
		panic(fmt.Sprintf("lift: %q is not a valid WebSocket route key: wanted $connect, $disconnect, $default or a route of your own "+
			"without a leading $", route))
	}
	f.routes[route] = a.build("App.WebSocket "+route, trigger, h, mw)
}

type webSocketFamily struct {
	routes map[string]Handler
}

func (f *webSocketFamily) invoke(ctx context.Context, a *App, env *envelope) ([]byte, error) {
	e, err := f.decode(ctx, a, env)
	if err != nil {
		return nil, a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the WebSocket event is malformed", Cause: err})
	}
	h, ok := f.routes[e.Route]
	if !ok && e.Trigger == TriggerMessage {
		h, ok = f.routes[RouteDefault]
		if ok {
			e.Route = RouteDefault
		}
	}
	if !ok {
		return nil, a.refuse(ctx, Errorf(CodeUnhandled, "this function has no handler for the WebSocket route %s", e.Route))
	}
	res, err := h.Handle(NewContext(ctx, e), e)
	return webSocketAnswer(ctx, a, e, res, err), nil
}

// fault answers an event with an error that no handler returned.
func (f *webSocketFamily) fault(ctx context.Context, a *App, env *envelope, fault error) ([]byte, error) {
	e, err := f.decode(ctx, a, env)
	if err != nil {
		return nil, fault
	}
	return webSocketAnswer(ctx, a, e, nil, fault), nil
}

func webSocketAnswer(ctx context.Context, a *App, e *Event, res *Response, err error) []byte {
	if err != nil {
		res = a.errorResponse(ctx, e, res, err, frame)
	}
	if res == nil {
		res = &Response{}
	}
	status := http.StatusOK
	if e.Trigger != TriggerMessage && res.Status != 0 {
		// A message's answer always says 200: API Gateway then sends its body,
		// and an error travels in that body.
		status = res.Status
	}
	return appendProxy(make([]byte, 0, len(res.Body)+256), formV2, Response{Status: status, Header: res.Header, Body: res.Body})
}

// decode reads an event of a WebSocket API:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
func (f *webSocketFamily) decode(ctx context.Context, a *App, env *envelope) (*Event, error) {
	w := new(WebSocket)
	var requestID, route, kind string
	var epoch, connected, code int64
	s := scanner{text: env.requestContext}
	err := s.members(
		member{"routeKey", &route},
		member{"eventType", &kind},
		member{"requestTimeEpoch", &epoch},
		member{"requestId", &requestID},
		member{"messageId", &w.MessageID},
		member{"stage", &w.Stage},
		member{"connectedAt", &connected},
		member{"identity", []member{{"sourceIp", &w.SourceIP}, {"userAgent", &w.UserAgent}}},
		member{"domainName", &w.DomainName},
		member{"connectionId", &w.ConnectionID},
		member{"apiId", &w.APIID},
		member{"disconnectStatusCode", &code},
		member{"disconnectReason", &w.DisconnectReason},
	)
	if err != nil {
		return nil, fmt.Errorf("read requestContext: %w", err)
	}
	if w.ConnectionID == "" {
		return nil, fmt.Errorf("requestContext names no connection")
	}
	w.ConnectedAt = millis(connected)
	w.DisconnectCode = int(code)

	var trigger Trigger
	switch kind {
	case "CONNECT":
		trigger, route = TriggerConnect, RouteConnect
		w.Header, err = env.header()
		if err != nil {
			return nil, fmt.Errorf("read headers: %w", err)
		}
		w.Query, err = env.queryValues()
		if err != nil {
			return nil, fmt.Errorf("read query: %w", err)
		}
	case "DISCONNECT":
		trigger, route = TriggerDisconnect, RouteDisconnect
	case "MESSAGE":
		trigger = TriggerMessage
		if strings.HasPrefix(route, "$") {
			route = RouteDefault
		}
	default:
		return nil, fmt.Errorf("requestContext has an unknown eventType")
	}
	body, err := env.decodedBody()
	if err != nil {
		return nil, err
	}
	e := a.newEvent(ctx, trigger, requestID)
	e.Route = route
	e.Time = millis(epoch)
	e.Raw = env.payload
	e.Body = body
	e.WebSocket = w
	return e, nil
}
