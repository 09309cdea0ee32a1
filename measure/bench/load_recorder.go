package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/pay-theory/streamer/measure/bench/result"
)

// A recorder collects what parallel attempts took. It is safe for concurrent use.
type recorder struct {
	began  time.Time
	mu     sync.Mutex
	took   []time.Duration
	errors int
	fault  error // the first
}

func (r *recorder) add(d time.Duration, err error) {
	if err != nil {
		r.fail(err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took = append(r.took, d)
}

func (r *recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.errors++; r.fault == nil {
		r.fault = err
	}
}

// result sums up, once all clients have ended.
func (r *recorder) result(stack, name, note string) result.Load {
	if r.fault != nil {
		note += fmt.Sprintf("; the first error: %v", r.fault)
	}
	return result.Load{Stack: stack, Name: name, Requests: len(r.took) + r.errors, Errors: r.errors, Took: time.Since(r.began), Note: note,
		P50: result.Percentile(r.took, 50), P95: result.Percentile(r.took, 95), P99: result.Percentile(r.took, 99),
		Max: result.Percentile(r.took, 100)}
}
