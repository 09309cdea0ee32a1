package lift_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

func TestServeHTTP(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.Use(middleware.Correlation(), middleware.Log())
	var e *lift.Event
	app.HTTP("POST /things/{id}", lift.HandlerFunc(func(_ context.Context, event *lift.Event) (*lift.Response, error) {
		e = event
		return &lift.Response{Status: 201, Body: event.Body, Header: http.Header{"Set-Cookie": {"a=1", "b=2"}}}, nil
	}))
	app.HTTP("GET /fail", handle(nil, lift.Errorf(lift.CodeConflict, "no")))
	server := httptest.NewServer(app)
	defer server.Close()
	send := func(method, path string, body io.Reader) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Correlation-Id", "c1")
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("X-Correlation-Id") != "c1" {
			t.Errorf("%s %s went past the stack", method, path)
		}
		return res, string(data)
	}

	res, body := send("POST", "/things/a%2Fb?q=1", strings.NewReader("\xff\x00"))
	if res.StatusCode != 201 || body != "\xff\x00" || !slices.Equal(res.Header.Values("Set-Cookie"), []string{"a=1", "b=2"}) {
		t.Errorf("answer %d %v %q", res.StatusCode, res.Header, body)
	}
	if e.HTTP.PathValue("id") != "a/b" || e.HTTP.URL.Query().Get("q") != "1" || e.HTTP.RemoteAddr != "127.0.0.1" || e.Gateway.Kind != lift.GatewayServer || e.ID == "" {
		t.Errorf("event %+v", e)
	}
	if res, body := send("GET", "/fail", nil); res.StatusCode != 409 || res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"conflict"`) {
		t.Errorf("error %d %s", res.StatusCode, body)
	}
	if res, _ := send("GET", "/none", nil); res.StatusCode != 404 {
		t.Errorf("no route %d", res.StatusCode)
	}
	if res, _ := send("OPTIONS", "/fail", nil); res.StatusCode != 204 || res.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("OPTIONS %d %v", res.StatusCode, res.Header)
	}
	if res, body := send("POST", "/things/1", bytes.NewReader(make([]byte, 10<<20+1))); res.StatusCode != 413 || !strings.Contains(body, `"too_large"`) {
		t.Errorf("a large body %d %s", res.StatusCode, body)
	}
	if len(log.Lines(t, "")) != 5 {
		t.Errorf("log:\n%s", log.String())
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestServeHTTPWithABodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.HTTP("/", handle(nil, nil))
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/", brokenBody{}))
	if w.Code != 400 || strings.Contains(w.Body.String(), "EOF") {
		t.Errorf("answer %d %s", w.Code, w.Body)
	}
}

func TestHTTPHandlerMountsNetHTTP(t *testing.T) {
	t.Parallel()
	inner := http.NewServeMux()
	inner.HandleFunc("PUT /admin/{name}", func(w http.ResponseWriter, r *http.Request) {
		if lift.EventFrom(r.Context()) == nil {
			t.Error("no event in the request's context")
		}
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusProcessing)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("X-Late", "1")
		fmt.Fprintf(w, "%s %s ", r.PathValue("name"), body)
		fmt.Fprint(w, "twice")
		if http.NewResponseController(w).Flush() == nil {
			t.Error("a kept answer can be flushed")
		}
	})
	inner.HandleFunc("GET /admin/nothing", func(http.ResponseWriter, *http.Request) {})
	var notes []string
	app := lift.New(lift.Config{})
	app.Use(trail(&notes, "stack"))
	app.HTTP("/admin/", lift.HTTPHandler(inner))
	for _, via := range lifttest.Ways {
		t.Run(via.String(), func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: via, Method: "PUT", Path: "/admin/ada", Body: []byte("body")})
			cookies := answer.Header.Values("Set-Cookie")
			if slices.Sort(cookies); answer.Status != 201 || string(answer.Body) != "ada body twice" || answer.Header.Get("X-Late") != "" || !slices.Equal(cookies, []string{"a=1", "b=2"}) {
				t.Errorf("%s: answer %d %v %s", via, answer.Status, answer.Header, answer.Body)
			}
		})
	}
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/admin/nothing"}); answer.Status != 200 || len(answer.Body) != 0 {
		t.Errorf("nothing: %d %s", answer.Status, answer.Body)
	}
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/admin/else/where"}); answer.Status != 404 {
		t.Errorf("the mounted handler's own 404: %d", answer.Status)
	}
	if len(notes) != 2*len(lifttest.Ways)+4 {
		t.Errorf("the stack ran %d times", len(notes)/2)
	}
	if _, err := lift.HTTPHandler(inner).Handle(t.Context(), &lift.Event{Trigger: lift.TriggerSQS}); err == nil {
		t.Error("it answers a message")
	}
}
