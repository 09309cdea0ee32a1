package middleware

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// A Limiter counts calls. It is safe for concurrent use.
type Limiter interface {
	// Allow takes one call of a key, and reports whether it is within the limit
	// and, if not, after what time one will be.
	Allow(ctx context.Context, key string) (ok bool, retryAfter time.Duration, err error)
}

// RateLimitConfig says who may call how often.
type RateLimitConfig struct {
	Limiter Limiter // required; see [NewTokenBuckets]

	// Key tells callers apart. Default: issuer and subject of a verified token,
	// or else the caller's address. Behind the verification of tokens the
	// default limits users, before it addresses.
	Key func(*lift.Event) string
}

// RateLimit refuses calls that come too often with 429 and Retry-After, or what
// stands for it outside HTTP. While the Limiter itself fails no call passes:
// callers get 503. It applies to HTTP, $connect, messages and direct
// invocations; a record or a tick that is refused would only come again.
func RateLimit(cfg RateLimitConfig) lift.Middleware {
	if cfg.Limiter == nil {
		panic("lift/middleware: RateLimit without a Limiter")
	}
	if cfg.Key == nil {
		cfg.Key = callerKey
	}
	return lift.Only("middleware.RateLimit", func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			ok, after, err := cfg.Limiter.Allow(ctx, cfg.Key(e))
			if err != nil {
				return nil, &lift.Error{Code: lift.CodeUnavailable, Message: "calls cannot be counted", Cause: fmt.Errorf("rate limit: %w", err)}
			}
			if !ok {
				return nil, &lift.Error{Code: lift.CodeRateLimited, Message: "too many calls", RetryAfter: max(after, time.Millisecond)}
			}
			return next.Handle(ctx, e)
		})
	}, lift.TriggerHTTP, lift.TriggerConnect, lift.TriggerMessage, lift.TriggerDirect)
}

func callerKey(e *lift.Event) string {
	switch {
	case e.Claims != nil:
		return "subject " + e.Claims.Issuer + " " + e.Claims.Subject
	case e.HTTP != nil:
		return "address " + e.HTTP.RemoteAddr
	case e.WebSocket != nil:
		return "address " + e.WebSocket.SourceIP
	}
	return ""
}

// TokenBucketConfig is the limit of each key of a [TokenBuckets].
type TokenBucketConfig struct {
	Rate    float64          // calls a second, in the long run. Required
	Burst   int              // calls at once. Default: Rate, rounded up
	MaxKeys int              // how many keys are remembered. Default: 10,000
	Now     func() time.Time // default: time.Now
}

// TokenBuckets is a Limiter with a token bucket for each key, in the memory of
// one process: a function that Lambda runs n times side by side lets pass n
// times as much. When it has MaxKeys keys, the one that has not called for the
// longest time is pruned.
type TokenBuckets struct {
	cfg TokenBucketConfig

	mu    sync.Mutex
	byKey map[string]*list.Element // of *bucket
	order *list.List               // the latest call first
}

type bucket struct {
	key    string
	tokens float64
	at     time.Time // when tokens was right
}

var _ Limiter = (*TokenBuckets)(nil)

// NewTokenBuckets returns an empty TokenBuckets. It panics for a Config without
// a Rate.
func NewTokenBuckets(cfg TokenBucketConfig) *TokenBuckets {
	if cfg.Rate <= 0 || cfg.Burst < 0 || cfg.MaxKeys < 0 {
		panic(fmt.Sprintf("lift/middleware: NewTokenBuckets with Rate %v, Burst %d, MaxKeys %d", cfg.Rate, cfg.Burst, cfg.MaxKeys))
	}
	if cfg.Burst == 0 {
		cfg.Burst = int(cfg.Rate)
		if float64(cfg.Burst) < cfg.Rate {
			cfg.Burst++
		}
	}
	if cfg.MaxKeys == 0 {
		cfg.MaxKeys = 10_000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &TokenBuckets{cfg: cfg, byKey: make(map[string]*list.Element), order: list.New()}
}

// Allow takes a token from the key's bucket.
func (t *TokenBuckets) Allow(_ context.Context, key string) (bool, time.Duration, error) {
	now := t.cfg.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bucket(key, now)
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(float64(t.cfg.Burst), b.tokens+passed.Seconds()*t.cfg.Rate)
		b.at = now
	}
	if b.tokens < 1 {
		return false, time.Duration((1 - b.tokens) / t.cfg.Rate * float64(time.Second)), nil
	}
	b.tokens--
	return true, 0, nil
}

func (t *TokenBuckets) bucket(key string, now time.Time) *bucket {
	if element, ok := t.byKey[key]; ok {
		t.order.MoveToFront(element)
		return element.Value.(*bucket)
	}
	if t.order.Len() == t.cfg.MaxKeys {
		oldest := t.order.Back()
		delete(t.byKey, oldest.Value.(*bucket).key)
		t.order.Remove(oldest)
	}
	b := &bucket{key: key, tokens: float64(t.cfg.Burst), at: now}
	t.byKey[key] = t.order.PushFront(b)
	return b
}
