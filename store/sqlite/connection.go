package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer"
)

// SaveConnection implements [streamer.ConnectionStore].
func (s *Store) SaveConnection(ctx context.Context, c streamer.Connection) error {
	scopes, err := json.Marshal(c.Principal.Scopes)
	if err != nil {
		return fmt.Errorf("sqlite: encode scopes: %w", err)
	}
	_, err = s.write.ExecContext(ctx, `INSERT OR REPLACE INTO connections
		(id, tenant, subject, scopes, expires_at, connected_at) VALUES (?, ?, ?, ?, ?, ?)`,
		c.ID, c.Principal.Tenant, c.Principal.Subject, string(scopes), c.Principal.ExpiresAt.UnixMilli(), c.ConnectedAt.UnixMilli())
	if err != nil {
		return fmt.Errorf("sqlite: save connection: %w", err)
	}
	return nil
}

// LoadConnection implements [streamer.ConnectionStore].
func (s *Store) LoadConnection(ctx context.Context, id string) (streamer.Connection, error) {
	var (
		c                  = streamer.Connection{ID: id}
		scopes             string
		expires, connected int64
	)
	err := s.read.QueryRowContext(ctx, "SELECT tenant, subject, scopes, expires_at, connected_at FROM connections WHERE id = ?", id).
		Scan(&c.Principal.Tenant, &c.Principal.Subject, &scopes, &expires, &connected)
	if errors.Is(err, sql.ErrNoRows) {
		err = streamer.ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(scopes), &c.Principal.Scopes)
	}
	if err != nil {
		return streamer.Connection{}, fmt.Errorf("sqlite: load connection: %w", err)
	}
	c.Principal.ExpiresAt, c.ConnectedAt = time.UnixMilli(expires).UTC(), time.UnixMilli(connected).UTC()
	return c, nil
}

// DeleteConnection implements [streamer.ConnectionStore].
func (s *Store) DeleteConnection(ctx context.Context, id string) error {
	if _, err := s.write.ExecContext(ctx, "DELETE FROM connections WHERE id = ?", id); err != nil {
		return fmt.Errorf("sqlite: delete connection: %w", err)
	}
	return nil
}
