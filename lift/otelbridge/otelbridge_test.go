package otelbridge_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/otelbridge"
	"github.com/pay-theory/streamer/lift/trace"
)

const (
	lambda      = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
	traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

// newApp has one handler for everything, whose spans go to the recorder.
func newApp(log *lifttest.Log, h lift.HandlerFunc, outer ...lift.Middleware) (*lift.App, *tracetest.SpanRecorder) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	a := lift.New(lift.Config{Logger: log.Logger()})
	a.Use(append(outer, otelbridge.Middleware(provider), middleware.Log())...)
	a.HTTP("GET /things/{id}", h)
	a.WebSocket(lift.RouteDisconnect, h)
	a.DynamoDB(h)
	a.Kinesis(h)
	a.SQS(h)
	a.SNS(h)
	a.S3(h)
	a.EventBridge("Example", h)
	a.Schedule(h)
	a.Direct(h)
	return a, spans
}

func attributesOf(span sdktrace.ReadOnlySpan) map[string]any {
	m := make(map[string]any)
	for _, kv := range span.Attributes() {
		m[string(kv.Key)] = kv.Value.AsInterface()
	}
	return m
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event  lifttest.Event
		err    error
		span   string
		kind   oteltrace.SpanKind
		faas   string
		status codes.Code
		want   map[string]any
	}{
		"HTTP": {lifttest.HTTP{Path: "/things/7"}, nil, "GET /things/{id}", oteltrace.SpanKindServer, "http", codes.Unset,
			map[string]any{"http.request.method": "GET", "http.route": "GET /things/{id}", "url.path": "/things/7", "http.response.status_code": int64(201), "faas.coldstart": true}},
		"refusal": {lifttest.HTTP{Path: "/things/7"}, lift.Errorf(lift.CodeNotFound, "no"), "GET /things/{id}", oteltrace.SpanKindServer, "http", codes.Unset,
			map[string]any{"http.response.status_code": int64(404), "error.type": "*lift.Error"}},
		"failure": {lifttest.HTTP{Path: "/things/7"}, errors.New("boom"), "GET /things/{id}", oteltrace.SpanKindServer, "http", codes.Error,
			map[string]any{"http.response.status_code": int64(500), "error.type": "*errors.errorString"}},
		"no route":   {lifttest.HTTP{Path: "/nowhere"}, nil, "http", oteltrace.SpanKindServer, "http", codes.Unset, map[string]any{"http.response.status_code": int64(404)}},
		"disconnect": {lifttest.Disconnect{}, nil, "$disconnect", oteltrace.SpanKindConsumer, "http", codes.Unset, nil},
		"record":     {lifttest.Stream{Records: make([]lifttest.Record, 1)}, nil, "Example", oteltrace.SpanKindConsumer, "datasource", codes.Unset, nil},
		"Kinesis":    {lifttest.Kinesis{Records: make([]lifttest.KinesisRecord, 1)}, nil, "example", oteltrace.SpanKindConsumer, "pubsub", codes.Unset, nil},
		"SQS":        {lifttest.SQS{Messages: make([]lifttest.SQSMessage, 1)}, errors.New("boom"), "example", oteltrace.SpanKindConsumer, "pubsub", codes.Error, nil},
		"SNS":        {lifttest.SNS{}, nil, "example", oteltrace.SpanKindConsumer, "pubsub", codes.Unset, nil},
		"S3":         {lifttest.S3{Objects: make([]lifttest.S3Object, 1)}, nil, "example", oteltrace.SpanKindConsumer, "datasource", codes.Unset, nil},
		"bus":        {lifttest.EventBridge{}, nil, "Example", oteltrace.SpanKindConsumer, "pubsub", codes.Unset, nil},
		"schedule":   {lifttest.Schedule{}, nil, "every-minute", oteltrace.SpanKindConsumer, "timer", codes.Unset, map[string]any{"faas.invocation_id": lifttest.RequestID}},
		"direct":     {lifttest.JSON{Value: 1}, nil, "direct", oteltrace.SpanKindServer, "other", codes.Unset, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, spans := newApp(new(lifttest.Log), func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				if !oteltrace.SpanFromContext(ctx).IsRecording() {
					t.Error("the handler's context carries no span")
				}
				if e.Trigger != lift.TriggerHTTP {
					return nil, tt.err
				}
				return &lift.Response{Status: 201}, tt.err
			})
			lifttest.Invoke(t.Context(), t, app, tt.event)
			span := spans.Ended()[0]
			if span.Name() != tt.span || span.SpanKind() != tt.kind || span.Status().Code != tt.status {
				t.Errorf("span %q, kind %v, status %v", span.Name(), span.SpanKind(), span.Status())
			}
			got := attributesOf(span)
			if got["faas.trigger"] != tt.faas {
				t.Errorf("attributes %v", got)
			}
			for key, want := range tt.want {
				if got[key] != want {
					t.Errorf("%s is %v, want %v", key, got[key], want)
				}
			}
		})
	}
}

