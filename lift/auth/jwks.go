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

	// Fresh is how long keys are used without a look at the URL. After it a token
	// waits for a fetch, for 300 ms at most, so that a key that was withdrawn stops
	// counting also in a function that was frozen since: on Lambda nothing runs
	// between invocations. Keys that are older serve, for Stale more, only while the
	// fetch fails or takes longer. Defaults: 15 minutes and 24 hours.
	Fresh, Stale time.Duration

	// Cooldown is the shortest time between two fetches that tokens cause by a key
	// that is not known, and after a fetch that failed. A token whose kid is unknown
	// within it gets CodeUnavailable with the time to wait, since its key may be new.
	// Default: 30 seconds.
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
	missed  time.Time     // when the last fetch for a missing key began
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

// staleWait is how long a token waits for keys that are to take the place of stale
// ones. A fetch within a region takes a few tens of milliseconds.
const staleWait = 300 * time.Millisecond

// get returns the keys: those that are there while they are fresh, else those of a
// fetch, which is waited for, and stale ones when it fails or takes too long. With
// missing they are known to lack a key, and a fetch is waited for, unless the last
// one of this kind was a short time ago. looked reports whether the keys are as the
// URL has them now.
func (j *jwks) get(ctx context.Context, missing bool) (keys []key, looked bool, err error) {
	j.mu.Lock()
	now := j.now()
	age := now.Sub(j.fetched)
	usable := !j.fetched.IsZero() && age < j.cfg.Fresh+j.cfg.Stale
	if usable && age < j.cfg.Fresh && !missing {
		defer j.mu.Unlock()
		return j.keys, false, nil
	}
	last := j.tried
	if missing && j.fault == nil {
		last = j.missed
	}
	if cooling := j.cfg.Cooldown - now.Sub(last); j.running == nil && (last.IsZero() || cooling <= 0) {
		if missing {
			j.missed = now
		}
		j.running = make(chan struct{})
		go j.fetch(j.running)
	} else if j.running == nil {
		defer j.mu.Unlock()
		if missing {
			return nil, false, away(errUnknownKey, cooling)
		}
		keys, err = j.held(now)
		return keys, false, err
	}
	running := j.running
	j.mu.Unlock()
	var late <-chan time.Time
	if usable && !missing {
		timer := time.NewTimer(staleWait)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-running:
		looked = true
	case <-late:
	case <-ctx.Done():
		return nil, false, away(fmt.Errorf("wait for the JWK set: %w", context.Cause(ctx)), 0)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	keys, err = j.held(j.now())
	return keys, looked && j.fault == nil, err
}

// errUnknownKey is for the log.
var errUnknownKey = errors.New("the token's key is not known, and the JWK set was fetched a short time ago")

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
