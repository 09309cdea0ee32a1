package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/pay-theory/streamer/measure/baseline/internal/actions"
	"github.com/pay-theory/streamer/measure/baseline/internal/awstest"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

// A router is the function with a connection of ada's, c=.
type router struct {
	*handler
	services *awstest.Services
	log      *bytes.Buffer
}

func startRouter(t *testing.T) router {
	t.Helper()
	services := awstest.Start(t)
	log := new(bytes.Buffer)
	h, err := newHandler(t.Context(), slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for id, expires := range map[string]time.Duration{"c=": time.Hour, "old=": -time.Second} {
		err := h.connections.Save(t.Context(), store.Connection{ID: id, Tenant: "acme", Subject: "ada", ExpiresAt: time.Now().Add(expires)})
		if err != nil {
			t.Fatal(err)
		}
	}
	return router{h, services, log}
}

// send hands the function a message and returns the frame that it sent.
func (r router) send(t *testing.T, connection, body string) map[string]any {
	t.Helper()
	response, err := r.handle(awstest.Context(t), messageEvent(connection, body))
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%s: %+v, %v", body, response, err)
	}
	if n := r.services.Metrics(); n != 1 {
		t.Errorf("%s: metrics put %d times, want once", body, n)
	}
	frames := r.services.Frames()
	if len(frames) != 1 {
		t.Fatalf("%s: sent %v, want one frame", body, frames)
	}
	return frames[0]
}

func messageEvent(connection, body string) events.APIGatewayWebsocketProxyRequest {
	return events.APIGatewayWebsocketProxyRequest{Body: body,
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{ConnectionID: connection, RequestID: "r="}}
}

func codeOf(frame map[string]any) any {
	fault, _ := frame["error"].(map[string]any)
	return fault["code"]
}

func TestMessages(t *testing.T) {
	r := startRouter(t)
	if f := r.send(t, "c=", `{"id":"e","action":"echo","payload":{"a":1}}`); f["type"] != "response" || f["request_id"] != "e" {
		t.Errorf("echo: %v", f)
	}
	if f := r.send(t, "nobody=", `{"id":"p","action":"streamer.ping"}`); f["type"] != "pong" {
		t.Errorf("ping: %v", f)
	}
	const long = `{"id":"l","action":"echo_async","payload":{"step_ms":1}}`
	if f := r.send(t, "c=", long); f["type"] != "acknowledgment" || f["rev"] != 1.0 {
		t.Errorf("a long one: %v", f)
	}
	if sent := r.services.Messages(); len(sent) != 1 || !strings.Contains(sent[0], `"id":"l"`) {
		t.Errorf("got the messages %q, want one that names the request l", sent)
	}
	if f := r.send(t, "c=", `{"id":"g","action":"streamer.get","payload":{"request_id":"l"}}`); f["type"] != "request" ||
		f["request"].(map[string]any)["state"] != "QUEUED" {
		t.Errorf("get: %v", f)
	}
	for body, code := range map[string]string{
		`not JSON`:                              "INVALID_MESSAGE",
		`{"id":"x","action":"none"}`:            "INVALID_ACTION",
		`{"id":"x","action":"generate_report"}`: "VALIDATION_ERROR",
		long:                                    "DUPLICATE_REQUEST",
		`{"id":"x","action":"streamer.get"}`:    "VALIDATION_ERROR",
		`{"id":"x","action":"streamer.get","payload":{"request_id":"none"}}`: "NOT_FOUND",
	} {
		if f := r.send(t, "c=", body); codeOf(f) != code {
			t.Errorf("%s: %v, want %s", body, f, code)
		}
	}
	for _, connection := range []string{"nobody=", "old="} {
		if f := r.send(t, connection, `{"id":"x","action":"echo"}`); codeOf(f) != "UNAUTHORIZED" {
			t.Errorf("%s: %v", connection, f)
		}
	}
}

func TestAnswersThatDoNotArrive(t *testing.T) {
	r := startRouter(t)
	r.services.HangUp()
	if response, err := r.handle(awstest.Context(t), messageEvent("c=", `{"id":"e","action":"echo"}`)); err != nil ||
		response.StatusCode != 200 {
		t.Errorf("to one who has gone: %+v, %v", response, err)
	}
	r = startRouter(t)
	r.services.Break()
	if response, err := r.handle(awstest.Context(t), messageEvent("c=", `{"id":"e","action":"echo"}`)); err != nil ||
		response.StatusCode != 502 {
		t.Errorf("without the API: %+v, %v", response, err)
	}
	if !strings.Contains(r.log.String(), "metrics lost") {
		t.Error("lost metrics are not in the log")
	}
}

func TestFaults(t *testing.T) {
	r := startRouter(t)
	r.actions["broken"] = actions.New(func(context.Context, actions.Job) (json.RawMessage, error) { panic("oh") })
	r.actions["slow"] = actions.New(func(context.Context, actions.Job) (json.RawMessage, error) { return nil, context.DeadlineExceeded })
	r.actions["unlucky"] = actions.New(func(context.Context, actions.Job) (json.RawMessage, error) { return nil, errors.New("secret") })
	for action, code := range map[string]string{"broken": "INTERNAL_ERROR", "slow": "TIMEOUT", "unlucky": "INTERNAL_ERROR"} {
		f := r.send(t, "c=", `{"id":"x","action":"`+action+`"}`)
		if raw, err := json.Marshal(f); err != nil || codeOf(f) != code || bytes.Contains(raw, []byte("secret")) {
			t.Errorf("%s: %v", action, f)
		}
	}
	r.requests = store.NewRequests(r.services.DynamoDB, "no-such-table")
	for _, body := range []string{`{"id":"x","action":"echo_async"}`, `{"id":"x","action":"streamer.get","payload":{"request_id":"x"}}`} {
		if f := r.send(t, "c=", body); codeOf(f) != "SERVICE_UNAVAILABLE" {
			t.Errorf("%s: %v", body, f)
		}
	}
	r.connections = store.NewConnections(r.services.DynamoDB, "no-such-table")
	if f := r.send(t, "c=", `{"id":"x","action":"echo"}`); codeOf(f) != "SERVICE_UNAVAILABLE" {
		t.Errorf("%v", f)
	}
}

func TestEnvironment(t *testing.T) {
	awstest.Start(t)
	for _, name := range []string{"STREAMER_CONNECTIONS_TABLE", "STREAMER_REQUESTS_TABLE", "STREAMER_CALLBACK_URL", "STREAMER_QUEUE_URL"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "")
			if _, err := newHandler(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("without it: %v", err)
			}
		})
	}
}
