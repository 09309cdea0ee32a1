package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// keyServer is a server of a JWK set on loopback, with a clock of its own.
type keyServer struct {
	*httptest.Server
	fetches atomic.Int64

	mu     sync.Mutex
	answer http.HandlerFunc
	time   time.Time
}

func newKeyServer(t *testing.T, start func(http.Handler) *httptest.Server) *keyServer {
	s := &keyServer{time: now}
	s.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fetches.Add(1)
		s.mu.Lock()
		answer := s.answer
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *keyServer) answers(f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// serves makes the server answer with public keys, each of one algorithm.
func (s *keyServer) serves(kids map[string]string) {
	var set []any
	for kid, alg := range kids {
		set = append(set, publicJWK(alg, kid))
	}
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": set})
	})
}

func (s *keyServer) fails() {
	s.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
}

func (s *keyServer) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time
}

func (s *keyServer) passes(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = s.time.Add(d)
}

func (s *keyServer) verifier(t *testing.T) *auth.Verifier {
	return verifier(t, auth.Config{
		Issuer: "iss", Audience: "aud", Now: s.now,
		JWKS: auth.JWKSConfig{
			URL: s.URL, Fresh: time.Minute, Stale: time.Hour, Cooldown: 10 * time.Second,
			Transport: s.Client().Transport,
		},
	})
}

func token(t *testing.T, alg, kid string) string {
	return sign(t, alg, kid, claims(map[string]any{"exp": now.Add(1000 * time.Hour).Unix()}))
}

// code is what a Verify comes to: "" for a valid token.
func code(v *auth.Verifier, ctx context.Context, token string) string {
	_, err := v.Verify(ctx, token)
	if err == nil {
		return ""
	}
	declared, ok := lift.AsError(err)
	if !ok {
		return err.Error()
	}
	return declared.Code.String()
}

func TestJWKSOverHTTPS(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, httptest.NewTLSServer)
	s.serves(map[string]string{"a": auth.EdDSA, "b": auth.RS256})
	v := s.verifier(t)
	for kid, alg := range map[string]string{"a": auth.EdDSA, "b": auth.RS256} {
		t.Run(kid, func(t *testing.T) {
			if got := code(v, t.Context(), token(t, alg, kid)); got != "" {
				t.Errorf("%s: %s", alg, got)
			}
		})
	}
	if n := s.fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestJWKSRotation(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, httptest.NewServer)
	s.serves(map[string]string{"old": auth.EdDSA})
	v := s.verifier(t)
	if got := code(v, t.Context(), token(t, auth.EdDSA, "old")); got != "" {
		t.Fatal(got)
	}
	s.serves(map[string]string{"new": auth.ES256})
	fresh := token(t, auth.ES256, "new")
	if got := code(v, t.Context(), fresh); got != "" || s.fetches.Load() != 2 {
		t.Errorf("a new key right after a fetch: got %q after %d fetches, want success after 2", got, s.fetches.Load())
	}
	// Another new key within the cooldown of that look is not known for now, which is
	// no fault of the token.
	s.serves(map[string]string{"newer": auth.RS256})
	newer := token(t, auth.RS256, "newer")
	_, err := v.Verify(t.Context(), newer)
	if e, ok := errors.AsType[*lift.Error](err); !ok || e.Code != lift.CodeUnavailable || e.RetryAfter != 10*time.Second {
		t.Errorf("within the cooldown: got %v, want unavailable with 10 s to wait", err)
	}
	s.passes(4 * time.Second)
	_, err = v.Verify(t.Context(), newer)
	if e, ok := errors.AsType[*lift.Error](err); !ok || e.RetryAfter != 6*time.Second {
		t.Errorf("later within the cooldown: got %v, want the 6 s that are left to wait", err)
	}
	s.passes(6 * time.Second)
	if got := code(v, t.Context(), newer); got != "" || s.fetches.Load() != 3 {
		t.Errorf("after the cooldown: got %q after %d fetches, want success after 3", got, s.fetches.Load())
	}
	s.passes(10 * time.Second)
	if got := code(v, t.Context(), token(t, auth.EdDSA, "old")); got != "unauthorized" {
		t.Errorf("the key that was withdrawn: got %q, want unauthorized", got)
	}
	// A kid that no key has costs one fetch for each cooldown, however often it
	// comes.
	s.passes(10 * time.Second)
	for range 20 {
		code(v, t.Context(), token(t, auth.ES256, "never"))
	}
	if n := s.fetches.Load(); n != 5 {
		t.Errorf("got %d fetches, want 5", n)
	}
}

