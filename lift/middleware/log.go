package middleware

import (
	"context"
	"log/slog"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// Log writes one line for each event when its handler is done: "handled" at
// level info, "refused" at info and "failed" at error, which [lift.Outcome] tells
// apart; "pending" at info for a durable execution that waits. It names trigger, route, code and duration, what the event's family
// identifies it by, and what the handler adds with [lift.Event.Annotate], but no
// payload, header or query. That of a streamed answer is written at its end, with
// its bytes. The line of a failure has its error in full, a
// panic's stack included; see [lift.Event.LogFailure].
func Log() lift.Middleware {
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			start := time.Now()
			res, err := next.Handle(ctx, e)
			if err == nil && res.Streams() {
				logAtEnd(ctx, e, res, start)
			} else {
				logEvent(ctx, e, res, err, start, -1)
			}
			return res, err
		})
	}
}

func logAtEnd(ctx context.Context, e *lift.Event, res *lift.Response, start time.Time) {
	res.AtEnd(func(sent int64, err error) { logEvent(ctx, e, res, err, start, sent) })
}

// logEvent writes the line of an event. Of a streamed answer, sent are the bytes
// of its body; it is negative for others.
func logEvent(ctx context.Context, e *lift.Event, res *lift.Response, err error, start time.Time, sent int64) {
	logger := e.Logger()
	level, message := slog.LevelInfo, "handled"
	outcome := lift.OutcomeOf(e, res, err)
	switch {
	case outcome.Failed:
		level, message = slog.LevelError, "failed"
	case outcome.Refused:
		message = "refused"
	case e.Durable.Pending():
		message = "pending"
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	var buf [14]slog.Attr
	attrs := buf[:0]
	if err == nil || !outcome.Failed { // LogFailure begins with them
		attrs = append(attrs, slog.String("trigger", e.Trigger.String()), slog.String("route", e.Route))
	}
	attrs = append(attrs, slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1000))
	if e.Claims != nil {
		attrs = append(attrs, slog.String("subject", e.Claims.Subject))
	}
	attrs = append(identity(attrs, e), e.Annotations()...)
	if sent >= 0 {
		attrs = append(attrs, slog.Int64("streamed_bytes", sent))
	}
	if res != nil && res.Status != 0 && (err == nil || sent > 0) {
		attrs = append(attrs, slog.Int("status", res.Status))
	}
	switch {
	case err != nil && outcome.Failed:
		e.LogFailure(ctx, err, attrs...)
		return
	case err != nil:
		attrs = append(attrs, slog.String("code", outcome.Error.Code.String()), slog.String("error", outcome.Error.Error()))
	}
	logger.LogAttrs(ctx, level, message, attrs...)
}

// identity adds what tells the event from others of its kind.
func identity(attrs []slog.Attr, e *lift.Event) []slog.Attr {
	var pairs []string // keys and values
	switch {
	case e.HTTP != nil:
		gateway := ""
		if e.Gateway != nil {
			gateway = string(e.Gateway.Kind)
		}
		pairs = []string{"method", e.HTTP.Method, "path", e.HTTP.URL.Path, "gateway", gateway}
	case e.WebSocket != nil:
		pairs = []string{"connection_id", e.WebSocket.ConnectionID}
	case e.DynamoDB != nil:
		pairs = []string{"record", e.DynamoDB.SequenceNumber}
	case e.Kinesis != nil:
		pairs = []string{"record", e.Kinesis.SequenceNumber, "shard", e.Kinesis.ShardID}
	case e.SQS != nil, e.SNS != nil:
		pairs = []string{"message_id", e.ID}
	case e.S3 != nil:
		pairs = []string{"s3_event", e.S3.Event, "object", e.S3.Key}
	case e.EventBridge != nil:
		pairs = []string{"event_id", e.ID, "source", e.EventBridge.Source}
	case e.Durable != nil:
		pairs = []string{"execution", e.Durable.Name, "execution_status", e.Durable.Status}
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			attrs = append(attrs, slog.String(pairs[i], pairs[i+1]))
		}
	}
	switch {
	case e.WebSocket != nil && e.Trigger == lift.TriggerDisconnect:
		attrs = append(attrs, slog.Int("disconnect_code", e.WebSocket.DisconnectCode))
	case e.SQS != nil:
		attrs = append(attrs, slog.Int("receives", e.SQS.Receives))
	case e.Durable != nil:
		attrs = append(attrs, slog.Bool("replay", e.Durable.Replay))
	}
	return attrs
}
