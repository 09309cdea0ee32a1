package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/measure/baseline/internal/metrics"
	"github.com/pay-theory/streamer/measure/baseline/internal/protocol"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

const subprotocol = "streamer.v1"

type handler struct {
	connections *store.Connections
	verifier    *verifier
	metrics     *metrics.Publisher
	logger      *slog.Logger
}

func (h *handler) handle(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	start := time.Now()
	logger := h.logger.With("connection_id", event.RequestContext.ConnectionID, "correlation_id", event.RequestContext.RequestID)
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		logger = logger.With("aws_request_id", lc.AwsRequestID)
	}

	response := h.connect(ctx, event, logger)

	took := time.Since(start)
	var batch metrics.Batch
	batch.Count("Connections", outcome(response.StatusCode))
	batch.Duration("ConnectDuration", took)
	if err := h.metrics.Publish(ctx, &batch); err != nil {
		logger.WarnContext(ctx, "metrics lost", "error", err.Error())
	}
	logger.InfoContext(ctx, "connect", "status", response.StatusCode, "duration_ms", took.Milliseconds())
	return response, nil
}

func (h *handler) connect(ctx context.Context, event events.APIGatewayWebsocketProxyRequest,
	logger *slog.Logger) events.APIGatewayProxyResponse {
	offered := subprotocols(event)
	who, err := h.verifier.verify(token(event, offered))
	if err != nil {
		logger.WarnContext(ctx, "token refused", "reason", err.Error())
		return refusal(http.StatusUnauthorized, protocol.NewError(protocol.Unauthorized, "a valid token is needed"))
	}
	err = h.connections.Save(ctx, store.Connection{
		ID:          event.RequestContext.ConnectionID,
		Tenant:      who.Tenant,
		Subject:     who.Subject,
		ConnectedAt: time.Now().UTC(),
		ExpiresAt:   who.ExpiresAt.UTC(),
	})
	if err != nil {
		logger.ErrorContext(ctx, "connection not saved", "error", err.Error())
		return refusal(http.StatusServiceUnavailable, protocol.Unavailable(err))
	}
	response := events.APIGatewayProxyResponse{StatusCode: http.StatusOK}
	if slices.Contains(offered, subprotocol) {
		response.Headers = map[string]string{"Sec-WebSocket-Protocol": subprotocol}
	}
	return response
}

// token finds the token: in the header, in the query, or as a subprotocol, since
// browsers can set nothing else.
func token(event events.APIGatewayWebsocketProxyRequest, offered []string) string {
	if scheme, value, ok := strings.Cut(header(event, "Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(value)
	}
	for _, name := range []string{"Authorization", "token"} {
		if value := event.QueryStringParameters[name]; value != "" {
			return strings.TrimPrefix(value, "Bearer ")
		}
	}
	for _, protocol := range offered {
		if value, ok := strings.CutPrefix(protocol, "bearer."); ok {
			return value
		}
	}
	return ""
}

func subprotocols(event events.APIGatewayWebsocketProxyRequest) []string {
	var offered []string
	for name := range strings.SplitSeq(header(event, "Sec-WebSocket-Protocol"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			offered = append(offered, name)
		}
	}
	return offered
}

// header finds a header, whose name comes as the client wrote it.
func header(event events.APIGatewayWebsocketProxyRequest, name string) string {
	for key, value := range event.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

func refusal(status int, e *protocol.Error) events.APIGatewayProxyResponse {
	body, err := json.Marshal(map[string]*protocol.Error{"error": e})
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	return events.APIGatewayProxyResponse{StatusCode: status, Headers: map[string]string{"Content-Type": "application/json"},
		Body: string(body)}
}

func outcome(status int) string {
	switch {
	case status < 400:
		return "success"
	case status < 500:
		return "refused"
	}
	return "error"
}
