package gateway

import (
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// An httpEvent is what the function behind an HTTP API gets: payload format 2.0,
// with the fields in the order in which AWS sends them.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type httpEvent struct {
	Version         string            `json:"version"`
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies,omitempty"`
	Headers         map[string]string `json:"headers"`
	Query           map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext  httpContext       `json:"requestContext"`
	Body            *string           `json:"body,omitempty"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

type httpContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpDetails `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

type httpDetails struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// hopByHop are headers of one connection, which no API passes on.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// httpEvent makes the event of a request. The path is decoded, as AWS does it,
// the query is not.
func (g *Gateway) httpEvent(r *http.Request, body []byte) httpEvent {
	now, path := g.clock.Now(), r.URL.Path
	e := httpEvent{
		Version: "2.0", RouteKey: RouteDefault, RawPath: path, RawQueryString: r.URL.RawQuery,
		Headers: make(map[string]string, len(r.Header)+5), Query: joined(r.URL.Query()),
		RequestContext: httpContext{
			AccountID: g.cfg.AccountID, APIID: g.cfg.APIID, DomainName: r.Host,
			HTTP: httpDetails{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: sourceIP(r), UserAgent: r.UserAgent(),
			},
			RequestID: newID(), RouteKey: RouteDefault, Stage: "$default",
			Time: now.UTC().Format(requestTime), TimeEpoch: now.UnixMilli(),
		},
	}
	if g.cfg.DomainName != "" {
		e.RequestContext.DomainName = g.cfg.DomainName
	}
	e.RequestContext.DomainPrefix, _, _ = strings.Cut(e.RequestContext.DomainName, ".")

	for name, values := range r.Header {
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	for _, name := range hopByHop {
		delete(e.Headers, strings.ToLower(name))
	}
	delete(e.Headers, "cookie")
	e.Headers["host"], e.Headers["content-length"] = r.Host, strconv.Itoa(len(body))
	for name, value := range forwarded(r, now) {
		e.Headers[strings.ToLower(name)] = value
	}
	for _, line := range r.Header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			e.Cookies = append(e.Cookies, strings.TrimSpace(cookie))
		}
	}
	if len(body) > 0 {
		text := string(body)
		if e.IsBase64Encoded = !isText(r.Header.Get("Content-Type"), body); e.IsBase64Encoded {
			text = base64.StdEncoding.EncodeToString(body)
		}
		e.Body = &text
	}
	return e
}

// isText reports whether a body travels in an event as it is.
func isText(contentType string, body []byte) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || !utf8.Valid(body) {
		return false
	}
	switch media {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+xml")
}

// serveHTTP is the HTTP API with its one route, $default.
func (g *Gateway) serveHTTP(w http.ResponseWriter, r *http.Request) {
	start := g.clock.Now()
	if g.cfg.CORS.handle(w, r) {
		return
	}
	status, err := g.answerHTTP(w, r)
	if status == 0 {
		return // the caller has gone
	}
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	g.logEvent(level, "http", err, slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", status), slog.Duration("took", g.clock.Now().Sub(start)))
}

func (g *Gateway) answerHTTP(w http.ResponseWriter, r *http.Request) (status int, err error) {
	fail := func(status int, err error) (int, error) {
		writeJSON(w, status, http.StatusText(status))
		return status, err
	}
	switch {
	case !g.allow(g.requests):
		return fail(http.StatusTooManyRequests, nil)
	case g.cfg.HTTP == nil:
		return fail(http.StatusNotFound, nil)
	}
	size := g.bodySize(r)
	if !g.inFlight.take(size) {
		w.Header().Set("Retry-After", retryAfter)
		return fail(http.StatusTooManyRequests, errInFlight)
	}
	defer g.inFlight.give(size)
	body, err := g.readBody(w, r)
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case tooLarge:
		return fail(http.StatusRequestEntityTooLarge, nil)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fail(http.StatusRequestTimeout, err)
	case err != nil:
		return 0, err
	}
	event := g.httpEvent(r, body)
	w.Header().Set("Apigw-Requestid", event.RequestContext.RequestID)
	response, err := g.call(g.cfg.HTTP, encode(event), g.cfg.Limits.HTTP)
	switch {
	case errors.Is(err, errTimeout):
		return fail(http.StatusServiceUnavailable, err)
	case err != nil:
		return fail(http.StatusInternalServerError, err)
	}
	p, ok := parseHTTPResponse(response)
	if !ok {
		return fail(http.StatusInternalServerError, errMalformed)
	}
	for name, values := range p.Headers {
		if g.cfg.CORS.owns(name) || name == "Content-Length" || slices.Contains(hopByHop, name) {
			continue
		}
		for _, value := range values {
			w.Header().Add(name, value)
		}
	}
	for _, cookie := range p.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	if w.Header().Get("Content-Type") == "" && len(p.Body) > 0 {
		w.Header().Set("Content-Type", "text/plain;charset=utf-8")
	}
	w.WriteHeader(p.Status)
	w.Write(p.Body)
	return p.Status, nil
}

// readBody reads a request's body, which has uploadTime to arrive: meanwhile it
// counts as in flight.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	socket := http.NewResponseController(w)
	if err := socket.SetReadDeadline(time.Now().Add(uploadTime)); err == nil {
		defer socket.SetReadDeadline(time.Time{})
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, int64(g.cfg.Limits.HTTPPayload)))
}

// uploadTime is real time, as Limits.Closing is.
const uploadTime = 30 * time.Second

// joined is a query with several values of a name in one, which is how payload
// format 2.0 has it.
func joined(query url.Values) map[string]string {
	if len(query) == 0 {
		return nil
	}
	one := make(map[string]string, len(query))
	for name, values := range query {
		one[name] = strings.Join(values, ",")
	}
	return one
}
