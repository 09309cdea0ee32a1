package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

func TestTokenBuckets(t *testing.T) {
	t.Parallel()
	now := lifttest.When
	b := middleware.NewTokenBuckets(middleware.TokenBucketConfig{Rate: 2, Burst: 3, MaxKeys: 2, Now: func() time.Time { return now }})
	step := func(key string, want bool, wantAfter time.Duration) {
		t.Helper()
		ok, after, err := b.Allow(t.Context(), key)
		if ok != want || after != wantAfter || err != nil {
			t.Errorf("%s: %v, %s, %v; want %v, %s", key, ok, after, err, want, wantAfter)
		}
	}
	for range 3 {
		step("a", true, 0)
	}
	step("a", false, 500*time.Millisecond)
	step("b", true, 0) // keys are apart
	now = now.Add(250 * time.Millisecond)
	step("a", false, 250*time.Millisecond)
	now = now.Add(250 * time.Millisecond)
	step("a", true, 0)
	step("a", false, 500*time.Millisecond)
	now = now.Add(-time.Hour) // a clock that is set back gives and takes nothing
	step("a", false, 500*time.Millisecond)
	now = now.Add(2 * time.Hour)
	for range 3 { // no more than the burst, however long it was quiet
		step("a", true, 0)
	}
	step("a", false, 500*time.Millisecond)
	step("c", true, 0) // b is forgotten, a is not
	step("a", false, 500*time.Millisecond)
}

func TestTokenBucketsDefaults(t *testing.T) {
	t.Parallel()
	b := middleware.NewTokenBuckets(middleware.TokenBucketConfig{Rate: 0.5})
	if ok, _, _ := b.Allow(t.Context(), "a"); !ok {
		t.Error("the first call is refused")
	}
	if ok, after, _ := b.Allow(t.Context(), "a"); ok || after > 2*time.Second || after < time.Second {
		t.Errorf("the second call: %v after %s", ok, after)
	}
	panics(t, "NewTokenBuckets", func() { middleware.NewTokenBuckets(middleware.TokenBucketConfig{}) })
	panics(t, "without a Limiter", func() { middleware.RateLimit(middleware.RateLimitConfig{}) })
}

func TestTokenBucketsSideBySide(t *testing.T) {
	t.Parallel()
	b := middleware.NewTokenBuckets(middleware.TokenBucketConfig{Rate: 1, Burst: 100, MaxKeys: 8, Now: func() time.Time { return lifttest.When }})
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 10 {
				if ok, _, _ := b.Allow(t.Context(), "one"); ok {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 100 {
		t.Errorf("%d calls passed", passed.Load())
	}
	for i := range 100 {
		if _, _, err := b.Allow(t.Context(), fmt.Sprint(i)); err != nil {
			t.Error(err)
		}
	}
}

// keys notes the keys that it is asked for.
type keys struct {
	seen []string
	err  error
}

func (k *keys) Allow(_ context.Context, key string) (bool, time.Duration, error) {
	k.seen = append(k.seen, key)
	return len(k.seen) < 5, 2500 * time.Millisecond, k.err
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	var k keys
	claims := func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			if e.Header("X-User") != "" {
				e.Claims = &lift.Claims{Issuer: "iss", Subject: e.Header("X-User")}
			}
			return next.Handle(ctx, e)
		})
	}
	a := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	a.Use(claims, middleware.RateLimit(middleware.RateLimitConfig{Limiter: &k}))
	a.HTTP("/x", lift.HandlerFunc(succeed))
	a.WebSocket(lift.RouteDefault, lift.HandlerFunc(succeed))
	a.Direct(lift.HandlerFunc(succeed))
	for _, event := range []lifttest.Event{
		lifttest.HTTP{Path: "/x", SourceIP: "198.51.100.1"}, lifttest.HTTP{Path: "/x", Header: map[string][]string{"X-User": {"ada"}}},
		lifttest.Message{}, lifttest.JSON{Value: 1},
	} {
		t.Run(fmt.Sprint(event), func(t *testing.T) {
			if answer := lifttest.Invoke(t.Context(), t, a, event); answer.Err != nil || answer.Status >= 400 {
				t.Errorf("answer %+v", answer)
			}
		})
	}
	if got := strings.Join(k.seen, ", "); got != "address 198.51.100.1, subject iss ada, address 203.0.113.7, " {
		t.Errorf("keys %q", got)
	}
	if answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Path: "/x"}); answer.Status != 429 || answer.Header.Get("Retry-After") != "3" {
		t.Errorf("answer %d %v", answer.Status, answer.Header)
	}
	k.err = errors.New("the counter is away: sesame")
	if answer := lifttest.Invoke(t.Context(), t, a, lifttest.HTTP{Path: "/x"}); answer.Status != 503 || strings.Contains(string(answer.Body), "sesame") {
		t.Errorf("answer %d %s", answer.Status, answer.Body)
	}
}
