package auth_test

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// Whatever is wrong with a token, the caller gets 401 over HTTP and at
// $connect, the handler is not called, and the log has the refusal without any
// part of the token.
func TestRefusals(t *testing.T) {
	t.Parallel()
	_, stranger, _ := ed25519.GenerateKey(nil)
	forged, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(nil)).SignedString(stranger)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, config(t))
	for name, token := range map[string]string{
		"none at all":             "",
		"wrong signature":         forged,
		"none":                    sign(t, "none", "", claims(nil)),
		"HS256 by the public key": sign(t, "HS256", "", claims(nil)),
		"expired":                 sign(t, "EdDSA", "", claims(map[string]any{"exp": now.Unix() - 1})),
		"no exp":                  sign(t, "EdDSA", "", claims(map[string]any{"exp": nil})),
		"wrong audience":          sign(t, "EdDSA", "", claims(map[string]any{"aud": "other"})),
		"wrong issuer":            sign(t, "EdDSA", "", claims(map[string]any{"iss": "other"})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger()}) // a logger that redacts nothing
			app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover(), auth.JWT(v))
			h := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
				t.Error("the handler is called")
				return nil, nil
			})
			app.HTTP("GET /x", h)
			app.WebSocket(lift.RouteConnect, h)
			header := http.Header{}
			if token != "" {
				header.Set("Authorization", "Bearer "+token)
			}
			for _, event := range []lifttest.Event{lifttest.HTTP{Path: "/x", Header: header}, lifttest.Connect{Header: header}} {
				answer := lifttest.Invoke(t.Context(), t, app, event)
				if answer.Status != http.StatusUnauthorized || !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer") {
					t.Errorf("answer %d %v", answer.Status, answer.Header)
				}
			}
			if lines := log.Lines(t, "refused"); len(lines) != 2 || lines[0]["code"] != "unauthorized" {
				t.Errorf("lines %v", lines)
			}
			for part := range strings.SplitSeq(token, ".") {
				if part != "" && strings.Contains(log.String(), part) {
					t.Errorf("a part of the token in the log:\n%s", log.String())
				}
			}
		})
	}
}
