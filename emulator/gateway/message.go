package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// message runs a message's route. What goes wrong is an error frame, and the
// socket stays.
func (g *Gateway) message(c *conn, message []byte) {
	start := g.clock.Now()
	key, route, found := g.route(message)
	event, requestID := c.messageEvent(key, message)
	var failure string
	var err error
	switch {
	case !g.allow(g.requests):
		failure = tooManyRequests
	case !found:
		failure = "Forbidden"
	default:
		var response []byte
		response, err = g.call(route.Function, encode(event), g.cfg.Limits.Integration)
		if failure = failureOf(err); failure == "" && route.RouteResponse {
			p, ok := parseProxyResponse(response)
			switch {
			case !ok:
				failure, err = internalServerError, errMalformed
			case len(p.Body) > g.cfg.Limits.Message:
				failure, err = internalServerError, errTooLarge
			case len(p.Body) > 0:
				err = c.sendMessage(p.Body)
			}
		}
	}
	if failure != "" {
		c.sendMessage(errorFrame(failure, c.id, requestID))
	}
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("connection", c.id), slog.String("route", key), slog.String("request", requestID),
		slog.Int("bytes", len(message)), slog.Duration("took", g.clock.Now().Sub(start)),
	}
	if failure != "" {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("answer", failure))
	}
	g.logEvent(level, "message", err, attrs...)
}

// refuse answers a message that is not admitted, before its event is made.
func (g *Gateway) refuse(c *conn, message []byte) {
	requestID := newID()
	c.sendMessage(errorFrame(tooManyRequests, c.id, requestID))
	g.logEvent(slog.LevelWarn, "message", errInFlight, slog.String("connection", c.id), slog.String("request", requestID),
		slog.Int("bytes", len(message)), slog.String("answer", tooManyRequests))
}

// disconnect tells the function behind $disconnect, whose answer means nothing.
func (g *Gateway) disconnect(c *conn, code int, reason string) {
	var err error
	if route, ok := g.cfg.Routes[RouteDisconnect]; ok {
		_, err = g.call(route.Function, encode(c.disconnectEvent(code, reason)), g.cfg.Limits.Integration)
	}
	g.logEvent(slog.LevelInfo, "disconnect", err, slog.String("connection", c.id), slog.Int("code", code),
		slog.Duration("open", g.clock.Now().Sub(c.connectedAt)))
}

// logEvent logs one event, as an error if there is one.
func (g *Gateway) logEvent(level slog.Level, event string, err error, attrs ...slog.Attr) {
	if err != nil {
		level = max(level, slog.LevelError)
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	g.log.LogAttrs(context.Background(), level, event, attrs...)
}

const (
	internalServerError = "Internal server error"
	tooManyRequests     = "Too many requests"
	timedOut            = "Endpoint request timed out"
)

// errInFlight says why a message or a request is refused, for the log.
var errInFlight = errors.New("the bytes in flight are at Limits.InFlight")

var errMalformed = errors.New("the response is not an object with a statusCode and a body of text")

// failureOf returns the message that a client gets for a call that gave no
// response.
func failureOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errTimeout):
		return timedOut
	}
	return internalServerError
}

// errorFrame is what API Gateway sends when a message came to nothing.
func errorFrame(message, connectionID, requestID string) []byte {
	return fmt.Appendf(nil, `{"message": "%s", "connectionId":"%s", "requestId":"%s"}`, message, connectionID, requestID)
}
