package lift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
)

// maxServedBody bounds the body of a request to ServeHTTP. It is the largest
// that API Gateway takes:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const maxServedBody = 10 << 20

// ServeHTTP serves the app's HTTP handlers by net/http, with the same stack and
// the same answers as behind a gateway: for tests, for work on one's machine,
// for a container. A body above 10 MiB answers 413. A client that goes away
// cancels the handler's context. A streamed answer that breaks off ends with a
// panic of [http.ErrAbortHandler], by which net/http closes the connection.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, _ := a.families[formHTTP].(*httpFamily)
	if f == nil {
		panic("lift: App.ServeHTTP of an app without HTTP handlers")
	}
	ctx := r.Context()
	e := a.newEvent(ctx, TriggerHTTP, newCorrelationID())
	e.Gateway = &Gateway{Kind: GatewayServer}
	body, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxServedBody))
	e.Body = body
	e.HTTP = newRequest(r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header, body)
	e.HTTP.Host, e.HTTP.RemoteAddr, e.HTTP.TLS = r.Host, r.RemoteAddr, r.TLS
	e.HTTP.Proto, e.HTTP.ProtoMajor, e.HTTP.ProtoMinor = r.Proto, r.ProtoMajor, r.ProtoMinor
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		e.HTTP.RemoteAddr = host
	}
	if readErr != nil {
		e.mux = &muxVerdict{fault: bodyFault(readErr)}
	}
	res, err := f.handle(ctx, e)
	var dst io.Writer = w
	if res.Streams() {
		dst = &flushingWriter{w, http.NewResponseController(w)}
	}
	err = a.stream(ctx, e, res, err, dst, func(out Response) error {
		maps.Copy(w.Header(), out.Header)
		w.WriteHeader(out.Status)
		return nil
	})
	if err != nil && res.Streams() && ctx.Err() == nil {
		panic(http.ErrAbortHandler) // so that the client sees that the answer is not whole
	}
}

// A flushingWriter sends each Write at once.
type flushingWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w *flushingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	if err == nil {
		_ = w.control.Flush() // a writer that cannot sends it at the end
	}
	return n, err
}

func bodyFault(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return &Error{Code: CodeTooLarge, Message: "the body is too large", Cause: err}
	}
	return &Error{Code: CodeInvalid, Message: "the body could not be read", Cause: err}
}

// HTTPHandler mounts any net/http handler as a Handler, under the middleware
// and the patterns of an App:
//
//	app.HTTP("/admin/", lift.HTTPHandler(admin))
//
// Its request is [Event].HTTP with the handler's context. Its answer is kept
// until it returns: what it wants to flush, hijack or push is refused by
// net/http's ResponseController as unsupported. To register it for another
// trigger than HTTP panics.
func HTTPHandler(h http.Handler) Handler {
	if h == nil {
		panic("lift: HTTPHandler of nil")
	}
	return mounted{h}
}

type mounted struct{ http.Handler }

func (mounted) takes(t Trigger) bool { return t == TriggerHTTP }

func (mounted) String() string { return "lift.HTTPHandler answers HTTP requests" }

func (m mounted) Handle(ctx context.Context, e *Event) (*Response, error) {
	if e.HTTP == nil {
		return nil, fmt.Errorf("lift.HTTPHandler cannot answer a %s event", e.Trigger)
	}
	w := new(responseWriter)
	m.ServeHTTP(w, e.HTTP.WithContext(ctx))
	w.WriteHeader(http.StatusOK)
	return &w.res, nil
}

// A responseWriter keeps what a net/http handler answers.
type responseWriter struct {
	header http.Header
	res    Response
}

func (w *responseWriter) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

// WriteHeader takes the first status that is final; the headers stand from
// then on.
func (w *responseWriter) WriteHeader(status int) {
	if w.res.Status == 0 && status >= http.StatusOK {
		w.res.Status, w.res.Header = status, w.header.Clone()
	}
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.res.Body = append(w.res.Body, p...)
	return len(p), nil
}
