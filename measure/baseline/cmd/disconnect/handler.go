package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/measure/baseline/internal/metrics"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

type handler struct {
	connections *store.Connections
	metrics     *metrics.Publisher
	logger      *slog.Logger
}

func (h *handler) handle(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	start := time.Now()
	logger := h.logger.With("connection_id", event.RequestContext.ConnectionID, "correlation_id", event.RequestContext.RequestID)
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		logger = logger.With("aws_request_id", lc.AwsRequestID)
	}

	status, outcome := http.StatusOK, "success"
	if err := h.connections.Delete(ctx, event.RequestContext.ConnectionID); err != nil {
		status, outcome = http.StatusServiceUnavailable, "error"
		logger.ErrorContext(ctx, "connection not deleted", "error", err.Error())
	}

	took := time.Since(start)
	var batch metrics.Batch
	batch.Count("Disconnections", outcome)
	batch.Duration("DisconnectDuration", took)
	if err := h.metrics.Publish(ctx, &batch); err != nil {
		logger.WarnContext(ctx, "metrics lost", "error", err.Error())
	}
	logger.InfoContext(ctx, "disconnect", "status", status, "duration_ms", took.Milliseconds(),
		"close_code", event.RequestContext.DisconnectStatusCode)
	return events.APIGatewayProxyResponse{StatusCode: status}, nil
}
