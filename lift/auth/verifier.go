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

// ed25519Name is what RFC 9864, section 2.2, calls EdDSA with Ed25519. The library
// knows the older name alone.
const ed25519Name = "Ed25519"

type ed25519Method struct{ *jwt.SigningMethodEd25519 }

// Alg implements [jwt.SigningMethod].
func (ed25519Method) Alg() string { return ed25519Name }

func init() {
	jwt.RegisterSigningMethod(ed25519Name, func() jwt.SigningMethod { return ed25519Method{jwt.SigningMethodEdDSA} })
}

// maxToken bounds the tokens that are looked at, in bytes. API Gateway's
// headers end at 10 KB.
const maxToken = 16 << 10

// Config says which tokens a [Verifier] accepts.
type Config struct {
	// Keys are the public keys: PEM blocks (PUBLIC KEY, RSA PUBLIC KEY or
	// CERTIFICATE), a JWK, or a JWK set. Required, unless JWKS names a URL.
	Keys []byte

	// JWKS is where the public keys are fetched, in the place of Keys. The first
	// token that is verified waits for them.
	JWKS JWKSConfig

	Issuer   string // the iss that a token must have. Required
	Audience string // what a token's aud must be or contain. Required without ClientIDs

	// ClientIDs are the clients whose access tokens count that name one in
	// client_id, as those of Cognito user pools do, which have no aud. A token_use
	// must be access then. A token whose aud is not the Audience is refused all the
	// same, where there is one.
	//
	// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
	ClientIDs []string

	// Algorithms are those allowed, of RS256, ES256 and EdDSA, which stands for
	// RFC 9864's name Ed25519 too. Default: all three. Each must have a key.
	Algorithms []string

	// Leeway is how far clocks may be apart, for exp and nbf. Default: none; a
	// minute at most.
	Leeway time.Duration

	// ScopeClaims are the claims that hold scopes, each a text with spaces
	// between or a list of texts. All that a token has count together. Default:
	// scope.
	ScopeClaims []string

	Now func() time.Time // default: time.Now
}

// A Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	issuer string

	audience string
	clients  []string

	keys   []key // those of Config.Keys
	jwks   *jwks // or where they come from
	scopes []string
	parser *jwt.Parser
}

