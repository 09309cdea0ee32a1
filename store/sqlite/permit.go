package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/pay-theory/streamer/request"
)

// ThrottledRequests implements [request.PermitLister].
func (s *Store) ThrottledRequests(ctx context.Context, limit string, n int) ([]*request.Request, error) {
	throttled, _, err := s.page(ctx, n, "SELECT rowid, "+named(brief)+
		" FROM requests WHERE blocked = ? AND blocked <> '' ORDER BY priority DESC, created_at, id LIMIT ?", limit)
	if err != nil {
		err = fmt.Errorf("sqlite: list throttled requests: %w", err)
	}
	return throttled, err
}

// ThrottlingLimits implements [request.PermitLister]. It steps from one limit to
// the next, past all that wait for it.
func (s *Store) ThrottlingLimits(ctx context.Context, n int, cursor string) ([]string, string, error) {
	var names []string
	for last := cursor; ; {
		var next sql.NullString
		err := s.read.QueryRowContext(ctx, "SELECT min(blocked) FROM requests WHERE blocked > ? AND blocked <> ''", last).Scan(&next)
		switch {
		case err != nil:
			return nil, "", fmt.Errorf("sqlite: list throttling limits: %w", err)
		case !next.Valid:
			return names, "", nil
		case len(names) == n:
			return names, last, nil
		}
		names, last = append(names, next.String), next.String
	}
}

// PermitsHeld implements [request.PermitLister].
func (s *Store) PermitsHeld(ctx context.Context, limit string) (int, error) {
	var taken int
	err := s.read.QueryRowContext(ctx, "SELECT taken FROM slots WHERE name = ?", limit).Scan(&taken)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("sqlite: count permits: %w", err)
	}
	return taken, nil
}

// acquirePermits counts one more holder of each permit, or returns a *request.LimitError
// and has counted none: a write that is refused behind its own changes is done once more.
func acquirePermits(t *tx, permits []request.Permit) error {
	for _, permit := range permits {
		var taken int
		err := t.QueryRow("SELECT taken FROM slots WHERE name = ?", permit.Name).Scan(&taken)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("count permits: %w", err)
		}
		if taken >= permit.Limit {
			return &request.LimitError{Permit: permit}
		}
	}
	for _, permit := range permits {
		if _, err := t.Exec("INSERT INTO slots (name, taken) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET taken = taken + 1",
			permit.Name); err != nil {
			return fmt.Errorf("acquire permit: %w", err)
		}
	}
	return nil
}

// release counts one holder less of each permit that is both held and released.
func release(t *tx, held, released []string) error {
	for _, name := range held {
		if !slices.Contains(released, name) {
			continue
		}
		if _, err := t.Exec("UPDATE slots SET taken = taken - 1 WHERE name = ? AND taken > 0", name); err != nil {
			return fmt.Errorf("release permit: %w", err)
		}
		if !request.CountsChildren(name) {
			continue
		}
		if _, err := t.Exec("DELETE FROM slots WHERE name = ? AND taken = 0", name); err != nil { // no other request has it
			return fmt.Errorf("drop counter: %w", err)
		}
	}
	return nil
}
