package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/pay-theory/streamer/measure/baseline/internal/awstest"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

func connectEvent(headers, query map[string]string) events.APIGatewayWebsocketProxyRequest {
	return events.APIGatewayWebsocketProxyRequest{
		Headers: headers, QueryStringParameters: query,
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{ConnectionID: "c=", RequestID: "r="},
	}
}

func TestConnect(t *testing.T) {
	services := awstest.Start(t)
	var log bytes.Buffer
	h, err := newHandler(t.Context(), slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	connections := store.NewConnections(services.DynamoDB, awstest.ConnectionsTable)
	good := services.Token(t, nil)
	for name, event := range map[string]events.APIGatewayWebsocketProxyRequest{
		"in the header":             connectEvent(map[string]string{"authorization": "bearer " + good}, nil),
		"in the query":              connectEvent(nil, map[string]string{"token": good}),
		"in the query, as a header": connectEvent(nil, map[string]string{"Authorization": "Bearer " + good}),
		"as a subprotocol":          connectEvent(map[string]string{"Sec-WebSocket-Protocol": "streamer.v1, bearer." + good}, nil),
	} {
		response, err := h.handle(awstest.Context(t), event)
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("%s: %+v, %v", name, response, err)
		}
		if echoed := response.Headers["Sec-WebSocket-Protocol"]; (echoed == "streamer.v1") != (name == "as a subprotocol") {
			t.Errorf("%s: echoes %q", name, echoed)
		}
		c, err := connections.Load(t.Context(), "c=")
		if err != nil || c.Tenant != "acme" || c.Subject != "ada" || !c.ExpiresAt.After(time.Now()) {
			t.Fatalf("%s: recorded %+v, %v", name, c, err)
		}
		if err := connections.Delete(t.Context(), "c="); err != nil {
			t.Fatal(err)
		}
		if n := services.Metrics(); n != 1 {
			t.Errorf("%s: metrics put %d times, want once", name, n)
		}
	}
	if name := services.Segment(t); name != "DynamoDB" {
		t.Errorf("the first call traced is of %s", name)
	}

	for name, token := range map[string]string{
		"none": "", "garbage": "x.y.z", "expired": services.Token(t, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}),
		"no exp": services.Token(t, map[string]any{"exp": nil}), "no tenant": services.Token(t, map[string]any{"tenant_id": nil}),
		"no subject": services.Token(t, map[string]any{"sub": nil}), "other audience": services.Token(t, map[string]any{"aud": "x"}),
		"other issuer": services.Token(t, map[string]any{"iss": "x"}),
		"long name":    services.Token(t, map[string]any{"sub": strings.Repeat("x", 257)}),
	} {
		response, err := h.handle(awstest.Context(t), connectEvent(map[string]string{"Authorization": "Bearer " + token}, nil))
		if err != nil || response.StatusCode != 401 || !strings.Contains(response.Body, "UNAUTHORIZED") {
			t.Errorf("%s: %+v, %v", name, response, err)
		}
	}
	if strings.Contains(log.String(), good) {
		t.Error("a token is in the log")
	}

	services.Break()
	response, err := h.handle(awstest.Context(t), connectEvent(map[string]string{"Authorization": "Bearer " + good}, nil))
	if err != nil || response.StatusCode != 200 || !strings.Contains(log.String(), "metrics lost") {
		t.Errorf("without CloudWatch: %+v, %v", response, err)
	}
}

func TestConnectWithoutItsTable(t *testing.T) {
	services := awstest.Start(t)
	t.Setenv("STREAMER_CONNECTIONS_TABLE", "no-such-table")
	h, err := newHandler(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	response, err := h.handle(awstest.Context(t), connectEvent(map[string]string{"Authorization": "Bearer " + services.Token(t, nil)}, nil))
	if err != nil || response.StatusCode != 503 {
		t.Errorf("%+v, %v", response, err)
	}
}

func TestEnvironment(t *testing.T) {
	for _, name := range []string{"STREAMER_CONNECTIONS_TABLE", "STREAMER_JWT_KEYS", "STREAMER_JWT_ISSUER", "STREAMER_JWT_AUDIENCE"} {
		t.Run(name, func(t *testing.T) {
			for _, set := range []string{"STREAMER_CONNECTIONS_TABLE", "STREAMER_JWT_ISSUER", "STREAMER_JWT_AUDIENCE"} {
				t.Setenv(set, "x")
			}
			t.Setenv("STREAMER_JWT_KEYS", `{"keys":[]}`)
			t.Setenv(name, "")
			if _, err := newHandler(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("without it: %v", err)
			}
		})
	}
}

func TestIssuers(t *testing.T) {
	for name, tt := range map[string]struct {
		list  string
		want  verifierConfig
		fails bool
	}{
		"one": {`[{"issuer":"i","jwks":"https://k","audience":"a","tenant_claim":"t"}]`,
			verifierConfig{JWKS: "https://k", Issuer: "i", Audience: "a"}, false},
		"two":      {`[{"issuer":"i"},{"issuer":"j"}]`, verifierConfig{}, true},
		"not JSON": {`i`, verifierConfig{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readVerifierConfig(func(variable string) string {
				return map[string]string{"STREAMER_JWT_ISSUERS": tt.list, "STREAMER_JWT_ISSUER": "another"}[variable]
			})
			if got != tt.want || (err != nil) != tt.fails {
				t.Errorf("got %+v, %v, want %+v, an error: %v", got, err, tt.want, tt.fails)
			}
		})
	}
}
