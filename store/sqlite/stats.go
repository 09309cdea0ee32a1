package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/pay-theory/streamer/request"
)

// countOrder is the order in which requests of a tenant are counted, which an index has.
const countOrder = "state, action, subject, created_at, rowid"

// CountRequests implements [request.StatsReader]. It reads indexes alone: what q.Kept leaves out
// is in one of its own, which has as many entries as were not purged yet.
func (s *Store) CountRequests(ctx context.Context, q request.Query) ([]request.Count, string, error) {
	counts, next, err := s.count(ctx, q)
	if err != nil {
		return nil, "", fmt.Errorf("sqlite: count requests: %w", err)
	}
	return counts, next, nil
}

func (s *Store) count(ctx context.Context, q request.Query) (counts []request.Count, next string, err error) {
	of := &condition{}
	of.and("tenant = ?", q.Tenant)
	if q.Cursor != "" {
		at := countCursor{of: q.Tenant}
		if err := parseCursor(q.Cursor, &at); err != nil {
			return nil, "", err
		}
		of.and("("+countOrder+") > (?, ?, ?, ?, ?)", at.State, at.Action, at.Subject, at.Created, at.Row)
	}
	page := "SELECT " + countOrder + " FROM requests INDEXED BY requests_counts" + of.String() + " ORDER BY " + countOrder + " LIMIT ?"
	if next, err = s.countedTo(ctx, q.Tenant, page+" OFFSET ?", append(of.args, 2, q.Limit-1)...); err != nil {
		return nil, "", err
	}
	where := selected(q)
	if !q.Kept.IsZero() {
		where.and("rowid NOT IN (SELECT rowid FROM requests INDEXED BY requests_expiry WHERE expires_at <= ?)", q.Kept.UnixMilli())
	}
	rows, err := s.read.QueryContext(ctx, "SELECT state, action, subject, count(*), min(created_at) FROM ("+page+")"+where.String()+
		" GROUP BY state, action, subject", append(append(of.args, q.Limit), where.args...)...)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c request.Count
		if err := rows.Scan(&c.State, &c.Action, &c.Subject, &c.Requests, (*moment)(&c.Oldest)); err != nil {
			return nil, "", err
		}
		counts = append(counts, c)
	}
	return counts, next, rows.Err()
}

// countedTo is the cursor of a page whose last row the query finds, and the one behind
// it; empty where none is behind it.
func (s *Store) countedTo(ctx context.Context, tenant, query string, args ...any) (next string, err error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	last := countCursor{Tenant: tenant}
	if rows.Next() {
		if err := rows.Scan(&last.State, &last.Action, &last.Subject, &last.Created, &last.Row); err != nil {
			return "", err
		}
		if rows.Next() {
			next = formatCursor(last)
		}
	}
	return next, rows.Err()
}

// A countCursor is the last row of a page of what is counted.
type countCursor struct {
	Tenant  string `json:"ct"`
	State   string `json:"cs"`
	Action  string `json:"ca"`
	Subject string `json:"cu"`
	Created int64  `json:"cc"`
	Row     int64  `json:"cr"`

	of string // the tenant that it must be of
}

func (c *countCursor) valid() bool { return c.Row > 0 && c.Tenant == c.of }

// OpenRequests implements [request.StatsReader]. It finds them in an index that has open
// requests alone.
func (s *Store) OpenRequests(ctx context.Context, q request.Query) ([]*request.Request, string, error) {
	where := selected(q)
	where.and("state IN ('QUEUED', 'RUNNING')")
	if q.Tenant != "" {
		where.and("tenant = ?", q.Tenant)
	}
	if q.Cursor != "" {
		at := openCursor{of: q.Tenant}
		if err := parseCursor(q.Cursor, &at); err != nil {
			return nil, "", err
		}
		where.and("(tenant, subject, id) > (?, ?, ?)", at.Tenant, at.Subject, at.ID)
	}
	page, last, err := s.page(ctx, q.Limit, "SELECT rowid, "+named(brief)+" FROM requests INDEXED BY requests_open"+where.String()+
		" ORDER BY tenant, subject, id LIMIT ?", where.args...)
	next := ""
	if last != nil {
		next = formatCursor(openCursor{Tenant: last.Tenant, Subject: last.Subject, ID: last.ID})
	}
	if err != nil {
		err = fmt.Errorf("sqlite: list open requests: %w", err)
	}
	return page, next, err
}

// An openCursor is the last row of a page of what is open.
type openCursor struct {
	Tenant  string `json:"ot"`
	Subject string `json:"ou"`
	ID      string `json:"oi"`

	of string // the tenant that it must be of; empty: any
}

func (c *openCursor) valid() bool { return c.ID != "" && (c.of == "" || c.Tenant == c.of) }
