package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/pay-theory/streamer/measure/baseline/internal/actions"
	"github.com/pay-theory/streamer/measure/baseline/internal/metrics"
	"github.com/pay-theory/streamer/measure/baseline/internal/push"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

type handler struct {
	requests *store.Requests
	actions  map[string]actions.Action
	push     *push.Pusher
	metrics  *metrics.Publisher
	logger   *slog.Logger
}

// handle runs the requests of a batch, one after another. At the first fault of
// the store it leaves the rest of the batch to the next delivery.
func (h *handler) handle(ctx context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	logger := h.logger
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		logger = logger.With("aws_request_id", lc.AwsRequestID)
	}
	var batch metrics.Batch
	var response events.DynamoDBEventResponse
	for _, record := range event.Records {
		if err := h.record(ctx, record, &batch, logger); err != nil {
			logger.ErrorContext(ctx, "record failed", "sequence", record.Change.SequenceNumber, "error", err.Error())
			batch.Count("Records", "error")
			response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: record.Change.SequenceNumber}}
			break
		}
	}
	if err := h.metrics.Publish(ctx, &batch); err != nil {
		logger.WarnContext(ctx, "metrics lost", "error", err.Error())
	}
	logger.InfoContext(ctx, "batch", "records", len(event.Records), "failed", len(response.BatchItemFailures) > 0)
	return response, nil
}

// record runs the request of a record, if the record is of a new one.
func (h *handler) record(ctx context.Context, record events.DynamoDBEventRecord, batch *metrics.Batch, logger *slog.Logger) error {
	if record.EventName != string(events.DynamoDBOperationTypeInsert) {
		return nil
	}
	key, err := keyOf(record.Change.Keys)
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

func keyOf(keys map[string]events.DynamoDBAttributeValue) (store.Key, error) {
	partition, id := keys["pk"], keys["id"]
	if partition.DataType() != events.DataTypeString || id.DataType() != events.DataTypeString {
		return store.Key{}, fmt.Errorf("the record's keys are no strings: %v", keys)
	}
	return store.Key{Partition: partition.String(), ID: id.String()}, nil
}
