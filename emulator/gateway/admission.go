package gateway

import (
	"net/http"
	"sync"
)

// An admission bounds how many bytes of messages and bodies are handled at the
// same time: Limits.InFlight. It is safe for concurrent use.
type admission struct {
	limit int

	mu   sync.Mutex
	held int
}

// take admits n bytes, which the caller gives back. It never waits: what exceeds
// the limit is refused, unless nothing else is held, so that each message can pass.
func (a *admission) take(n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held > 0 && n > a.limit-a.held {
		return false
	}
	a.held += n
	return true
}

func (a *admission) give(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held -= n
}

// bodySize is what a request's body is admitted as before it is read: its length, or
// the most that it may have when the client does not say.
func (g *Gateway) bodySize(r *http.Request) int {
	if r.ContentLength < 0 {
		return g.cfg.Limits.HTTPPayload
	}
	return int(min(r.ContentLength, int64(g.cfg.Limits.HTTPPayload)))
}

// retryAfter is the time in seconds after which a refused request may come again.
// API Gateway's own 429 does not have it.
const retryAfter = "1"
