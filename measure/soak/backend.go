package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// A backend is the service that the steps of orders call. One in twenty calls fails, which the
// action tries again.
type backend struct {
	server *httptest.Server

	mu    sync.Mutex
	calls int
	keys  map[string]map[string]bool // idempotency keys by order and step, of orders under way
}

func startBackend() *backend {
	b := &backend{keys: map[string]map[string]bool{}}
	b.server = httptest.NewServer(b)
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Order string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	step := strings.TrimPrefix(r.URL.Path, "/")
	b.mu.Lock()
	b.calls++
	fail := b.calls%20 == 0
	call := in.Order + " " + step
	if b.keys[call] == nil {
		b.keys[call] = map[string]bool{}
	}
	b.keys[call][r.Header.Get("Idempotency-Key")] = true
	b.mu.Unlock()
	if fail {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, step+" of "+in.Order) //nolint:gosec // plain text, which only the project reads
}

// orderEnded says what is wrong with the calls of an order that has ended: each step has had
// calls, all under one key. It drops them.
func (b *backend) orderEnded(order string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, step := range []string{"reserve", "charge", "pack", "ship", "notify"} {
		call := order + " " + step
		if n := len(b.keys[call]); n != 1 {
			return fmt.Errorf("%s was called under %d idempotency keys, want one", call, n)
		}
		delete(b.keys, call)
	}
	return nil
}
