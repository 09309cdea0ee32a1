package cli

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
)

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// With the stage's key, tokens have a flaw and otherwise what the good one has.
func TestSignKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := stack.CreateKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	token, err := key.SignClaims(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, map[string]any{"iss": "https://issuer.example"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	env := &environment{getenv: func(string) string { return "" }}
	flags := clientFlags{url: "wss://stage.example/prod", token: token}
	target, err := verifyTarget(env, flags, "other", filepath.Join(dir, "dev-key.pem"))
	if err != nil || target.OtherToken != "other" {
		t.Fatalf("%+v, %v", target, err)
	}
	flawed, err := target.Sign(map[string]any{"aud": "somebody-else", "sub": nil})
	if err != nil {
		t.Fatal(err)
	}
	want, got := claimsOf(t, token), claimsOf(t, flawed)
	if got["aud"] != "somebody-else" || got["sub"] != nil || got["iss"] != want["iss"] || got["exp"] != want["exp"] || got["tenant_id"] != "acme" {
		t.Errorf("claims %v, of %v", got, want)
	}
	if _, err := verifyTarget(env, flags, "", filepath.Join(dir, "nowhere.pem")); err == nil {
		t.Error("a key that is not there")
	}
	if _, err := verifyTarget(env, clientFlags{url: flags.url, token: "garbage"}, "", filepath.Join(dir, "dev-key.pem")); err == nil {
		t.Error("a token without claims")
	}
}

// An error that names a URL may have a token in it; what verify prints ends in CI's logs.
func TestVerifyPrintsNoToken(t *testing.T) {
	t.Parallel()
	key, err := stack.CreateKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	token, err := key.Sign(devGrant(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	out := newConsole()
	env := &environment{stdout: out, stderr: out}
	target := &verify.Target{WebSocketURL: "ws://127.0.0.1:1/dev", HTTPURL: "http://127.0.0.1:1", Token: token}
	for _, asJSON := range []bool{false, true} {
		if err := runVerify(t.Context(), env, target, asJSON); err == nil {
			t.Error("nothing failed")
		}
	}
	if !strings.Contains(out.String(), "token=TOKEN") || strings.Contains(out.String(), token) {
		t.Errorf("%s", out)
	}
}
