package auth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestScopeClaims(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.ScopeClaims = []string{"scope", "permissions"}
	v := verifier(t, cfg)
	for name, tt := range map[string]struct {
		claims map[string]any
		want   []string
	}{
		"both":        {map[string]any{"permissions": []string{"admin"}}, []string{"read", "write", "admin"}},
		"one":         {map[string]any{"scope": nil, "permissions": []string{"admin"}}, []string{"admin"}},
		"as text":     {map[string]any{"scope": []string{"a"}, "permissions": "b c"}, []string{"a", "b", "c"}},
		"null":        {map[string]any{"scope": nil, "permissions": json.RawMessage("null")}, nil},
		"empty":       {map[string]any{"scope": "", "permissions": []string{}}, nil},
		"not a scope": {map[string]any{"scopes": "x"}, []string{"read", "write"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.Verify(t.Context(), sign(t, "EdDSA", "", claims(tt.claims)))
			if err != nil || !slices.Equal(got.Scopes, tt.want) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		})
	}
	if _, err := v.Verify(t.Context(), sign(t, "EdDSA", "", claims(map[string]any{"permissions": map[string]bool{"a": true}}))); err == nil {
		t.Error("permissions of another kind pass")
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	h := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return &lift.Response{Body: []byte("done")}, nil
	})
	guard := auth.JWT(verifier(t, config(t)))
	app.HTTP("GET /x", h, guard, auth.Scopes("read", "write"))
	app.HTTP("GET /open", h, auth.Scopes("read"))
	app.WebSocket(lift.RouteDefault, h, auth.Scopes("read"))
	for name, tt := range map[string]struct {
		path, scope string
		status      int
		challenge   string
	}{
		"all":    {"/x", "write read other", 200, ""},
		"one":    {"/x", "read", 403, `Bearer error="insufficient_scope", scope="read write"`},
		"none":   {"/x", "", 403, `Bearer error="insufficient_scope", scope="read write"`},
		"nobody": {"/open", "read", 401, "Bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: tt.path, Header: http.Header{
				"Authorization": {"Bearer " + sign(t, "EdDSA", "", claims(map[string]any{"scope": tt.scope}))},
			}})
			if answer.Status != tt.status || answer.Header.Get("WWW-Authenticate") != tt.challenge {
				t.Errorf("%s: %d %q", name, answer.Status, answer.Header.Get("WWW-Authenticate"))
			}
		})
	}
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.Message{}); !strings.Contains(string(answer.Body), "unauthorized") {
		t.Errorf("a message of nobody: %s", answer.Body)
	}
	for name, f := range map[string]func(){
		"no scope": func() { auth.Scopes() },
		"empty":    func() { auth.Scopes("a", "") },
		"stream":   func() { lift.New(lift.Config{}).DynamoDB(h, auth.Scopes("a")) },
	} {
		t.Run(name, func(t *testing.T) {
			func() {
				defer func() {
					if text, _ := recover().(string); !strings.Contains(text, "Scopes") {
						t.Errorf("%s: panic %q", name, text)
					}
				}()
				f()
			}()
		})
	}
}
