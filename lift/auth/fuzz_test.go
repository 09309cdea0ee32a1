package auth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
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
