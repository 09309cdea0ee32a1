package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/console"
	"github.com/pay-theory/streamer/internal/nodetest"
)

func newConsole(change func(*console.Config)) http.Handler {
	config := console.Config{
		Stage: "dev", Actions: []string{"echo"}, Tenant: "dev", Subject: "you", Secret: "of-this-start",
		Sign: func(tenant, subject string) (string, error) { return "signed for " + tenant + "/" + subject, nil },
		Verify: func(_ context.Context, token string) (string, bool, error) {
			if token == "bad" {
				return "", false, errors.New("bad token")
			}
			return "acme", token == "operator", nil
		},
		Logs: func(id, tenant string) []json.RawMessage {
			return []json.RawMessage{json.RawMessage(`{"msg":"` + id + " for " + tenant + `"}`)}
		},
	}
	if change != nil {
		change(&config)
	}
	return console.New(config)
}

// do answers a request of the console's own page on this machine, unless the
// header says otherwise.
func do(t *testing.T, h http.Handler, method, target, body string, change func(*http.Request)) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "127.0.0.1:8700", "127.0.0.1:50000"
	r.Header.Set("Origin", "http://127.0.0.1:8700")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(answer), w.Header()
}

func TestWhatIsServed(t *testing.T) {
	t.Parallel()
	h := newConsole(nil)
	for target, want := range map[string]struct{ kind, content string }{
		"/console/":                   {"text/html", "/console/console.js"},
		"/console/requests/r-1?a=b":   {"text/html", "/console/console.js"},
		"/console/console.js":         {"text/javascript", "streamer.v1"}, // the client is in it
		"/console/console.css":        {"text/css", "prefers-reduced-motion"},
		"/console/icon.svg":           {"image/svg+xml", "<svg"},
		"/console/config.json":        {"application/json", `"sign_in":{"tenant":"dev","subject":"you"}`},
		"/console/console.go":         {"text/html", "<!doctype html>"}, // a view that the script does not find
		"/console/requests/..%2fx.ts": {"text/html", "<!doctype html>"},
	} {
		code, body, header := do(t, h, "GET", target, "", nil)
		if code != 200 || !strings.HasPrefix(header.Get("Content-Type"), want.kind) || !strings.Contains(body, want.content) {
			t.Errorf("%s: %d, %s, %.200s", target, code, header.Get("Content-Type"), body)
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") ||
			header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", target, header)
		}
	}
	if code, _, header := do(t, h, "GET", "/console", "", nil); code != 301 || header.Get("Location") != "/console/" {
		t.Errorf("/console: %d to %s", code, header.Get("Location"))
	}
	if code, _, _ := do(t, h, "POST", "/console/", "", nil); code != 405 {
		t.Errorf("POST to a page: %d", code)
	}
}

// The committed scripts are those of the sources beside them.
func TestBundlesAreUpToDate(t *testing.T) {
	t.Parallel()
	nodetest.Run(t, filepath.Join("..", "clients", "typescript"), nil, "scripts/bundle.mjs", "--check")
}

