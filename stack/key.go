package stack

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The issuer and audience of development tokens. The function binaries refuse to
// start with this issuer, so no development key is of use on AWS.
const (
	DevIssuer   = "streamer-dev"
	DevAudience = "streamer"
)

// keyFile is the development key's name in a data folder.
const keyFile = "dev-key.pem"

// A Key is the development key of a data folder. It signs tokens that only a
// stack on the same folder accepts.
type Key struct {
	private ed25519.PrivateKey
}

// ErrNoKey says that a data folder has no development key.
var ErrNoKey = errors.New("no development key")

// OpenKey reads the key of a data folder, or returns ErrNoKey.
func OpenKey(dir string) (*Key, error) {
	key, err := ReadKey(filepath.Join(dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", ErrNoKey, dir)
	}
	return key, err
}

// ReadKey reads a key's file.
func ReadKey(path string) (*Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read development key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s is not a PEM file: delete it and start the server again", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s has no PKCS #8 key in it: delete it and start the server again", path)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is not an Ed25519 key: delete it and start the server again", path)
	}
	return &Key{private: private}, nil
}

// CreateKey reads the key of a data folder, and makes one that only its owner
// can read when there is none.
func CreateKey(dir string) (*Key, error) {
	key, err := OpenKey(dir)
	if !errors.Is(err, ErrNoKey) {
		return key, err
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make development key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("make development key: %w", err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, keyFile), data, 0o600); err != nil {
		return nil, fmt.Errorf("write development key: %w", err)
	}
	return &Key{private: private}, nil
}

// PublicPEM is what verifies the key's tokens.
func (k *Key) PublicPEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		return nil, fmt.Errorf("encode development key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// JWKS is the same as a JWK set (RFC 8037, section 2).
func (k *Key) JWKS() ([]byte, error) {
	set, err := json.Marshal(map[string]any{"keys": []map[string]string{{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
		"x": base64.RawURLEncoding.EncodeToString(k.private.Public().(ed25519.PublicKey))}}})
	if err != nil {
		return nil, fmt.Errorf("encode development key: %w", err)
	}
	return set, nil
}

// A Grant is the content of a development token.
type Grant struct {
	Tenant, Subject string
	Scopes          []string
	TTL             time.Duration // from now
}

// Sign makes a token. EdDSA, with every claim that the functions ask for.
func (k *Key) Sign(g Grant, now time.Time) (string, error) { return k.SignClaims(g, nil, now) }

// SignClaims is Sign with claims changed or added; nil as a value removes one.
// It is for tests of what a stack refuses.
func (k *Key) SignClaims(g Grant, changes map[string]any, now time.Time) (string, error) {
	claims := jwt.MapClaims{
		"iss": DevIssuer, "aud": DevAudience, "sub": g.Subject, "tenant_id": g.Tenant,
		"iat": now.Unix(), "exp": now.Add(g.TTL).Unix(),
	}
	if len(g.Scopes) > 0 {
		claims["permissions"] = g.Scopes
	}
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(k.private)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}
