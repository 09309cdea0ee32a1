package middleware

import (
	"container/list"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

// MemoryIdempotencyConfig bounds a [MemoryIdempotency].
type MemoryIdempotencyConfig struct {
	MaxKeys  int              // default: 10,000
	MaxBytes int              // of all answers. Default: 16 MiB
	Now      func() time.Time // default: time.Now
}

// MemoryIdempotency is an IdempotencyStore in the memory of one process: it
// knows nothing of the calls that another environment of the function has
// answered. That is right for tests and for one process alone; a deployed
// function needs a store that all its environments share.
//
// At its bounds the answer that was stored first is pruned. When all keys
// are held by calls that run, Begin fails.
type MemoryIdempotency struct {
	cfg MemoryIdempotencyConfig

	mu    sync.Mutex
	byKey map[string]*idempotent
	done  *list.List // of *idempotent with answers, the first stored first
	bytes int        // of all answers
}

type idempotent struct {
	key, token string
	hash       [32]byte
	until      time.Time // of the lease, or of the answer
	answer     []byte
	element    *list.Element // in done; nil while the call runs
}

var _ IdempotencyStore = (*MemoryIdempotency)(nil)

// NewMemoryIdempotency returns an empty store.
func NewMemoryIdempotency(cfg MemoryIdempotencyConfig) *MemoryIdempotency {
	if cfg.MaxKeys < 0 || cfg.MaxBytes < 0 {
		panic(fmt.Sprintf("lift/middleware: NewMemoryIdempotency with MaxKeys %d, MaxBytes %d", cfg.MaxKeys, cfg.MaxBytes))
	}
	if cfg.MaxKeys == 0 {
		cfg.MaxKeys = 10_000
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 16 << 20
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &MemoryIdempotency{cfg: cfg, byKey: make(map[string]*idempotent), done: list.New()}
}

// Begin claims the key or returns who has it.
func (m *MemoryIdempotency) Begin(_ context.Context, key string, hash [32]byte, lease time.Duration) (IdempotencyClaim, error) {
	now := m.cfg.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if held, ok := m.byKey[key]; ok {
		if now.Before(held.until) {
			return IdempotencyClaim{Hash: held.hash, Done: held.element != nil, Answer: held.answer, Until: held.until}, nil
		}
		m.forget(held)
	}
	if len(m.byKey) >= m.cfg.MaxKeys {
		m.makeRoom(now)
	}
	if len(m.byKey) >= m.cfg.MaxKeys {
		return IdempotencyClaim{}, errors.New("every idempotency key is held by a call that runs")
	}
	claimed := &idempotent{key: key, token: rand.Text(), hash: hash, until: now.Add(lease)}
	m.byKey[key] = claimed
	return IdempotencyClaim{Token: claimed.token}, nil
}

// Complete stores the answer.
func (m *MemoryIdempotency) Complete(_ context.Context, key, token string, answer []byte, keep time.Duration) error {
	now := m.cfg.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	held, ok := m.byKey[key]
	if !ok || held.token != token || held.element != nil || !now.Before(held.until) {
		return ErrClaimLost
	}
	if len(answer) > m.cfg.MaxBytes {
		return fmt.Errorf("an answer of %d bytes is more than the store takes", len(answer))
	}
	for m.bytes+len(answer) > m.cfg.MaxBytes {
		m.forget(m.done.Front().Value.(*idempotent))
	}
	held.answer, held.until = answer, now.Add(keep)
	held.element = m.done.PushBack(held)
	m.bytes += len(answer)
	return nil
}

// Release gives the key back.
func (m *MemoryIdempotency) Release(_ context.Context, key, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if held, ok := m.byKey[key]; ok && held.token == token && held.element == nil {
		m.forget(held)
	}
	return nil
}

// makeRoom forgets the oldest answer or, where there is none, the calls whose
// leases have ended.
func (m *MemoryIdempotency) makeRoom(now time.Time) {
	if oldest := m.done.Front(); oldest != nil {
		m.forget(oldest.Value.(*idempotent))
		return
	}
	for _, held := range m.byKey {
		if !now.Before(held.until) {
			m.forget(held)
		}
	}
}

func (m *MemoryIdempotency) forget(held *idempotent) {
	delete(m.byKey, held.key)
	if held.element != nil {
		m.done.Remove(held.element)
		m.bytes -= len(held.answer)
	}
}
