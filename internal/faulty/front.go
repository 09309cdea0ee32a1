package faulty

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Front is a server before a service, at an address that is known before the
// service is and that it can leave for a while. Close it when done.
type Front struct {
	URL string

	next http.Handler

	mu       sync.Mutex
	listener net.Listener
	server   *http.Server
}

// NewFront returns a Front at a free port, which answers once it serves.
func NewFront() (*Front, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Front{URL: "http://" + listener.Addr().String(), listener: listener}, nil
}

// Serve answers with what next does.
func (f *Front) Serve(next http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
	f.serve()
}

func (f *Front) serve() {
	f.server = &http.Server{Handler: f.next, ReadHeaderTimeout: 10 * time.Second}
	go func(server *http.Server, listener net.Listener) {
		_ = server.Serve(listener) // ends with Close
	}(f.server, f.listener)
}

// Refuse cuts the connections and has new ones refused for a while, as happens
// where the server's process has ended. It returns when it serves again.
func (f *Front) Refuse(ctx context.Context, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.server.Close(); err != nil {
		return fmt.Errorf("leave %s: %w", f.URL, err)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	listener, err := net.Listen("tcp", f.listener.Addr().String())
	if err != nil {
		return fmt.Errorf("come back to %s: %w", f.URL, err)
	}
	f.listener = listener
	f.serve()
	return nil
}

// Close ends it for good.
func (f *Front) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.server == nil {
		return f.listener.Close()
	}
	return f.server.Close()
}
