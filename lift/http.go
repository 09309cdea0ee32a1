package lift

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// HTTP registers a handler for HTTP requests: of an API Gateway HTTP API in
// payload format 2.0, or of a function URL. Patterns are those of
// [http.ServeMux], as in "GET /requests/{id}"; the request's PathValue gives
// the wildcards. The stage is no part of the path that patterns see.
//
// A request that no pattern matches runs through the stack of [App.Use] and
// answers 404, or 405 with Allow, or the redirect that ServeMux would send.
// HTTP panics where ServeMux would.
func (a *App) HTTP(pattern string, h Handler, mw ...Middleware) {
	f := &a.http
	if f.mux == nil {
		f.mux = http.NewServeMux()
		f.unmatched = a.build("App.HTTP", TriggerHTTP, HandlerFunc(unmatched), nil)
	}
	f.mux.Handle(pattern, &httpRoute{handler: a.build("App.HTTP "+pattern, TriggerHTTP, h, mw)})
}

type httpFamily struct {
	mux       *http.ServeMux
	unmatched Handler
}

func (f *httpFamily) String() string { return "HTTP requests" }

func (f *httpFamily) empty() bool { return f.mux == nil }

func (f *httpFamily) recognises(env *envelope) bool {
	return env.version == "2.0" && env.hasRawPath && env.requestContext != ""
}

// httpRoute is what a ServeMux finds. It is asked for nothing but itself.
type httpRoute struct{ handler Handler }

func (rt *httpRoute) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.(*muxVerdict).route = rt
}

// A muxVerdict asks a ServeMux for its route, and takes down the answer that it
// gives by itself where there is none.
type muxVerdict struct {
	route  *httpRoute
	status int
	header http.Header
	prefix string // what was cut from the path: the stage
}

func (v *muxVerdict) Header() http.Header {
	if v.header == nil {
		v.header = make(http.Header)
	}
	return v.header
}

func (v *muxVerdict) WriteHeader(status int) { v.status = status }

func (v *muxVerdict) Write(p []byte) (int, error) { return len(p), nil }

// unmatched answers what the mux had no route for.
func unmatched(_ context.Context, e *Event) (*Response, error) {
	switch v := e.mux; v.status {
	case http.StatusMethodNotAllowed:
		allow := v.header.Get("Allow")
		return (*Response)(nil).SetHeader("Allow", allow),
			Errorf(CodeMethodNotAllowed, "%s is not one of this path's methods: %s", e.HTTP.Method, allow)
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return &Response{Status: v.status, Header: http.Header{"Location": {v.prefix + v.header.Get("Location")}}}, nil
	}
	return nil, Errorf(CodeNotFound, "there is nothing at this path")
}

func (f *httpFamily) invoke(ctx context.Context, a *App, env *envelope) ([]byte, error) {
	e, verdict, err := f.decode(ctx, a, env)
	if err != nil {
		return nil, a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the HTTP event is malformed", Cause: err})
	}
	f.mux.ServeHTTP(verdict, e.HTTP)
	h := f.unmatched
	if verdict.route != nil {
		h, e.Route = verdict.route.handler, e.HTTP.Pattern
	} else {
		e.mux = verdict
	}
	res, err := h.Handle(NewContext(ctx, e), e)
	if err != nil {
		res = a.errorResponse(ctx, e, res, err, problem)
	}
	var header http.Header
	var body []byte
	if res != nil {
		header, body = res.Header, res.Body
	}
	if len(body) > 0 && header.Get("Content-Type") == "" {
		res.SetHeader("Content-Type", http.DetectContentType(body))
		header = res.Header
	}
	status := res.status()
	if e.HTTP.Method == http.MethodHead {
		body = nil
	}
	return appendProxy(make([]byte, 0, len(body)+256), status, header, body), nil
}

// decode reads an event of payload format 2.0:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (f *httpFamily) decode(ctx context.Context, a *App, env *envelope) (*Event, *muxVerdict, error) {
	var requestID, stage, domain, method, protocol, sourceIP string
	var epoch int64
	s := scanner{text: env.requestContext}
	err := s.object(func(key string) (err error) {
		switch key {
		case "requestId":
			requestID, err = s.string()
		case "stage":
			stage, err = s.string()
		case "domainName":
			domain, err = s.string()
		case "timeEpoch":
			epoch, err = s.int()
		case "http":
			err = s.object(func(key string) (err error) {
				switch key {
				case "method":
					method, err = s.string()
				case "protocol":
					protocol, err = s.string()
				case "sourceIp":
					sourceIP, err = s.string()
				default:
					err = s.skip()
				}
				return err
			})
		default:
			err = s.skip()
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read requestContext: %w", err)
	}
	if method == "" {
		return nil, nil, fmt.Errorf("requestContext names no method")
	}
	header, err := env.header()
	if err != nil {
		return nil, nil, fmt.Errorf("read headers: %w", err)
	}
	if env.cookies != "" {
		var cookies []string
		s := scanner{text: env.cookies}
		err := s.array(func() error {
			cookie, err := s.string()
			cookies = append(cookies, cookie)
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("read cookies: %w", err)
		}
		if len(cookies) > 0 {
			header.Set("Cookie", strings.Join(cookies, "; "))
		}
	}
	body, err := env.decodedBody()
	if err != nil {
		return nil, nil, err
	}

	verdict := &muxVerdict{}
	path := env.rawPath
	if stage != "" && stage != "$default" {
		if rest, ok := strings.CutPrefix(path, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			path, verdict.prefix = rest, "/"+stage
		}
	}
	e := a.newEvent(ctx, TriggerHTTP, requestID)
	e.Time = millis(epoch)
	e.Raw = env.payload
	e.Body = body
	e.HTTP = newRequest(method, path, env.rawQuery, header, body)
	if e.HTTP.Host = header.Get("Host"); e.HTTP.Host == "" {
		e.HTTP.Host = domain
	}
	e.HTTP.RemoteAddr = sourceIP
	if major, minor, ok := http.ParseHTTPVersion(protocol); ok {
		e.HTTP.Proto, e.HTTP.ProtoMajor, e.HTTP.ProtoMinor = protocol, major, minor
	}
	return e, verdict, nil
}

// newRequest makes the request that a handler sees. A path whose escapes are
// broken is taken as it stands.
func newRequest(method, path, query string, header http.Header, body []byte) *http.Request {
	if path == "" {
		path = "/"
	}
	u := &url.URL{Path: path, RawQuery: query}
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		u.Path, u.RawPath = plain, path
	}
	r := &http.Request{
		Method: method, URL: u, Header: header, Host: "",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody, ContentLength: int64(len(body)),
	}
	if len(body) > 0 {
		r.Body = readBody{bytes.NewReader(body)}
	}
	if r.RequestURI = path; query != "" {
		r.RequestURI += "?" + query
	}
	return r
}

type readBody struct{ *bytes.Reader }

func (readBody) Close() error { return nil }

// decodedBody returns the body's bytes.
func (env *envelope) decodedBody() ([]byte, error) {
	if !env.base64 {
		return env.body, nil
	}
	n, err := base64.StdEncoding.Decode(env.body, env.body)
	if err != nil {
		return nil, fmt.Errorf("decode body: it is not base64")
	}
	return env.body[:n], nil
}