func TestParents(t *testing.T) {
	t.Parallel()
	daemon := lifttest.NewDaemon(t)
	tracer, err := trace.New(trace.Config{Daemon: daemon.Address()})
	if err != nil {
		t.Fatal(err)
	}
	request := func(header http.Header) lifttest.Event { return lifttest.HTTP{Path: "/things/7", Header: header} }
	for name, tt := range map[string]struct {
		lambda        string
		header        http.Header
		outer         []lift.Middleware
		trace, parent string
		state         string
	}{
		"Lambda's":      {lambda, nil, nil, "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8", ""},
		"the request's": {"", http.Header{"Traceparent": {traceparent}, "Tracestate": {"a=1"}}, nil, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "a=1"},
		"two lines of state": {
			"", http.Header{"Traceparent": {traceparent}, "Tracestate": {"a=1", "b=2"}}, nil,
			"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "a=1,b=2",
		},
		"broken state":       {"", http.Header{"Traceparent": {traceparent}, "Tracestate": {"="}}, nil, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", ""},
		"below a segment":    {lambda, nil, []lift.Middleware{middleware.Trace(tracer)}, "5759e988bd862e3fe1be46a994272793", "", ""},
		"nothing":            {"", nil, nil, "", "0000000000000000", ""},
		"zeros":              {"Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8", nil, nil, "", "0000000000000000", ""},
		"a parent of zeros":  {"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000", nil, nil, "", "0000000000000000", ""},
		"not valid, neither": {"x", http.Header{"Traceparent": {"x"}}, nil, "", "0000000000000000", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log lifttest.Log
			app, spans := newApp(&log, func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil }, tt.outer...)
			ctx := t.Context()
			if tt.lambda != "" {
				ctx = lifttest.Traced(ctx, tt.lambda)
			}
			lifttest.Invoke(ctx, t, app, request(tt.header))
			span := spans.Ended()[0]
			parent := tt.parent
			if parent == "" {
				parent = daemon.Segment(t)["id"].(string)
			}
			if got := span.Parent().SpanID().String(); got != parent {
				t.Errorf("%s: parent %s, want %s", name, got, parent)
			}
			id := span.SpanContext().TraceID().String()
			if tt.trace != "" && id != tt.trace || span.SpanContext().TraceState().String() != tt.state {
				t.Errorf("%s: trace %s, state %q", name, id, span.SpanContext().TraceState())
			}
			if line := log.Line(t, "handled"); tt.lambda == "" && line["trace_id"] != "1-"+id[:8]+"-"+id[8:] {
				t.Errorf("%s: line %v", name, line)
			}
		})
	}
}

// A message of SQS is linked to the span that sent it, whatever its parent is.
func TestMessagesAreLinkedToTheirSenders(t *testing.T) {
	t.Parallel()
	app, spans := newApp(new(lifttest.Log), func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil })
	const sender = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"
	lifttest.Invoke(lifttest.Traced(t.Context(), lambda), t, app, lifttest.SQS{Messages: []lifttest.SQSMessage{
		{Body: "1", TraceHeader: sender}, {Body: "2"}, {Body: "3", TraceHeader: "x"}}})
	ended := spans.Ended()
	if len(ended) != 3 {
		t.Fatalf("got %d spans, want 3", len(ended))
	}
	for i, want := range []string{"0af7651916cd43dd8448eb211c80319c b7ad6b7169203331", "", ""} {
		got := ""
		for _, link := range ended[i].Links() {
			got += link.SpanContext.TraceID().String() + " " + link.SpanContext.SpanID().String()
		}
		if parent := ended[i].Parent().SpanID().String(); got != want || parent != "53995c3f42cd8ad8" {
			t.Errorf("message %d: got links %q and parent %s, want %q and that of the invocation", i+1, got, parent, want)
		}
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	app, spans := newApp(new(lifttest.Log), func(context.Context, *lift.Event) (*lift.Response, error) { panic("boom") }, middleware.Recover())
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/things/7"}); answer.Status != 500 {
		t.Errorf("answer %d", answer.Status)
	}
	if span := spans.Ended()[0]; span.Status().Code != codes.Error {
		t.Errorf("status %v", span.Status())
	}
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "otelbridge") {
			t.Errorf("panic %q", text)
		}
	}()
	otelbridge.Middleware(nil)
}