// Tokens that no key could help cost no fetch, however many come.
func TestJWKSAreNotFetchedForWhatNoKeyHelps(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"an algorithm of secrets": sign(t, "HS256", "k", claims(nil)),
		"another issuer":          sign(t, "EdDSA", "new", claims(map[string]any{"iss": "other"})),
		"garbage":                 "a.b.c",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newKeyServer(t, httptest.NewServer)
			s.serves(map[string]string{"k": auth.EdDSA})
			v := s.verifier(t)
			for range 3 {
				if got := code(v, t.Context(), token); got != "unauthorized" {
					t.Errorf("got %q, want unauthorized", got)
				}
				s.passes(time.Minute)
			}
			if n := s.fetches.Load(); n != 0 {
				t.Errorf("got %d fetches, want none", n)
			}
		})
	}
}

// An issuer may put a new key under the old one's kid, or name its keys not at all.
func TestJWKSRotationWithoutANewKid(t *testing.T) {
	t.Parallel()
	for name, kid := range map[string]string{"the same kid": "k", "no kid": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newKeyServer(t, httptest.NewServer)
			s.serves(map[string]string{kid: auth.RS256})
			v := s.verifier(t)
			if got := code(v, t.Context(), token(t, auth.RS256, kid)); got != "" {
				t.Fatal(got)
			}
			other, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			s.answers(func(w http.ResponseWriter, _ *http.Request) {
				b64 := base64.RawURLEncoding.EncodeToString
				_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{"kty": "RSA", "kid": kid,
					"n": b64(other.N.Bytes()), "e": b64(big.NewInt(int64(other.E)).Bytes())}}})
			})
			rotated := jwt.NewWithClaims(jwt.SigningMethodRS256, claims(nil))
			if kid != "" {
				rotated.Header["kid"] = kid
			}
			text, err := rotated.SignedString(other)
			if err != nil {
				t.Fatal(err)
			}
			if got := code(v, t.Context(), text); got != "" || s.fetches.Load() != 2 {
				t.Errorf("got %q after %d fetches, want success after 2", got, s.fetches.Load())
			}
			if got := code(v, t.Context(), token(t, auth.RS256, kid)); got != "unauthorized" {
				t.Errorf("the old key: got %q, want unauthorized", got)
			}
		})
	}
}

// A function that was frozen for hours looks at the keys before it uses them.
func TestJWKSWithdrawnWhileFrozen(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, httptest.NewServer)
	s.serves(map[string]string{"stolen": auth.EdDSA})
	v := s.verifier(t)
	if got := code(v, t.Context(), token(t, auth.EdDSA, "stolen")); got != "" {
		t.Fatal(got)
	}
	s.serves(map[string]string{"new": auth.ES256})
	s.passes(30 * time.Minute)
	if got := code(v, t.Context(), token(t, auth.EdDSA, "stolen")); got != "unauthorized" {
		t.Errorf("the first token after the freeze: got %q, want unauthorized", got)
	}
}

func TestJWKSOutage(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, httptest.NewServer)
	s.fails()
	v := s.verifier(t)
	good := token(t, auth.EdDSA, "a")
	for range 3 {
		_, err := v.Verify(t.Context(), good)
		var declared *lift.Error
		if !errors.As(err, &declared) || declared.Code != lift.CodeUnavailable || declared.RetryAfter != 10*time.Second {
			t.Fatalf("without any keys: %v", err)
		}
	}
	if n := s.fetches.Load(); n != 1 {
		t.Errorf("%d fetches within the cooldown", n)
	}
	s.serves(map[string]string{"a": auth.EdDSA})
	s.passes(10 * time.Second)
	if got := code(v, t.Context(), good); got != "" {
		t.Fatalf("after the outage: %s", got)
	}

	// Stale keys serve soon, whatever the server does.
	hold := make(chan struct{})
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		<-hold
		w.WriteHeader(http.StatusInternalServerError)
	})
	s.passes(time.Minute)
	for range 3 {
		if got := code(v, t.Context(), good); got != "" {
			t.Errorf("stale: %s", got)
		}
	}
	close(hold)
	s.passes(59 * time.Minute)
	if got := code(v, t.Context(), good); got != "" {
		t.Errorf("stale for an hour: %s", got)
	}
	s.fails()
	s.passes(2 * time.Minute)
	if got := code(v, t.Context(), good); got != "unavailable" {
		t.Errorf("too old: %q", got)
	}
}

