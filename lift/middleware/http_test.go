package middleware_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// httpApp has one handler for GET /x.
func httpApp(h lift.HandlerFunc, mw ...lift.Middleware) *lift.App {
	a := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	a.Use(mw...)
	a.HTTP("GET /x", h)
	return a
}

func panics(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got, _ := recover().(string); !strings.Contains(got, want) {
			t.Errorf("panic %q, want one with %q", got, want)
		}
	}()
	f()
}

func TestCORS(t *testing.T) {
	t.Parallel()
	full := middleware.CORSConfig{
		Origins: []string{"https://a.example", "https://b.example:8443"}, Methods: []string{"GET", "PUT"}, Headers: []string{"X-Token"},
		Expose: []string{"X-Total"}, Credentials: true, MaxAge: time.Hour,
	}
	star := middleware.CORSConfig{Origins: []string{"*"}}
	preflight := func(origin string) http.Header {
		return http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"PUT"}}
	}
	for name, tt := range map[string]struct {
		cfg    middleware.CORSConfig
		method string
		header http.Header
		status int
		want   map[string]string // "" for a header that must not be there
	}{
		"preflight": {full, "OPTIONS", preflight("https://b.example:8443"), 204, map[string]string{
			"Access-Control-Allow-Origin": "https://b.example:8443", "Access-Control-Allow-Methods": "GET, PUT", "Access-Control-Allow-Headers": "X-Token",
			"Access-Control-Allow-Credentials": "true", "Access-Control-Max-Age": "3600", "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
		}},
		"preflight of a stranger": {full, "OPTIONS", preflight("https://evil.example"), 204, map[string]string{
			"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": "", "Access-Control-Allow-Credentials": "",
		}},
		"preflight of a near name": {full, "OPTIONS", preflight("https://a.example.evil"), 204, map[string]string{"Access-Control-Allow-Origin": ""}},
		"OPTIONS that is none":     {full, "OPTIONS", http.Header{"Origin": {"https://a.example"}}, 204, map[string]string{"Access-Control-Allow-Origin": "https://a.example", "Allow": "GET, HEAD, OPTIONS"}},
		"request": {full, "GET", http.Header{"Origin": {"https://a.example"}}, 200, map[string]string{
			"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Expose-Headers": "X-Total", "Access-Control-Allow-Credentials": "true", "Vary": "Accept, Origin",
		}},
		"request of a stranger": {full, "GET", http.Header{"Origin": {"https://evil.example"}}, 200, map[string]string{"Access-Control-Allow-Origin": "", "Vary": "Accept, Origin"}},
		"request of no page":    {full, "GET", nil, 200, map[string]string{"Access-Control-Allow-Origin": "", "Vary": "Accept, Origin"}},
		"star": {star, "GET", http.Header{"Origin": {"https://any.example"}}, 200, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "", "Access-Control-Expose-Headers": "Idempotency-Replayed, Retry-After, X-Correlation-Id", "Vary": "Accept",
		}},
		"star, preflight": {star, "OPTIONS", preflight("https://any.example"), 204, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE", "Access-Control-Max-Age": "600",
			"Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-Correlation-Id",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) {
				return &lift.Response{Status: 200, Header: http.Header{"Vary": {"Accept"}}}, nil
			}, middleware.CORS(tt.cfg))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Method: tt.method, Path: "/x", Header: tt.header})
			if answer.Status != tt.status {
				t.Errorf("%s: status %d", name, answer.Status)
			}
			for header, want := range tt.want {
				if got := answer.Header.Get(header); got != want {
					t.Errorf("%s: %s is %q, want %q", name, header, got, want)
				}
			}
		})
	}
	app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) {
		return nil, lift.Errorf(lift.CodeConflict, "no")
	}, middleware.CORS(full))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Header: http.Header{"Origin": {"https://a.example"}}})
	if answer.Status != 409 || answer.Header.Get("Access-Control-Allow-Origin") != "https://a.example" {
		t.Errorf("an error answers %d %v", answer.Status, answer.Header)
	}
	for want, cfg := range map[string]middleware.CORSConfig{
		"no Origins":               {},
		`"*" and other O`:          {Origins: []string{"https://a.example", "*"}},
		"credentials":              {Origins: []string{"*"}, Credentials: true},
		"is not a valid origin":    {Origins: []string{"https://a.example/"}},
		`"a.example" is`:           {Origins: []string{"a.example"}},
		`"%zz" is`:                 {Origins: []string{"%zz"}},
		"MaxAge of -1ns":           {Origins: []string{"https://a.example"}, MaxAge: -1},
		`"null" is not a valid or`: {Origins: []string{"null"}},
	} {
		panics(t, want, func() { middleware.CORS(cfg) })
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) {
		return (*lift.Response)(nil).SetHeader("Cache-Control", "max-age=60"), nil
	}, middleware.SecurityHeaders(http.Header{"x-frame-options": {"SAMEORIGIN"}, "Referrer-Policy": {""}, "X-Extra": {"1"}}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x"})
	for name, want := range map[string]string{
		"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN",
		"Referrer-Policy": "", "X-Extra": "1", "Cache-Control": "max-age=60", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		t.Run(name, func(t *testing.T) {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		})
	}
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/nowhere"}); answer.Status != 404 || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("404 answers %v", answer.Header)
	}
}

