package gateway

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

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
		g.logEvent(slog.LevelWarn, "connect", err, append(attrs, slog.Int("status", refused.status))...)
		maps.Copy(w.Header(), refused.header)
		w.Header().Set("Content-Type", cmp.Or(refused.contentType, "application/json"))
		w.WriteHeader(refused.status)
		w.Write(refused.body)
		return
	}

	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		g.logEvent(slog.LevelWarn, "connect", err, attrs...)
		g.disconnect(c, int(ws.StatusAbnormalClosure), "")
		return
	}
	g.logEvent(slog.LevelInfo, "connect", nil, append(attrs, slog.Int("status", http.StatusSwitchingProtocols))...)
	conn.SetDeadline(time.Time{}) // the HTTP server's do not count any more
	c.net = conn
	c.start(unread(conn, buffered.Reader), switchingProtocols(r, protocol))
}

// switchingProtocols is the answer that opens a WebSocket (RFC 6455, 4.2.2).
func switchingProtocols(r *http.Request, protocol string) []byte {
	const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	accept := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + guid))
	b := bytes.NewBufferString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(accept[:]) + "\r\n")
	if protocol != "" {
		http.Header{"Sec-WebSocket-Protocol": {protocol}}.Write(b) // which keeps line breaks out
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// A refusal is the HTTP answer to a handshake that comes to nothing.
type refusal struct {
	status      int
	message     string
	body        []byte // instead of message
	contentType string
	header      http.Header // beside the content type
}

// admit decides on a handshake. Without a refusal the connection may be
// upgraded, with the subprotocol that $connect chose. err is for the log.
func (g *Gateway) admit(c *conn, r *http.Request, event webSocketEvent) (refused *refusal, protocol string, err error) {
	switch {
	case !isUpgrade(r):
		return upgradeRequired("Upgrade", "websocket"), "", nil
	case !validHandshake(r):
		return &refusal{status: http.StatusBadRequest, message: "Bad Request"}, "", nil
	case r.Header.Get("Sec-Websocket-Version") != webSocketVersion:
		return upgradeRequired("Sec-WebSocket-Version", webSocketVersion), "", nil
	case !g.allow(g.connects) || !g.allow(g.requests):
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

// webSocketVersion is the only one that there is (RFC 6455, 4.1).
const webSocketVersion = "13"

// upgradeRequired says what a client must do to be let in: which protocol it has
// to ask for (RFC 9110, 15.5.22), or in which version (RFC 6455, 4.2.2).
func upgradeRequired(name, value string) *refusal {
	return &refusal{status: http.StatusUpgradeRequired, message: "Upgrade Required", header: http.Header{name: {value}}}
}

// validHandshake looks for what RFC 6455, 4.2.1, asks for beside the version, so
// that $connect runs for clients only that can be upgraded.
func validHandshake(r *http.Request) bool {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-Websocket-Key"))
	return r.Method == http.MethodGet && r.ProtoMajor == 1 && r.ProtoMinor >= 1 && err == nil && len(key) == 16
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
