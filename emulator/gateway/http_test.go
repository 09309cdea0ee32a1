package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/gateway"
)

func TestHTTPResponses(t *testing.T) {
	t.Parallel()
	failing := function(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("sesame") })
	for name, tt := range map[string]struct {
		function    gateway.Function
		status      int
		contentType string
		body        string
	}{
		"full": {answer(`{"statusCode":201,"headers":{"content-type":"application/json"},"body":"{\"a\": 1}"}`),
			201, "application/json", `{"a": 1}`},
		"base64": {answer(`{"statusCode":200,"headers":{"Content-Type":"image/png"},"body":"iVBORw==","isBase64Encoded":true}`),
			200, "image/png", "\x89PNG"},
		"no content type":  {answer(`{"statusCode":200,"body":"<html>"}`), 200, "text/plain;charset=utf-8", "<html>"},
		"no body":          {answer(`{"statusCode":204}`), 204, "", ""},
		"a status in text": {answer(`{"statusCode":"202"}`), 202, "", ""},
		"inferred object":  {answer(`{"message": "hello"}`), 200, "application/json", `{"message": "hello"}`},
		"inferred text":    {answer(`"Hello from Lambda!"`), 200, "application/json", "Hello from Lambda!"},
		"inferred list":    {answer(`[1, 2]`), 200, "application/json", "[1, 2]"},
		"a bad status":     {answer(`{"statusCode":"x"}`), 500, "application/json", `{"message":"Internal Server Error"}`},
		"a body of JSON":   {answer(`{"statusCode":200,"body":{}}`), 500, "application/json", `{"message":"Internal Server Error"}`},
		"bad base64": {answer(`{"statusCode":200,"body":"*","isBase64Encoded":true}`),
			500, "application/json", `{"message":"Internal Server Error"}`},
		"no JSON":     {answer(`oops`), 500, "application/json", `{"message":"Internal Server Error"}`},
		"failed":      {failing, 500, "application/json", `{"message":"Internal Server Error"}`},
		"no function": {nil, 404, "application/json", `{"message":"Not Found"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, gateway.Config{HTTP: tt.function})
			res, body := request(t, "GET", s.url+"/requests", "", nil)
			if res.StatusCode != tt.status || body != tt.body || res.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("answered %d %q %q", res.StatusCode, res.Header.Get("Content-Type"), body)
			}
			if tt.function != nil && len(res.Header.Get("Apigw-Requestid")) != 16 {
				t.Errorf("header %v", res.Header)
			}
		})
	}
}

func TestHTTPResponseHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{HTTP: answer(`{"statusCode":200,
		"headers":{"x-number":7,"X-Text":"a","connection":"close","content-length":"99"},
		"cookies":["a=1; Path=/","b=2"],"body":"x"}`)})
	res, body := request(t, "GET", s.url+"/", "", nil)
	cookies := res.Header.Values("Set-Cookie")
	if res.Header.Get("X-Number") != "7" || res.Header.Get("X-Text") != "a" || res.Close || res.ContentLength != 1 || body != "x" ||
		len(cookies) != 2 || cookies[0] != "a=1; Path=/" || cookies[1] != "b=2" {
		t.Errorf("%d bytes, header %v", res.ContentLength, res.Header)
	}
}

func TestHTTPTimesOut(t *testing.T) {
	t.Parallel()
	running, hold := make(chan struct{}), make(chan struct{})
	s := start(t, gateway.Config{HTTP: function(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(running)
		<-hold
		if ctx.Err() != nil {
			t.Error("the function was stopped")
		}
		return nil, nil
	})})
	go func() {
		<-running
		s.clock.advance(30 * time.Second)
	}()
	res, body := request(t, "GET", s.url+"/", "", nil)
	close(hold)
	if res.StatusCode != 503 || body != `{"message":"Service Unavailable"}` {
		t.Errorf("answered %d %s", res.StatusCode, body)
	}
}

func TestHTTPPayloadLimit(t *testing.T) {
	t.Parallel()
	s := start(t, gateway.Config{HTTP: answer(`{}`), Limits: gateway.Limits{HTTPPayload: 10}})
	if res, _ := request(t, "POST", s.url+"/", "0123456789", nil); res.StatusCode != 200 {
		t.Errorf("the largest: %s", res.Status)
	}
	res, body := request(t, "POST", s.url+"/", "0123456789a", nil)
	if res.StatusCode != 413 || body != `{"message":"Request Entity Too Large"}` {
		t.Errorf("answered %d %s", res.StatusCode, body)
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	got := newRecorder(`{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"https://mine","Vary":"Accept"}}`)
	cfg := &gateway.CORS{
		AllowOrigins: []string{"https://example.com", "http://*"}, AllowMethods: []string{"GET", "POST"},
		AllowHeaders: []string{"authorization"}, ExposeHeaders: []string{"location"}, AllowCredentials: true, MaxAge: time.Hour,
	}
	s := start(t, gateway.Config{HTTP: got, CORS: cfg})

	preflight := http.Header{"Origin": {"http://localhost:3000"}, "Access-Control-Request-Method": {"POST"}}
	res, _ := request(t, "OPTIONS", s.url+"/requests", "", preflight)
	got.none(t)
	want := map[string]string{
		"Access-Control-Allow-Origin": "http://localhost:3000", "Access-Control-Allow-Methods": "GET,POST",
		"Access-Control-Allow-Headers": "authorization", "Access-Control-Allow-Credentials": "true", "Access-Control-Max-Age": "3600",
		"Access-Control-Expose-Headers": "",
	}
	for name, value := range want {
		if res.StatusCode != 204 || res.Header.Get(name) != value {
			t.Errorf("preflight %d, %s %q", res.StatusCode, name, res.Header.Get(name))
		}
	}

	for origin, allowed := range map[string]string{
		"https://example.com": "https://example.com", "http://x": "http://x", "https://evil.example.com": "", "": "",
	} {
		t.Run("origin "+origin, func(t *testing.T) {
			res, _ := request(t, "GET", s.url+"/requests", "", http.Header{"Origin": {origin}})
			got.next(t)
			if values := res.Header.Values("Access-Control-Allow-Origin"); strings.Join(values, " ") != allowed {
				t.Errorf("got %q allowed, want %q", values, allowed)
			}
		})
	}
	res, _ = request(t, "OPTIONS", s.url+"/", "", http.Header{"Origin": {"https://evil"}, "Access-Control-Request-Method": {"POST"}})
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a foreign preflight: %d %v", res.StatusCode, res.Header)
	}
	request(t, "OPTIONS", s.url+"/", "", nil)
	got.next(t) // an OPTIONS request that is no preflight is the function's

	any := start(t, gateway.Config{HTTP: answer(`{}`), CORS: &gateway.CORS{AllowOrigins: []string{"*"}}})
	res, _ = request(t, "GET", any.url+"/", "", http.Header{"Origin": {"https://x"}})
	if res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("any origin: %v", res.Header)
	}
}
