package stack

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

// scheduleARN names the one schedule of a Dev.
const scheduleARN = "arn:aws:events:dev:000000000000:rule/streamer-sweep"

// tick sends the processor function a scheduled event, and the error if it
// fails to the log: the next tick makes it good.
func tick(ctx context.Context, invoke func(context.Context, []byte) ([]byte, error), logger *slog.Logger) {
	at := time.Now().UTC()
	payload, err := json.Marshal(map[string]any{
		"version": "0", "id": at.Format("20060102-150405.000"), "detail-type": "Scheduled Event", "source": "aws.events",
		"account": "000000000000", "time": at.Format(time.RFC3339), "region": "dev",
		"resources": []string{scheduleARN}, "detail": struct{}{},
	})
	if err != nil {
		logger.ErrorContext(ctx, "scheduled event does not encode", "error", err.Error())
		return
	}
	if _, err := invoke(ctx, payload); err != nil && ctx.Err() == nil {
		logger.WarnContext(ctx, "sweep failed", "error", err.Error())
	}
}

// every calls f at once and then after each interval, until ctx ends.
func every(ctx context.Context, interval time.Duration, f func(context.Context)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		f(ctx)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
