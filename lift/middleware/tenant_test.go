package middleware_test

import (
	"context"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

// The tenant of an invocation is what an operator searches logs, metrics and
// traces by. It is no dimension, since each value of one is a metric that costs.
func TestTenantIsInLogsMetricsAndTraces(t *testing.T) {
	t.Parallel()
	for name, tenant := range map[string]string{"a tenant": "acme", "no tenant isolation": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			var metrics lifttest.Metrics
			daemon := lifttest.NewDaemon(t)
			tracer, err := trace.New(trace.Config{Daemon: daemon.Address()})
			if err != nil {
				t.Fatal(err)
			}
			recorder, err := metric.New(metric.Config{Namespace: "shop", Writer: &metrics})
			if err != nil {
				t.Fatal(err)
			}
			app := lift.New(lift.Config{Logger: log.Logger()})
			app.Use(middleware.Trace(tracer), middleware.Metrics(recorder), middleware.Log())
			app.SQS(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
				if e.TenantID != tenant {
					t.Errorf("the handler's event has the tenant %q, want %q", e.TenantID, tenant)
				}
				return nil, nil
			}))
			ctx := t.Context()
			if tenant != "" {
				ctx = lifttest.WithTenant(ctx, tenant)
			}
			ctx = lifttest.Traced(ctx, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
			lifttest.Invoke(ctx, t, app, lifttest.SQS{Messages: make([]lifttest.SQSMessage, 1)})

			var want any
			if tenant != "" {
				want = tenant
			}
			line := log.Line(t, "handled")
			if got := line["tenant_id"]; got != want {
				t.Errorf("the log has tenant_id %v, want %v", got, want)
			}
			if got := line["invocation_id"]; got != lifttest.RequestID {
				t.Errorf("the log has invocation_id %v, want %s", got, lifttest.RequestID)
			}
			for _, line := range metrics.Documents(t) {
				if got := line["tenant_id"]; got != want {
					t.Errorf("the metrics have the property tenant_id %v, want %v", got, want)
				}
				directive := line["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
				if dimensions := directive["Dimensions"].([]any)[0].([]any); len(dimensions) != 0 {
					t.Errorf("the metrics have dimensions %v, want none", dimensions)
				}
			}
			segment := daemon.Segment(t)
			if got := segment["annotations"].(map[string]any)["tenant_id"]; got != want {
				t.Errorf("the trace has tenant_id %v, want %v", got, want)
			}
		})
	}
}
