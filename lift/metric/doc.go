// Package metric writes metrics in the CloudWatch embedded metric format: lines
// of JSON on standard output, out of which CloudWatch makes metrics. It makes
// no network call.
//
// A line of metrics has no level, so Lambda takes it for INFO and drops it where the
// function's ApplicationLogLevel is WARN or above. Leave that at INFO, and give the level
// that you want to [github.com/pay-theory/streamer/lift.LogConfig]:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
//
// In a Lift app [github.com/pay-theory/streamer/lift/middleware.Metrics] starts
// a [Set] for each event and writes it when the event is done; a handler adds
// to it:
//
//	metric.Add(ctx, "Orders", 1, metric.Count)
//	metric.From(ctx).With(metric.Dimension{Name: "Carrier", Value: "DHL"}).Add("Parcels", 3, metric.Count)
package metric
