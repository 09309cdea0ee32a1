package actiontest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
)

// ErrKilled is what the writes of a killed process return.
var ErrKilled = errors.New("the process was killed")

// A Store is an SQLite store in memory. Once its process is killed it takes no
// more writes.
type Store struct {
	*sqlite.Store
	mu       sync.Mutex
	dead     bool
	onChange func(c request.Change) (kill bool)
	sent     chan struct{} // nil, or gets one value for each write with a checkpoint
}

// NewStore opens a store, and closes it when the test ends.
func NewStore(t testing.TB) *Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &Store{Store: db}
}

// CheckpointSent returns a channel that has one value to begin with, and gets
// one more for each checkpoint that is written from now on.
func (s *Store) CheckpointSent() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = make(chan struct{}, 1000)
	s.sent <- struct{}{}
	return s.sent
}

// ChangeRequest overrides the store's.
func (s *Store) ChangeRequest(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	s.mu.Lock()
	if !s.dead && s.onChange != nil {
		s.dead = s.onChange(c)
	}
	dead := s.dead
	if c.Set.Checkpoint != nil && s.sent != nil {
		s.sent <- struct{}{}
	}
	s.mu.Unlock()
	if dead {
		return nil, ErrKilled
	}
	return s.Store.ChangeRequest(ctx, key, c)
}

// Restart starts the next process. onChange, if not nil, sees each write before
// it is done and may kill the process.
func (s *Store) Restart(onChange func(c request.Change) (kill bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead, s.onChange = false, onChange
}
