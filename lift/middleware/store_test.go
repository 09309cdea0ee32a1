package middleware_test

import (
	"testing"

	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/middleware/storetest"
)

func TestMemoryIdempotency(t *testing.T) {
	t.Parallel()
	storetest.Idempotency(t, func(_ *testing.T, clock *storetest.Clock) middleware.IdempotencyStore {
		return middleware.NewMemoryIdempotency(middleware.MemoryIdempotencyConfig{Now: clock.Now})
	})
}

func TestTokenBucketsAsALimiter(t *testing.T) {
	t.Parallel()
	storetest.Limiter(t, func(_ *testing.T, clock *storetest.Clock) middleware.Limiter {
		return middleware.NewTokenBuckets(middleware.TokenBucketConfig{Rate: 2, Burst: 3, Now: clock.Now})
	})
}
