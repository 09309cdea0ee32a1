package auth

import (
	"context"
	"slices"
	"strings"

	"github.com/pay-theory/streamer/lift"
)

// Scopes lets events pass whose caller has every one of the scopes. One without
// verified claims answers 401, one with too few scopes 403, over HTTP with
// WWW-Authenticate (RFC 6750, section 3.1).
//
// It guards HTTP, $connect and message handlers, inside of what sets the claims:
// [JWT] for the first two; for messages, whose tokens were verified at $connect,
// a middleware that knows the connection. It panics for any other handler.
func Scopes(scopes ...string) lift.Middleware {
	if len(scopes) == 0 || slices.Contains(scopes, "") {
		panic("lift/auth: Scopes without a scope")
	}
	needed := `Bearer error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
	return lift.Only("auth.Scopes", func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			if e.Claims == nil {
				return challenge("Bearer"), lift.Errorf(lift.CodeUnauthorized, "a bearer token is needed")
			}
			for _, scope := range scopes {
				if !e.Claims.HasScope(scope) {
					return challenge(needed), lift.Errorf(lift.CodeForbidden, "the token does not grant %s", scope)
				}
			}
			return next.Handle(ctx, e)
		})
	}, lift.TriggerHTTP, lift.TriggerConnect, lift.TriggerMessage)
}
