package middleware

import (
	"context"
	"errors"
	"strings"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/trace"
)

var errPanicked = errors.New("panic")

// Trace makes an X-Ray segment for each event, which the handler's context
// carries: see [trace.Tracer.Start] for where in a trace it is. It has the
// annotations trigger, route, correlation_id, cold_start and tenant_id, and the outcome.
// The event's TraceID, and with it the log, names the trace.
//
// On Lambda a message of SQS is in the trace of its invocation, which may have messages
// of several senders; the annotation sender_trace_id names the sender's own. X-Ray
// shows the two traces linked, which Lambda does by itself. Outside Lambda the message is
// in its sender's trace.
func Trace(t *trace.Tracer) lift.Middleware {
	if t == nil {
		panic("lift/middleware: Trace without a Tracer")
	}
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			name := e.Route
			if name == "" {
				name = e.Trigger.String()
			}
			lambda, _ := ctx.Value("x-amzn-trace-id").(string) // set by aws-lambda-go
			caller := e.Header(trace.HeaderXRay)
			if e.SQS != nil {
				caller = e.SQS.TraceHeader
			}
			ctx, seg := t.Start(ctx, name, trace.Caller{
				Lambda:      lambda,
				XRay:        caller,
				Traceparent: e.Header(trace.HeaderTraceparent),
				Tracestate:  strings.Join(e.HeaderLines(trace.HeaderTracestate), ","),
			})
			if seg == nil {
				return next.Handle(ctx, e)
			}
			if id := seg.ID(); id != e.TraceID {
				e.SetTraceID(id)
			}
			t := traced{seg, e, caller, lambda == ""}
			panicked := true // so that a panic that passes is seen
			defer func() {
				if panicked {
					t.end(nil, errPanicked)
				}
			}()
			res, err := next.Handle(ctx, e)
			panicked = false
			if err == nil && res.Streams() {
				t.atEnd(res)
			} else {
				t.end(res, err)
			}
			return res, err
		})
	}
}

// traced is an event with its segment.
type traced struct {
	*trace.Segment
	event  *lift.Event
	caller string // the trace header that the event came with
	own    bool   // the segment is that of a request, and not of an invocation
}

func (t traced) atEnd(res *lift.Response) {
	res.AtEnd(func(_ int64, err error) { t.end(res, err) })
}

func (t traced) end(res *lift.Response, err error) {
	e := t.event
	if e.HTTP != nil && t.own {
		status := 0
		if err == nil && res != nil {
			status = res.Status
		}
		t.SetHTTP(e.HTTP.Method, "https://"+e.HTTP.Host+e.HTTP.URL.EscapedPath(), status)
	}
	outcome := lift.OutcomeOf(e, res, err)
	if outcome.Failed || outcome.Refused {
		t.SetOutcome(outcome.Failed, outcome.Status)
	}
	t.Annotate("trigger", e.Trigger.String())
	t.Annotate("route", e.Route)
	t.Annotate("correlation_id", e.CorrelationID)
	t.Annotate("cold_start", e.ColdStart)
	if e.TenantID != "" {
		t.Annotate("tenant_id", e.TenantID)
	}
	if sender, ok := trace.ParseHeader(t.caller); ok && e.SQS != nil && sender.TraceID != t.ID() {
		t.Annotate("sender_trace_id", sender.TraceID)
	}
	t.End(err)
}
