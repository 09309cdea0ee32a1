package auth

import (
	"context"
	"strings"

	"github.com/pay-theory/streamer/lift"
)

// SubprotocolPrefix precedes a token that travels as a WebSocket subprotocol,
// the one header that a browser's WebSocket lets a page set.
const SubprotocolPrefix = "bearer."

// A TokenVerifier verifies tokens; [Verifier] is one. It is safe for concurrent
// use, and a token that is not valid gives an error with CodeUnauthorized.
type TokenVerifier interface {
	Verify(ctx context.Context, token string) (*lift.Claims, error)
}

// JWT lets events pass whose token v verifies, and puts what the token says
// into [lift.Event].Claims. Every other event answers 401, over HTTP with
// WWW-Authenticate (RFC 6750, section 3), or 503 while keys cannot be fetched.
//
// It guards HTTP and $connect handlers and panics for any other. See [Token]
// for where the token may be.
func JWT(v TokenVerifier) lift.Middleware {
	if v == nil {
		panic("lift/auth: JWT without a Verifier")
	}
	return lift.Only("auth.JWT", func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			token := Token(e)
			if token == "" {
				return challenge("Bearer"), lift.Errorf(lift.CodeUnauthorized, "a bearer token is needed")
			}
			claims, err := v.Verify(ctx, token)
			if shown, public := lift.AsError(err); public && shown.Code == lift.CodeUnauthorized {
				return challenge(`Bearer error="invalid_token"`), err
			}
			if err != nil {
				return nil, err
			}
			e.Claims = claims
			return next.Handle(ctx, e)
		})
	}, lift.TriggerHTTP, lift.TriggerConnect)
}

func challenge(value string) *lift.Response {
	return (*lift.Response)(nil).SetHeader("WWW-Authenticate", value)
}

// Token returns the event's bearer token, or "". It looks at the Authorization
// header, and at $connect, where browsers cannot set that header, also at the
// query parameters Authorization and token and at a subprotocol that begins
// with [SubprotocolPrefix]; the first that is there counts. Over HTTP a query
// is no place for a token, since it ends up in logs along the way.
func Token(e *lift.Event) string {
	if token := bearer(e.Header("Authorization")); token != "" {
		return token
	}
	if e.Trigger != lift.TriggerConnect {
		return ""
	}
	for _, name := range [...]string{"Authorization", "token"} {
		if value := e.WebSocket.Query.Get(name); value != "" {
			if token := bearer(value); token != "" {
				return token
			}
			return value
		}
	}
	for _, name := range e.WebSocket.Subprotocols() {
		if token, ok := strings.CutPrefix(name, SubprotocolPrefix); ok {
			return token
		}
	}
	return ""
}

// bearer cuts the scheme, whose case does not matter (RFC 9110, section 11.1).
func bearer(value string) string {
	scheme, token, ok := strings.Cut(value, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
