// Package otelbridge joins a Lift app to OpenTelemetry: each event becomes a
// span of a TracerProvider of one's own, in the trace that the event came with.
// It needs the API of OpenTelemetry alone, and a function that does not import
// it links nothing of either.
//
//	app.Use(middleware.Correlation(), otelbridge.Middleware(provider), middleware.Log())
//
// Lambda freezes a function between invocations, and with it whatever exports
// spans in the background: give the provider a processor that exports at once.
package otelbridge

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/trace"
)

// scope names the spans' origin.
const scope = "github.com/pay-theory/streamer/lift/otelbridge"

// Middleware makes a span for each event, which the handler's context carries.
// Its parent is the segment of middleware.Trace, where that is outside of it,
// or else the trace of the invocation, or else the request's traceparent. It has
// the attributes that OpenTelemetry's conventions for FaaS and HTTP name, and
// the outcome: an error that is not the caller's gives the status Error.
//
// An event that had no trace yet has the span's as its TraceID, and so its log.
func Middleware(provider oteltrace.TracerProvider) lift.Middleware {
	if provider == nil {
		panic("lift/otelbridge: Middleware without a TracerProvider")
	}
	tracer := provider.Tracer(scope)
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			ctx = withParent(ctx, e)
			name := e.Route
			if name == "" {
				name = e.Trigger.String()
			}
			ctx, span := tracer.Start(ctx, name, oteltrace.WithSpanKind(kind(e)), oteltrace.WithAttributes(attributes(e)...),
				oteltrace.WithLinks(links(e)...))
			if sc := span.SpanContext(); e.TraceID == "" && sc.IsValid() {
				id := sc.TraceID().String()
				e.SetTraceID("1-" + id[:8] + "-" + id[8:])
			}
			panicked := true
			defer func() {
				if panicked {
					span.SetStatus(codes.Error, "panic")
					span.End()
				}
			}()
			res, err := next.Handle(ctx, e)
			panicked = false
			if err == nil && res.Streams() {
				res.AtEnd(func(_ int64, err error) { finish(span, e, res, err) })
			} else {
				finish(span, e, res, err)
			}
			return res, err
		})
	}
}

// withParent returns a context with the remote span that the event's is a child
// of, ctx itself where there is none.
func withParent(ctx context.Context, e *lift.Event) context.Context {
	link := trace.From(ctx).Link()
	if link.Parent == "" {
		header, _ := ctx.Value("x-amzn-trace-id").(string) // set by aws-lambda-go
		link, _ = trace.ParseHeader(header)
		if link.Parent == "" {
			link, _ = trace.ParseTraceparent(e.Header(trace.HeaderTraceparent))
		}
	}
	remote := spanContext(link)
	if !remote.IsValid() {
		return ctx
	}
	if state, err := oteltrace.ParseTraceState(strings.Join(e.HeaderLines(trace.HeaderTracestate), ",")); err == nil {
		remote = remote.WithTraceState(state)
	}
	return oteltrace.ContextWithRemoteSpanContext(ctx, remote)
}

// links returns a link to the span that sent a message of SQS. The span of the
// message is not its child: an invocation may have messages of several senders.
// https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
func links(e *lift.Event) []oteltrace.Link {
	if e.SQS == nil {
		return nil
	}
	sender, _ := trace.ParseHeader(e.SQS.TraceHeader)
	if at := spanContext(sender); at.IsValid() {
		return []oteltrace.Link{{SpanContext: at}}
	}
	return nil
}

// spanContext returns a place in a trace as OpenTelemetry has it, one that is not
// valid where link names no span.
func spanContext(link trace.Link) oteltrace.SpanContext {
	if link.Parent == "" {
		return oteltrace.SpanContext{}
	}
	traceID, traceErr := oteltrace.TraceIDFromHex(link.TraceID[2:10] + link.TraceID[11:])
	spanID, spanErr := oteltrace.SpanIDFromHex(link.Parent)
	if traceErr != nil || spanErr != nil {
		return oteltrace.SpanContext{}
	}
	var flags oteltrace.TraceFlags
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: flags.WithSampled(link.Sampled), Remote: true})
}

func kind(e *lift.Event) oteltrace.SpanKind {
	switch e.Trigger {
	case lift.TriggerHTTP, lift.TriggerConnect, lift.TriggerMessage, lift.TriggerDirect:
		return oteltrace.SpanKindServer
	}
	return oteltrace.SpanKindConsumer
}

// attributes follow
// https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/ and
// https://opentelemetry.io/docs/specs/semconv/http/http-spans/
func attributes(e *lift.Event) []attribute.KeyValue {
	list := []attribute.KeyValue{
		attribute.String("faas.trigger", faasTrigger(e.Trigger)),
		attribute.String("faas.invocation_id", e.RequestID),
		attribute.Bool("faas.coldstart", e.ColdStart),
		attribute.String("lift.correlation_id", e.CorrelationID),
	}
	if e.TenantID != "" {
		list = append(list, attribute.String("lift.tenant_id", e.TenantID))
	}
	if e.HTTP != nil {
		list = append(list,
			attribute.String("http.request.method", e.HTTP.Method),
			attribute.String("http.route", e.Route),
			attribute.String("url.path", e.HTTP.URL.Path))
	}
	return list
}

// faasTrigger groups the triggers as the conventions do: "datasource" are
// databases and file systems, "pubsub" is messaging.
func faasTrigger(t lift.Trigger) string {
	switch t {
	case lift.TriggerHTTP, lift.TriggerConnect, lift.TriggerMessage, lift.TriggerDisconnect:
		return "http"
	case lift.TriggerDynamoDB, lift.TriggerS3:
		return "datasource"
	case lift.TriggerKinesis, lift.TriggerSQS, lift.TriggerSNS, lift.TriggerEventBridge:
		return "pubsub"
	case lift.TriggerSchedule:
		return "timer"
	}
	return "other"
}

func finish(span oteltrace.Span, e *lift.Event, res *lift.Response, err error) {
	defer span.End()
	outcome := lift.OutcomeOf(e, res, err)
	if e.HTTP != nil {
		span.SetAttributes(attribute.Int("http.response.status_code", outcome.Status))
	}
	if err != nil {
		span.SetAttributes(attribute.String("error.type", fmt.Sprintf("%T", err)))
	}
	switch {
	case outcome.Failed && err != nil:
		span.RecordError(err)
		span.SetStatus(codes.Error, outcome.Error.Code.String())
	case outcome.Failed:
		span.SetAttributes(attribute.String("error.type", strconv.Itoa(outcome.Status)))
		span.SetStatus(codes.Error, http.StatusText(outcome.Status))
	}
}