func TestJWKSAreFetchedAnewOnceTheyAreStale(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, httptest.NewServer)
	s.serves(map[string]string{"a": auth.EdDSA})
	v := s.verifier(t)
	code(v, t.Context(), token(t, auth.EdDSA, "a"))
	s.serves(map[string]string{"a": auth.EdDSA, "b": auth.ES256})
	s.passes(2 * time.Minute)
	if got := code(v, t.Context(), token(t, auth.EdDSA, "a")); got != "" {
		t.Fatal(got)
	}
	// The new key is there with that fetch.
	if got := code(v, t.Context(), token(t, auth.ES256, "b")); got != "" || s.fetches.Load() != 2 {
		t.Errorf("%q after %d fetches", got, s.fetches.Load())
	}
}

func TestJWKSStampede(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, httptest.NewServer)
	s.serves(map[string]string{"a": auth.EdDSA})
	serve := s.answer
	waiting := make(chan struct{})
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		<-waiting
		serve(w, r)
	})
	v := s.verifier(t)
	good := token(t, auth.EdDSA, "a")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if got := code(v, cancelled, good); got != "unavailable" {
		t.Errorf("a caller who has gone: %q", got)
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if got := code(v, t.Context(), good); got != "" {
				t.Error(got)
			}
		})
	}
	close(waiting)
	wg.Wait()
	if n := s.fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestJWKSAnswersThatWillNotDo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"too large": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", 300<<10)) }, "more than 262144 bytes"},
		"no JSON":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "parse JWK set"},
		"no keys":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[]}`) }, "no keys"},
		"redirect":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, "302"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{")
		}, "unexpected EOF"},
		"hung up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "fetch JWK set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newKeyServer(t, httptest.NewServer)
			s.answers(tt.answer)
			_, err := s.verifier(t).Verify(t.Context(), token(t, auth.EdDSA, "a"))
			var declared *lift.Error
			if !errors.As(err, &declared) || declared.Code != lift.CodeUnavailable || !strings.Contains(declared.Cause.Error(), tt.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestJWKSURLs(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"https://issuer.example/.well-known/jwks.json": true,
		"http://127.0.0.1:9/jwks":                      true,
		"http://[::1]:9/jwks":                          true,
		"http://localhost/jwks":                        true,
		"http://issuer.example/jwks":                   false,
		"http://127.0.0.1.example/jwks":                false,
		"http://10.0.0.1/jwks":                         false,
		"file:///etc/keys":                             false,
		"issuer.example":                               false,
		"https://":                                     false,
		"https://%zz":                                  false,
	} {
		t.Run(url, func(t *testing.T) {
			_, err := auth.NewVerifier(auth.Config{Issuer: "iss", Audience: "aud", JWKS: auth.JWKSConfig{URL: url}})
			if (err == nil) != ok {
				t.Errorf("%s: %v", url, err)
			}
		})
	}
	for name, cfg := range map[string]auth.Config{
		"both":     {Keys: publicPEM(t, "EdDSA"), JWKS: auth.JWKSConfig{URL: "https://x"}},
		"negative": {JWKS: auth.JWKSConfig{URL: "https://x", Fresh: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Issuer, cfg.Audience = "iss", "aud"
			if _, err := auth.NewVerifier(cfg); err == nil {
				t.Errorf("%s passes", name)
			}
		})
	}
	if _, err := auth.NewVerifier(auth.Config{Issuer: "iss", Audience: "aud", Algorithms: []string{"EdDSA"}, JWKS: auth.JWKSConfig{URL: "https://x"}}); err != nil {
		t.Errorf("an algorithm whose key is yet to come: %v", err)
	}
}

func TestJWTWhileKeysAreAway(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, httptest.NewServer)
	s.fails()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.HTTP("GET /x", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil }), auth.JWT(s.verifier(t)))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Header: http.Header{"Authorization": {"Bearer " + token(t, "EdDSA", "a")}}})
	if answer.Status != 503 || answer.Header.Get("Retry-After") != "10" || answer.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("answer %d %v", answer.Status, answer.Header)
	}
	s.passes(4 * time.Second)
	answer = lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Header: http.Header{"Authorization": {"Bearer " + token(t, "EdDSA", "a")}}})
	if got := answer.Header.Get("Retry-After"); got != "6" {
		t.Errorf("got Retry-After %s 4 s into the cooldown of 10 s, want 6", got)
	}
}
