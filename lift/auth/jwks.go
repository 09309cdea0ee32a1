package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// JWKSConfig says how the keys at a URL are fetched and how long they are used.
type JWKSConfig struct {
	// URL is where the JWK set is: https, or http on a loopback address.
	// Redirects are not followed.
	URL string

	// Fresh is how long keys are used without a look at the URL. After it they
	// still serve, for Stale more, while new ones are fetched in the background:
	// on Lambda, where nothing runs between invocations, the fetch may end in a
	// later one. Defaults: 15 minutes and 24 hours.
	Fresh, Stale time.Duration

	// Cooldown is the shortest time between two fetches, of which a token with
	// an unknown kid causes one, and so does a failure. Default: 30 seconds.
	Cooldown time.Duration

	// Timeout is what one fetch may take. Default: 5 seconds.
	Timeout time.Duration

	// Transport makes the fetches. Default: [http.DefaultTransport].
	Transport http.RoundTripper
}

// maxJWKS bounds the JWK sets that are read, in bytes.
const maxJWKS = 256 << 10

// A jwks is the keys at a URL. However many callers wait for keys, one fetch
// runs.
type jwks struct {
	cfg    JWKSConfig
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex
	keys    []key
	fetched time.Time     // when keys were fetched; zero for never
	tried   time.Time     // when the last fetch ended
	fault   error         // of the last fetch
	running chan struct{} // closed when the fetch that runs has ended; nil when none runs
}

func newJWKS(cfg JWKSConfig, now func() time.Time) (*jwks, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("auth: Config.JWKS.URL %q is neither https nor http on a loopback address", cfg.URL)
	}
	if cfg.Fresh < 0 || cfg.Stale < 0 || cfg.Cooldown < 0 || cfg.Timeout < 0 {
		return nil, errors.New("auth: Config.JWKS has a negative duration")
	}
	defaultTo(&cfg.Fresh, 15*time.Minute)
	defaultTo(&cfg.Stale, 24*time.Hour)
	defaultTo(&cfg.Cooldown, 30*time.Second)
	defaultTo(&cfg.Timeout, 5*time.Second)
	return &jwks{
		cfg: cfg,
		now: now,
		client: &http.Client{
			Transport:     cfg.Transport,
			Timeout:       cfg.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func defaultTo(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// isLoopback takes addresses, and the name that RFC 6761, section 6.3, keeps
// for them.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// get returns the keys. They are the ones that are there while those are fresh
// or stale; then a fetch is waited for. With missing they are known to lack a
// key, and a fetch is waited for too, unless the last was a short time ago.
func (j *jwks) get(ctx context.Context, missing bool) ([]key, error) {
	j.mu.Lock()
	now := j.now()
	age := now.Sub(j.fetched)
	usable := !j.fetched.IsZero() && age < j.cfg.Fresh+j.cfg.Stale
	if usable && age < j.cfg.Fresh && !missing {
		defer j.mu.Unlock()
		return j.keys, nil
	}
	cold := j.tried.IsZero() || now.Sub(j.tried) >= j.cfg.Cooldown
	if j.running == nil && cold {
		j.running = make(chan struct{})
		go j.fetch(j.running)
	}
	running := j.running
	if running == nil || usable && !missing {
		defer j.mu.Unlock()
		return j.held(now)
	}
	j.mu.Unlock()
	select {
	case <-running:
	case <-ctx.Done():
		return nil, away(fmt.Errorf("wait for the JWK set: %w", context.Cause(ctx)), 0)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.held(j.now())
}

// held returns the keys that are there, or why there are none.
func (j *jwks) held(now time.Time) ([]key, error) {
	if !j.fetched.IsZero() && now.Sub(j.fetched) < j.cfg.Fresh+j.cfg.Stale {
		return j.keys, nil
	}
	return nil, away(j.fault, max(0, j.cfg.Cooldown-now.Sub(j.tried)))
}

func away(fault error, after time.Duration) error {
	return &lift.Error{Code: lift.CodeUnavailable, Message: "tokens cannot be verified now", RetryAfter: after, Cause: fault}
}

// fetch fetches the keys, by its own time and not by that of the callers who
// wait for it.
func (j *jwks) fetch(done chan struct{}) {
	keys, err := j.load()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tried = j.now()
	j.fault = err
	if err == nil {
		j.keys, j.fetched = keys, j.tried
	}
	j.running = nil
	close(done)
}

func (j *jwks) load() ([]key, error) {
	req, err := http.NewRequest(http.MethodGet, j.cfg.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch JWK set: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := j.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch JWK set: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch JWK set: the answer is %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxJWKS+1))
	if err != nil {
		return nil, fmt.Errorf("fetch JWK set: %w", err)
	}
	if len(body) > maxJWKS {
		return nil, fmt.Errorf("fetch JWK set: it has more than %d bytes", maxJWKS)
	}
	keys, err := parseJWKs(body)
	if err != nil {
		return nil, fmt.Errorf("fetch JWK set: %w", err)
	}
	return keys, nil
}
