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
	token, err := key.SignClaims(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour},
		map[string]any{"iss": "https://issuer.example"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	env := &environment{getenv: func(string) string { return "" }}
	flags := clientFlags{url: "wss://stage.example/prod", token: token}
	target, err := verifyTarget(t.Context(), env, flags, "other", filepath.Join(dir, "dev-key.pem"))
	if err != nil || target.OtherToken != "other" {
		t.Fatalf("%+v, %v", target, err)
	}
	flawed, err := target.Sign(map[string]any{"aud": "another-audience", "sub": nil})
	if err != nil {
		t.Fatal(err)
	}
	want, got := claimsOf(t, token), claimsOf(t, flawed)
	if got["aud"] != "another-audience" || got["sub"] != nil || got["iss"] != want["iss"] || got["exp"] != want["exp"] ||
		got["tenant_id"] != "acme" {
		t.Errorf("claims %v, of %v", got, want)
	}
	if _, err := verifyTarget(t.Context(), env, flags, "", filepath.Join(dir, "nowhere.pem")); err == nil {
		t.Error("a key that is not there")
	}
	if _, err := verifyTarget(t.Context(), env, clientFlags{url: flags.url, token: "garbage"}, "", filepath.Join(dir, "dev-key.pem")); err == nil {
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
		if err := runVerify(t.Context(), env, target, verify.Checks(), asJSON); err == nil {
			t.Error("nothing failed")
		}
	}
	if !strings.Contains(out.String(), "token=TOKEN") || strings.Contains(out.String(), token) {
		t.Errorf("%s", out)
	}
}

func TestVerifySelectsAndCalls(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, tt := range []struct {
		name     string
		args     []string
		code     int
		out, err string // contained; out "-": empty
	}{
		{"a list", []string{"--list"}, 0, "handshake  no token: 401\n", ""},
		{"a list as JSON", []string{"--list", "--json", "--only", "*413"}, 0,
			`{"group":"http","name":"a payload above 128 KB: 413"}` + "\n", ""},
		{"a list with one's own", []string{"--list", "--only", "call", "--call", "price"}, 0, "call       price\n", ""},
		{"a group", []string{"--only", "handshake", "--skip", "*401"}, 0, "ok    handshake  a good token connects",
			"3 passed, 0 failed, 0 skipped"},
		{"a pattern of nothing", []string{"--only", "handshakes"}, exitUsage, "-", `"handshakes" matches no check`},
		{"nothing left", []string{"--only", "http", "--skip", "http"}, exitUsage, "-", "leaves no check"},
		{"no time", []string{"--timeout", "0s"}, exitUsage, "-", "--timeout 0s"},
		{"too little time", []string{"--only", "http/a long action*", "--timeout", "50ms"}, exitFailed, "it took longer than 50ms",
			"0 passed, 1 failed, 0 skipped"},
		{"an operator's token that does not count", []string{"--only", "operators", "--operator-token", "x.y.z"}, exitFailed, "FAIL  operators  one sees", "3 failed"},
		{"a payload without an action", []string{"--payload", "1"}, exitUsage, "-", "--payload and --expect are for --call"},
		{"a payload that is not JSON", []string{"--call", "echo", "--payload", "{"}, exitUsage, "-", "--payload: "},
		{"an expectation that is not JSON", []string{"--call", "echo", "--expect", "{"}, exitUsage, "-", "--expect: "},
		{"a short action", []string{"--only", "call", "--call", "echo", "--payload", `{"a":[1,{"b":2}],"c":3}`, "--expect", `{"a":[1,{}]}`}, 0,
			"ok    call       echo", `echo: {"a":[1,{"b":2}],"c":3}` + "\n"},
		{"a long action", []string{"--only", "call", "--call", "echo_async", "--payload", `{"step_ms":1}`}, 0, "ok    call       echo_async",
			" % step "},
		{"not as expected", []string{"--only", "call", "--call", "echo", "--payload", `{"a":1}`, "--expect", `{"a":1.0}`}, exitFailed,
			`the result is {"a":1}, want {"a":1.0} in it`, "1 failed"},
		{"an action that is not there", []string{"--only", "call", "--call", "nothing", "--json"}, exitFailed, `"outcome":"FAIL"`, "1 failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, err := s.do(t, "", append([]string{"verify"}, tt.args...)...)
			if code != tt.code || tt.out == "-" && out != "" || tt.out != "-" && !strings.Contains(out, tt.out) || !strings.Contains(err, tt.err) {
				t.Errorf("got code %d, %q and %q, want %d, %q and %q", code, out, err, tt.code, tt.out, tt.err)
			}
		})
	}
}
