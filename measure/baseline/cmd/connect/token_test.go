package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func claimsOf() jwt.MapClaims {
	return jwt.MapClaims{"iss": "i", "aud": "a", "sub": "ada", "tenant_id": "acme", "exp": time.Now().Add(time.Hour).Unix()}
}

func pemOf(t *testing.T, public crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestKeysOfEveryKind(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"k1","x":%q}]}`,
		base64.RawURLEncoding.EncodeToString(public))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, set) }))
	t.Cleanup(server.Close)
	all := pemOf(t, &rsaKey.PublicKey) + pemOf(t, &ecKey.PublicKey) + pemOf(t, public)
	for name, of := range map[string]struct {
		config verifierConfig
		method jwt.SigningMethod
		key    any
	}{
		"RS256":    {verifierConfig{Keys: all}, jwt.SigningMethodRS256, rsaKey},
		"ES256":    {verifierConfig{Keys: all}, jwt.SigningMethodES256, ecKey},
		"EdDSA":    {verifierConfig{Keys: all}, jwt.SigningMethodEdDSA, edKey},
		"JWK set":  {verifierConfig{Keys: set}, jwt.SigningMethodEdDSA, edKey},
		"JWKS URL": {verifierConfig{JWKS: server.URL}, jwt.SigningMethodEdDSA, edKey},
	} {
		of.config.Issuer, of.config.Audience = "i", "a"
		v, err := newVerifier(t.Context(), of.config)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		token := jwt.NewWithClaims(of.method, claimsOf())
		token.Header["kid"] = "k1"
		signed, err := token.SignedString(of.key)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := v.verify(signed); err != nil || p.Tenant != "acme" || p.Subject != "ada" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		// A public key is no shared secret.
		forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claimsOf()).SignedString([]byte(all))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.verify(forged); err == nil {
			t.Errorf("%s: HS256 is taken", name)
		}
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	broken := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}))
	for text, config := range map[string]verifierConfig{
		"one of":       {},
		"neither PEM":  {Keys: "x"},
		"STREAMER_JWT": {Keys: broken},
		"JWT_KEYS:":    {Keys: "{"},
		"JWKS_URL:":    {JWKS: "::"},
	} {
		config.Issuer, config.Audience = "i", "a"
		if _, err := newVerifier(t.Context(), config); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", config, err, text)
		}
	}
}