func TestSignInIsForThePageOnThisMachine(t *testing.T) {
	t.Parallel()
	const body = `{"tenant":"acme","subject":"ada","secret":"of-this-start"}`
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, tt := range map[string]struct {
		body   string
		change func(*http.Request)
		config func(*console.Config)
		code   int
		want   string
	}{
		"the page":       {body, nil, nil, 200, "signed for acme/ada"},
		"an old browser": {body, func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, nil, 200, "signed for"},
		"localhost": {body,
			func(r *http.Request) { r.Host = "localhost:8700"; r.Header.Set("Origin", "http://localhost:8700") }, nil, 200, "signed for"},
		"IPv6": {body, func(r *http.Request) { r.Host = "[::1]:8700"; r.Header.Set("Origin", "http://[::1]:8700") },
			nil, 200, "signed for"},
		"another machine": {body, func(r *http.Request) { r.RemoteAddr = "192.0.2.7:1234" }, nil, 403, "FORBIDDEN"},
		"a name that points": {body, func(r *http.Request) {
			r.Host = "evil.example:8700"
			r.Header.Set("Origin", "http://evil.example:8700")
		}, nil, 403, "FORBIDDEN"},
		"another site":     {body, set("Origin", "https://evil.example"), nil, 403, "FORBIDDEN"},
		"another port":     {body, set("Origin", "http://127.0.0.1:9000"), nil, 403, "FORBIDDEN"},
		"no origin":        {body, func(r *http.Request) { r.Header.Del("Origin") }, nil, 403, "FORBIDDEN"},
		"the same site":    {body, set("Sec-Fetch-Site", "same-site"), nil, 403, "FORBIDDEN"},
		"no signer":        {body, nil, func(c *console.Config) { c.Sign = nil }, 403, "FORBIDDEN"},
		"no secret":        {`{"tenant":"acme","subject":"ada"}`, nil, nil, 401, "printed at the start"},
		"an empty secret":  {`{"tenant":"acme","subject":"ada","secret":""}`, nil, nil, 401, "UNAUTHORIZED"},
		"another secret":   {`{"tenant":"acme","subject":"ada","secret":"of-that-start"}`, nil, nil, 401, "UNAUTHORIZED"},
		"part of a secret": {`{"tenant":"acme","subject":"ada","secret":"of-this"}`, nil, nil, 401, "UNAUTHORIZED"},
		"no subject":       {`{"tenant":"acme","secret":"of-this-start"}`, nil, nil, 400, "VALIDATION_ERROR"},
		"no JSON":          {`tenant=acme`, nil, nil, 400, "INVALID_MESSAGE"},
		"more than a name": {`{"tenant":"` + strings.Repeat("a", 8<<10) + `"}`, nil, nil, 400, "INVALID_MESSAGE"},
		"a signer with a fault": {body, nil, func(c *console.Config) {
			c.Sign = func(string, string) (string, error) { return "", errors.New("inner fault") }
		}, 500, "INTERNAL_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, answer, _ := do(t, newConsole(tt.config), "POST", "/console/token", tt.body, tt.change)
			if code != tt.code || !strings.Contains(answer, tt.want) {
				t.Errorf("got %d, %s; want %d with %q", code, answer, tt.code, tt.want)
			}
			if strings.Contains(answer, "of-this-start") || strings.Contains(answer, "inner fault") ||
				code != 200 && strings.Contains(answer, "signed for") {
				t.Errorf("the answer tells too much: %s", answer)
			}
		})
	}
	if _, config, _ := do(t, newConsole(nil), "GET", "/console/config.json", "", func(r *http.Request) { r.Host = "evil.example" }); strings.Contains(config, "sign_in") {
		t.Errorf("a page elsewhere is offered a sign-in: %s", config)
	}
}

func TestASignerNeedsASecret(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("got a console that signs anyone in, want a panic")
		}
	}()
	newConsole(func(c *console.Config) { c.Secret = "" })
}

func TestLogsAreForOperators(t *testing.T) {
	t.Parallel()
	h := newConsole(nil)
	for name, tt := range map[string]struct {
		token, target string
		code          int
		want          string
	}{
		"an operator":       {"Bearer operator", "/console/logs?correlation_id=c-1", 200, `{"lines":[{"msg":"c-1 for acme"}]}`},
		"no token":          {"", "/console/logs?correlation_id=c-1", 401, "UNAUTHORIZED"},
		"a bad token":       {"Bearer bad", "/console/logs?correlation_id=c-1", 401, "UNAUTHORIZED"},
		"no operator":       {"Bearer user", "/console/logs?correlation_id=c-1", 403, "FORBIDDEN"},
		"no correlation id": {"Bearer operator", "/console/logs", 400, "VALIDATION_ERROR"},
	} {
		code, body, _ := do(t, h, "GET", tt.target, "", func(r *http.Request) { r.Header.Set("Authorization", tt.token) })
		if code != tt.code || !strings.Contains(body, tt.want) {
			t.Errorf("%s: %d, %s", name, code, body)
		}
	}
}
