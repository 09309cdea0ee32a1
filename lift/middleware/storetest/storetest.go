// Package storetest has the tests that every store of lift/middleware passes: run
// them on a store of one's own.
package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/middleware"
)

// A Clock is the time that a store under test goes by.
type Clock struct{ nanos atomic.Int64 }

// NewClock returns a clock that stands at a whole second of now.
func NewClock() *Clock {
	c := new(Clock)
	c.nanos.Store(time.Now().Truncate(time.Second).UnixNano())
	return c
}

// Now returns the time.
func (c *Clock) Now() time.Time { return time.Unix(0, c.nanos.Load()).UTC() }

// Add moves the time on.
func (c *Clock) Add(d time.Duration) { c.nanos.Add(int64(d)) }

// Idempotency tests a store. What newStore returns is empty, or holds no keys of
// other tests, and goes by the clock.
//
//nolint:gocognit // a table of tests
func Idempotency(t *testing.T, newStore func(t *testing.T, clock *Clock) middleware.IdempotencyStore) {
	t.Helper()
	one, two := [32]byte{1}, [32]byte{2}
	for name, test := range map[string]func(*testing.T, *Clock, middleware.IdempotencyStore){
		"a key is claimed once": func(t *testing.T, clock *Clock, s middleware.IdempotencyStore) {
			token := claim(t, s, "k", one)
			held := begin(t, s, "k", two)
			if held.Token != "" || held.Hash != one || held.Done || !held.Until.Equal(clock.Now().Add(time.Minute)) {
				t.Errorf("got %+v, want the claim of the first call", held)
			}
			if other := begin(t, s, "other", two); other.Token == "" || other.Token == token {
				t.Errorf("another key: got %+v", other)
			}
		},
		"an answer is kept for its time": func(t *testing.T, clock *Clock, s middleware.IdempotencyStore) {
			if err := s.Complete(t.Context(), "k", claim(t, s, "k", one), []byte("answer"), time.Hour); err != nil {
				t.Fatal(err)
			}
			clock.Add(time.Hour - time.Second)
			if held := begin(t, s, "k", one); !held.Done || string(held.Answer) != "answer" || held.Hash != one {
				t.Errorf("got %+v, want the answer", held)
			}
			clock.Add(time.Second)
			claim(t, s, "k", two)
		},
		"an empty answer is one": func(t *testing.T, _ *Clock, s middleware.IdempotencyStore) {
			if err := s.Complete(t.Context(), "k", claim(t, s, "k", one), nil, time.Hour); err != nil {
				t.Fatal(err)
			}
			if held := begin(t, s, "k", one); !held.Done || len(held.Answer) != 0 {
				t.Errorf("got %+v, want an answer that is empty", held)
			}
		},
		"a lease that has ended frees the key": func(t *testing.T, clock *Clock, s middleware.IdempotencyStore) {
			late := claim(t, s, "k", one)
			clock.Add(time.Minute)
			if err := s.Complete(t.Context(), "k", late, []byte("late"), time.Hour); !errors.Is(err, middleware.ErrClaimLost) {
				t.Errorf("Complete after the lease: got %v, want ErrClaimLost", err)
			}
			token := claim(t, s, "k", two)
			if err := s.Complete(t.Context(), "k", late, []byte("late"), time.Hour); !errors.Is(err, middleware.ErrClaimLost) {
				t.Errorf("Complete of the one before: got %v, want ErrClaimLost", err)
			}
			if err := s.Release(t.Context(), "k", late); err != nil {
				t.Errorf("Release of the one before: got %v", err)
			}
			if err := s.Complete(t.Context(), "k", token, []byte("answer"), time.Hour); err != nil {
				t.Errorf("Complete of the one that holds it: got %v", err)
			}
		},
		"a key that is released is free": func(t *testing.T, _ *Clock, s middleware.IdempotencyStore) {
			token := claim(t, s, "k", one)
			if err := s.Release(t.Context(), "k", token); err != nil {
				t.Fatal(err)
			}
			if again := claim(t, s, "k", two); again == token {
				t.Error("got the token of the claim before")
			}
			if err := s.Release(t.Context(), "nothing", token); err != nil {
				t.Errorf("Release of a key that is not there: got %v", err)
			}
		},
		"an answer is not released, nor replaced": func(t *testing.T, _ *Clock, s middleware.IdempotencyStore) {
			token := claim(t, s, "k", one)
			if err := s.Complete(t.Context(), "k", token, []byte("answer"), time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := s.Release(t.Context(), "k", token); err != nil {
				t.Errorf("Release: got %v", err)
			}
			if err := s.Complete(t.Context(), "k", token, []byte("another"), time.Hour); !errors.Is(err, middleware.ErrClaimLost) {
				t.Errorf("a second Complete: got %v, want ErrClaimLost", err)
			}
			if held := begin(t, s, "k", one); string(held.Answer) != "answer" {
				t.Errorf("got %q, want the answer", held.Answer)
			}
		},
		"of many at once one claims": func(t *testing.T, _ *Clock, s middleware.IdempotencyStore) {
			var claims atomic.Int64
			var group sync.WaitGroup
			for range 16 {
				group.Go(func() {
					got, err := s.Begin(context.Background(), "k", one, time.Minute)
					if err != nil {
						t.Errorf("Begin: %v", err)
					}
					if got.Token != "" {
						claims.Add(1)
					}
				})
			}
			group.Wait()
			if claims.Load() != 1 {
				t.Errorf("got %d claims, want 1", claims.Load())
			}
		},
		"keys are any text": func(t *testing.T, _ *Clock, s middleware.IdempotencyStore) {
			for _, key := range []string{"a b", "a#b", "ключ", `"`, "a\nb"} {
				claim(t, s, key, one)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			test(t, clock, newStore(t, clock))
		})
	}
}

func begin(t *testing.T, s middleware.IdempotencyStore, key string, hash [32]byte) middleware.IdempotencyClaim {
	t.Helper()
	claim, err := s.Begin(t.Context(), key, hash, time.Minute)
	if err != nil {
		t.Fatalf("Begin %q: %v", key, err)
	}
	return claim
}

func claim(t *testing.T, s middleware.IdempotencyStore, key string, hash [32]byte) string {
	t.Helper()
	got := begin(t, s, key, hash)
	if got.Token == "" {
		t.Fatalf("Begin %q: got %+v, want a claim", key, got)
	}
	return got.Token
}

// Limiter tests a limiter of 2 calls a second and 3 at once.
func Limiter(t *testing.T, newLimiter func(t *testing.T, clock *Clock) middleware.Limiter) {
	t.Helper()
	allow := func(t *testing.T, l middleware.Limiter, key string) (bool, time.Duration) {
		t.Helper()
		ok, wait, err := l.Allow(t.Context(), key)
		if err != nil {
			t.Fatalf("Allow: %v", err)
		}
		return ok, wait
	}
	t.Run("a burst, and then the rate", func(t *testing.T) {
		t.Parallel()
		clock := NewClock()
		l := newLimiter(t, clock)
		for n := range 3 {
			if ok, wait := allow(t, l, "k"); !ok || wait != 0 {
				t.Errorf("call %d: got %t, %s; want it to pass", n, ok, wait)
			}
		}
		if ok, wait := allow(t, l, "k"); ok || wait != 500*time.Millisecond {
			t.Errorf("the fourth: got %t, %s; want to wait 500ms", ok, wait)
		}
		if ok, _ := allow(t, l, "other"); !ok {
			t.Error("another key has no bucket of its own")
		}
		clock.Add(499 * time.Millisecond)
		if ok, wait := allow(t, l, "k"); ok || wait != time.Millisecond {
			t.Errorf("before a token is there: got %t, %s; want to wait 1ms", ok, wait)
		}
		clock.Add(time.Millisecond)
		if ok, _ := allow(t, l, "k"); !ok {
			t.Error("half a second later: got a refusal")
		}
		if ok, _ := allow(t, l, "k"); ok {
			t.Error("a token was given twice")
		}
	})
	t.Run("a bucket that was idle is full and no more", func(t *testing.T) {
		t.Parallel()
		clock := NewClock()
		l := newLimiter(t, clock)
		allow(t, l, "k")
		clock.Add(time.Hour)
		passed := 0
		for range 5 {
			if ok, _ := allow(t, l, "k"); ok {
				passed++
			}
		}
		if passed != 3 {
			t.Errorf("got %d calls, want 3", passed)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		t.Parallel()
		l := newLimiter(t, NewClock())
		var passed atomic.Int64
		var group sync.WaitGroup
		for range 12 {
			group.Go(func() {
				ok, _, err := l.Allow(context.Background(), "k")
				if err != nil {
					t.Errorf("Allow: %v", err)
				}
				if ok {
					passed.Add(1)
				}
			})
		}
		group.Wait()
		if got := passed.Load(); got < 1 || got > 3 {
			t.Errorf("got %d calls, want 1 to 3", got)
		}
	})
}
