package gateway

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gobwas/ws"
)

// connect answers a handshake. The upgrade waits for the authorizer and for
// $connect; a connection that is not let in never becomes a WebSocket:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
func (g *Gateway) connect(w http.ResponseWriter, r *http.Request) {
	c := &conn{
		gw: g, id: newID(), connectedAt: g.clock.Now(),
		sourceIP: sourceIP(r), userAgent: r.UserAgent(), domain: r.Host,
	}
	if g.cfg.DomainName != "" {
		c.domain = g.cfg.DomainName
	}
	event := c.connectEvent(r)
	refused, protocol, err := g.admit(c, r, event)
	attrs := []slog.Attr{
		slog.String("connection", c.id), slog.String("request", event.RequestContext.RequestID),
		slog.String("from", c.sourceIP), slog.Duration("took", g.clock.Now().Sub(c.connectedAt)),
	}
	if refused != nil {
		if refused.body == nil {
			refused.body = errorFrame(refused.message, c.id, event.RequestContext.RequestID)
		}
		g.line(slog.LevelWarn, "connect", err, append(attrs, slog.Int("status", refused.status))...)
		w.Header().Set("Content-Type", cmp.Or(refused.contentType, "application/json"))
		w.WriteHeader(refused.status)
		w.Write(refused.body)
		return
	}

	upgrader := ws.HTTPUpgrader{}
	if protocol != "" {
		upgrader.Header = http.Header{"Sec-Websocket-Protocol": {protocol}}
	}
	conn, buffered, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		g.line(slog.LevelWarn, "connect", err, attrs...)
		g.disconnect(c, int(ws.StatusAbnormalClosure), "")
		return
	}
	g.line(slog.LevelInfo, "connect", nil, append(attrs, slog.Int("status", http.StatusSwitchingProtocols))...)
	c.net = conn
	c.start(unread(conn, buffered.Reader))
}

// A refusal is the HTTP answer to a handshake that comes to nothing.
type refusal struct {
	status      int
	message     string
	body        []byte // in place of message
	contentType string
}

// admit decides on a handshake. Without a refusal the connection may be
// upgraded, with the subprotocol that $connect chose. err is for the log.
func (g *Gateway) admit(c *conn, r *http.Request, event webSocketEvent) (refused *refusal, protocol string, err error) {
	switch {
	case !isUpgrade(r):
		return &refusal{status: http.StatusUpgradeRequired, message: "Upgrade Required"}, "", nil
	case !validHandshake(r):
		return &refusal{status: http.StatusBadRequest, message: "Bad Request"}, "", nil
	case !g.connects.take() || !g.requests.take():
		return &refusal{status: http.StatusTooManyRequests, message: tooManyRequests}, "", nil
	}
	if g.cfg.Authorizer != nil {
		if refused, err := g.authorize(c, r, event); refused != nil {
			return refused, "", err
		}
		event.RequestContext.Authorizer = c.authorizer
	}
	route, ok := g.cfg.Routes[RouteConnect]
	if !ok {
		return nil, "", nil
	}
	response, err := g.call(route.Function, encode(event), g.cfg.Limits.Integration)
	switch {
	case errors.Is(err, errTimeout):
		return &refusal{status: http.StatusGatewayTimeout, message: timedOut}, "", err
	case err != nil:
		return &refusal{status: http.StatusBadGateway, message: internalServerError}, "", err
	}
	p, ok := parseProxyResponse(response)
	if !ok {
		return &refusal{status: http.StatusBadGateway, message: internalServerError}, "", errMalformed
	}
	if p.Status < 200 || p.Status > 299 {
		refused := &refusal{status: p.Status, message: http.StatusText(p.Status)}
		if route.RouteResponse {
			refused.body, refused.contentType = p.Body, p.Headers.Get("Content-Type")
		}
		return refused, "", nil
	}
	return nil, p.Headers.Get("Sec-WebSocket-Protocol"), nil
}

func isUpgrade(r *http.Request) bool {
	return headerHas(r.Header, "Connection", "upgrade") && headerHas(r.Header, "Upgrade", "websocket")
}

// validHandshake looks for what RFC 6455, 4.2.1, asks for, so that $connect runs
// for clients only that can be upgraded.
func validHandshake(r *http.Request) bool {
	return r.Method == http.MethodGet && r.ProtoAtLeast(1, 1) && r.ProtoMajor == 1 &&
		r.Header.Get("Sec-Websocket-Version") == "13" && len(r.Header.Get("Sec-Websocket-Key")) == 24
}

func headerHas(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// unread returns what follows the handshake, without keeping the buffer that
// the handshake was read with.
func unread(conn io.Reader, buffered *bufio.Reader) io.Reader {
	n := buffered.Buffered()
	if n == 0 {
		return conn
	}
	early := make([]byte, n)
	io.ReadFull(buffered, early)
	return io.MultiReader(bytes.NewReader(early), conn)
}
