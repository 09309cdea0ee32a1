package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// The signature algorithms that can be allowed (RFC 7518, section 3.1; RFC 8037,
// section 3.1).
const (
	RS256 = "RS256"
	RS384 = "RS384"
	RS512 = "RS512"
	PS256 = "PS256"
	PS384 = "PS384"
	PS512 = "PS512"
	ES256 = "ES256"
	ES384 = "ES384"
	ES512 = "ES512"
	EdDSA = "EdDSA"
)

var algorithms = []string{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA}

// ed25519Name is what RFC 9864, section 2.2, calls EdDSA with Ed25519. The library
// knows the older name alone.
const ed25519Name = "Ed25519"

type ed25519Method struct{ *jwt.SigningMethodEd25519 }

// Alg implements [jwt.SigningMethod].
func (ed25519Method) Alg() string { return ed25519Name }

func init() {
	jwt.RegisterSigningMethod(ed25519Name, func() jwt.SigningMethod { return ed25519Method{jwt.SigningMethodEdDSA} })
}

// canonical returns the one name of an algorithm that has two.
func canonical(alg string) string {
	if alg == ed25519Name {
		return EdDSA
	}
	return alg
}

// A key is a public key. alg is the one algorithm that it is used for, where its
// source names one; "" leaves those that its type allows.
type key struct {
	id     string // kid; "" when the source gives none
	alg    string
	issuer string // of a JWK of Microsoft Entra's; "" elsewhere
	public crypto.PublicKey
}

// fits reports whether the key verifies signatures of an algorithm.
func (k key) fits(alg string) bool {
	return (k.alg == "" || k.alg == alg) && ofType(k.public, alg)
}

// ofType reports whether an algorithm uses keys of a type: RS and PS those of RSA,
// an ES those of its one curve.
func ofType(public crypto.PublicKey, alg string) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return alg == ES256
		case elliptic.P384():
			return alg == ES384
		case elliptic.P521():
			return alg == ES512
		}
	case ed25519.PublicKey:
		return alg == EdDSA
	}
	return false
}
