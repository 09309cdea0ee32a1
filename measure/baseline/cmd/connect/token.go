package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

type verifierConfig struct {
	JWKS     string // URL of the keys
	Keys     string // or the keys themselves, as PEM or as a JWK set
	Issuer   string
	Audience string
}

// readVerifierConfig reads the variables of one issuer, or the list of issuers where it
// has one alone, as on staging.
func readVerifierConfig(getenv func(string) string) (verifierConfig, error) {
	list := getenv("STREAMER_JWT_ISSUERS")
	if list == "" {
		return verifierConfig{
			JWKS:     getenv("STREAMER_JWKS_URL"),
			Keys:     getenv("STREAMER_JWT_KEYS"),
			Issuer:   getenv("STREAMER_JWT_ISSUER"),
			Audience: getenv("STREAMER_JWT_AUDIENCE"),
		}, nil
	}
	var issuers []struct {
		Issuer   string `json:"issuer"`
		JWKS     string `json:"jwks"`
		Audience string `json:"audience"`
	}
	if err := json.Unmarshal([]byte(list), &issuers); err != nil {
		return verifierConfig{}, fmt.Errorf("STREAMER_JWT_ISSUERS: %w", err)
	}
	if len(issuers) != 1 {
		return verifierConfig{}, fmt.Errorf("STREAMER_JWT_ISSUERS has %d issuers, and these functions take one", len(issuers))
	}
	return verifierConfig{JWKS: issuers[0].JWKS, Issuer: issuers[0].Issuer, Audience: issuers[0].Audience}, nil
}

// A verifier checks tokens.
type verifier struct {
	keys   jwt.Keyfunc
	parser *jwt.Parser
}

func newVerifier(ctx context.Context, c verifierConfig) (*verifier, error) {
	if c.Issuer == "" || c.Audience == "" {
		return nil, errors.New("STREAMER_JWT_ISSUER and STREAMER_JWT_AUDIENCE must be set")
	}
	keys, err := loadKeys(ctx, c)
	if err != nil {
		return nil, err
	}
	return &verifier{keys: keys, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256", "ES256", "EdDSA"}),
		jwt.WithIssuer(c.Issuer),
		jwt.WithAudience(c.Audience),
		jwt.WithExpirationRequired(),
	)}, nil
}

func loadKeys(ctx context.Context, c verifierConfig) (jwt.Keyfunc, error) {
	switch {
	case (c.JWKS == "") == (c.Keys == ""):
		return nil, errors.New("one of STREAMER_JWKS_URL and STREAMER_JWT_KEYS must be set")
	case c.JWKS != "":
		set, err := keyfunc.NewDefaultCtx(ctx, []string{c.JWKS})
		if err != nil {
			return nil, fmt.Errorf("STREAMER_JWKS_URL: %w", err)
		}
		return set.Keyfunc, nil
	case strings.HasPrefix(strings.TrimSpace(c.Keys), "{"):
		set, err := keyfunc.NewJWKSetJSON(json.RawMessage(c.Keys))
		if err != nil {
			return nil, fmt.Errorf("STREAMER_JWT_KEYS: %w", err)
		}
		return set.Keyfunc, nil
	}
	var set jwt.VerificationKeySet
	for block, rest := pem.Decode([]byte(c.Keys)); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("STREAMER_JWT_KEYS: %w", err)
		}
		set.Keys = append(set.Keys, key)
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("STREAMER_JWT_KEYS holds neither PEM nor a JWK set")
	}
	return func(*jwt.Token) (any, error) { return set, nil }, nil
}

// A principal is who a token speaks of.
type principal struct {
	Tenant    string
	Subject   string
	ExpiresAt time.Time
}

// maxName bounds names that become parts of keys, in bytes.
const maxName = 256

func (v *verifier) verify(token string) (principal, error) {
	if token == "" {
		return principal{}, errors.New("no token")
	}
	var claims struct {
		jwt.RegisteredClaims
		Tenant string `json:"tenant_id"`
	}
	if _, err := v.parser.ParseWithClaims(token, &claims, v.keys); err != nil {
		return principal{}, err
	}
	for claim, value := range map[string]string{"tenant_id": claims.Tenant, "sub": claims.Subject} {
		if value == "" || len(value) > maxName {
			return principal{}, fmt.Errorf("the claim %s must have 1 to %d bytes", claim, maxName)
		}
	}
	return principal{Tenant: claims.Tenant, Subject: claims.Subject, ExpiresAt: claims.ExpiresAt.Time}, nil
}
