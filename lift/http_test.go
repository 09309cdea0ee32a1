package lift_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestHTTPRequestIsWhatNetHTTPWouldGive(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	var e *lift.Event
	var read []byte
	app.HTTP("POST /a/{id}/{rest...}", lift.HandlerFunc(func(_ context.Context, event *lift.Event) (*lift.Response, error) {
		e = event
		read, _ = io.ReadAll(e.HTTP.Body)
		return &lift.Response{Body: []byte("ok")}, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{
		Method: "POST", Path: "/a/x%20y%25/b/c", Query: "q=1&q=2", Stage: "dev", SourceIP: "198.51.100.9", RequestID: "r1",
		Header: http.Header{"X-Two": {"1", "2"}, "Cookie": {"a=1; b=2"}},
		Body:   []byte{0xff, 0x00},
	})
	if answer.Err != nil || answer.Status != 200 || string(answer.Body) != "ok" {
		t.Fatalf("answer %+v", answer)
	}
	r := e.HTTP
	if r.Method != "POST" || r.URL.Path != "/a/x y%/b/c" || r.PathValue("id") != "x y%" || r.PathValue("rest") != "b/c" {
		t.Errorf("request %s %s, id %q, rest %q", r.Method, r.URL.Path, r.PathValue("id"), r.PathValue("rest"))
	}
	if q := r.URL.Query()["q"]; !slices.Equal(q, []string{"1", "2"}) {
		t.Errorf("query %q", q)
	}
	if r.RequestURI != "/a/x%20y%25/b/c?q=1&q=2" || r.RemoteAddr != "198.51.100.9" || r.Host == "" || !r.ProtoAtLeast(1, 1) {
		t.Errorf("request URI %q, address %q, host %q", r.RequestURI, r.RemoteAddr, r.Host)
	}
	if cookie, err := r.Cookie("b"); err != nil || cookie.Value != "2" {
		t.Errorf("cookie %v, %v", cookie, err)
	}
	if e.Header("x-two") != "1,2" {
		t.Errorf("header %q", e.Header("x-two"))
	}
	if !bytes.Equal(read, []byte{0xff, 0x00}) || !bytes.Equal(e.Body, read) || r.ContentLength != 2 {
		t.Errorf("body %q, read %q", e.Body, read)
	}
	if e.ID != "r1" || !e.Time.Equal(lifttest.When) || e.Time.Location() != time.UTC || e.Route != "POST /a/{id}/{rest...}" {
		t.Errorf("event %q at %s on %q", e.ID, e.Time, e.Route)
	}
}

func TestHTTPResponses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		res    *lift.Response
		method string
		status int
		kind   string
		body   string
	}{
		"nothing":        {nil, "GET", 204, "", ""},
		"empty":          {&lift.Response{}, "GET", 204, "", ""},
		"text":           {&lift.Response{Body: []byte("hi \"x\" \u2028 <é>\n\t")}, "GET", 200, "text/plain; charset=utf-8", "hi \"x\" \u2028 <é>\n\t"},
		"bytes":          {&lift.Response{Status: 201, Body: []byte{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}}, "GET", 201, "image/png", "\x89PNG\r\n\x1a\n"},
		"control":        {&lift.Response{Body: []byte("\x01\x1f"), Header: http.Header{"Content-Type": {"x/y"}}}, "GET", 200, "x/y", "\x01\x1f"},
		"own type":       {&lift.Response{Body: []byte("{}"), Header: http.Header{"Content-Type": {"x/y"}}}, "GET", 200, "x/y", "{}"},
		"head":           {&lift.Response{Body: []byte("hi")}, "HEAD", 200, "text/plain; charset=utf-8", ""},
		"a header":       {&lift.Response{Body: []byte("hi"), Header: http.Header{"X-More": {"1"}}}, "GET", 200, "text/plain; charset=utf-8", "hi"},
		"no type":        {&lift.Response{Body: []byte("hi"), Header: http.Header{"Content-Type": nil}}, "GET", 200, "", "hi"},
		"not modified":   {&lift.Response{Status: 304, Body: []byte("hi"), Header: http.Header{"Content-Type": {"x/y"}}}, "GET", 304, "x/y", ""},
		"no content":     {&lift.Response{Status: 204, Body: []byte("hi"), Header: http.Header{"Content-Type": {"x/y"}}}, "GET", 204, "x/y", ""},
		"status alone":   {&lift.Response{Status: 202}, "GET", 202, "", ""},
		"empty but made": {&lift.Response{Status: 200, Body: []byte{}}, "GET", 200, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{})
			app.HTTP("GET /x", handle(tt.res, nil))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Method: tt.method, Path: "/x"})
			if answer.Status != tt.status || string(answer.Body) != tt.body || answer.Header.Get("Content-Type") != tt.kind {
				t.Errorf("answer %d %q %q", answer.Status, answer.Header.Get("Content-Type"), answer.Body)
			}
		})
	}
}

