// Package console is the web console of a stage: what connections there are, what
// requests do, and why. The page asks only the public API, by the TypeScript
// client. This package serves it in a local stack, with a sign-in on this machine
// and the functions' logs ([New]), for a deployed stage from the operator's machine
// ([NewDeployed]), and as files for a bucket ([Site.WriteFiles]).
package console

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Path is where the console is served; everything below it is the console's.
const Path = "/console"

// console.js is bundled from the TypeScript sources beside it by `make generate`.
//
//go:embed console.js console.css index.html icon.svg
var files embed.FS

// A Config is what a local stack tells its console. Stage, Verify and Logs are required.
type Config struct {
	Stage   string   // of the WebSocket API, on the same host
	Actions []string // names to suggest; may be empty

	// Sign signs an operator's token for a visitor on this machine who knows the
	// secret. nil: the visitor brings a token.
	Sign func(tenant, subject string) (string, error)
	// Secret opens Sign. It is required with Sign; who starts the stack makes a new
	// one for each start, and shows it to the person who started it alone, by SignInPath.
	Secret string
	// Tenant and Subject are what Sign is asked for first.
	Tenant, Subject string

	// Verify returns the tenant of a token, and whether it is an operator's.
	Verify func(ctx context.Context, token string) (tenant string, operator bool, err error)
	// Logs returns the lines that functions wrote under a correlation id, each a
	// JSON object, oldest first, as far as the tenant may see them.
	Logs func(correlationID, tenant string) []json.RawMessage
}

// policy lets the page load its own files and talk to its own host, over
// WebSocket too, and to the origins given, and nothing else: no inline script or
// style, and no text that the browser would parse as HTML.
func policy(origins ...string) string {
	connect := strings.Join(append([]string{"connect-src 'self'"}, origins...), " ")
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " + connect +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

// noFrames keeps the page out of other pages. It works in a header alone.
const noFrames = "; frame-ancestors 'none'"

// secretKey is what stands before the secret in the fragment of an address.
// console/session.ts reads it there.
const secretKey = "secret="

// SignInPath returns the path of the page that signs its visitor in by a secret.
// The secret is in the fragment, which a browser sends to no server, so that it
// gets into no log and no Referer header.
func SignInPath(secret string) string { return Path + "/#" + secretKey + secret }

// New returns the handler of everything at and below Path in a local stack. It
// panics when the config has a Sign without a Secret: anyone would be signed in.
func New(config Config) http.Handler {
	if config.Sign != nil && config.Secret == "" {
		panic("console: Config has a Sign without a Secret: set one that is made anew for each start")
	}
	mux := http.NewServeMux()
	handleFiles(mux)
	mux.HandleFunc("GET "+Path+"/config.json", config.describe)
	mux.HandleFunc("GET "+Path+"/logs", config.logs)
	mux.Handle("POST "+Path+"/token", loopbackOnly(http.HandlerFunc(config.token)))
	return guarded(mux, policy())
}

// handleFiles serves the page. Every other path below it is a view, which the
// script finds.
func handleFiles(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, Path+"/", http.StatusMovedPermanently)
	})
	for _, name := range []string{"console.js", "console.css", "icon.svg"} {
		mux.HandleFunc("GET "+Path+"/"+name, file(name))
	}
	mux.HandleFunc("GET "+Path+"/", file("index.html"))
}

// guarded sets the headers that keep an answer from being more to a browser than
// what it is.
func guarded(next http.Handler, policy string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy+noFrames)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func file(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := files.ReadFile(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}
}

// describe tells the page where it is.
func (c Config) describe(w http.ResponseWriter, r *http.Request) {
	site := Site{WebSocketURL: "/" + c.Stage, Logs: true, Actions: c.Actions}
	if c.Sign != nil && isLoopback(r.Host) {
		site.SignIn = &signIn{Tenant: c.Tenant, Subject: c.Subject}
	}
	writeJSON(w, http.StatusOK, site)
}

// logs answers an operator with what the functions logged.
func (c Config) logs(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "the logs need a token")
		return
	}
	tenant, operator, err := c.Verify(r.Context(), token)
	switch id := r.URL.Query().Get("correlation_id"); {
	case err != nil:
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "the token is not valid: sign in again")
	case !operator:
		refuse(w, http.StatusForbidden, "FORBIDDEN", "the logs need the token of an operator")
	case id == "":
		refuse(w, http.StatusBadRequest, "VALIDATION_ERROR", "correlation_id is empty")
	default:
		writeJSON(w, http.StatusOK, map[string]any{"lines": c.Logs(id, tenant)})
	}
}

// refuse answers as the HTTP API does.
func refuse(w http.ResponseWriter, status int, code, detail string) {
	writeJSON(w, status, map[string]any{"status": status, "code": code, "detail": detail})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, "the answer does not encode", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
