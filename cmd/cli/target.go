package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A target is where a command goes, and with which token.
type target struct {
	url, httpURL string
	token        string       // of a flag or a variable; empty: of source, or the development key's
	source       *tokenSource // of a context; nil: it has none
	context      string       // its name; empty: none
	subject      string       // of the context, as the tenant
	tenant       string
}

// target works out where the command goes, once: contextHelp says what counts first.
func (f *clientFlags) target(env *environment) (*target, error) {
	if f.found != nil {
		return f.found, nil
	}
	t := &target{url: firstOf(f.url, env.getenv("STREAMER_URL")), httpURL: firstOf(f.httpURL, env.getenv("STREAMER_HTTP_URL")), token: f.token}
	name := f.context
	if name == "" && t.url+t.httpURL == "" {
		name = env.getenv("STREAMER_CONTEXT")
		if all, err := env.readContexts(); name == "" && env.configDir != "" {
			if err != nil {
				return nil, &exitError{exitUsage, err}
			}
			name = all.Current
		}
	}
	if name == localContext {
		t.url, t.httpURL, name = "", "", ""
	}
	if name != "" {
		if err := t.useContext(env, name); err != nil {
			return nil, &exitError{exitUsage, err}
		}
	}
	if t.token == "" && (t.source == nil || f.context == "") {
		t.token = env.getenv("STREAMER_TOKEN")
	}
	t.url = firstOf(t.url, defaultURL)
	if u, err := url.Parse(t.url); t.httpURL == "" && err == nil {
		scheme := map[string]string{"ws": "http", "wss": "https"}[u.Scheme]
		t.httpURL = (&url.URL{Scheme: scheme, Host: u.Host}).String()
	}
	if f.ofSubject {
		f.subject, f.tenant = firstOf(f.subject, t.subject), firstOf(f.tenant, t.tenant)
	}
	f.found = t
	return t, nil
}

// useContext takes what a context says.
func (t *target) useContext(env *environment, name string) error {
	all, err := env.readContexts()
	if err != nil {
		return err
	}
	s, err := all.find(name)
	if err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return fmt.Errorf("context %s: %w", name, err)
	}
	t.context, t.url, t.httpURL, t.subject, t.tenant = name, s.URL, s.HTTPURL, s.Subject, s.Tenant
	if s.TokenCommand+s.TokenFile != "" {
		t.source = &tokenSource{context: name, command: s.TokenCommand, file: s.TokenFile, stderr: env.sayf}
	}
	return nil
}

// A tokenSource gets the tokens of a context. It is safe for concurrent use.
type tokenSource struct {
	context       string // its name
	command, file string
	stderr        func(format string, args ...any)

	mu      sync.Mutex
	kept    string    // what the command printed; empty: nothing, or it was refused
	expires time.Time // zero: never
}

const (
	// tokenTime is how long a token command may take, which may ask a person.
	tokenTime = 2 * time.Minute

	// tokenMargin is how long before its end a token is not used any more. It is more than the
	// minute before the end when a client asks for the next one on a live connection.
	tokenMargin = time.Minute + 5*time.Second
)

// get returns a token.
func (s *tokenSource) get(ctx context.Context) (string, error) {
	if s.file != "" {
		data, err := os.ReadFile(s.file)
		if err != nil {
			return "", fmt.Errorf("read the context's token: %w", err)
		}
		token, ok := oneToken(data)
		if !ok {
			return "", fmt.Errorf("the token file %s has %s in place of one token: put a token into it and nothing else", s.file,
				count(len(data), "byte"))
		}
		return token, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept != "" && (s.expires.IsZero() || time.Until(s.expires) > tokenMargin) {
		return s.kept, nil
	}
	token, err := s.run(ctx)
	if err != nil {
		return "", err
	}
	var claims jwt.RegisteredClaims
	s.kept, s.expires = token, time.Time{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err == nil && claims.ExpiresAt != nil {
		s.expires = claims.ExpiresAt.Time
	}
	return token, nil
}

// run runs the command. What it prints on stderr is shown; its stdout never is.
func (s *tokenSource) run(caller context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(caller, tokenTime)
	defer cancel()
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, shell, flag, s.command)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	err := cmd.Run()
	if stderr.Len() > 0 {
		s.stderr("%s", stderr.String())
	}
	switch {
	case caller.Err() == nil && interrupted(cmd.ProcessState):
		return "", errInterrupted
	case errors.Is(caller.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("the context's token command did not end in time: %w", caller.Err())
	case caller.Err() != nil:
		return "", context.Cause(caller)
	case ctx.Err() != nil:
		return "", fmt.Errorf("the context's token command took longer than %v", tokenTime)
	case err != nil:
		return "", fmt.Errorf("the context's token command failed: %w; `%s context show %s` prints it", err, program(), s.context)
	}
	token, ok := oneToken(stdout.Bytes())
	if !ok {
		return "", fmt.Errorf("the context's token command printed %s in place of one token: it must print a token and nothing else",
			count(stdout.Len(), "byte"))
	}
	return token, nil
}

// interrupted reports whether a Ctrl-C ended a process: a terminal sends it to the processes
// of a command as well.
func interrupted(ended *os.ProcessState) bool {
	if ended == nil {
		return false
	}
	status, ok := ended.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGINT || ended.ExitCode() == exitInterrupt
}

// oneToken is the token of a text that has nothing else; false: it is not such a text.
func oneToken(data []byte) (string, bool) {
	token := strings.TrimSpace(string(bytes.TrimPrefix(data, byteOrderMark)))
	return token, token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// refused says that a server did not accept the token: the command is asked again.
func (s *tokenSource) refused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = ""
}

// A refusals transport notices answers that say that a token does not count.
type refusals struct {
	http.RoundTripper
	source *tokenSource
}

// RoundTrip makes a call.
func (t refusals) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(r)
	if err == nil && response.StatusCode == http.StatusUnauthorized {
		t.source.refused()
	}
	return response, err
}

// httpClient is what the client's calls go through; nil: the client's own.
func (t *target) httpClient() *http.Client {
	base, ok := http.DefaultTransport.(*http.Transport)
	if t.source == nil || !ok {
		return nil
	}
	own := base.Clone()
	own.MaxIdleConnsPerHost = 32 // calls of one client go to one host
	return &http.Client{Transport: refusals{own, t.source}}
}

// bearer returns the token to send.
func (f *clientFlags) bearer(ctx context.Context, env *environment) (string, error) {
	t, err := f.target(env)
	switch {
	case err != nil:
		return "", err
	case t.token != "":
		return t.token, nil
	case t.source != nil:
		token, err := t.source.get(ctx)
		if errors.Is(err, errInterrupted) {
			return "", &exitError{exitInterrupt, errInterrupted}
		}
		if err != nil {
			return "", &exitError{exitConnection, err}
		}
		return token, nil
	case !isLoopback(t.url):
		return "", &exitError{exitUsage, errors.New(t.noToken())}
	}
	return f.devToken()
}

func (t *target) noToken() string {
	if t.context != "" {
		return fmt.Sprintf("the context %s has no token: add it again with --token-command or --token-file, or pass --token or $STREAMER_TOKEN",
			t.context)
	}
	return t.url + " is not on this machine: pass its token with --token or $STREAMER_TOKEN, or add a context for it"
}