func TestHTTPHeadersAndCookies(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.HTTP("GET /x", handle(&lift.Response{Header: http.Header{
		"Vary": {"Accept", "Origin"}, "Set-Cookie": {"a=1", "b=2; Path=/"}, "X-None": nil,
	}}, nil))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x"})
	if got := answer.Header.Get("Vary"); got != "Accept, Origin" {
		t.Errorf("Vary %q", got)
	}
	if got := answer.Header.Values("Set-Cookie"); !slices.Equal(got, []string{"a=1", "b=2; Path=/"}) {
		t.Errorf("cookies %q", got)
	}
	if _, ok := answer.Header["X-None"]; ok {
		t.Error("a header without values went out")
	}
}

func TestHTTPWithoutRoute(t *testing.T) {
	t.Parallel()
	var notes []string
	app := lift.New(lift.Config{})
	app.Use(trail(&notes, "stack"))
	app.HTTP("GET /x", handle(nil, nil))
	app.HTTP("PUT /x", handle(nil, nil))
	app.HTTP("GET /dir/", handle(nil, nil))

	missing := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/y"})
	wrong := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Method: "POST", Path: "/x"})
	moved := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/dir", Query: "a=1", Stage: "dev"})

	var p problemBody
	if missing.Decode(t, &p); missing.Status != 404 || p.Code != "not_found" {
		t.Errorf("no route: %d %s", missing.Status, missing.Body)
	}
	if wrong.Decode(t, &p); wrong.Status != 405 || p.Code != "method_not_allowed" || wrong.Header.Get("Allow") != "GET, HEAD, OPTIONS, PUT" {
		t.Errorf("wrong method: %d %q %s", wrong.Status, wrong.Header.Get("Allow"), wrong.Body)
	}
	if moved.Status/100 != 3 || moved.Header.Get("Location") != "/dev/dir/?a=1" {
		t.Errorf("redirect: %d %q", moved.Status, moved.Header.Get("Location"))
	}
	if len(notes) != 6 {
		t.Errorf("the stack ran %d times, not for all three", len(notes)/2)
	}
}

type problemBody struct {
	Type          string         `json:"type"`
	Title         string         `json:"title"`
	Status        int            `json:"status"`
	Detail        string         `json:"detail"`
	Code          string         `json:"code"`
	CorrelationID string         `json:"correlation_id"`
	Retryable     bool           `json:"retryable"`
	RetryAfter    int            `json:"retry_after"`
	Details       map[string]any `json:"details"`
}

func TestHTTPErrorsAreProblemDocuments(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.HTTP("GET /x", handle(
		&lift.Response{Header: http.Header{"x-hint": {"later"}, "Content-Type": {"application/problem+json; charset=utf-8"}, "Retry-After": {"7"}}},
		&lift.Error{Code: lift.CodeRateLimited, Message: "slow down", Details: map[string]int{"limit": 5}, RetryAfter: 1500 * time.Millisecond, Cause: errors.New("hidden")},
	))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", RequestID: "r9"})
	var p problemBody
	answer.Decode(t, &p)
	// The handler's own headers win.
	if answer.Status != 429 || answer.Header.Get("Content-Type") != "application/problem+json; charset=utf-8" ||
		answer.Header.Get("Retry-After") != "7" || answer.Header.Get("X-Hint") != "later" {
		t.Errorf("got %d with %v, want 429 with the handler's headers", answer.Status, answer.Header)
	}
	app.HTTP("GET /plain", handle(nil, &lift.Error{Code: lift.CodeRateLimited, RetryAfter: 1500 * time.Millisecond}))
	plain := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/plain"})
	if plain.Header.Get("Content-Type") != "application/problem+json" || plain.Header.Get("Retry-After") != "2" {
		t.Errorf("got %v, want a problem document and Retry-After rounded up, 2", plain.Header)
	}
	if p.Type != "about:blank" || p.Title != "Too Many Requests" || p.Status != 429 || p.Detail != "slow down" || p.Code != "rate_limited" ||
		p.CorrelationID != "r9" || !p.Retryable || p.RetryAfter != 2 || p.Details["limit"] != 5.0 {
		t.Errorf("problem %+v", p)
	}
	if strings.Contains(string(answer.Body), "hidden") {
		t.Error("the cause is shown")
	}
}

func TestErrorDetailsThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.HTTP("GET /x", handle(nil, &lift.Error{Code: lift.CodeConflict, Message: "no", Details: func() {}}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x"})
	var p problemBody
	if answer.Decode(t, &p); answer.Status != 409 || p.Detail != "no" {
		t.Errorf("answer %d %s", answer.Status, answer.Body)
	}
	log.Line(t, "error details left out")
}

func TestErrorResponseHook(t *testing.T) {
	t.Parallel()
	secret := errors.New("secret")
	app := lift.New(lift.Config{
		Logger: new(lifttest.Log).Logger(),
		ErrorResponse: func(ctx context.Context, e *lift.Event, err *lift.Error) *lift.Response {
			if !errors.Is(err, secret) {
				return nil
			}
			return &lift.Response{Body: []byte(err.Code.String() + "|" + err.Message + "|" + lift.CorrelationID(ctx)), Header: http.Header{"Content-Type": {"x/own"}}}
		},
	})
	app.HTTP("GET /own", handle((*lift.Response)(nil).SetHeader("X-More", "1"), secret))
	app.HTTP("GET /else", handle(nil, lift.Errorf(lift.CodeConflict, "no")))
	app.WebSocket(lift.RouteDefault, handle(nil, secret))
	app.WebSocket(lift.RouteConnect, handle(nil, &lift.Error{Code: lift.CodeForbidden, Message: "not you", Cause: secret}))

	own := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/own", RequestID: "r1"})
	if own.Status != 500 || string(own.Body) != "internal|internal error|r1" || own.Header.Get("Content-Type") != "x/own" || own.Header.Get("X-More") != "1" {
		t.Errorf("HTTP: %d %v %s", own.Status, own.Header, own.Body)
	}
	if other := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/else"}); other.Status != 409 || other.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("HTTP, left to Lift: %d %s", other.Status, other.Body)
	}
	if message := lifttest.Invoke(t.Context(), t, app, lifttest.Message{}); message.Status != 200 || !strings.HasPrefix(string(message.Body), "internal|internal error|") {
		t.Errorf("message: %d %s", message.Status, message.Body)
	}
	if connect := lifttest.Invoke(t.Context(), t, app, lifttest.Connect{}); connect.Status != 403 || !strings.HasPrefix(string(connect.Body), "forbidden|not you|") {
		t.Errorf("connect: %d %s", connect.Status, connect.Body)
	}
}

func TestMalformedHTTPEvents(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("/", handle(nil, nil))
	for name, payload := range map[string]string{
		"context":  `{"version":"2.0","rawPath":"/","requestContext":7}`,
		"method":   `{"version":"2.0","rawPath":"/","requestContext":{"http":{}}}`,
		"headers":  `{"version":"2.0","rawPath":"/","headers":{"a":7},"requestContext":{"http":{"method":"GET"}}}`,
		"cookies":  `{"version":"2.0","rawPath":"/","cookies":[7],"requestContext":{"http":{"method":"GET"}}}`,
		"base64":   `{"version":"2.0","rawPath":"/","body":"s*cret","isBase64Encoded":true,"requestContext":{"http":{"method":"GET"}}}`,
		"timeless": `{"version":"2.0","rawPath":"/","requestContext":{"timeEpoch":"x","http":{"method":"GET"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
			var err *lift.Error
			if !errors.As(answer.Err, &err) || err.Code != lift.CodeInvalid || strings.Contains(err.Error(), "s*cret") {
				t.Errorf("%s: %+v", name, answer)
			}
		})
	}
}
