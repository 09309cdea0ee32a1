package functions

import (
	"errors"
	"fmt"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/wire"
)

// maxName bounds a tenant's and a subject's name, in bytes: both are part of
// keys, which DynamoDB bounds at 2048 and 1024.
const maxName = 256

// principalOf reads the principal of a verified token. A token without a tenant
// or a subject is not valid; which it lacks is for the log.
func principalOf(claims *lift.Claims) (streamer.Principal, error) {
	p := streamer.Principal{Tenant: claims.Tenant, Subject: claims.Subject, Scopes: claims.Scopes, ExpiresAt: claims.Expiry}
	switch {
	case p.Tenant == "":
		return p, notValid("the verifier found no tenant: its TenantClaim or Tenant is not set")
	case len(p.Tenant) > maxName:
		return p, notValid("the tenant has more than %d bytes", maxName)
	case p.Subject == "":
		return p, notValid("the token has no claim sub, which names the subject")
	case len(p.Subject) > maxName:
		return p, notValid("the claim sub has more than %d bytes", maxName)
	// It stands for every subject where an operator asks for a whole tenant.
	case p.Subject == wire.AllSubjects:
		return p, notValid("the claim sub is %q, which is a wildcard", wire.AllSubjects)
	}
	return p, nil
}

// notValid is the error of a token whose signature is good: the client sees no more
// than of any other that is refused.
func notValid(format string, args ...any) error {
	refusal := streamer.Errorf(wire.Unauthorized, "the token is not valid")
	refusal.Cause = fmt.Errorf(format, args...)
	return refusal
}

// caller returns the principal of an event that the auth middleware let pass.
func caller(e *lift.Event) (streamer.Principal, error) {
	if e.Claims == nil {
		return streamer.Principal{}, errors.New("no auth middleware before a handler that needs the caller")
	}
	return principalOf(e.Claims)
}
