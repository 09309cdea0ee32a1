package middleware_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

// An answer counts as what its caller got, by whatever the handler says it.
func TestOutcomeIsWhatTheCallerGot(t *testing.T) {
	t.Parallel()
	type telemetry struct {
		Errors, Refusals float64
		Level, Message   string
		Fault, Error     bool
		Buffered         int // debug lines that the log buffer let out
	}
	poison := lift.Errorf(lift.CodeInvalid, "not an order")
	for name, tt := range map[string]struct {
		event lifttest.Event
		h     lift.Handler
		want  telemetry
	}{
		"an answer of 503": {
			lifttest.HTTP{}, answer(&lift.Response{Status: 503}, nil),
			telemetry{Errors: 1, Level: "ERROR", Message: "failed", Fault: true, Buffered: 1},
		},
		"a net/http handler that answers 500": {
			lifttest.HTTP{}, lift.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) })),
			telemetry{Errors: 1, Level: "ERROR", Message: "failed", Fault: true, Buffered: 1},
		},
		"an answer of 404": {
			lifttest.HTTP{}, answer(&lift.Response{Status: 404}, nil),
			telemetry{Refusals: 1, Level: "INFO", Message: "refused", Error: true, Buffered: 1},
		},
		"an answer of 200": {
			lifttest.HTTP{}, answer(&lift.Response{Status: 200}, nil),
			telemetry{Level: "INFO", Message: "handled"},
		},
		"a poison message": {
			lifttest.SQS{Messages: []lifttest.SQSMessage{{Body: "x"}}}, answer(nil, poison),
			telemetry{Errors: 1, Level: "ERROR", Message: "failed", Fault: true, Buffered: 1},
		},
		"a message that does not decode": {
			lifttest.Raw(`{"Records":[{"eventSource":"aws:sqs","messageId":"1","receiptHandle":7}]}`), answer(nil, nil),
			telemetry{Errors: 1, Level: "ERROR", Message: "failed", Fault: true},
		},
		"a refused direct call": {
			lifttest.JSON{Value: 1}, answer(nil, poison),
			telemetry{Refusals: 1, Level: "INFO", Message: "refused", Error: true, Buffered: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			var metrics lifttest.Metrics
			daemon := lifttest.NewDaemon(t)
			recorder, err := metric.New(metric.Config{Namespace: "shop", Writer: &metrics})
			if err != nil {
				t.Fatal(err)
			}
			tracer, err := trace.New(trace.Config{Service: "shop", Daemon: daemon.Address()})
			if err != nil {
				t.Fatal(err)
			}
			app := lift.New(lift.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
			app.Use(middleware.LogBuffer(middleware.LogBufferConfig{}), middleware.Trace(tracer), middleware.Metrics(recorder), middleware.Log())
			h := lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				lift.Logger(ctx).Debug("detail")
				return tt.h.Handle(ctx, e)
			})
			app.HTTP("GET /", h)
			app.SQS(h)
			app.Direct(h)
			ctx := lifttest.Traced(t.Context(), "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
			lifttest.Invoke(ctx, t, app, tt.event)

			segment := daemon.Segment(t)
			line := log.Line(t, tt.want.Message)
			fault, _ := segment["fault"].(bool)
			failed, _ := segment["error"].(bool)
			got := telemetry{
				metrics.Values(t, "Errors")[0], metrics.Values(t, "Refusals")[0],
				line["level"].(string), line["msg"].(string), fault, failed, len(log.Lines(t, "detail")),
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("telemetry (-want +got):\n%s", diff)
			}
		})
	}
}

func answer(res *lift.Response, err error) lift.Handler {
	return lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return res, err })
}

// An answer that says that the function failed is not kept for the next call.
func TestIdempotencyKeepsNoFailure(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status, want int // of the first answer, and of the second
	}{
		"a failure is tried again": {503, 201},
		"a refusal is repeated":    {409, 409},
		"a success is repeated":    {200, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			app.Use(middleware.Idempotency(middleware.IdempotencyConfig{
				Store: middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{}), Lease: time.Minute,
			}))
			status := tt.status
			app.HTTP("POST /", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
				res := &lift.Response{Status: status}
				status = 201
				return res, nil
			}))
			request := lifttest.HTTP{Method: http.MethodPost, Header: http.Header{"Idempotency-Key": {"k"}}}
			first := lifttest.Invoke(t.Context(), t, app, request).Status
			second := lifttest.Invoke(t.Context(), t, app, request).Status
			if first != tt.status || second != tt.want {
				t.Errorf("got %d and %d, want %d and %d", first, second, tt.status, tt.want)
			}
		})
	}
}
