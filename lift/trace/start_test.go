package trace_test

import (
	"testing"

	"github.com/pay-theory/streamer/lift/trace"
)

// A load balancer adds an X-Amzn-Trace-Id with a Root alone. It says neither
// which span called nor whether the trace is recorded; a traceparent says both.
func TestATraceparentCountsBeforeAHeaderWithoutParent(t *testing.T) {
	t.Parallel()
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for name, tt := range map[string]struct {
		from    trace.Caller
		id      string
		sampled bool
	}{
		"a Root alone and a traceparent": {
			trace.Caller{XRay: "Root=1-5759e988-bd862e3fe1be46a994272793", Traceparent: traceparent}, "1-0af76519-16cd43dd8448eb211c80319c", true,
		},
		"a Parent and a traceparent": {
			trace.Caller{XRay: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0", Traceparent: traceparent},
			"1-5759e988-bd862e3fe1be46a994272793", false,
		},
		"a Root alone": {trace.Caller{XRay: "Root=1-5759e988-bd862e3fe1be46a994272793"}, "1-5759e988-bd862e3fe1be46a994272793", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracer, err := trace.New(trace.Config{})
			if err != nil {
				t.Fatal(err)
			}
			_, segment := tracer.Start(t.Context(), "x", tt.from)
			if link := segment.Link(); link.TraceID != tt.id || link.Sampled != tt.sampled {
				t.Errorf("trace %s, sampled %t, want %s, %t", link.TraceID, link.Sampled, tt.id, tt.sampled)
			}
		})
	}
}
