package lifttest

import (
	"cmp"
	"net/http"
	"net/url"
)

// ConnectionID is that of the WebSocket events here, unless they name one.
const ConnectionID = "TcGYpd9PIAMCLIQ="

// Connect is a WebSocket that wants to open.
type Connect struct {
	ConnectionID string
	Query        url.Values
	Header       http.Header
}

// Payload returns the event.
func (c Connect) Payload() []byte {
	single, multi := map[string]string{}, map[string][]string{}
	for name, values := range map[string][]string{
		"Host": {"w1x2y3z4.execute-api.us-east-1.amazonaws.com"}, "Sec-WebSocket-Version": {"13"},
		"X-Forwarded-For": {"203.0.113.7"}, "X-Forwarded-Port": {"443"}, "X-Forwarded-Proto": {"https"},
	} {
		single[name], multi[name] = values[0], values
	}
	for name, values := range c.Header {
		single[name], multi[name] = values[len(values)-1], values
	}
	event := map[string]any{
		"headers": single, "multiValueHeaders": multi,
		"requestContext":  webSocketContext("$connect", "CONNECT", c.ConnectionID),
		"isBase64Encoded": false,
	}
	if len(c.Query) > 0 {
		query := map[string]string{}
		for name, values := range c.Query {
			query[name] = values[len(values)-1]
		}
		event["queryStringParameters"] = query
		event["multiValueQueryStringParameters"] = c.Query
	}
	return encode(event)
}

// Message is a message from a WebSocket's client.
type Message struct {
	ConnectionID string
	Route        string // default $default
	Body         string
}

// Payload returns the event.
func (m Message) Payload() []byte {
	context := webSocketContext(cmp.Or(m.Route, "$default"), "MESSAGE", m.ConnectionID)
	context["messageId"] = "TcGYsdI7IAMCLIQ="
	return encode(map[string]any{"requestContext": context, "body": m.Body, "isBase64Encoded": false})
}

// Disconnect is a WebSocket that has closed.
type Disconnect struct {
	ConnectionID string
	Code         int // default 1005
	Reason       string
}

// Payload returns the event.
func (d Disconnect) Payload() []byte {
	context := webSocketContext("$disconnect", "DISCONNECT", d.ConnectionID)
	context["disconnectStatusCode"] = cmp.Or(d.Code, 1005)
	context["disconnectReason"] = cmp.Or(d.Reason, "Client-side close frame status not set")
	return encode(map[string]any{
		"headers": map[string]string{
			"Host": "w1x2y3z4.execute-api.us-east-1.amazonaws.com", "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "",
		},
		"multiValueHeaders": map[string][]string{
			"Host": {"w1x2y3z4.execute-api.us-east-1.amazonaws.com"}, "x-api-key": {""}, "X-Forwarded-For": {""}, "x-restapi": {""},
		},
		"requestContext":  context,
		"isBase64Encoded": false,
	})
}

func webSocketContext(route, kind, connectionID string) map[string]any {
	return map[string]any{
		"routeKey": route, "eventType": kind, "messageDirection": "IN",
		"extendedRequestId": "TcGYrEmRoAMFb0Q=", "requestId": "TcGYrEmRoAMFb0Q=",
		"requestTime": When.Format("02/Jan/2006:15:04:05 -0700"), "requestTimeEpoch": When.UnixMilli(),
		"stage": "dev", "connectedAt": When.UnixMilli() - 1500,
		"identity":     map[string]any{"sourceIp": "203.0.113.7", "userAgent": "lifttest"},
		"domainName":   "w1x2y3z4.execute-api.us-east-1.amazonaws.com",
		"connectionId": cmp.Or(connectionID, ConnectionID),
		"apiId":        "w1x2y3z4",
	}
}
