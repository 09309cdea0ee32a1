// Package metric writes metrics in the CloudWatch embedded metric format: lines
// of JSON on standard output, out of which CloudWatch makes metrics. It makes
// no network call.
//
// In a Lift app [github.com/pay-theory/streamer/lift/middleware.Metrics] starts
// a [Set] for each event and writes it when the event is done; a handler adds
// to it:
//
//	metric.Add(ctx, "Orders", 1, metric.Count)
//	metric.From(ctx).With(metric.Dimension{Name: "Carrier", Value: "DHL"}).Add("Parcels", 3, metric.Count)
package metric
