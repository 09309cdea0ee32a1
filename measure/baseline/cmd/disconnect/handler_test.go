package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/pay-theory/streamer/measure/baseline/internal/awstest"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

var event = events.APIGatewayWebsocketProxyRequest{RequestContext: events.APIGatewayWebsocketProxyRequestContext{ConnectionID: "c=",
	RequestID: "r="}}

func TestDisconnect(t *testing.T) {
	services := awstest.Start(t)
	var log bytes.Buffer
	h, err := newHandler(t.Context(), slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	connections := store.NewConnections(services.DynamoDB, awstest.ConnectionsTable)
	if err := connections.Save(t.Context(), store.Connection{ID: "c=", Tenant: "acme", Subject: "ada",
		ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is gone already
		response, err := h.handle(awstest.Context(t), event)
		if err != nil || response.StatusCode != 200 {
			t.Errorf("%+v, %v", response, err)
		}
		if _, err := connections.Load(t.Context(), "c="); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the connection is still there: %v", err)
		}
		if n := services.Metrics(); n != 1 {
			t.Errorf("metrics put %d times, want once", n)
		}
	}
	services.Break()
	if response, err := h.handle(awstest.Context(t), event); err != nil || response.StatusCode != 200 ||
		!strings.Contains(log.String(), "metrics lost") {
		t.Errorf("without CloudWatch: %+v, %v", response, err)
	}
}

func TestDisconnectWithoutItsTable(t *testing.T) {
	awstest.Start(t)
	t.Setenv("STREAMER_CONNECTIONS_TABLE", "no-such-table")
	h, err := newHandler(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := h.handle(awstest.Context(t), event); err != nil || response.StatusCode != 503 {
		t.Errorf("%+v, %v", response, err)
	}
	t.Setenv("STREAMER_CONNECTIONS_TABLE", "")
	if _, err := newHandler(t.Context(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("the function starts without its table's name")
	}
}
