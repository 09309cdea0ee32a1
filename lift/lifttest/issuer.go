package lifttest

import (
	"crypto/ed25519"
	"encoding/base64"
	"maps"
	"net/http"
	"time"
)

// An Issuer signs tokens for apps behind auth.JWT. It has a key of its own.
//
//	issuer := lifttest.NewIssuer("https://issuer.example.com/")
//	verifier, err := auth.NewVerifier(auth.Config{Keys: issuer.Keys(), Issuer: issuer.Name, Audience: "orders"})
//	…
//	lifttest.HTTP{Header: issuer.Header(map[string]any{"sub": "ada", "aud": "orders"})}
type Issuer struct {
	Name string // the iss of its tokens

	key ed25519.PrivateKey
}

// NewIssuer returns an Issuer with the name.
func NewIssuer(name string) *Issuer {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic("lifttest: " + err.Error())
	}
	return &Issuer{name, key}
}

// Keys returns the JWK set with its public key.
func (i *Issuer) Keys() []byte {
	return encode(map[string]any{"keys": []any{map[string]string{
		"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "lifttest", "x": base64url(i.key.Public().(ed25519.PublicKey)),
	}}})
}

// Token returns a token with the claims, signed with EdDSA. Where they say nothing
// else, iss is the Issuer's name, sub is "ada", and exp an hour from now; a claim
// of nil is left out.
func (i *Issuer) Token(claims map[string]any) string {
	all := map[string]any{"iss": i.Name, "sub": "ada", "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	text := base64url(encode(map[string]string{"alg": "EdDSA", "typ": "JWT", "kid": "lifttest"})) + "." + base64url(encode(all))
	return text + "." + base64url(ed25519.Sign(i.key, []byte(text)))
}

// Header returns the header Authorization with a Token of the claims.
func (i *Issuer) Header(claims map[string]any) http.Header {
	return http.Header{"Authorization": {"Bearer " + i.Token(claims)}}
}

func base64url(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
