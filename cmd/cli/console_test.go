package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var consoleAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+/console/\S*`)

// An operator looks at a stage from their own machine.
func TestConsole(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	signed := start(t, t.Context(), nil, "", "token", "--data", s.data, "--scope", "streamer:operator")
	if code := <-signed.exit; code != exitDone {
		t.Fatalf("token exited with %d: %s", code, signed.err)
	}
	token := strings.TrimSpace(signed.out.String())
	term := start(t, t.Context(), map[string]string{"STREAMER_TOKEN": token}, "", "console", "--url", s.url, "--listen", "127.0.0.1:0",
		"--logs-url", "https://logs.example/?q={correlation_id}")
	term.err.await(t, "/console/#secret=")
	address, secret, _ := strings.Cut(consoleAddress.FindString(term.err.String()), "#secret=")
	root := strings.TrimSuffix(address, "/console/")

	do := func(method, path, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, root+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", root)
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(answer)
	}
	for _, tt := range []struct {
		method, path, body, want string
		status                   int
	}{
		{"GET", "/console/", "", "<!doctype html>", 200},
		{"GET", "/console/config.json", "", `"logs_url":"https://logs.example/?q={correlation_id}"`, 200},
		{"GET", "/requests?subject=*", "", `{"requests":[`, 200},
		{"POST", "/console/token", `{"secret":"` + secret + `"}`, token, 200},
		{"POST", "/console/token", `{"secret":"guessed"}`, "UNAUTHORIZED", 401},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			status, answer := do(tt.method, tt.path, tt.body)
			if status != tt.status || !strings.Contains(answer, tt.want) {
				t.Errorf("got %d, %s; want %d with %s", status, answer, tt.status, tt.want)
			}
		})
	}
	if printed := term.err.String() + term.out.String(); strings.Contains(printed, token) {
		t.Errorf("the token is printed: %s", printed)
	}
	term.interrupts <- os.Interrupt
	if code := <-term.exit; code != exitDone {
		t.Errorf("Ctrl-C: exited with %d, want %d: %s", code, exitDone, term.err)
	}
}

func TestConsoleRefuses(t *testing.T) {
	t.Parallel()
	stage := []string{"--url", "wss://ws.example/prod", "--http-url", "https://api.example"}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"all interfaces":        {append(stage, "--listen", "0.0.0.0:0"), "not an address of this machine alone"},
		"a page for a URL":      {[]string{"--url", "https://api.example"}, `"https://api.example" is not a valid WebSocket URL`},
		"logs without an id":    {append(stage, "--logs-url", "https://logs.example"), "write {correlation_id} in it"},
		"a script for the logs": {append(stage, "--logs-url", "javascript:alert({correlation_id})"), "is not a valid address of logs"},
		"a bucket without one": {[]string{"--url", "wss://ws.example/prod", "--http-url", "ftp://api", "--out", t.TempDir()},
			"is not a valid HTTP URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term := start(t, t.Context(), nil, "", append([]string{"console"}, tt.args...)...)
			if code := <-term.exit; code != exitUsage || !strings.Contains(term.err.String(), tt.want) {
				t.Errorf("exited with %d, %s; want %d with %q", code, term.err, exitUsage, tt.want)
			}
		})
	}
}

func TestConsoleOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	term := start(t, t.Context(), map[string]string{"STREAMER_TOKEN": "a-secret-token"}, "", "console", "--url", "wss://ws.example/prod",
		"--http-url", "https://api.example", "--out", dir)
	if code := <-term.exit; code != exitDone {
		t.Fatalf("exited with %d: %s", code, term.err)
	}
	for name, want := range map[string]string{
		"index.html":  "connect-src 'self' wss://ws.example https://api.example;",
		"config.json": `"http_url": "https://api.example"`,
		"console.js":  "streamer.v1",
		"console.css": "prefers-reduced-motion",
		"icon.svg":    "<svg",
	} {
		content, err := os.ReadFile(filepath.Join(dir, "console", name))
		if err != nil || !strings.Contains(string(content), want) || strings.Contains(string(content), "a-secret-token") {
			t.Errorf("%s: %v, %.300s; want %q in it", name, err, content, want)
		}
	}
}

// What the page would run into is said where the console is started, which serves all the same.
func TestConsoleSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) string {
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}))
		t.Cleanup(api.Close)
		return api.URL
	}
	for name, tt := range map[string]struct{ api, token, want string }{
		"no scope":            {answer(403, `{"code":"FORBIDDEN","detail":"it needs the scope"}`), "x.y.z", "the token lacks the scope streamer:operator"},
		"a token of others":   {answer(401, `{"code":"UNAUTHORIZED","detail":"no"}`), "x.y.z", "the server does not accept the token"},
		"no server":           {"http://127.0.0.1:1", "x.y.z", "no server answers at http://127.0.0.1:1: "},
		"no server, no token": {"http://127.0.0.1:1", "", "no server answers at http://127.0.0.1:1: "},
		"no token":            {answer(401, `{"code":"UNAUTHORIZED","detail":"no"}`), "", ""},
		"all is well":         {answer(200, `{"requests":[]}`), "x.y.z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term := start(t, t.Context(), map[string]string{"STREAMER_TOKEN": tt.token}, "", "console", "--url", "wss://stage.invalid/prod",
				"--http-url", tt.api, "--listen", "127.0.0.1:0")
			term.err.await(t, "  Console  http://")
			said, _, _ := strings.Cut(term.err.String(), "The console of ")
			if !strings.Contains(said, tt.want) || tt.want == "" && said != "" || strings.Count(said, "\n") > 1 {
				t.Errorf("got %q, want one line with %q", said, tt.want)
			}
			term.interrupts <- os.Interrupt
			if code := <-term.exit; code != exitDone {
				t.Errorf("exited with %d, want %d", code, exitDone)
			}
		})
	}
}
