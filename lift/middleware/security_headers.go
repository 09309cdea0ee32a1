package middleware

import (
	"context"
	"net/http"
	"strings"

	"github.com/pay-theory/streamer/lift"
)

// SecurityHeaders gives every answer over HTTP, an error's too, headers that
// keep browsers from misusing it:
//
//	Strict-Transport-Security: max-age=63072000; includeSubDomains
//	X-Content-Type-Options: nosniff
//	X-Frame-Options: DENY
//	Referrer-Policy: no-referrer
//	Content-Security-Policy: default-src 'none'; frame-ancestors 'none'
//	Cache-Control: no-store
//
// They suit an API, not pages. A header in change takes the place of the one
// above, and with an empty value leaves it out; one that a handler sets itself
// stays as it is.
func SecurityHeaders(change http.Header) lift.Middleware {
	headers := map[string]string{
		"Strict-Transport-Security": "max-age=63072000; includeSubDomains",
		"X-Content-Type-Options":    "nosniff",
		"X-Frame-Options":           "DENY",
		"Referrer-Policy":           "no-referrer",
		"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
		"Cache-Control":             "no-store",
	}
	for name, values := range change {
		name = http.CanonicalHeaderKey(name)
		headers[name] = strings.Join(values, ", ")
		if headers[name] == "" {
			delete(headers, name)
		}
	}
	return lift.Only("middleware.SecurityHeaders", func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			res, err := next.Handle(ctx, e)
			for name, value := range headers {
				if res == nil || res.Header.Get(name) == "" {
					res = res.SetHeader(name, value)
				}
			}
			return res, err
		})
	}, lift.TriggerHTTP)
}
