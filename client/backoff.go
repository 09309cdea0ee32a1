package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// A Backoff says how long to wait before another attempt: a random time between
// nothing and Min·2ⁿ after n failures, at most Max ("full jitter": it keeps the
// clients of a server that restarts from returning all at once).
type Backoff struct {
	Min time.Duration // 0: 250 ms
	Max time.Duration // 0: 20 s
}

func (b Backoff) delay(failures int) time.Duration {
	ceiling := b.Min
	for ; failures > 0 && ceiling < b.Max; failures-- {
		ceiling *= 2
	}
	return rand.N(min(ceiling, b.Max) + 1)
}

// sleep waits for d, or for the context, whose cause it returns then.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
