package lift

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// HTTP registers a handler for HTTP requests, whatever they come through: an
// API Gateway HTTP API (payload format 2.0 or 1.0) or REST API, a function URL,
// an Application Load Balancer, or net/http (see [App.ServeHTTP]). The answer
// has the form of the event that came.
//
// Patterns are those of [http.ServeMux], as in "GET /requests/{id}"; the
// request's PathValue gives the wildcards. A GET pattern answers HEAD too. A
// stage or a base path is not part of the path that patterns see.
//
// A request that no pattern matches runs through the stack of [App.Use] and
// answers 404, or 405 with Allow, or 204 with Allow to OPTIONS, or the redirect
// that ServeMux would send. HTTP panics where ServeMux would.
func (a *App) HTTP(pattern string, h Handler, mw ...Middleware) {
	f, _ := a.families[formHTTP].(*httpFamily)
	if f == nil {
		f = &httpFamily{mux: http.NewServeMux(), unmatched: a.build("App.HTTP", TriggerHTTP, HandlerFunc(unmatched), nil)}
		a.families[formHTTP] = f
	}
	mw = append(slices.Clip(mw), tidied)
	checkPath(pattern, h)
	f.mux.Handle(pattern, &httpRoute{handler: a.build("App.HTTP "+pattern, TriggerHTTP, h, mw)})
	f.registered = append(f.registered, registeredHTTP{pattern, h})
}

type httpFamily struct {
	mux       *http.ServeMux
	unmatched Handler

	registered []registeredHTTP // as they came, for HTTPRoutes
}

type registeredHTTP struct {
	pattern string
	handler Handler
}

func (f *httpFamily) invoke(ctx context.Context, a *App, env *envelope) ([]byte, error) {
	e, err := decodeHTTP(ctx, a, env)
	if err != nil {
		return nil, a.refuse(ctx, &Error{Code: CodeInvalid, Message: "the HTTP event is malformed", Cause: err})
	}
	res, err := f.handle(ctx, e)
	if asIs(err) != nil {
		return nil, a.fail(ctx, e, err)
	}
	if w := a.streamFor(ctx, e.Gateway); w != nil {
		return nil, a.streamInvocation(ctx, e, res, err, w)
	}
	res, err = a.buffered(ctx, e, res, err)
	out := complete(ctx, a, e, res, err)
	return appendProxy(make([]byte, 0, max(len(out.Body)+256, 1<<10)), e.Gateway.form, out), nil
}

// fault answers a request with an error that no handler returned. Where answers
// are streamed it fails the invocation: the stream is the handler's.
func (f *httpFamily) fault(ctx context.Context, a *App, env *envelope, fault error) ([]byte, error) {
	e, err := decodeHTTP(ctx, a, env)
	if err != nil || a.streamFor(ctx, e.Gateway) != nil {
		return nil, fault
	}
	return appendProxy(nil, e.Gateway.form, complete(ctx, a, e, nil, fault)), nil
}

// handle finds a request's handler and calls it.
func (f *httpFamily) handle(ctx context.Context, e *Event) (*Response, error) {
	h := f.unmatched
	if e.mux == nil {
		verdict := new(muxVerdict)
		f.mux.ServeHTTP(verdict, e.HTTP)
		if verdict.route != nil {
			h, e.Route = verdict.route.handler, e.HTTP.Pattern
		} else {
			e.mux = verdict
		}
	}
	return h.Handle(NewContext(ctx, e), e)
}

// complete is the answer as it goes out: with its status, and the type of its
// body.
func complete(ctx context.Context, a *App, e *Event, res *Response, err error) Response {
	if err != nil {
		res = a.errorResponse(ctx, e, res, err, problem)
	}
	if res == nil {
		return Response{Status: http.StatusNoContent}
	}
	canonical(res.Header)
	if len(res.Body) > 0 && !hasType(res.Header) {
		res.SetHeader("Content-Type", http.DetectContentType(res.Body))
	}
	out := *res
	out.Status = res.status()
	if e.HTTP.Method == http.MethodHead || out.Status == http.StatusNoContent || out.Status == http.StatusNotModified {
		out.Body = nil
	}
	return out
}

// hasType reports whether a header names the body's type, or says by nil that
// it shall have none.
func hasType(header http.Header) bool {
	values, ok := header["Content-Type"]
	return ok && (len(values) == 0 || values[0] != "")
}

// tidied makes of a handler's answer what the middleware around it can rely on:
// headers that are spelled as [http.Header] wants them, and no stream to HEAD.
func tidied(next Handler) Handler {
	return HandlerFunc(func(ctx context.Context, e *Event) (*Response, error) {
		res, err := next.Handle(ctx, e)
		if res != nil {
			canonical(res.Header)
			if res.Stream != nil && e.HTTP.Method == http.MethodHead {
				res.Stream = withoutBody(res.Stream)
			}
		}
		return res, err
	})
}

func canonical(header http.Header) {
	for name, values := range header {
		if spelled := http.CanonicalHeaderKey(name); spelled != name {
			delete(header, name)
			header[spelled] = append(header[spelled], values...)
		}
	}
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
	fault  error // the request never reached the mux
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
	v := e.mux
	if v.fault != nil {
		return nil, v.fault
	}
	switch v.status {
	case http.StatusMethodNotAllowed:
		methods := strings.Split(v.header.Get("Allow"), ", ")
		if !slices.Contains(methods, http.MethodOptions) {
			methods = append(methods, http.MethodOptions)
			slices.Sort(methods)
		}
		allow := strings.Join(methods, ", ")
		res := (*Response)(nil).SetHeader("Allow", allow)
		if e.HTTP.Method == http.MethodOptions {
			return res, nil
		}
		return res, Errorf(CodeMethodNotAllowed, "%s is not one of this path's methods: %s", e.HTTP.Method, allow)
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return &Response{Status: v.status, Header: http.Header{"Location": {e.Gateway.Prefix + v.header.Get("Location")}}}, nil
	}
	return nil, Errorf(CodeNotFound, "there is nothing at this path")
}
