package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-xray-sdk-go/xray"

	"github.com/pay-theory/streamer/measure/baseline/internal/actions"
	"github.com/pay-theory/streamer/measure/baseline/internal/metrics"
	"github.com/pay-theory/streamer/measure/baseline/internal/protocol"
	"github.com/pay-theory/streamer/measure/baseline/internal/push"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

const (
	// reserve is what an action leaves of the function's time for recording how
	// it ended.
	reserve = 10 * time.Second

	// maxResult fits a frame with its other fields: API Gateway takes 128 KB.
	maxResult = 120 << 10

	// progressEvery bounds what a client gets to ten frames a second.
	progressEvery = 100 * time.Millisecond
)

// run runs a started request to its end and tells its client. An action that
// fails has failed; an error is one of the store's.
func (h *handler) run(ctx context.Context, r *store.Request, batch *metrics.Batch, logger *slog.Logger) error {
	start := time.Now()
	result, err := h.work(ctx, r, logger)

	r.Rev++
	r.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
	r.FinishedAt = r.UpdatedAt
	outcome := "success"
	var frame []byte
	if err == nil {
		r.State, r.Percentage, r.Result = store.Succeeded, 100, string(result)
		frame = protocol.Complete(r.ID, result, r.Rev)
	} else {
		outcome = "failed"
		logger.ErrorContext(ctx, "action failed", "error", err.Error())
		failure := protocol.AsError(err, r.CorrelationID)
		r.State, r.ErrorCode, r.ErrorMessage = store.Failed, failure.Code, failure.Message
		frame = protocol.Failure(r.ID, failure, r.Rev)
	}
	if err := h.requests.Finish(ctx, r); err != nil {
		return err
	}
	h.tell(ctx, r, frame, logger)

	took := time.Since(start)
	batch.Count("Requests", outcome)
	batch.Duration("RequestDuration", took)
	logger.InfoContext(ctx, "request", "outcome", outcome, "duration_ms", took.Milliseconds())
	return nil
}

// work runs the request's action within the time that the function has.
func (h *handler) work(ctx context.Context, r *store.Request, logger *slog.Logger) (json.RawMessage, error) {
	action, known := h.actions[r.Action]
	if !known {
		return nil, protocol.NewError(protocol.InvalidAction, "there is no such action")
	}
	limited := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		limited, cancel = context.WithDeadline(ctx, deadline.Add(-reserve))
		defer cancel()
	}
	var payload json.RawMessage
	if r.Payload != "" {
		payload = json.RawMessage(r.Payload)
	}
	var result json.RawMessage
	err := xray.Capture(limited, "action "+r.Action, func(ctx context.Context) error {
		var told time.Time
		job := actions.Job{Tenant: r.Tenant, Payload: payload, Progress: func(percentage float64, message string) {
			if now := time.Now(); now.Sub(told) >= progressEvery {
				told = now
				h.progress(ctx, r, percentage, message, logger)
			}
		}}
		var err error
		result, err = action.Run(ctx, job)
		return err
	})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, protocol.NewError(protocol.Timeout, "the action did not finish in time")
	case err != nil:
		return nil, err
	case len(result) > maxResult:
		return nil, protocol.NewError(protocol.PayloadTooLarge, fmt.Sprintf("the result has %d bytes, %d are allowed", len(result), maxResult))
	}
	return result, nil
}

// progress records how far a request is and tells its client. Neither must
// succeed for the work to go on.
func (h *handler) progress(ctx context.Context, r *store.Request, percentage float64, message string, logger *slog.Logger) {
	r.Rev++
	r.Percentage, r.Message, r.UpdatedAt = percentage, message, time.Now().UTC().Truncate(time.Millisecond)
	if err := h.requests.SaveProgress(ctx, r); err != nil {
		logger.WarnContext(ctx, "progress not saved", "error", err.Error())
	}
	h.tell(ctx, r, protocol.Progress(r.ID, r.Percentage, r.Message, r.Rev, r.UpdatedAt), logger)
}

// tell sends a frame to the connection that sent the request.
func (h *handler) tell(ctx context.Context, r *store.Request, frame []byte, logger *slog.Logger) {
	switch err := h.push.Push(ctx, r.ConnectionID, frame); {
	case errors.Is(err, push.ErrGone):
		logger.InfoContext(ctx, "the client has gone")
	case err != nil:
		logger.WarnContext(ctx, "frame not delivered", "error", err.Error())
	}
}
