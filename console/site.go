package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// A Site tells the page where a stage's APIs are, and how to show what they say.
type Site struct {
	// WebSocketURL is that of a deployed stage, such as wss://ws.example/prod.
	WebSocketURL string `json:"websocket_url"`
	// HTTPURL is the root of the HTTP API, such as https://api.example.
	HTTPURL string `json:"http_url,omitempty"`
	// LogsURL leads to the logs of a request: an address in which {correlation_id}
	// stands for its correlation id. Empty: the page has no such link.
	LogsURL string `json:"logs_url,omitempty"`
	// TenantClaim is the claim of a token that the page shows as its tenant. Empty: tenant_id.
	TenantClaim string `json:"tenant_claim,omitempty"`
	// Actions are names to suggest.
	Actions []string `json:"actions,omitempty"`

	// Logs says that this server hands out the functions' logs, SignIn that it signs a
	// token for a tenant and subject, and HasToken that it has the visitor's.
	Logs     bool    `json:"logs,omitempty"`
	SignIn   *signIn `json:"sign_in,omitempty"`
	HasToken bool    `json:"has_token,omitempty"`
}

// A signIn is whom the page offers to sign in first.
type signIn struct {
	Tenant  string `json:"tenant"`
	Subject string `json:"subject"`
}

// correlationID stands for a correlation id in Site.LogsURL.
const correlationID = "{correlation_id}"

// check returns the origins of the two APIs.
func (s Site) check() (webSocket, http string, err error) {
	webSocket, err = originOf("WebSocket URL", s.WebSocketURL, "wss://ws.example/prod", "ws", "wss")
	if err != nil {
		return "", "", err
	}
	http, err = originOf("HTTP URL", s.HTTPURL, "https://api.example", "http", "https")
	if err != nil {
		return "", "", err
	}
	if s.LogsURL == "" {
		return webSocket, http, nil
	}
	logs := strings.ReplaceAll(s.LogsURL, correlationID, "id")
	if _, err := originOf("address of logs", logs, "https://logs.example/?q="+correlationID, "http", "https"); err != nil {
		return "", "", err
	}
	if logs == s.LogsURL {
		return "", "", fmt.Errorf("%q does not say where the correlation id goes: write %s in it", s.LogsURL, correlationID)
	}
	return webSocket, http, nil
}

// originOf returns the origin of a URL with one of the schemes, as a policy of a page
// and a browser's header have it. Its error names what it was wanted as, with an example.
func originOf(wanted, given, example string, schemes ...string) (string, error) {
	u, err := url.Parse(given)
	if err == nil && u.Host != "" && u.User == nil {
		for _, scheme := range schemes {
			if u.Scheme == scheme {
				return scheme + "://" + u.Host, nil
			}
		}
	}
	// What follows a user's name or a query may be a secret.
	return "", fmt.Errorf("%q is not a valid %s: give one such as %s", withoutSecrets(given), wanted, example)
}

func withoutSecrets(rawURL string) string {
	text, _, _ := strings.Cut(rawURL, "?")
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		return "…" + text[at:]
	}
	return text
}

// WriteFiles writes the console as files for a bucket into the folder console below
// dir: a host that serves dir as its root, and console/index.html for each path below
// /console/ that is not a file, has the console at /console/. The page asks the HTTP
// API of another origin, which has to allow the host's origin by CORS.
func (s Site) WriteFiles(dir string) error {
	webSocket, http, err := s.check()
	if err != nil {
		return err
	}
	index, err := files.ReadFile("index.html")
	if err != nil {
		return err
	}
	meta := `<meta http-equiv="Content-Security-Policy" content="` + policy(webSocket, http) + `">`
	head := []byte(`<meta charset="utf-8">`)
	if !bytes.Contains(index, head) {
		return errors.New("index.html has no place for the policy")
	}
	config, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	contents := map[string][]byte{
		"index.html":  bytes.Replace(index, head, append(head, "\n    "+meta...), 1),
		"config.json": append(config, '\n'),
	}
	for _, name := range []string{"console.js", "console.css", "icon.svg"} {
		if contents[name], err = files.ReadFile(name); err != nil {
			return err
		}
	}
	folder := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(Path, "/")))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