// NewVerifier checks the Config and parses its keys.
func NewVerifier(cfg Config) (*Verifier, error) {
	switch {
	case len(cfg.Keys) == 0 && cfg.JWKS.URL == "":
		return nil, errors.New("auth: Config.Keys is empty, and so is Config.JWKS.URL")
	case len(cfg.Keys) > 0 && cfg.JWKS.URL != "":
		return nil, errors.New("auth: Config has both Keys and JWKS.URL")
	case cfg.Issuer == "":
		return nil, errors.New("auth: Config.Issuer is empty")
	case cfg.Audience == "" && len(cfg.ClientIDs) == 0:
		return nil, errors.New("auth: Config.Audience is empty, and so is Config.ClientIDs")
	case slices.Contains(cfg.ClientIDs, ""):
		return nil, errors.New("auth: Config.ClientIDs has an empty one")
	case cfg.Leeway < 0 || cfg.Leeway > time.Minute:
		return nil, fmt.Errorf("auth: Config.Leeway of %s is not between 0 and a minute", cfg.Leeway)
	}
	v := &Verifier{
		issuer: cfg.Issuer, audience: cfg.Audience, clients: slices.Clone(cfg.ClientIDs), scopes: slices.Clone(cfg.ScopeClaims),
	}
	if len(v.scopes) == 0 {
		v.scopes = []string{"scope"}
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	var err error
	if cfg.JWKS.URL != "" {
		v.jwks, err = newJWKS(cfg.JWKS, now)
		if err != nil {
			return nil, err
		}
	} else {
		v.keys, err = parseKeys(cfg.Keys)
		if err != nil {
			return nil, fmt.Errorf("auth: parse Config.Keys: %w", err)
		}
	}
	algorithms := cfg.Algorithms
	if len(algorithms) == 0 {
		algorithms = []string{RS256, ES256, EdDSA}
	}
	for _, alg := range cfg.Algorithms {
		if !slices.Contains([]string{RS256, ES256, EdDSA}, alg) {
			return nil, fmt.Errorf("auth: Config.Algorithms: %q is none of RS256, ES256, EdDSA", alg)
		}
		if v.jwks == nil && !slices.ContainsFunc(v.keys, func(k key) bool { return k.alg == alg }) {
			return nil, fmt.Errorf("auth: Config.Algorithms allows %s, but Config.Keys has no key for it", alg)
		}
	}
	methods := slices.Clone(algorithms)
	if slices.Contains(methods, EdDSA) {
		methods = append(methods, ed25519Name)
	}
	audience := []jwt.ParserOption{jwt.WithAudience(cfg.Audience)}
	if len(cfg.ClientIDs) > 0 {
		audience = nil // Verify looks at it
	}
	v.parser = jwt.NewParser(append(audience,
		jwt.WithValidMethods(methods),
		jwt.WithIssuer(cfg.Issuer),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(cfg.Leeway),
		jwt.WithTimeFunc(now),
		jwt.WithStrictDecoding(),
	)...)
	return v, nil
}

// Verify returns what a valid token says. A token that is not valid gives a
// [lift.Error] with CodeUnauthorized, whose message is fit for the caller and
// whose cause names the fault. CodeUnavailable says that the keys could not be
// fetched, and nothing about the token.
func (v *Verifier) Verify(ctx context.Context, token string) (*lift.Claims, error) {
	if len(token) > maxToken {
		return nil, refuse("the token is not valid", errTooLong)
	}
	claims, err := v.parse(ctx, token)
	if err != nil {
		return nil, err
	}
	if len(v.clients) > 0 && !v.isFor(claims) {
		return nil, refuse("the token is not valid", errAudience)
	}
	scopes, err := claims.scopes(v.scopes)
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

// isFor reports whether a token is for the audience, or of one of the clients.
func (v *Verifier) isFor(claims *tokenClaims) bool {
	if v.audience != "" && len(claims.Audience) > 0 {
		return slices.Contains(claims.Audience, v.audience)
	}
	use, named := claims.text("token_use")
	if named && use != "access" {
		return false
	}
	client, _ := claims.text("client_id")
	return slices.Contains(v.clients, client)
}

// parse verifies the token. A signature that no key fits is worth one more look at
// keys that are fetched: the issuer may have a new key under the same kid, or under
// none.
func (v *Verifier) parse(ctx context.Context, token string) (*tokenClaims, error) {
	keys := keySet{keys: v.keys}
	if v.jwks != nil {
		keys.fetch = func(missing bool) ([]key, bool, error) { return v.jwks.get(ctx, missing) }
	}
	claims := new(tokenClaims)
	_, err := v.parser.ParseWithClaims(token, claims, keys.forToken)
	if errors.Is(err, jwt.ErrTokenSignatureInvalid) && keys.fetch != nil && !keys.looked {
		if fetched, looked, fault := keys.fetch(true); fault == nil && looked {
			keys = keySet{keys: fetched}
			claims = new(tokenClaims)
			_, err = v.parser.ParseWithClaims(token, claims, keys.forToken)
		}
	}
	switch {
	case err == nil:
		return claims, nil
	case keys.fault != nil:
		return nil, keys.fault
	}
	return nil, refusal(err)
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
	errScope     = errors.New("a claim of scopes is neither a text nor a list of texts")
	errClaims    = errors.New("claims are not valid")
	errCritical  = errors.New("token has a critical header that is not understood")
	errFarExpiry = errors.New("exp is not in seconds since 1970: it lies behind the year 9999")
)

func refuse(message string, fault error) error {
	return &lift.Error{Code: lift.CodeUnauthorized, Message: message, Cause: fault}
}

// refusal finds the fault. Only of an expired token is the caller told more
// than that it is not valid: a new one will do.
func refusal(err error) error {
	for _, fault := range []struct{ is, means error }{
		{errCritical, errCritical},
		{errFarExpiry, errFarExpiry},
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

// A keySet finds the keys for one token.
type keySet struct {
	keys   []key
	fetch  func(missing bool) (keys []key, looked bool, err error) // nil for keys that never change
	looked bool                                                    // the keys are as they are at their source now
	fault  error                                                   // why the keys are not known for now
}

// forToken returns the keys that may have signed the token: those of its
// algorithm, and of its kid where both have one. Keys that are fetched may have
// changed: a kid that is not among them is worth another look.
func (s *keySet) forToken(token *jwt.Token) (any, error) {
	// No extension is understood here, and crit names those that must be; b64
	// changes what is signed (RFC 7515, section 4.1.11; RFC 7797, section 6).
	for _, extension := range []string{"crit", "b64"} {
		if _, present := token.Header[extension]; present {
			return nil, errCritical
		}
	}
	if s.fetch != nil {
		s.keys, s.looked, s.fault = s.fetch(false)
		if s.fault != nil {
			return nil, s.fault
		}
	}
	alg := token.Method.Alg()
	if alg == ed25519Name {
		alg = EdDSA
	}
	kid, _ := token.Header["kid"].(string)
	set := candidates(s.keys, alg, kid)
	if len(set.Keys) == 0 && s.fetch != nil && kid != "" && !s.looked {
		keys, looked, err := s.fetch(true)
		if s.looked = looked; err != nil {
			s.fault = err // whether the kid is good is not known for now
			return nil, err
		}
		set = candidates(keys, alg, kid)
	}
	if len(set.Keys) == 0 {
		return nil, errSignature
	}
	return set, nil
}

func candidates(keys []key, alg, kid string) (set jwt.VerificationKeySet) {
	for _, k := range keys {
		if k.alg == alg && (kid == "" || k.id == "" || k.id == kid) {
			set.Keys = append(set.Keys, k.public)
		}
	}
	return set
}

// tokenClaims are the registered claims, by their exact names, and the whole set
// (RFC 7519, section 4.1: claim names are case-sensitive).
type tokenClaims struct {
	jwt.RegisteredClaims
	all map[string]json.RawMessage
	raw json.RawMessage
}

// UnmarshalJSON reads each claim by its exact name, which a struct of encoding/json
// does not: it takes SUB for sub.
func (c *tokenClaims) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &c.all); err != nil {
		return err
	}
	for name, into := range map[string]any{"iss": &c.Issuer, "sub": &c.Subject, "aud": &c.Audience,
		"exp": &c.ExpiresAt, "nbf": &c.NotBefore, "iat": &c.IssuedAt, "jti": &c.ID} {
		raw, present := c.all[name]
		if !present {
			continue
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return err
		}
	}
	c.raw = slices.Clone(data)
	return nil
}

// lastExpiry is the end of the last year that a timestamp can name (RFC 3339,
// section 5.6: four digits). A time behind it is most likely in milliseconds.
var lastExpiry = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// Validate implements [jwt.ClaimsValidator].
func (c *tokenClaims) Validate() error {
	if c.ExpiresAt != nil && !c.ExpiresAt.Before(lastExpiry) {
		return errFarExpiry
	}
	return nil
}

// text returns a claim that is a text, and whether there is any claim of the
// name.
func (c *tokenClaims) text(name string) (text string, present bool) {
	raw, present := c.all[name]
	if present && json.Unmarshal(raw, &text) != nil {
		text = ""
	}
	return text, present
}

// scopes reads the claims that hold scopes: lists separated by spaces (RFC 8693,
// section 4.2) or arrays.
func (c *tokenClaims) scopes(names []string) ([]string, error) {
	var scopes []string
	for _, name := range names {
		raw := c.all[name]
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		var list []string
		var text string
		if err := json.Unmarshal(raw, &list); err == nil {
			scopes = append(scopes, list...)
		} else if err := json.Unmarshal(raw, &text); err == nil {
			scopes = append(scopes, strings.Fields(text)...)
		} else {
			return nil, err
		}
	}
	return scopes, nil
}
