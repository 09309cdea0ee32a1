package lift_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestWebSocketConnect(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.WebSocket(lift.RouteConnect, lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		w := e.WebSocket
		if w.ConnectionID != "abc=" || w.Stage != "dev" || w.APIID == "" || w.DomainName == "" || w.SourceIP != "203.0.113.7" || w.UserAgent != "lifttest" {
			t.Errorf("view %+v", w)
		}
		if got := lifttest.When.Sub(w.ConnectedAt); got != 1500*time.Millisecond {
			t.Errorf("connected %s before", got)
		}
		if e.Header("x-tenant") != "acme" || !slices.Equal(w.Query["q"], []string{"1", "2"}) {
			t.Errorf("header %v, query %v", w.Header, w.Query)
		}
		if got := w.Subprotocols(); !slices.Equal(got, []string{"streamer.v1", "bearer.x", "more"}) {
			t.Errorf("subprotocols %q", got)
		}
		return (&lift.Response{}).SetHeader("Sec-WebSocket-Protocol", "streamer.v1"), nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Connect{
		ConnectionID: "abc=",
		Query:        url.Values{"q": {"1", "2"}},
		Header:       http.Header{"x-tenant": {"acme"}, "Sec-WebSocket-Protocol": {"streamer.v1, bearer.x", "more"}},
	})
	if answer.Status != 200 || answer.Header.Get("Sec-WebSocket-Protocol") != "streamer.v1" {
		t.Errorf("answer %+v", answer)
	}
}

func TestWebSocketRefusesWithTheErrorsStatus(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.WebSocket(lift.RouteConnect, handle(nil, lift.Errorf(lift.CodeUnauthorized, "who are you")))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Connect{})
	if answer.Status != 401 {
		t.Errorf("answer %+v", answer)
	}
}

func TestWebSocketMessages(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	var e *lift.Event
	app.WebSocket(lift.RouteDefault, lift.HandlerFunc(func(_ context.Context, event *lift.Event) (*lift.Response, error) {
		e = event
		return &lift.Response{Body: event.Body}, nil
	}))
	app.WebSocket("fail", handle(nil, &lift.Error{Code: lift.CodeNotFound, Message: "gone", Details: map[string]string{"what": "it"},
		RetryAfter: 1500 * time.Millisecond}))
	app.WebSocket("silent", handle(nil, nil))

	echo := lifttest.Invoke(t.Context(), t, app, lifttest.Message{Route: "unknown", Body: "{\"n\": 9007199254740993}\n"})
	if echo.Status != 200 || string(echo.Body) != "{\"n\": 9007199254740993}\n" {
		t.Errorf("echo %+v", echo)
	}
	if e.WebSocket.MessageID == "" || e.WebSocket.ConnectionID != lifttest.ConnectionID || e.Route != "$default" || e.WebSocket.Header != nil {
		t.Errorf("view %+v on %s", e.WebSocket, e.Route)
	}

	failed := lifttest.Invoke(t.Context(), t, app, lifttest.Message{Route: "fail"})
	var frame struct {
		Type  string `json:"type"`
		Error struct {
			Code, Message string
			CorrelationID string `json:"correlation_id"`
			Details       map[string]string
			Retryable     bool
			RetryAfter    int `json:"retry_after"`
		} `json:"error"`
	}
	failed.Decode(t, &frame)
	if failed.Status != 200 || frame.Type != "error" || frame.Error.Code != "not_found" || frame.Error.Message != "gone" ||
		frame.Error.CorrelationID == "" || frame.Error.Details["what"] != "it" ||
		!frame.Error.Retryable || frame.Error.RetryAfter != 2 {
		t.Errorf("error frame %d %s", failed.Status, failed.Body)
	}
	if silent := lifttest.Invoke(t.Context(), t, app, lifttest.Message{Route: "silent"}); silent.Status != 200 || len(silent.Body) != 0 {
		t.Errorf("silent %+v", silent)
	}
}

func TestWebSocketDisconnect(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	var w *lift.WebSocket
	app.WebSocket(lift.RouteDisconnect, lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		w = e.WebSocket
		return nil, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Disconnect{Code: 1001, Reason: "Going away"})
	if answer.Status != 200 || w.DisconnectCode != 1001 || w.DisconnectReason != "Going away" {
		t.Errorf("answer %+v, view %+v", answer, w)
	}
}

func TestMalformedWebSocketEvents(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	registerAll(app, handle(nil, nil))
	for name, payload := range map[string]string{
		"connection": `{"requestContext":{"connectionId":"","eventType":"MESSAGE"}}`,
		"kind":       `{"requestContext":{"connectionId":"x","eventType":"OTHER"}}`,
		"type":       `{"requestContext":{"connectionId":7,"eventType":"MESSAGE"}}`,
		"headers":    `{"headers":{"a":{}},"requestContext":{"connectionId":"x","eventType":"CONNECT"}}`,
		"query":      `{"queryStringParameters":[],"requestContext":{"connectionId":"x","eventType":"CONNECT"}}`,
		"body":       `{"body":"*","isBase64Encoded":true,"requestContext":{"connectionId":"x","eventType":"MESSAGE"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
			var err *lift.Error
			if !errors.As(answer.Err, &err) || err.Code != lift.CodeInvalid {
				t.Errorf("%s: %+v", name, answer)
			}
		})
	}
}
