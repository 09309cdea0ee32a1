package functions

import (
	"io"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

// Telemetry says where a function's metrics and traces go. A nil field turns
// them off.
type Telemetry struct {
	Metrics *metric.Recorder // see Metrics
	Tracer  *trace.Tracer
}

// Metrics makes the recorder of the named function. It writes lines in
// CloudWatch's embedded metric format, under the namespace Streamer.
func Metrics(function string, out io.Writer) (*metric.Recorder, error) {
	return metric.New(metric.Config{Namespace: "Streamer", Writer: out,
		Dimensions: []metric.Dimension{{Name: "FunctionName", Value: function}}})
}

// newApp makes an app with the middleware that all four functions share. An
// answer is ready after limit at the latest; 0 leaves it to the function's own
// deadline.
func newApp(parts Parts, limit time.Duration) *lift.App {
	telemetry := parts.Telemetry
	app := lift.New(lift.Config{Logger: parts.Logger, ErrorResponse: errorResponse, Streaming: []lift.GatewayKind{lift.GatewayFunctionURL}})
	app.Use(middleware.Correlation())
	if telemetry.Tracer != nil {
		app.Use(middleware.Trace(telemetry.Tracer))
	}
	if telemetry.Metrics != nil {
		app.Use(middleware.Metrics(telemetry.Metrics))
	}
	app.Use(middleware.Log(), middleware.Recover(), middleware.Deadline(limit))
	app.Use(parts.Middleware...)
	return app
}
