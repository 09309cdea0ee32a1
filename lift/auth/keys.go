package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// A key is a public key with the one algorithm that it is used for.
type key struct {
	id     string // kid; "" when the source gives none
	alg    string
	public crypto.PublicKey
}

// minRSABits follows RFC 7518, section 3.3.
const minRSABits = 2048

// newKey finds the algorithm that fits a public key.
func newKey(id string, public crypto.PublicKey) (key, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSABits {
			return key{}, fmt.Errorf("an RSA key of %d bits; at least %d are needed", bits, minRSABits)
		}
		return key{id, RS256, public}, nil
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return key{}, fmt.Errorf("an EC key on %s; ES256 needs P-256", public.Curve.Params().Name)
		}
		return key{id, ES256, public}, nil
	case ed25519.PublicKey:
		return key{id, EdDSA, public}, nil
	}
	return key{}, fmt.Errorf("a key of a kind that no algorithm here uses: %T", public)
}

// parseKeys reads PEM blocks, a JWK or a JWK set.
func parseKeys(data []byte) ([]key, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return parseJWKs(data)
	}
	var keys []key
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			break
		}
		k, err := parsePEM(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("neither PEM nor a JWK set")
	}
	return keys, nil
}

func parsePEM(block *pem.Block) (key, error) {
	var public any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		cert, err = x509.ParseCertificate(block.Bytes)
		if err == nil {
			public = cert.PublicKey
		}
	default:
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return key{}, errors.New("a private key; verifying needs the public key alone")
		}
		return key{}, fmt.Errorf("a PEM block of type %q", block.Type)
	}
	if err != nil {
		return key{}, fmt.Errorf("parse PEM block %q: %w", block.Type, err)
	}
	return newKey("", public)
}

// jwk is a JSON Web Key, RFC 7517, with the members of RFC 7518 and RFC 8037
// for the kinds of key used here.
type jwk struct {
	Type  string `json:"kty"`
	ID    string `json:"kid"`
	Use   string `json:"use"`
	Alg   string `json:"alg"`
	Curve string `json:"crv"`
	N     string `json:"n"`
	E     string `json:"e"`
	X     string `json:"x"`
	Y     string `json:"y"`
}

// parseJWKs reads a JWK or a JWK set. Keys of a set that are for another use or
// algorithm are passed over, as RFC 7517, section 5, wants; one of them at
// least must remain.
func parseJWKs(data []byte) ([]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
		Type string            `json:"kty"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("parse JWK set: %w", err)
	}
	if set.Type != "" {
		set.Keys = []json.RawMessage{data}
	}
	var keys []key
	var passed error
	for i, raw := range set.Keys {
		var j jwk
		if err := json.Unmarshal(raw, &j); err != nil {
			passed = fmt.Errorf("key %d is not a valid JWK: wanted an RSA, EC or OKP public key", i)
			continue
		}
		k, err := j.key()
		if err != nil {
			passed = fmt.Errorf("key %d: %w", i, err)
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		if passed != nil {
			return nil, fmt.Errorf("no key of the JWK set can be used: %w", passed)
		}
		return nil, errors.New("the JWK set has no keys")
	}
	return keys, nil
}

func (j *jwk) key() (key, error) {
	if j.Use != "" && j.Use != "sig" {
		return key{}, fmt.Errorf("its use is %q", j.Use)
	}
	public, err := j.public()
	if err != nil {
		return key{}, err
	}
	k, err := newKey(j.ID, public)
	if err != nil {
		return key{}, err
	}
	// RFC 9864 names the algorithm of an Ed25519 key fully; EdDSA is its older name.
	if j.Alg != "" && j.Alg != k.alg && (k.alg != EdDSA || j.Alg != ed25519Name) {
		return key{}, fmt.Errorf("its algorithm is %q", j.Alg)
	}
	return k, nil
}

func (j *jwk) public() (crypto.PublicKey, error) {
	switch {
	case j.Type == "RSA":
		n, errN := decodeInt(j.N)
		e, errE := decodeInt(j.E)
		if err := errors.Join(errN, errE); err != nil {
			return nil, err
		}
		if !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 || e.Bit(0) == 0 {
			return nil, errors.New("an RSA exponent out of range")
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	case j.Type == "EC" && j.Curve == "P-256":
		x, errX := base64.RawURLEncoding.DecodeString(j.X)
		y, errY := base64.RawURLEncoding.DecodeString(j.Y)
		if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
			return nil, errors.New("an EC key without two coordinates of 32 bytes")
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	case j.Type == "OKP" && j.Curve == "Ed25519":
		x, err := base64.RawURLEncoding.DecodeString(j.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errors.New("an Ed25519 key that is not 32 bytes")
		}
		return ed25519.PublicKey(x), nil
	}
	return nil, fmt.Errorf("kty %q with crv %q", j.Type, j.Curve)
}

func decodeInt(text string) (*big.Int, error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) == 0 {
		return nil, errors.New("an RSA key without n or e in base64url")
	}
	return new(big.Int).SetBytes(data), nil
}
