package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift"
)

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

	// Issuer is the iss that a token must have. Required.
	//
	// In Microsoft Entra's https://login.microsoftonline.com/{tenantid}/v2.0, as its
	// discovery document has it, {tenantid} stands for every directory: the token's tid,
	// which is that of its iss. A key of the JWK set with an issuer of its own counts for
	// that one alone.
	//
	// https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer
	Issuer string

	Audience string // what a token's aud must be or contain. Required without ClientIDs

	// ClientIDs are the clients whose access tokens count: those that name one in
	// client_id, as the tokens of Cognito user pools do, which have no aud, or that
	// have neither aud nor client_id and name one in azp, as Clerk's do. A token
	// whose aud is not the Audience is refused all the same, where there is one.
	//
	// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
	ClientIDs []string

	// TenantClaim is the claim whose text is the tenant of the token, for
	// [lift.Claims]. A token without it is refused. Default: none is looked for.
	//
	// The name of a claim is exact, such as https://app.example/tenant. One that
	// begins with a slash is a JSON Pointer (RFC 6901) to a member of an object in
	// the token, such as /o/id; this holds for ScopeClaims too.
	TenantClaim string

	// Tenant is the tenant of every token, in the place of a TenantClaim.
	Tenant string

	// Algorithms are those allowed, of the constants of this package; Ed25519, which
	// is RFC 9864's name of EdDSA, stands for it. Default: all. With Keys each must
	// have a key.
	Algorithms []string

	// Leeway is how far clocks may be apart, for exp and nbf. Default: none; a
	// minute at most.
	Leeway time.Duration

	// ScopeClaims are the claims that hold scopes, each a text with spaces
	// between or a list of texts. All that a token has count together. Default:
	// scope. Names are as for TenantClaim.
	ScopeClaims []string

	Now func() time.Time // default: time.Now
}

// A Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	config Config
	keys   []key // those of Config.Keys
	jwks   *jwks // or where they come from
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
	case cfg.Tenant != "" && cfg.TenantClaim != "":
		return nil, fmt.Errorf("auth: Config has both a Tenant for every token and the TenantClaim %s: leave one of them empty", cfg.TenantClaim)
	case cfg.Leeway < 0 || cfg.Leeway > time.Minute:
		return nil, fmt.Errorf("auth: Config.Leeway of %s is not between 0 and a minute", cfg.Leeway)
	}
	cfg.ClientIDs, cfg.ScopeClaims = slices.Clone(cfg.ClientIDs), slices.Clone(cfg.ScopeClaims)
	if len(cfg.ScopeClaims) == 0 {
		cfg.ScopeClaims = []string{"scope"}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	v := &Verifier{config: cfg}
	var err error
	if cfg.JWKS.URL != "" {
		v.jwks, err = newJWKS(cfg.JWKS, cfg.Now)
		if err != nil {
			return nil, err
		}
	} else {
		v.keys, err = parseKeys(cfg.Keys)
		if err != nil {
			return nil, fmt.Errorf("auth: parse Config.Keys: %w", err)
		}
	}
	if v.config.Algorithms, err = v.allowed(cfg.Algorithms); err != nil {
		return nil, err
	}
	methods := v.config.Algorithms
	if slices.Contains(methods, EdDSA) {
		methods = append(slices.Clip(methods), ed25519Name)
	}
	// What the claims must say, Verify checks itself, so that a refusal can name it.
	v.parser = jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	return v, nil
}

// allowed checks the algorithms of a Config.
func (v *Verifier) allowed(names []string) ([]string, error) {
	if len(names) == 0 {
		return algorithms, nil
	}
	var all []string
	for _, name := range names {
		alg := canonical(name)
		if !slices.Contains(algorithms, alg) {
			return nil, fmt.Errorf("auth: Config.Algorithms: %q is none of %s", name, strings.Join(algorithms, ", "))
		}
		if v.jwks == nil && !slices.ContainsFunc(v.keys, func(k key) bool { return k.fits(alg) }) {
			return nil, fmt.Errorf("auth: Config.Algorithms allows %s, but Config.Keys has no key for it", alg)
		}
		all = append(all, alg)
	}
	return all, nil
}

// Verify returns what a valid token says. A token that is not valid gives a
// [lift.Error] with CodeUnauthorized, whose message is fit for the caller and
// whose cause names the check that failed, for the log. CodeUnavailable says that
// the keys could not be fetched, and nothing about the token.
//
// Access tokens alone are valid: a typ other than JWT and at+jwt (RFC 9068,
// section 2.1), what is known as an ID token or a logout token, and a token that
// is bound to a key (cnf, RFC 7800), whose proof nothing here would check, are not.
func (v *Verifier) Verify(ctx context.Context, token string) (*lift.Claims, error) {
	if len(token) > maxToken {
		return nil, refuse(errTooLong)
	}
	claims, err := v.parse(ctx, token)
	if err != nil {
		return nil, err
	}
	if fault := v.check(claims); fault != "" {
		return nil, refuse(fault)
	}
	tenant, fault := v.tenant(claims)
	if fault != "" {
		return nil, refuse(fault)
	}
	scopes, fault := claims.scopes(v.config.ScopeClaims)
	if fault != "" {
		return nil, refuse(fault)
	}
	return &lift.Claims{
		Tenant:   tenant,
		Subject:  claims.Subject,
		Issuer:   claims.Issuer,
		Audience: claims.Audience,
		Expiry:   claims.ExpiresAt.Time,
		Scopes:   scopes,
		Raw:      claims.raw,
	}, nil
}

// parse verifies the signature. One that no key fits is worth one more look at
// keys that are fetched: the issuer may have a new key under the same kid, or under
// none.
func (v *Verifier) parse(ctx context.Context, token string) (*tokenClaims, error) {
	keys := keySet{issuer: v.config.Issuer, keys: v.keys}
	if v.jwks != nil {
		keys.fetch = func(missing bool) ([]key, bool, error) { return v.jwks.get(ctx, missing) }
	}
	claims := new(tokenClaims)
	_, err := v.parser.ParseWithClaims(token, claims, keys.forToken)
	if errors.Is(err, jwt.ErrTokenSignatureInvalid) && keys.fetch != nil && keys.asked && !keys.looked {
		if fetched, looked, fault := keys.fetch(true); fault == nil && looked {
			keys = keySet{issuer: v.config.Issuer, keys: fetched}
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
	return nil, v.refusal(err, keys.asked)
}
