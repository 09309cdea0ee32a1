package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-xray-sdk-go/xray"

	"github.com/pay-theory/streamer/measure/baseline/internal/actions"
	"github.com/pay-theory/streamer/measure/baseline/internal/metrics"
	"github.com/pay-theory/streamer/measure/baseline/internal/protocol"
	"github.com/pay-theory/streamer/measure/baseline/internal/push"
	"github.com/pay-theory/streamer/measure/baseline/internal/queue"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

// shortLimit leaves time to answer before API Gateway gives up after 29 s.
const shortLimit = 20 * time.Second

type handler struct {
	connections *store.Connections
	requests    *store.Requests
	queue       *queue.Queue
	actions     map[string]actions.Action
	push        *push.Pusher
	metrics     *metrics.Publisher
	logger      *slog.Logger
}

func (h *handler) handle(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	start := time.Now()
	connectionID, correlationID := event.RequestContext.ConnectionID, event.RequestContext.RequestID
	logger := h.logger.With("connection_id", connectionID, "correlation_id", correlationID)
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		logger = logger.With("aws_request_id", lc.AwsRequestID)
	}

	message, err := protocol.Decode([]byte(event.Body))
	logger = logger.With("request_id", message.ID, "action", message.Action)
	var frame []byte
	if err == nil {
		frame, err = h.answer(ctx, connectionID, correlationID, message)
	}
	outcome := "success"
	if err != nil {
		failure := protocol.AsError(err, correlationID)
		switch failure.Code {
		case protocol.InternalError, protocol.ServiceUnavailable:
			outcome = "error"
			logger.ErrorContext(ctx, "message failed", "error", err.Error())
		default:
			outcome = "refused"
			logger.WarnContext(ctx, "message refused", "error", err.Error())
		}
		frame = protocol.Failure(message.ID, failure, 0)
	}
	status := http.StatusOK
	if err := h.push.Push(ctx, connectionID, frame); err != nil {
		logger.WarnContext(ctx, "answer not delivered", "error", err.Error())
		if !errors.Is(err, push.ErrGone) {
			status, outcome = http.StatusBadGateway, "error"
		}
	}

	took := time.Since(start)
	var batch metrics.Batch
	batch.Count("Messages", outcome)
	batch.Duration("MessageDuration", took)
	if err := h.metrics.Publish(ctx, &batch); err != nil {
		logger.WarnContext(ctx, "metrics lost", "error", err.Error())
	}
	logger.InfoContext(ctx, "message", "outcome", outcome, "duration_ms", took.Milliseconds())
	return events.APIGatewayProxyResponse{StatusCode: status}, nil
}

// answer returns the frame that answers a message.
func (h *handler) answer(ctx context.Context, connectionID, correlationID string, message protocol.Message) ([]byte, error) {
	if message.Action == "streamer.ping" {
		return protocol.Pong(message.ID, time.Now()), nil
	}
	connection, err := h.connections.Load(ctx, connectionID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, protocol.NewError(protocol.Unauthorized, "this connection is not known; connect again")
	case err != nil:
		return nil, protocol.Unavailable(err)
	case !time.Now().Before(connection.ExpiresAt):
		return nil, protocol.NewError(protocol.Unauthorized, "the token has expired; connect again")
	}
	if message.Action == "streamer.get" {
		return h.get(ctx, connection, message)
	}
	action, known := h.actions[message.Action]
	if !known {
		return nil, protocol.NewError(protocol.InvalidAction, "there is no such action")
	}
	if err := action.Check(message.Payload); err != nil {
		return nil, err
	}
	if action.Long {
		return h.enqueue(ctx, connection, correlationID, message)
	}
	return h.run(ctx, connection, action, message)
}

// run runs a short action.
func (h *handler) run(ctx context.Context, connection store.Connection, action actions.Action, message protocol.Message) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, shortLimit)
	defer cancel()
	var data json.RawMessage
	err := xray.Capture(ctx, "action "+message.Action, func(ctx context.Context) error {
		var err error
		data, err = action.Run(ctx, actions.Job{Tenant: connection.Tenant, Payload: message.Payload})
		return err
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, protocol.NewError(protocol.Timeout, "the action did not finish in time")
	}
	if err != nil {
		return nil, err
	}
	return protocol.Response(message.ID, data), nil
}

// enqueue stores a request and asks the processor to run it.
func (h *handler) enqueue(ctx context.Context, connection store.Connection, correlationID string, message protocol.Message) ([]byte,
	error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	request := &store.Request{
		Key:     store.Key{Partition: store.Partition(connection.Tenant, connection.Subject), ID: message.ID},
		Tenant:  connection.Tenant,
		Subject: connection.Subject,

		Action:        message.Action,
		Payload:       string(message.Payload),
		ConnectionID:  connection.ID,
		CorrelationID: correlationID,

		State:     store.Queued,
		Rev:       1,
		CreatedAt: now,
		UpdatedAt: now,
	}
	err := h.requests.Create(ctx, request)
	if errors.Is(err, store.ErrExists) {
		return nil, protocol.NewError(protocol.DuplicateRequest, "there is a request of this id")
	}
	if err != nil {
		return nil, protocol.Unavailable(err)
	}
	if err := h.queue.Send(ctx, request.Tenant, request.Key); err != nil {
		return nil, protocol.Unavailable(err)
	}
	return protocol.Acknowledgment(message.ID, request.Rev), nil
}

// get answers with the snapshot of one of the sender's requests.
func (h *handler) get(ctx context.Context, connection store.Connection, message protocol.Message) ([]byte, error) {
	var named struct {
		RequestID string `json:"request_id"`
	}
	if len(message.Payload) > 0 && json.Unmarshal(message.Payload, &named) != nil || named.RequestID == "" {
		return nil, protocol.NewError(protocol.ValidationError, "streamer.get needs a payload with request_id")
	}
	r, err := h.requests.Load(ctx, store.Key{Partition: store.Partition(connection.Tenant, connection.Subject), ID: named.RequestID})
	if errors.Is(err, store.ErrNotFound) {
		return nil, protocol.NewError(protocol.NotFound, "there is no such request")
	}
	if err != nil {
		return nil, protocol.Unavailable(err)
	}
	snapshot := protocol.Snapshot{
		ID: r.ID, Action: r.Action, State: r.State, Percentage: r.Percentage, Message: r.Message,
		Result: json.RawMessage(r.Result), Attempts: 1, Rev: r.Rev,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
	}
	if r.State == store.Failed {
		snapshot.Error = protocol.NewError(r.ErrorCode, r.ErrorMessage)
	}
	return protocol.Request(message.ID, snapshot), nil
}
