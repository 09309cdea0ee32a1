package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/pay-theory/streamer/request"
)

// BlockedRequests implements [request.SlotLister].
func (s *Store) BlockedRequests(ctx context.Context, slot string, limit int) ([]*request.Request, error) {
	blocked, err := s.query(ctx, "SELECT "+columns+
		" FROM requests WHERE blocked = ? AND blocked <> '' ORDER BY priority DESC, created_at, id LIMIT ?", slot, limit)
	if err != nil {
		return nil, fmt.Errorf("sqlite: list blocked requests: %w", err)
	}
	return blocked, nil
}

// PlacesTaken implements [request.SlotLister].
func (s *Store) PlacesTaken(ctx context.Context, slot string) (int, error) {
	var taken int
	err := s.read.QueryRowContext(ctx, "SELECT taken FROM slots WHERE name = ?", slot).Scan(&taken)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("sqlite: count places: %w", err)
	}
	return taken, nil
}

// take takes a place of each slot, or returns a *request.LimitError.
func take(tx *sql.Tx, slots []request.Slot) error {
	for _, slot := range slots {
		result, err := tx.Exec("INSERT INTO slots (name, taken) SELECT ?1, 1 WHERE ?2 > 0 "+
			"ON CONFLICT (name) DO UPDATE SET taken = taken + 1 WHERE taken < ?2", slot.Name, slot.Limit)
		if err != nil {
			return fmt.Errorf("take place: %w", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return fmt.Errorf("take place: %w", err)
		}
		if n == 0 {
			return &request.LimitError{Slot: slot}
		}
	}
	return nil
}

// giveBack gives back the places that are both held and to be released.
func giveBack(tx *sql.Tx, held, release []string) error {
	for _, name := range held {
		if !slices.Contains(release, name) {
			continue
		}
		if _, err := tx.Exec("UPDATE slots SET taken = taken - 1 WHERE name = ? AND taken > 0", name); err != nil {
			return fmt.Errorf("give place back: %w", err)
		}
	}
	return nil
}
