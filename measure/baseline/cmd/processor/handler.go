package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/measure/baseline/internal/actions"
	"github.com/pay-theory/streamer/measure/baseline/internal/metrics"
	"github.com/pay-theory/streamer/measure/baseline/internal/push"
	"github.com/pay-theory/streamer/measure/baseline/internal/queue"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

type handler struct {
	requests *store.Requests
	actions  map[string]actions.Action
	push     *push.Pusher
	metrics  *metrics.Publisher
	logger   *slog.Logger
}

// handle runs the requests of a batch, one after another. A message at which the store
// fails comes again.
func (h *handler) handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	logger := h.logger
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		logger = logger.With("aws_request_id", lc.AwsRequestID)
	}
	var batch metrics.Batch
	var response events.SQSEventResponse
	for _, message := range event.Records {
		if err := h.message(ctx, message, &batch, logger); err != nil {
			logger.ErrorContext(ctx, "message failed", "message", message.MessageId, "error", err.Error())
			batch.Count("Messages", "error")
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	if err := h.metrics.Publish(ctx, &batch); err != nil {
		logger.WarnContext(ctx, "metrics lost", "error", err.Error())
	}
	logger.InfoContext(ctx, "batch", "messages", len(event.Records), "failed", len(response.BatchItemFailures))
	return response, nil
}

// message runs the request of a message, unless it was started before.
func (h *handler) message(ctx context.Context, message events.SQSMessage, batch *metrics.Batch, logger *slog.Logger) error {
	key, err := queue.Key(message.Body)
	if err != nil {
		return err
	}
	logger = logger.With("request_id", key.ID)
	request, err := h.requests.Start(ctx, key, time.Now().UTC())
	if errors.Is(err, store.ErrState) {
		logger.InfoContext(ctx, "the request was started before")
		return nil
	}
	if err != nil {
		return err
	}
	return h.run(ctx, request, batch, logger.With("action", request.Action, "correlation_id", request.CorrelationID))
}
