package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/request"
)

const connectionColumns = "id, tenant, subject, scopes, expires_at, connected_at, ends_at, source_ip, user_agent"

const selectConnection = "SELECT " + connectionColumns + " FROM connections WHERE id = ?"

// SaveConnection implements [request.ConnectionStore].
func (s *Store) SaveConnection(ctx context.Context, c request.Connection) error {
	scopes, err := json.Marshal(c.Principal.Scopes)
	if err != nil {
		return fmt.Errorf("sqlite: encode scopes: %w", err)
	}
	err = s.exec(ctx, "INSERT OR REPLACE INTO connections ("+connectionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		c.ID, c.Principal.Tenant, c.Principal.Subject, string(scopes), c.Principal.ExpiresAt.UnixMilli(), c.ConnectedAt.UnixMilli(),
		c.EndsAt().UnixMilli(), c.SourceIP, c.UserAgent)
	if err != nil {
		return fmt.Errorf("sqlite: save connection: %w", err)
	}
	return nil
}

// LoadConnection implements [request.ConnectionStore].
func (s *Store) LoadConnection(ctx context.Context, id string) (request.Connection, error) {
	found, err := scanConnection(s.loadConnection.QueryRowContext(ctx, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = request.ErrNotFound
	}
	if err != nil {
		return request.Connection{}, fmt.Errorf("sqlite: load connection: %w", err)
	}
	return found, nil
}

// ListConnections implements [request.ConnectionStore].
func (s *Store) ListConnections(ctx context.Context, q request.ConnectionQuery) ([]request.Connection, string, error) {
	where, args := "WHERE tenant = ?", []any{q.Tenant}
	if q.Subject != "" {
		where, args = where+" AND subject = ?", append(args, q.Subject)
	}
	if q.Cursor != "" {
		var at cursor
		if err := parseCursor(q.Cursor, &at); err != nil {
			return nil, "", err
		}
		where, args = where+" AND (subject, connected_at, id) > (?, ?, ?)", append(args, at.Subject, at.Created, at.ID)
	}
	page, err := s.queryConnections(ctx, where+" ORDER BY subject, connected_at, id LIMIT ?", append(args, q.Limit+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("sqlite: list connections: %w", err)
	}
	if len(page) <= q.Limit {
		return page, "", nil
	}
	last := page[q.Limit-1]
	return page[:q.Limit],
		formatCursor(cursor{Created: last.ConnectedAt.UnixMilli(), ID: last.ID, Subject: last.Principal.Subject}), nil
}

// StaleConnections implements [request.ConnectionStore].
func (s *Store) StaleConnections(ctx context.Context, now time.Time, limit int) ([]request.Connection, error) {
	ended, err := s.queryConnections(ctx, "WHERE ends_at <= ? ORDER BY ends_at LIMIT ?", now.UnixMilli(), limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: list ended connections: %w", err)
	}
	return ended, nil
}

func (s *Store) queryConnections(ctx context.Context, clauses string, args ...any) (found []request.Connection, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+connectionColumns+" FROM connections "+clauses, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		c, err := scanConnection(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, rows.Err()
}

func scanConnection(from interface{ Scan(dest ...any) error }) (request.Connection, error) {
	var (
		c                        request.Connection
		scopes                   string
		expires, connected, ends int64
	)
	err := from.Scan(&c.ID, &c.Principal.Tenant, &c.Principal.Subject, &scopes, &expires, &connected, &ends, &c.SourceIP, &c.UserAgent)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(scopes), &c.Principal.Scopes); err != nil {
		return c, fmt.Errorf("decode scopes: %w", err)
	}
	c.Principal.ExpiresAt, c.ConnectedAt = time.UnixMilli(expires).UTC(), time.UnixMilli(connected).UTC()
	return c, nil
}

// DeleteConnection implements [request.ConnectionStore].
func (s *Store) DeleteConnection(ctx context.Context, id string) error {
	if err := s.exec(ctx, "DELETE FROM connections WHERE id = ?", id); err != nil {
		return fmt.Errorf("sqlite: delete connection: %w", err)
	}
	return nil
}

func (s *Store) exec(ctx context.Context, statement string, args ...any) error {
	return s.inTx(ctx, func(t *tx) error {
		_, err := t.Exec(statement, args...)
		return err
	})
}
