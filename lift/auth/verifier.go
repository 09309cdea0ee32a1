package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift"
)

// The signature algorithms that can be allowed.
const (
	RS256 = "RS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// maxToken bounds the tokens that are looked at, in bytes. API Gateway's
// headers end at 10 KB.
const maxToken = 16 << 10

// Config says which tokens a [Verifier] accepts.
type Config struct {
	// Keys are the public keys: PEM blocks (PUBLIC KEY, RSA PUBLIC KEY or
	// CERTIFICATE), a JWK, or a JWK set. Required.
	Keys []byte

	Issuer   string // the iss that a token must have. Required
	Audience string // what a token's aud must be or contain. Required

	// Algorithms are those allowed, of RS256, ES256 and EdDSA. Default: all
	// three. Each must have a key.
	Algorithms []string

	// Leeway is how far clocks may be apart, for exp and nbf. Default: none; a
	// minute at most.
	Leeway time.Duration

	Now func() time.Time // default: time.Now
}

// A Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	keys   []key
	parser *jwt.Parser
}

// NewVerifier checks the Config and parses its keys.
func NewVerifier(cfg Config) (*Verifier, error) {
	switch {
	case len(cfg.Keys) == 0:
		return nil, errors.New("auth: Config.Keys is empty")
	case cfg.Issuer == "":
		return nil, errors.New("auth: Config.Issuer is empty")
	case cfg.Audience == "":
		return nil, errors.New("auth: Config.Audience is empty")
	case cfg.Leeway < 0 || cfg.Leeway > time.Minute:
		return nil, fmt.Errorf("auth: Config.Leeway of %s is not between 0 and a minute", cfg.Leeway)
	}
	keys, err := parseKeys(cfg.Keys)
	if err != nil {
		return nil, fmt.Errorf("auth: parse Config.Keys: %w", err)
	}
	algorithms := cfg.Algorithms
	if len(algorithms) == 0 {
		algorithms = []string{RS256, ES256, EdDSA}
	} else {
		for _, alg := range algorithms {
			if !slices.Contains([]string{RS256, ES256, EdDSA}, alg) {
				return nil, fmt.Errorf("auth: Config.Algorithms: %q is none of RS256, ES256, EdDSA", alg)
			}
			if !slices.ContainsFunc(keys, func(k key) bool { return k.alg == alg }) {
				return nil, fmt.Errorf("auth: Config.Algorithms allows %s, but Config.Keys has no key for it", alg)
			}
		}
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	return &Verifier{
		keys: keys,
		parser: jwt.NewParser(
			jwt.WithValidMethods(algorithms),
			jwt.WithIssuer(cfg.Issuer),
			jwt.WithAudience(cfg.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithLeeway(cfg.Leeway),
			jwt.WithTimeFunc(now),
			jwt.WithStrictDecoding(),
		),
	}, nil
}

// Verify returns what a valid token says. A token that is not valid gives a
// [lift.Error] with CodeUnauthorized, whose message is fit for the caller and
// whose cause names the fault.
func (v *Verifier) Verify(_ context.Context, token string) (*lift.Claims, error) {
	if len(token) > maxToken {
		return nil, refuse("the token is not valid", errTooLong)
	}
	claims := new(tokenClaims)
	if _, err := v.parser.ParseWithClaims(token, claims, v.keysFor); err != nil {
		return nil, refusal(err)
	}
	scopes, err := claims.scopes()
	if err != nil {
		return nil, refuse("the token is not valid", errScope)
	}
	return &lift.Claims{
		Subject:  claims.Subject,
		Issuer:   claims.Issuer,
		Audience: claims.Audience,
		Expiry:   claims.ExpiresAt.Time,
		Scopes:   scopes,
		Raw:      claims.raw,
	}, nil
}

// The faults of a token, for the log: the library's own errors could quote it.
var (
	errTooLong   = errors.New("token is too long")
	errMalformed = errors.New("token is malformed")
	errSignature = errors.New("no key and allowed algorithm fit the signature")
	errExpired   = errors.New("token has expired")
	errNotYet    = errors.New("token is not valid yet")
	errAudience  = errors.New("token is for another audience")
	errIssuer    = errors.New("token is of another issuer")
	errMissing   = errors.New("token lacks exp, iss or aud")
	errScope     = errors.New("scope is neither a string nor a list of strings")
	errClaims    = errors.New("claims are not valid")
)

func refuse(message string, fault error) error {
	return &lift.Error{Code: lift.CodeUnauthorized, Message: message, Cause: fault}
}

// refusal finds the fault. Only of an expired token is the caller told more
// than that it is not valid: a new one will do.
func refusal(err error) error {
	for _, fault := range []struct{ is, means error }{
		{jwt.ErrTokenMalformed, errMalformed},
		{jwt.ErrTokenUnverifiable, errSignature},
		{jwt.ErrTokenSignatureInvalid, errSignature},
		{jwt.ErrTokenRequiredClaimMissing, errMissing},
		{jwt.ErrTokenInvalidIssuer, errIssuer},
		{jwt.ErrTokenInvalidAudience, errAudience},
		{jwt.ErrTokenNotValidYet, errNotYet},
	} {
		if errors.Is(err, fault.is) {
			return refuse("the token is not valid", fault.means)
		}
	}
	if errors.Is(err, jwt.ErrTokenExpired) {
		return refuse("the token has expired", errExpired)
	}
	return refuse("the token is not valid", errClaims)
}

// keysFor returns the keys that may have signed the token: those of its
// algorithm, and of its kid where both have one.
func (v *Verifier) keysFor(token *jwt.Token) (any, error) {
	alg := token.Method.Alg()
	kid, _ := token.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, k := range v.keys {
		if k.alg == alg && (kid == "" || k.id == "" || k.id == kid) {
			set.Keys = append(set.Keys, k.public)
		}
	}
	if len(set.Keys) == 0 {
		return nil, errSignature
	}
	return set, nil
}

// tokenClaims keeps the claim set beside the registered claims.
type tokenClaims struct {
	jwt.RegisteredClaims
	Scope json.RawMessage `json:"scope"`
	raw   json.RawMessage
}

func (c *tokenClaims) UnmarshalJSON(data []byte) error {
	type plain tokenClaims // without this method
	if err := json.Unmarshal(data, (*plain)(c)); err != nil {
		return err
	}
	c.raw = slices.Clone(data)
	return nil
}

// scopes reads the claim scope: a list separated by spaces (RFC 8693, section
// 4.2) or an array.
func (c *tokenClaims) scopes() ([]string, error) {
	if len(c.Scope) == 0 || string(c.Scope) == "null" {
		return nil, nil
	}
	var list []string
	if c.Scope[0] == '[' {
		err := json.Unmarshal(c.Scope, &list)
		return list, err
	}
	var text string
	err := json.Unmarshal(c.Scope, &text)
	return strings.Fields(text), err
}
