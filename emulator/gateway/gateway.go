package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Gateway serves a WebSocket API with its @connections API and an HTTP API.
// It is an [http.Handler] for one listener of net/http, and safe for concurrent
// use. [Gateway.Close] it before its http.Server, which knows nothing of open
// sockets.
type Gateway struct {
	cfg       Config
	selection selection
	clock     Clock
	log       *slog.Logger
	connects  *rate.Limiter
	requests  *rate.Limiter
	inFlight  admission

	// functions ends when Close stops waiting for them.
	functions context.Context
	abandon   context.CancelFunc

	mu     sync.RWMutex
	closed bool
	conns  map[string]*conn
	work   sync.WaitGroup // requests, connections and running functions
}

// New returns a Gateway, or every fault of its Config.
func New(cfg Config) (*Gateway, error) {
	cfg, err := cfg.withDefaults()
	selection, selErr := parseSelection(cfg.Selection)
	if err := errors.Join(err, selErr); err != nil {
		return nil, err
	}
	g := &Gateway{
		cfg: cfg, selection: selection, clock: cfg.Clock, log: cfg.Logger,
		connects: newLimiter(cfg.Limits.ConnectRate, cfg.Limits.ConnectRate),
		requests: newLimiter(cfg.Limits.RequestRate, cfg.Limits.RequestBurst),
		inFlight: admission{limit: cfg.Limits.InFlight},
		conns:    make(map[string]*conn),
	}
	g.functions, g.abandon = context.WithCancel(context.Background())
	return g, nil
}

// newLimiter returns a token bucket of burst tokens that gains perSecond.
func newLimiter(perSecond, burst int) *rate.Limiter {
	if perSecond == unlimitedInt {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

// allow takes a token out of a bucket, by the gateway's clock, and reports whether
// there was one.
func (g *Gateway) allow(bucket *rate.Limiter) bool { return bucket.AllowN(g.clock.Now(), 1) }

// Close refuses everything new, closes every socket with 1001 "Going away", runs
// $disconnect for each, and waits for all functions that still run. When ctx
// ends first it cancels the functions' context and returns why; a socket whose
// client does not answer lasts for Limits.Closing. A Gateway cannot be used again.
func (g *Gateway) Close(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	for _, c := range g.open() {
		c.close(goingAway)
	}

	done := make(chan struct{})
	go func() {
		g.work.Wait()
		close(done)
	}()
	defer g.abandon()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("gateway: close: %w", context.Cause(ctx))
	}
}

func (g *Gateway) open() []*conn {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return slices.Collect(maps.Values(g.conns))
}

// begin counts a request, unless the gateway is closed. What is counted may
// start more work until it ends.
func (g *Gateway) begin() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return false
	}
	g.work.Add(1)
	return true
}

// ServeHTTP tells the three APIs apart by path: the stage's is the WebSocket
// API, what is below its @connections is the callback API, and the rest is the
// HTTP API.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.begin() {
		writeJSON(w, http.StatusServiceUnavailable, "Service Unavailable")
		return
	}
	defer g.work.Done()

	stage, below, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	id, callback := strings.CutPrefix(below, "@connections/")
	switch {
	case stage == "@connections", callback && stage != g.cfg.Stage, isUpgrade(r) && (stage != g.cfg.Stage || below != ""):
		g.logEvent(slog.LevelWarn, "no such stage", nil, slog.String("method", r.Method), slog.String("path", r.URL.Path))
		writeError(w, errForbidden)
	case callback:
		g.serveConnection(w, r, id)
	case stage == g.cfg.Stage && below == "":
		g.connect(w, r)
	default:
		g.serveHTTP(w, r)
	}
}

// errTimeout is a function that took longer than the gateway waits.
var errTimeout = errors.New("integration timeout")

// call runs a function and waits for it at most so long. The function does
// not learn when the waiting ends.
func (g *Gateway) call(f Function, event []byte, wait time.Duration) ([]byte, error) {
	type outcome struct {
		response []byte
		err      error
	}
	expired := make(chan struct{})
	timer := g.clock.AfterFunc(wait, func() { close(expired) })
	defer timer.Stop()
	done := make(chan outcome, 1)
	g.work.Go(func() {
		response, err := f.Invoke(g.functions, event)
		done <- outcome{response, err}
	})
	select {
	case o := <-done:
		return o.response, o.err
	case <-expired:
		return nil, errTimeout
	case <-g.functions.Done():
		return nil, g.functions.Err()
	}
}

// writeJSON answers as API Gateway does for itself.
func writeJSON(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(encode(struct {
		Message string `json:"message"`
	}{message}))
}
