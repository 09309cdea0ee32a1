package lift

import (
	"context"
	"log/slog"
	"sync"
)

// An eventHandler is an app's log handler with an event's ids. It adds them
// when the first line is written: most events write none at the level that is
// on, and to format the ids costs more than the rest of a line that is not.
type eventHandler struct {
	base  slog.Handler
	event *Event

	once     sync.Once
	resolved slog.Handler
}

func (h *eventHandler) handler() slog.Handler {
	h.once.Do(func() { h.resolved = h.base.WithAttrs(h.event.logAttrs()) })
	return h.resolved
}

// logAttrs are what every line of an event has.
func (e *Event) logAttrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 5)
	if e.RequestID != "" {
		attrs = append(attrs, slog.String("requestId", e.RequestID))
	}
	attrs = append(attrs, slog.String("correlation_id", e.CorrelationID))
	if e.TraceID != "" {
		attrs = append(attrs, slog.String("trace_id", e.TraceID))
	}
	if e.TenantID != "" {
		attrs = append(attrs, slog.String("tenant_id", e.TenantID))
	}
	if e.ColdStart {
		attrs = append(attrs, slog.Bool("cold_start", true))
	}
	return attrs
}

func (h *eventHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.base.Enabled(ctx, level)
}

func (h *eventHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.handler().Handle(ctx, r)
}

func (h *eventHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.handler().WithAttrs(attrs)
}

func (h *eventHandler) WithGroup(name string) slog.Handler { return h.handler().WithGroup(name) }
