package trace

import (
	"maps"
	"net/http"
	"strings"
)

// Transport returns a RoundTripper that makes a subsegment for each request
// whose context carries a segment, named after the host or, for an AWS API that
// names its target, after the service. The request goes out with
// X-Amzn-Trace-Id, traceparent and tracestate, also when nothing is recorded.
// A nil base is [http.DefaultTransport].
//
// The subsegment ends with the headers of the answer. Of the URL it has scheme,
// host and path.
func Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return transport{base}
}

type transport struct{ base http.RoundTripper }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if From(req.Context()) == nil {
		return t.base.RoundTrip(req)
	}
	service, operation := target(req)
	ctx, s := Start(req.Context(), service)
	at := From(ctx) // the subsegment, or the segment above where nothing is recorded
	req = req.WithContext(ctx)
	req.Header = maps.Clone(req.Header) // its values stay the caller's
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header[HeaderXRay] = []string{at.link.Header()}
	req.Header[HeaderTraceparent] = []string{at.Traceparent()}
	if at.state != "" {
		req.Header[HeaderTracestate] = []string{at.state}
	}
	res, err := t.base.RoundTrip(req)
	if s == nil {
		return res, err
	}
	s.mu.Lock()
	s.http = httpCall{method: req.Method, url: req.URL.Scheme + "://" + req.URL.Host + req.URL.EscapedPath()}
	if req.Method == "" {
		s.http.method = http.MethodGet
	}
	s.aws.operation = operation
	if err == nil {
		s.http.status, s.http.length = res.StatusCode, res.ContentLength
		s.aws.requestID = res.Header.Get("X-Amzn-Requestid")
	}
	s.mu.Unlock()
	s.End(err)
	return res, err
}

// target names whom a request is for. APIs of AWS that speak JSON have the
// service and the operation in a header: DynamoDB_20120810.GetItem.
func target(req *http.Request) (service, operation string) {
	name, operation, ok := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	if !ok {
		return req.URL.Host, ""
	}
	name, _, _ = strings.Cut(name, "_")
	return name, operation
}
