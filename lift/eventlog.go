package lift

import (
	"context"
	"errors"
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
		attrs = append(attrs, slog.String("invocation_id", e.RequestID))
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

// LogFailure writes the one line of an event that failed: "failed", at level
// error, with trigger, route, code and the error in full. It is for a middleware
// that knows more of the event, which it adds as attributes. Lift calls it for
// every failure that has no line yet; for an error that has been logged so,
// wrapped or not, LogFailure does nothing.
func (e *Event) LogFailure(ctx context.Context, err error, attrs ...slog.Attr) {
	if e.failure != nil && (errors.Is(err, e.failure) || err.Error() == e.failure.Error()) { // which may not be comparable
		return
	}
	e.failure = err
	shown, _ := AsError(err)
	line := make([]slog.Attr, 0, 16)
	line = append(line, slog.String("trigger", e.Trigger.String()), slog.String("route", e.Route))
	line = append(line, attrs...)
	line = append(line, slog.String("code", shown.Code.String()), errorAttr(err))
	e.Logger().LogAttrs(ctx, slog.LevelError, "failed", line...)
}

// errorAttr logs an error, as the value that it or an error under it wants to
// be logged as, such as a panic with its stack.
func errorAttr(err error) slog.Attr {
	type valuer interface {
		error
		slog.LogValuer
	}
	if valuer, ok := errors.AsType[valuer](err); ok {
		return slog.Any("error", valuer.LogValue())
	}
	return slog.String("error", err.Error())
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
