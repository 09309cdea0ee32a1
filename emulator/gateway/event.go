package gateway

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A webSocketEvent is what the functions behind a WebSocket API get. Fields are
// in the order in which AWS sends them.
type webSocketEvent struct {
	Headers           headerMap[string]   `json:"headers,omitempty"`
	MultiValueHeaders headerMap[[]string] `json:"multiValueHeaders,omitempty"`
	Query             map[string]string   `json:"queryStringParameters,omitempty"`
	MultiValueQuery   map[string][]string `json:"multiValueQueryStringParameters,omitempty"`
	RequestContext    requestContext      `json:"requestContext"`
	Body              *string             `json:"body,omitempty"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

type requestContext struct {
	RouteKey             string          `json:"routeKey"`
	DisconnectStatusCode int             `json:"disconnectStatusCode,omitempty"`
	Authorizer           json.RawMessage `json:"authorizer,omitempty"`
	MessageID            string          `json:"messageId,omitempty"`
	EventType            string          `json:"eventType"`
	ExtendedRequestID    string          `json:"extendedRequestId"`
	RequestTime          string          `json:"requestTime"`
	MessageDirection     string          `json:"messageDirection"`
	DisconnectReason     *string         `json:"disconnectReason,omitempty"`
	Stage                string          `json:"stage"`
	ConnectedAt          int64           `json:"connectedAt"`
	RequestTimeEpoch     int64           `json:"requestTimeEpoch"`
	Identity             identity        `json:"identity"`
	RequestID            string          `json:"requestId"`
	DomainName           string          `json:"domainName"`
	ConnectionID         string          `json:"connectionId"`
	APIID                string          `json:"apiId"`
}

type identity struct {
	UserAgent string `json:"userAgent,omitempty"`
	SourceIP  string `json:"sourceIp"`
}

// requestTime is how AWS writes a time for people.
const requestTime = "02/Jan/2006:15:04:05 -0700"

// requestContext returns what all events of a connection share.
func (c *conn) requestContext(routeKey, eventType string) requestContext {
	now, id := c.gw.clock.Now(), newID()
	return requestContext{
		RouteKey:          routeKey,
		Authorizer:        c.authorizer,
		EventType:         eventType,
		ExtendedRequestID: id,
		RequestTime:       now.UTC().Format(requestTime),
		MessageDirection:  "IN",
		Stage:             c.gw.cfg.Stage,
		ConnectedAt:       c.connectedAt.UnixMilli(),
		RequestTimeEpoch:  now.UnixMilli(),
		Identity:          identity{UserAgent: c.userAgent, SourceIP: c.sourceIP},
		RequestID:         id,
		DomainName:        c.domain,
		ConnectionID:      c.id,
		APIID:             c.gw.cfg.APIID,
	}
}

// connectEvent is the event of a handshake.
func (c *conn) connectEvent(r *http.Request) webSocketEvent {
	headers := handshakeHeaders(r, c.connectedAt)
	e := webSocketEvent{MultiValueHeaders: headers, Headers: lastOf(headers), RequestContext: c.requestContext(RouteConnect, "CONNECT")}
	if query := r.URL.Query(); len(query) > 0 {
		e.MultiValueQuery, e.Query = query, lastOf(query)
	}
	return e
}

// messageEvent is the event of a message, and the id that AWS gives both it and
// the error frame that it may cause.
func (c *conn) messageEvent(routeKey string, message []byte) (e webSocketEvent, requestID string) {
	context := c.requestContext(routeKey, "MESSAGE")
	context.MessageID = newID()
	body := string(message)
	return webSocketEvent{RequestContext: context, Body: &body}, context.RequestID
}

// disconnectEvent is the event of a connection that has closed.
func (c *conn) disconnectEvent(code int, reason string) webSocketEvent {
	context := c.requestContext(RouteDisconnect, "DISCONNECT")
	context.DisconnectStatusCode, context.DisconnectReason = code, &reason
	headers := headerMap[[]string]{"Host": {c.domain}, "x-api-key": {""}, "X-Forwarded-For": {""}, "x-restapi": {""}}
	return webSocketEvent{MultiValueHeaders: headers, Headers: lastOf(headers), RequestContext: context}
}

// handshakeHeaders are the headers that the $connect event shows: the client's
// without those of the connection itself, and what AWS adds.
func handshakeHeaders(r *http.Request, now time.Time) headerMap[[]string] {
	spell := speller(r)
	headers := make(headerMap[[]string], len(r.Header)+5)
	for name, values := range r.Header {
		if name != "Connection" && name != "Upgrade" {
			headers[spell(name)] = values
		}
	}
	headers[spell("Host")] = []string{r.Host}
	for name, value := range forwarded(r, now) {
		delete(headers, spell(name))
		headers[name] = []string{value}
	}
	return headers
}

// forwarded are the headers by which API Gateway says where a request came from.
func forwarded(r *http.Request, now time.Time) map[string]string {
	from := sourceIP(r)
	if before := r.Header.Get("X-Forwarded-For"); before != "" {
		from = before + ", " + from
	}
	proto, port := "http", "80"
	if r.TLS != nil {
		proto, port = "https", "443"
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if _, p, err := net.SplitHostPort(addr.String()); err == nil {
			port = p
		}
	}
	trace := r.Header.Get("X-Amzn-Trace-Id")
	if trace == "" {
		var id [12]byte
		rand.Read(id[:])
		trace = fmt.Sprintf("Root=1-%08x-%s", now.Unix(), hex.EncodeToString(id[:]))
	}
	return map[string]string{"X-Amzn-Trace-Id": trace, "X-Forwarded-For": from, "X-Forwarded-Port": port, "X-Forwarded-Proto": proto}
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// A headerMap is encoded in the order of its names, whatever their case.
type headerMap[V string | []string] map[string]V

func (m headerMap[V]) MarshalJSON() ([]byte, error) {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
	})
	b := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, encode(name)...), ':'), encode(m[name])...)
	}
	return append(b, '}'), nil
}

// lastOf keeps the last of several values, as API Gateway does where there is
// room for one.
func lastOf[M ~map[string][]string](all M) map[string]string {
	last := make(map[string]string, len(all))
	for name, values := range all {
		if len(values) > 0 {
			last[name] = values[len(values)-1]
		}
	}
	return last
}

// encode is JSON without the escapes that only HTML needs.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("gateway: " + err.Error()) // events hold nothing that JSON cannot
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// newID returns an id of the form that AWS gives connections, messages and
// requests: 16 characters of URL-safe base64, the last of them =.
func newID() string {
	var id [11]byte
	rand.Read(id[:])
	return base64.URLEncoding.EncodeToString(id[:])
}

// validID reports whether a connection id has that form.
func validID(id string) bool {
	raw, err := base64.URLEncoding.DecodeString(id)
	return err == nil && len(raw) == 11
}
