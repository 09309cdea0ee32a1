package trace_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/trace"
)

// BenchmarkTransport makes a call within an event, without the network.
func BenchmarkTransport(b *testing.B) {
	res := &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{"X-Amzn-Requestid": {"REQ1"}}}
	calls := trace.Transport(roundTripper(func(*http.Request) (*http.Response, error) { return res, nil }))
	tr, err := trace.New(trace.Config{Daemon: lifttest.NewDaemon(b).Address()})
	if err != nil {
		b.Fatal(err)
	}
	for name, header := range map[string]string{"sampled": lambda, "not sampled": strings.Replace(lambda, "Sampled=1", "Sampled=0", 1)} {
		b.Run(name, func(b *testing.B) {
			ctx, _ := tr.Start(context.Background(), "event", trace.Caller{Lambda: header})
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://dynamodb.eu-west-1.amazonaws.com", nil)
			if err != nil {
				b.Fatal(err)
			}
			req.Header = http.Header{"X-Amz-Target": {"DynamoDB_20120810.GetItem"}, "Content-Type": {"application/x-amz-json-1.0"},
				"Authorization": {"AWS4-HMAC-SHA256 Credential=…"}, "X-Amz-Date": {"20260101T000000Z"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := calls.RoundTrip(req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
