package functions

import (
	"errors"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/wire"
)

// claimTenant is the claim that names the tenant.
const claimTenant = "tenant_id"

// ScopeClaims are the claims that grant scopes, for the auth.Config of the
// functions' verifier.
var ScopeClaims = []string{"scope", "permissions"}

// maxName bounds a tenant's and a subject's name, in bytes: both are part of
// keys, which DynamoDB bounds at 2048 and 1024.
const maxName = 256

// principalOf reads the principal of a verified token. A token without a tenant
// or a subject is not valid.
func principalOf(claims *lift.Claims) (streamer.Principal, error) {
	p := streamer.Principal{
		Tenant:    claims.Text(claimTenant),
		Subject:   claims.Subject,
		Scopes:    claims.Scopes,
		ExpiresAt: claims.Expiry,
	}
	switch {
	case p.Tenant == "" || len(p.Tenant) > maxName:
		return p, streamer.Errorf(wire.Unauthorized, "the token needs a claim %s of 1 to %d bytes", claimTenant, maxName)
	case p.Subject == "" || len(p.Subject) > maxName:
		return p, streamer.Errorf(wire.Unauthorized, "the token needs a claim sub of 1 to %d bytes", maxName)
	}
	// It stands for every subject where an operator asks for a whole tenant.
	if p.Subject == wire.AllSubjects {
		return p, streamer.Errorf(wire.Unauthorized, "the claim sub may not be %q, which is a wildcard", wire.AllSubjects)
	}
	return p, nil
}

// caller returns the principal of an event that the auth middleware let pass.
func caller(e *lift.Event) (streamer.Principal, error) {
	if e.Claims == nil {
		return streamer.Principal{}, errors.New("no auth middleware before a handler that needs the caller")
	}
	return principalOf(e.Claims)
}
