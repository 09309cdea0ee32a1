package gateway

import (
	"sync"
	"time"
)

// A bucket is a token bucket: it holds at most burst tokens and gains rate
// tokens a second. A nil bucket never runs dry.
type bucket struct {
	clock       Clock
	rate, burst float64

	mu     sync.Mutex
	tokens float64
	filled time.Time
}

func newBucket(clock Clock, rate, burst int) *bucket {
	if rate == unlimitedInt {
		return nil
	}
	return &bucket{clock: clock, rate: float64(rate), burst: float64(burst), tokens: float64(burst), filled: clock.Now()}
}

// take removes one token and reports whether there was one.
func (b *bucket) take() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	b.tokens = min(b.burst, b.tokens+now.Sub(b.filled).Seconds()*b.rate)
	b.filled = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
