package streamer

import (
	"context"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// What one page of statistics looks at, at the most.
const (
	countedInPage = 100_000 // requests of States
	readInPage    = 1_000   // rows of Waiting and Failures
)

// States counts requests by state, action and subject, a page of them at a time. Requests whose
// retention is over count on DynamoDB until it has deleted them, which may take days. It needs
// [request.OperatorScope], as Waiting and Failures do.
func (s *Requests) States(ctx context.Context, caller Caller, q wire.StatsQuery) (wire.States, error) {
	query, err := caller.stats(q, countedInPage)
	if err != nil {
		return wire.States{}, err
	}
	query.Kept = now(s.Now)
	counts, cursor, err := s.Store.CountRequests(ctx, query)
	if _, err = logUndecodable(ctx, s.logger(), err); err != nil {
		return wire.States{}, unavailable("count requests", err)
	}
	parts := wire.States{Cursor: cursor}
	for _, c := range counts {
		state := string(c.State)
		parts.States = append(parts.States, wire.StateCount{State: state, Count: c.Requests, Oldest: c.Oldest})
		parts.Actions = append(parts.Actions, wire.ActionStates{Action: c.Action, States: map[string]int{state: c.Requests}})
		if load := (wire.Load{Subject: c.Subject}); countOpen(&load, c.State, c.Requests) {
			parts.Subjects = append(parts.Subjects, load)
		}
	}
	var page wire.States
	page.Add(parts)
	return page.Shortened(), nil
}

// Waiting tells what open requests wait for, and which workers hold the others, a page of the
// open requests at a time: of one tenant, or of every tenant where an owner asks for
// [wire.AllTenants].
func (s *Requests) Waiting(ctx context.Context, caller Caller, q wire.StatsQuery) (wire.WaitingStats, error) {
	everywhere := caller.InTenant == wire.AllTenants
	if everywhere {
		if !caller.Has(request.OwnerScope) {
			return wire.WaitingStats{}, forbiddenTenant()
		}
		caller.InTenant = ""
	}
	query, err := caller.stats(q, readInPage)
	if err != nil {
		return wire.WaitingStats{}, err
	}
	if everywhere {
		query.Tenant = ""
	}
	open, cursor, err := s.Store.OpenRequests(ctx, query)
	if _, err = logUndecodable(ctx, s.logger(), err); err != nil {
		return wire.WaitingStats{}, unavailable("list open requests", err)
	}
	parts := wire.WaitingStats{Cursor: cursor}
	for _, r := range open {
		tenant := ""
		if everywhere {
			tenant = r.Tenant
			load := wire.Load{Tenant: tenant}
			countOpen(&load, r.State, 1)
			parts.Tenants = append(parts.Tenants, load)
		}
		load := wire.Load{Tenant: tenant, Subject: r.Subject}
		countOpen(&load, r.State, 1)
		parts.Subjects = append(parts.Subjects, load)
		if waiting := r.Waiting(); waiting != nil {
			parts.Waiting = append(parts.Waiting, wire.WaitingCount{For: waiting.For, Limit: waiting.Limit, Count: 1, Oldest: r.CreatedAt})
			continue
		}
		held := wire.HeldRequest{RequestName: wire.RequestName{Tenant: tenant, Subject: r.Subject, ID: r.ID}, Action: r.Action,
			ClaimedAt: r.ClaimedAt}
		parts.Workers = append(parts.Workers, wire.WorkerLoad{Worker: r.Worker, Running: 1, Since: r.ClaimedAt,
			Requests: []wire.HeldRequest{held}})
	}
	var page wire.WaitingStats
	page.Add(parts)
	return page.Shortened(), nil
}

// Failures groups the requests that are FAILED by why they did, a page of them at a time.
func (s *Requests) Failures(ctx context.Context, caller Caller, q wire.StatsQuery) (wire.Failures, error) {
	query, err := caller.stats(q, readInPage)
	if err != nil {
		return wire.Failures{}, err
	}
	query.State = request.Failed
	failed, cursor, err := s.Store.ListRequests(ctx, query)
	if _, err = logUndecodable(ctx, s.logger(), err); err != nil {
		return wire.Failures{}, unavailable("list failed requests", err)
	}
	parts, at := wire.Failures{Cursor: cursor}, now(s.Now)
	for _, r := range failed {
		if !r.Expired(at) {
			parts.Failures = append(parts.Failures, failureOf(r))
		}
	}
	var page wire.Failures
	page.Add(parts)
	return page, nil
}

// failureOf is the group of one request that failed.
func failureOf(r *request.Request) wire.Failure {
	f := wire.Failure{Action: r.Action, Count: 1, First: r.FinishedAt, Last: r.FinishedAt,
		Sample: wire.RequestName{Subject: r.Subject, ID: r.ID}}
	if r.Error != nil {
		f.Code = r.Error.Code
		f.Message, f.Kind = wire.FailureMessage(*r.Error, r.History)
	}
	return f
}

// countOpen adds requests to a load where they are open.
func countOpen(load *wire.Load, state request.State, n int) bool {
	switch state {
	case request.Queued:
		load.Queued += n
	case request.Running:
		load.Running += n
	default:
		return false
	}
	return true
}

// stats is the query of a page of statistics.
func (caller Caller) stats(q wire.StatsQuery, limit int) (request.Query, error) {
	if !caller.Has(request.OperatorScope) {
		return request.Query{}, Errorf(wire.Forbidden, "statistics need the scope %q", request.OperatorScope)
	}
	tenant, err := caller.tenant()
	if err != nil {
		return request.Query{}, err
	}
	if q.Subject == wire.AllSubjects {
		q.Subject = ""
	}
	return request.Query{Tenant: tenant, Subject: q.Subject, Action: q.Action, From: q.Since, Until: q.Until,
		Cursor: q.Cursor, Limit: limit}, nil
}
