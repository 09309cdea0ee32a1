package middleware

import (
	"context"

	"github.com/pay-theory/streamer/lift"
)

// CorrelationHeader is the header that Correlation answers with.
const CorrelationHeader = "X-Correlation-Id"

// Correlation takes the correlation id from the caller's X-Correlation-Id or
// X-Request-Id header, where there is one of 1 to 128 characters of
// A-Z a-z 0-9 _ . : - and keeps the event's own id otherwise. Over HTTP and at
// $connect every answer, an error's too, carries the id as X-Correlation-Id.
func Correlation() lift.Middleware {
	return func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			for _, name := range [...]string{CorrelationHeader, "X-Request-Id"} {
				if id := e.Header(name); validID(id) {
					e.Correlate(id)
					break
				}
			}
			res, err := next.Handle(ctx, e)
			if e.Trigger == lift.TriggerHTTP || e.Trigger == lift.TriggerConnect {
				res = res.SetHeader(CorrelationHeader, e.CorrelationID)
			}
			return res, err
		})
	}
}

func validID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '_', c == '.', c == ':', c == '-':
		default:
			return false
		}
	}
	return true
}
