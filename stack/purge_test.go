package stack

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

// expired is a store with so many expired rows.
type expired struct {
	left, calls int
	fault       error
}

func (e *expired) PurgeExpired(_ context.Context, _ time.Time, limit int) (int, error) {
	e.calls++
	n := min(e.left, limit)
	e.left -= n
	return n, e.fault
}

func TestAPurgeLeavesNothingExpired(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		store       *expired
		left, calls int
	}{
		"nothing":                      {&expired{}, 0, 1},
		"a page":                       {&expired{left: purgePage}, 0, 2},
		"a day of a thousand a second": {&expired{left: 86_400_000}, 0, 86_401},
		"a fault ends it":              {&expired{left: 5 * purgePage, fault: errors.New("disk I/O error")}, 4 * purgePage, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			purge(t.Context(), tt.store, time.Now(), slog.New(slog.DiscardHandler))
			if tt.store.left != tt.left || tt.store.calls != tt.calls {
				t.Errorf("%d rows are left after %d calls, want %d after %d", tt.store.left, tt.store.calls, tt.left, tt.calls)
			}
		})
	}
}
