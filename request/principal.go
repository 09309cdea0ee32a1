package request

import (
	"slices"
	"time"
)

// A Principal is who asks. It comes only from a verified token, never from a
// message.
type Principal struct {
	Tenant    string
	Subject   string
	Scopes    []string
	ExpiresAt time.Time // when the token ends; from then on the principal may ask for nothing
}

// Has reports whether the principal holds the scope. Every principal holds the
// empty scope, and an owner the scope of operators.
func (p Principal) Has(scope string) bool {
	return scope == "" || slices.Contains(p.Scopes, scope) || scope == OperatorScope && slices.Contains(p.Scopes, OwnerScope)
}

// OperatorScope lets its holder see and change the requests and the connections
// of every subject of its own tenant.
const OperatorScope = "streamer:operator"

// OwnerScope makes its holder an operator of every tenant of the stage.
const OwnerScope = "streamer:owner"

// Same reports whether both are one person of one tenant, whatever their
// scopes and expiry.
func (p Principal) Same(other Principal) bool {
	return p.Tenant == other.Tenant && p.Subject == other.Subject
}

// Expired reports whether the token behind the principal has ended.
func (p Principal) Expired(now time.Time) bool { return !now.Before(p.ExpiresAt) }

// Key names one of the principal's requests.
func (p Principal) Key(id string) Key {
	return Key{Tenant: p.Tenant, Subject: p.Subject, ID: id}
}
