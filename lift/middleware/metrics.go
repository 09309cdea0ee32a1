package middleware

import (
	"context"
	"log/slog"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/metric"
)

// Metrics starts a [metric.Set] for each event, puts it into the handler's
// context, and writes it when the handler is done. It adds itself:
//   - Duration, in milliseconds
//   - Errors: 1 for an event that failed, else 0
//   - Refusals: 1 for one that was refused, else 0; see [lift.Outcome] for both
//   - Pending: of durable executions, 1 for an invocation that ended with the
//     execution waiting, else 0
//   - StreamedBytes: of a streamed answer, which is written at its end
//   - ColdStart: 1, for the process's first event alone
//
// with trigger, route, invocation_id, correlation_id, trace_id and tenant_id as properties,
// which cost nothing and can be searched for. Each record of a batch is an
// event of its own.
func Metrics(rec *metric.Recorder) lift.Middleware {
	if rec == nil {
		panic("lift/middleware: Metrics without a Recorder")
	}
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			m := measured{rec.Start(), time.Now()}
			panicked := true // so that a panic that passes counts
			defer func() {
				if panicked {
					m.end(ctx, e, lift.Outcome{Failed: true})
				}
			}()
			res, err := next.Handle(metric.NewContext(ctx, m.set), e)
			panicked = false
			if err == nil && res.Streams() {
				m.atEnd(ctx, e, res)
			} else {
				m.end(ctx, e, lift.OutcomeOf(e, res, err))
			}
			return res, err
		})
	}
}

// measured is an event that is being handled.
type measured struct {
	set   *metric.Set
	start time.Time
}

func (m measured) atEnd(ctx context.Context, e *lift.Event, res *lift.Response) {
	res.AtEnd(func(sent int64, err error) {
		m.set.Add("StreamedBytes", float64(sent), metric.Bytes)
		m.end(ctx, e, lift.OutcomeOf(e, res, err))
	})
}

// end writes the event's metrics.
func (m measured) end(ctx context.Context, e *lift.Event, outcome lift.Outcome) {
	set := m.set
	set.Add("Duration", float64(time.Since(m.start).Microseconds())/1000, metric.Milliseconds)
	set.Add("Errors", count(outcome.Failed), metric.Count)
	set.Add("Refusals", count(outcome.Refused), metric.Count)
	if e.Durable != nil {
		set.Add("Pending", count(e.Durable.Pending()), metric.Count)
	}
	if e.ColdStart {
		set.Add("ColdStart", 1, metric.Count)
	}
	set.Property(slog.String("trigger", e.Trigger.String()), slog.String("route", e.Route),
		slog.String("invocation_id", e.RequestID), slog.String("correlation_id", e.CorrelationID))
	if e.TraceID != "" {
		set.Property(slog.String("trace_id", e.TraceID))
	}
	if e.TenantID != "" {
		set.Property(slog.String("tenant_id", e.TenantID))
	}
	if err := set.End(); err != nil {
		e.Logger().LogAttrs(ctx, slog.LevelWarn, "metrics left out", slog.String("error", err.Error()))
	}
}

func count(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
