package middleware

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// Log writes one line for each event when its handler is done: "handled" at
// level info, "refused" at info for an error that is the caller's, "failed" at
// error for one that is not. It names trigger, route, code and duration, and
// what the event's family identifies it by and what the handler adds with
// [lift.Event.Annotate], but no payload, header or query. The App
// itself logs internal errors, and every error of a record of a batch, in full
// under the same correlation id.
func Log() lift.Middleware {
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			start := time.Now()
			res, err := next.Handle(ctx, e)
			logger := e.Logger()
			level, message := slog.LevelInfo, "handled"
			var shown *lift.Error
			var public bool
			if err != nil {
				message = "refused"
				if shown, public = lift.AsError(err); shown.HTTPStatus() >= http.StatusInternalServerError {
					level, message = slog.LevelError, "failed"
				}
			}
			if !logger.Enabled(ctx, level) {
				return res, err
			}
			var buf [12]slog.Attr
			attrs := append(buf[:0],
				slog.String("trigger", e.Trigger.String()),
				slog.String("route", e.Route),
				slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1000),
			)
			if e.Claims != nil {
				attrs = append(attrs, slog.String("subject", e.Claims.Subject))
			}
			attrs = append(identity(attrs, e), e.Annotations()...)
			switch {
			case shown != nil:
				attrs = append(attrs, slog.String("code", shown.Code.String()))
				if public {
					attrs = append(attrs, slog.String("error", shown.Error()))
				}
			case res != nil && res.Status != 0:
				attrs = append(attrs, slog.Int("status", res.Status))
			}
			logger.LogAttrs(ctx, level, message, attrs...)
			return res, err
		})
	}
}

// identity adds what tells the event from others of its kind.
func identity(attrs []slog.Attr, e *lift.Event) []slog.Attr {
	switch {
	case e.HTTP != nil:
		attrs = append(attrs, slog.String("method", e.HTTP.Method), slog.String("path", e.HTTP.URL.Path))
		if e.Gateway != nil {
			attrs = append(attrs, slog.String("gateway", string(e.Gateway.Kind)))
		}
	case e.WebSocket != nil:
		attrs = append(attrs, slog.String("connection_id", e.WebSocket.ConnectionID))
		if e.Trigger == lift.TriggerDisconnect {
			attrs = append(attrs, slog.Int("disconnect_code", e.WebSocket.DisconnectCode))
		}
	case e.DynamoDB != nil:
		return append(attrs, slog.String("record", e.DynamoDB.SequenceNumber))
	case e.Kinesis != nil:
		return append(attrs, slog.String("record", e.Kinesis.SequenceNumber), slog.String("shard", e.Kinesis.ShardID))
	case e.SQS != nil:
		return append(attrs, slog.String("message_id", e.ID), slog.Int("receives", e.SQS.Receives))
	case e.SNS != nil:
		return append(attrs, slog.String("message_id", e.ID))
	case e.S3 != nil:
		return append(attrs, slog.String("s3_event", e.S3.Event), slog.String("object", e.S3.Key))
	case e.EventBridge != nil:
		return append(attrs, slog.String("event_id", e.ID), slog.String("source", e.EventBridge.Source))
	}
	return attrs
}
