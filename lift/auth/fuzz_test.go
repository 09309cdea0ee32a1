package auth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// FuzzKeys feeds keys in whatever form to a verifier: it refuses them or can be
// used.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"OKP","crv":"Ed25519","x":"AA"},7]}`))
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA","use":"sig"}`))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
	for _, alg := range []string{"EdDSA", "ES256", "RS256"} {
		data, err := json.Marshal(map[string]any{"keys": []any{publicJWK(alg, "k")}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := auth.NewVerifier(auth.Config{Keys: data, Issuer: "iss", Audience: "aud"})
		if err != nil {
			return
		}
		if _, err := v.Verify(t.Context(), "e30.e30.e30"); err == nil {
			t.Error("no token passes")
		}
	})
}

// FuzzClaims verifies whatever claims a token has that is signed well, and looks for the
// tenant in one of whatever name: the verifier finds what encoding/json does.
func FuzzClaims(f *testing.F) {
	f.Add("tenant", `{"tenant":"acme","scope":"a b"}`)
	f.Add("/o/id", `{"o":{"id":"org_1"},"permissions":["a"]}`)
	f.Add("/a~1b/~0", `{"a/b":{"~":"x"}}`)
	f.Add("/", `{"":"x","events":{}}`)
	f.Add("exp", `{"exp":1e300,"aud":["x",7]}`)
	issuer := lifttest.NewIssuer("iss")
	f.Fuzz(func(t *testing.T, name, payload string) {
		var all map[string]any
		if err := json.Unmarshal([]byte(payload), &all); err != nil || all == nil || name == "" {
			return
		}
		for claim, value := range map[string]any{"iss": "iss", "aud": "aud", "exp": time.Now().Add(time.Hour).Unix(), "nbf": nil, "iat": nil} {
			all[claim] = value
		}
		v, err := auth.NewVerifier(auth.Config{Keys: issuer.Keys(), Issuer: "iss", Audience: "aud", TenantClaim: name})
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Verify(t.Context(), issuer.Token(all))
		if err != nil {
			return
		}
		want := any(all)
		if member, pointer := strings.CutPrefix(name, "/"); pointer {
			for token := range strings.SplitSeq(member, "/") {
				inside, _ := want.(map[string]any)
				want = inside[strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")]
			}
		} else {
			want = all[name]
		}
		if want != any(got.Tenant) || got.Tenant == "" {
			t.Errorf("%s of %s: got %q, want %v", name, payload, got.Tenant, want)
		}
	})
}

// FuzzToken reads Authorization as it may come.
func FuzzToken(f *testing.F) {
	for _, s := range []string{"", "Bearer", "Bearer ", "bearer a.b.c", "Basic x", "Bearer  a b ", "\x00", "bearer\tx"} {
		f.Add(s)
	}
	v, err := auth.NewVerifier(auth.Config{Keys: []byte(jwkWithAlg("EdDSA")), Issuer: "iss", Audience: "aud"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		e := &lift.Event{Trigger: lift.TriggerHTTP, HTTP: &http.Request{Header: http.Header{"Authorization": {header}}}}
		token := auth.Token(e)
		if !strings.Contains(header, token) || token != strings.TrimSpace(token) {
			t.Errorf("%q gives the token %q", header, token)
		}
		if _, err := v.Verify(t.Context(), token); err == nil {
			t.Errorf("%q passes", token)
		}
	})
}
