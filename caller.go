package streamer

import (
	"cmp"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A Caller is who asks, and over what.
type Caller struct {
	Principal
	Connection    string // the WebSocket connection that wants live frames; empty over HTTP
	CorrelationID string // of this call, for logs and errors

	// OnBehalfOf is the subject whose requests are meant; empty: the caller's own.
	// Another's needs [request.OperatorScope], and no caller submits for another.
	OnBehalfOf string

	// InTenant is the tenant whose requests are meant; empty: the caller's own. Another's
	// needs [request.OwnerScope] and a subject, and no caller submits in another.
	InTenant string
}

// tenant is the tenant whose requests are meant.
func (caller Caller) tenant() (string, error) {
	switch {
	case caller.InTenant == "" || caller.InTenant == caller.Tenant:
		return caller.Tenant, nil
	case !caller.Has(request.OwnerScope):
		return "", forbiddenTenant()
	case caller.InTenant == wire.AllTenants:
		return "", Errorf(wire.ValidationError, "the tenant %q is for what open requests wait for alone: name one tenant", wire.AllTenants)
	}
	return caller.InTenant, nil
}

func forbiddenTenant() error {
	return Errorf(wire.Forbidden, "what belongs to another tenant needs the scope %q", request.OwnerScope)
}

// named is the request of an id that is meant; without one, whose requests are.
func (caller Caller) named(id string) (request.Key, error) {
	tenant, err := caller.tenant()
	if err != nil {
		return request.Key{}, err
	}
	key := request.Key{Tenant: tenant, Subject: cmp.Or(caller.OnBehalfOf, caller.Subject), ID: id}
	switch {
	case tenant != caller.Tenant && caller.OnBehalfOf == "":
		return request.Key{}, Errorf(wire.ValidationError, "no subject of the tenant %q is named: add subject", tenant)
	case tenant == caller.Tenant && key.Subject == caller.Subject && key.Subject != wire.AllSubjects: // which is a wildcard and no name
		return key, nil
	case !caller.Has(request.OperatorScope):
		return request.Key{}, Errorf(wire.Forbidden, "what belongs to another subject needs the scope %q", request.OperatorScope)
	}
	return key, nil
}

// summary is a request as an element of a list: without its result.
func (caller Caller) summary(r *request.Request) *wire.Snapshot {
	s := caller.frame(r).Request
	s.Result, s.ResultRef, s.History = nil, "", nil
	return s
}

// frame is a request as the caller is shown it. Where the caller named a
// subject, it does too.
func (caller Caller) frame(r *request.Request) wire.Frame {
	s := r.Snapshot(caller.Connection != "")
	if caller.Has(request.OperatorScope) {
		s.History = r.History
	}
	if caller.OnBehalfOf != "" {
		s.Subject = r.Subject
	}
	return wire.Frame{Type: wire.TypeRequest, RequestID: r.ID, Request: s}
}
