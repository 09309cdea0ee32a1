package functions

import (
	"io"
	"log/slog"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

// Telemetry is what a function tells its operators beside its log. What is nil
// is not told.
type Telemetry struct {
	Metrics *metric.Recorder // see Metrics
	Tracer  *trace.Tracer
}

// Metrics is where the named function counts its events: lines in CloudWatch's
// embedded metric format, under the namespace Streamer.
func Metrics(function string, out io.Writer) (*metric.Recorder, error) {
	return metric.New(metric.Config{Namespace: "Streamer", Writer: out,
		Dimensions: []metric.Dimension{{Name: "FunctionName", Value: function}}})
}

// newApp is an app with the stack that all four functions share. An answer is
// ready after limit at the latest; 0 leaves it to the function's own deadline.
func newApp(logger *slog.Logger, telemetry Telemetry, limit time.Duration) *lift.App {
	app := lift.New(lift.Config{Logger: logger, ErrorResponse: errorResponse})
	app.Use(middleware.Correlation())
	if telemetry.Tracer != nil {
		app.Use(middleware.Trace(telemetry.Tracer))
	}
	if telemetry.Metrics != nil {
		app.Use(middleware.Metrics(telemetry.Metrics))
	}
	app.Use(middleware.Log(), middleware.Recover(), middleware.Deadline(limit))
	return app
}
