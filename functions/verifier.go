package functions

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pay-theory/streamer/lift/auth"
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
// [ScopeClaims] when it names no others.
func NewVerifier(issuers ...auth.Config) (auth.TokenVerifier, error) {
	var verifiers []*auth.Verifier
	var faults []error
	for i, c := range issuers {
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
		return verifiers[0], nil
	}
	return auth.Issuers(verifiers...), nil
}