func TestCompress(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("all work and no play "), 200)
	noise := make([]byte, 4000)
	random, err := os.Open("/dev/urandom")
	if err != nil {
		t.Fatal(err)
	}
	defer random.Close()
	if _, err := io.ReadFull(random, noise); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		accept string
		res    lift.Response
		zipped bool
		vary   string
	}{
		"text":            {"gzip", lift.Response{Body: text}, true, "Accept-Encoding"},
		"among others":    {"br;q=1.0, GZIP;q=0.8, *;q=0.1", lift.Response{Body: text}, true, "Accept-Encoding"},
		"star":            {"*", lift.Response{Body: text}, true, "Accept-Encoding"},
		"not by the star": {"*, gzip;q=0", lift.Response{Body: text}, false, "Accept-Encoding"},
		"not wanted":      {"gzip;q=0.000", lift.Response{Body: text}, false, "Accept-Encoding"},
		"broken weight":   {"gzip;q=x", lift.Response{Body: text}, false, "Accept-Encoding"},
		"another":         {"br", lift.Response{Body: text}, false, "Accept-Encoding"},
		"not asked":       {"", lift.Response{Body: text}, false, "Accept-Encoding"},
		"small":           {"gzip", lift.Response{Body: text[:1000]}, false, ""},
		"noise":           {"gzip", lift.Response{Body: noise, Header: http.Header{"Content-Type": {"text/plain"}}}, false, "Accept-Encoding"},
		"noise in base64": {"gzip", lift.Response{Body: base64.StdEncoding.AppendEncode(nil, noise),
			Header: http.Header{"Content-Type": {"text/plain"}}}, false, "Accept-Encoding"}, // gzip saves a quarter, Lambda's base64 adds a third
		"a length":         {"gzip", lift.Response{Body: text, Header: http.Header{"Content-Length": {"4200"}}}, true, "Accept-Encoding"},
		"an image":         {"gzip", lift.Response{Body: text, Header: http.Header{"Content-Type": {"image/png"}}}, false, ""},
		"JSON":             {"gzip", lift.Response{Body: text, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}, true, "Accept-Encoding"},
		"a kind of JSON":   {"gzip", lift.Response{Body: text, Header: http.Header{"Content-Type": {"application/vnd.api+json"}}}, true, "Accept-Encoding"},
		"events":           {"gzip", lift.Response{Body: text, Header: http.Header{"Content-Type": {"text/event-stream"}}}, false, ""},
		"encoded":          {"gzip", lift.Response{Body: text, Header: http.Header{"Content-Encoding": {"br"}}}, false, ""},
		"no-transform":     {"gzip", lift.Response{Body: text, Header: http.Header{"Cache-Control": {"no-transform, max-age=1"}}}, false, ""},
		"a part":           {"gzip", lift.Response{Status: 206, Body: text}, false, ""},
		"varies":           {"gzip", lift.Response{Body: text, Header: http.Header{"Vary": {"Origin"}}}, true, "Origin, Accept-Encoding"},
		"varies in all":    {"gzip", lift.Response{Body: text, Header: http.Header{"Vary": {"*"}}}, true, "*"},
		"varies in it too": {"gzip", lift.Response{Body: text, Header: http.Header{"Vary": {"accept-encoding"}}}, true, "accept-encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) {
				res := tt.res
				res.Header = res.Header.Clone()
				return res.SetHeader("Etag", `"1"`), nil
			}, middleware.Compress(0))
			header := http.Header{}
			if tt.accept != "" {
				header.Set("Accept-Encoding", tt.accept)
			}
			for range 2 { // the second with a used compressor
				answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Header: header})
				zipped := answer.Header.Get("Content-Encoding") == "gzip"
				if zipped != tt.zipped || answer.Header.Get("Vary") != tt.vary {
					t.Errorf("%s: %v", name, answer.Header)
					continue
				}
				if length := answer.Header.Get("Content-Length"); zipped && length != "" {
					t.Errorf("got the Content-Length %s of what was not sent, want none", length)
				}
				if tag := answer.Header.Get("Etag"); zipped && tag != `W/"1"` || !zipped && tag != `"1"` {
					t.Errorf("%s: ETag %s", name, tag)
				}
				body := answer.Body
				if zipped {
					r, err := gzip.NewReader(bytes.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					if body, err = io.ReadAll(r); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(body, tt.res.Body) {
					t.Errorf("%s: another body", name)
				}
			}
		})
	}
	app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, errors.New("boom") }, middleware.Compress(0))
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Header: http.Header{"Accept-Encoding": {"gzip"}}}); answer.Status != 500 || answer.Header.Get("Content-Encoding") != "" {
		t.Errorf("an error answers %d %v", answer.Status, answer.Header)
	}
	panics(t, "Compress", func() { middleware.Compress(-1) })
}

