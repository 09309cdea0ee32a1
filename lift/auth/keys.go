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
	"slices"
	"strings"
)

// minRSABits follows RFC 7518, section 3.3.
const minRSABits = 2048

// newKey checks a public key, and that it fits the algorithm that its source names,
// if any.
func newKey(id, alg string, public crypto.PublicKey) (key, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSABits {
			return key{}, fmt.Errorf("an RSA key of %d bits; at least %d are needed", bits, minRSABits)
		}
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		default:
			return key{}, fmt.Errorf("an EC key on %s; wanted P-256, P-384 or P-521", public.Curve.Params().Name)
		}
	case ed25519.PublicKey:
	default:
		return key{}, fmt.Errorf("a key of a kind that no algorithm here uses: %T", public)
	}
	if alg = canonical(alg); alg != "" && (!slices.Contains(algorithms, alg) || !ofType(public, alg)) {
		return key{}, fmt.Errorf("its algorithm is %q", alg)
	}
	return key{id: id, alg: alg, public: public}, nil
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
	return newKey("", "", public)
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

	Issuer any `json:"issuer"` // a text of Microsoft Entra's; RFC 7517 has no such member
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
	k, err := newKey(j.ID, j.Alg, public)
	k.issuer, _ = j.Issuer.(string)
	return k, err
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
	case j.Type == "EC" && j.curve() != nil:
		x, errX := base64.RawURLEncoding.DecodeString(j.X)
		y, errY := base64.RawURLEncoding.DecodeString(j.Y)
		size := (j.curve().Params().BitSize + 7) / 8
		if errX != nil || errY != nil || len(x) != size || len(y) != size {
			return nil, fmt.Errorf("an EC key without two coordinates of %d bytes", size)
		}
		return ecdsa.ParseUncompressedPublicKey(j.curve(), slices.Concat([]byte{4}, x, y))
	case j.Type == "OKP" && j.Curve == "Ed25519":
		x, err := base64.RawURLEncoding.DecodeString(j.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errors.New("an Ed25519 key that is not 32 bytes")
		}
		return ed25519.PublicKey(x), nil
	}
	return nil, fmt.Errorf("kty %q with crv %q", j.Type, j.Curve)
}

// curve is the curve of an EC key, or nil.
func (j *jwk) curve() elliptic.Curve {
	switch j.Curve {
	case "P-256":
		return elliptic.P256()
	case "P-384":
		return elliptic.P384()
	case "P-521":
		return elliptic.P521()
	}
	return nil
}

func decodeInt(text string) (*big.Int, error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) == 0 {
		return nil, errors.New("an RSA key without n or e in base64url")
	}
	return new(big.Int).SetBytes(data), nil
}
