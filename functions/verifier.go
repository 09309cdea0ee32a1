package functions

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/request"
)

// TenantClaim is the claim that names the tenant in tokens of an issuer whose
// settings say nothing else.
const TenantClaim = "tenant_id"

// ScopeClaims are the claims that grant scopes in tokens of an issuer whose settings
// say nothing else: scope (RFC 8693, section 4.2), the same as Okta and Microsoft
// Entra call it, and the permissions of Auth0. A role says what a user is, not what
// the client was granted, so that roles count only when they are named.
var ScopeClaims = []string{"scope", "scp", "permissions"}

// NewVerifier makes a verifier of the tokens of one or several issuers, each of them
// verified with the settings of its own issuer alone. The tenant of an issuer with
// neither Tenant nor TenantClaim is in the claim [TenantClaim], and its scopes are in
// [ScopeClaims] when it names no others. An issuer that is set up for one Tenant, or that is
// one of all directories, does not grant [request.OwnerScope], since it may be run by a tenant.
func NewVerifier(issuers ...auth.Config) (auth.TokenVerifier, error) {
	var verifiers []*auth.Verifier
	var faults []error
	owners := ownerIssuers{of: map[string]bool{}}
	for i, c := range issuers {
		owners.of[c.Issuer] = c.Tenant == "" // no token has the name of all directories
		if c.Tenant == "" && c.TenantClaim == "" {
			c.TenantClaim = TenantClaim
		}
		if len(c.ScopeClaims) == 0 {
			c.ScopeClaims = ScopeClaims
		}
		if slices.ContainsFunc(issuers[:i], func(other auth.Config) bool { return other.Issuer == c.Issuer }) {
			faults = append(faults, fmt.Errorf("functions: the issuer %q is there twice: its tokens have one set of keys and settings", c.Issuer))
			continue
		}
		v, err := auth.NewVerifier(c)
		if err != nil {
			faults = append(faults, fmt.Errorf("functions: the issuer %q: %w", c.Issuer, err))
			continue
		}
		verifiers = append(verifiers, v)
	}
	switch {
	case len(faults) > 0:
		return nil, errors.Join(faults...)
	case len(verifiers) == 0:
		return nil, errors.New("functions: NewVerifier without an issuer")
	case len(verifiers) == 1:
		owners.TokenVerifier = verifiers[0]
	default:
		owners.TokenVerifier = auth.Issuers(verifiers...)
	}
	return owners, nil
}

// ownerIssuers is a verifier that lets some issuers alone grant the scope of the stage's owner.
type ownerIssuers struct {
	auth.TokenVerifier
	of map[string]bool // by name
}

// Verify implements [auth.TokenVerifier].
func (o ownerIssuers) Verify(ctx context.Context, token string) (*lift.Claims, error) {
	claims, err := o.TokenVerifier.Verify(ctx, token)
	if err != nil || o.of[claims.Issuer] || !claims.HasScope(request.OwnerScope) {
		return claims, err
	}
	own := *claims
	own.Scopes = slices.DeleteFunc(slices.Clone(claims.Scopes), func(scope string) bool { return scope == request.OwnerScope })
	return &own, nil
}