func FuzzAcceptEncoding(f *testing.F) {
	for _, s := range []string{"gzip", "gzip;q=0", "*;q=0.1, br", ",;=,", "gzip;q=NaN", "gzip ; q = 1"} {
		f.Add(s)
	}
	text := bytes.Repeat([]byte("word "), 1000)
	app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) { return &lift.Response{Body: text}, nil }, middleware.Compress(0))
	f.Fuzz(func(t *testing.T, accept string) {
		answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Header: http.Header{"Accept-Encoding": {accept}}})
		lower := strings.ToLower(accept)
		if answer.Status != 200 || answer.Header.Get("Content-Encoding") != "" && !strings.Contains(lower, "gzip") && !strings.Contains(lower, "*") {
			t.Errorf("%q answers %d %v", accept, answer.Status, answer.Header)
		}
	})
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	a := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	a.Use(middleware.BodyLimit(10))
	a.HTTP("POST /x", lift.HandlerFunc(succeed))
	for body, status := range map[string]int{"": 201, "0123456789": 201, "0123456789a": 413, strings.Repeat("\xff", 11): 413, strings.Repeat("\xff", 10): 201} {
		t.Run(body, func(t *testing.T) {
			if answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Method: "POST", Path: "/x", Body: []byte(body)}); answer.Status != status {
				t.Errorf("%d bytes answer %d", len(body), answer.Status)
			}
		})
	}
	panics(t, "BodyLimit", func() { middleware.BodyLimit(0) })
}

type timeout struct{ error }

func (timeout) Timeout() bool { return true }

func TestRetryHints(t *testing.T) {
	t.Parallel()
	shared := lift.Errorf(lift.CodeUnavailable, "away")
	for name, tt := range map[string]struct {
		err        error
		status     int
		retryAfter string
	}{
		"success":    {nil, 201, ""},
		"retryable":  {shared, 503, "hinted"},
		"its own":    {&lift.Error{Code: lift.CodeRateLimited, RetryAfter: 3 * time.Second}, 429, "3"},
		"final":      {lift.Errorf(lift.CodeNotFound, "gone"), 404, ""},
		"undeclared": {errors.New("boom"), 500, ""},
		"a timeout":  {timeout{errors.New("dial")}, 503, "hinted"},
	} {
		t.Run(name, func(t *testing.T) {
			app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) { return &lift.Response{Status: 201}, tt.err }, middleware.RetryHints(10*time.Second))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x"})
			got := answer.Header.Get("Retry-After")
			if len(got) == 2 && got >= "10" && got <= "20" {
				got = "hinted"
			}
			if answer.Status != tt.status || got != tt.retryAfter {
				t.Errorf("%s: %d, Retry-After %q", name, answer.Status, got)
			}
		})
	}
	app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, shared }, middleware.RetryHints(10*time.Second))
	times := map[string]bool{}
	for range 50 {
		times[lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x"}).Header.Get("Retry-After")] = true
	}
	if len(times) < 2 {
		t.Errorf("got %v for 50 callers, want them to come back at different times", times)
	}
	if shared.RetryAfter != 0 {
		t.Error("an error that others have too is changed")
	}
	panics(t, "RetryHints", func() { middleware.RetryHints(0) })
}
