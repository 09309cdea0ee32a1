package console_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/console"
)

func newDeployed(t *testing.T, api http.HandlerFunc, change func(*console.Deployed)) http.Handler {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	config := console.Deployed{
		Site:   console.Site{WebSocketURL: "wss://ws.example/prod", HTTPURL: server.URL + "/base"},
		Token:  func(context.Context) (string, error) { return "an operator's token", nil },
		Secret: "of-this-start",
	}
	if change != nil {
		change(&config)
	}
	h, err := console.NewDeployed(config)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// What the API gets is the call alone, and what the page gets is the answer alone.
func TestDeployedPassesCallsOn(t *testing.T) {
	t.Parallel()
	type call struct {
		Method, Path, Body string
		Header             http.Header
	}
	var got call
	h := newDeployed(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = call{r.Method, r.URL.String(), string(body), r.Header}
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/requests/r-1")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"type":"acknowledgment"}`)
	}, nil)
	code, body, header := do(t, h, "POST", "/requests?subject=%2A", `{"action":"ship"}`, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer t")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Cookie", "session=of-another-server")
		r.Header.Set("Referer", "http://127.0.0.1:8700/console/")
	})
	want := call{"POST", "/base/requests?subject=%2A", `{"action":"ship"}`, http.Header{
		"Authorization": {"Bearer t"}, "Content-Type": {"application/json"}, "Content-Length": {"17"},
		"Accept-Encoding": {"gzip"}, "User-Agent": {""},
	}}
	got.Header.Set("User-Agent", "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the API's call (-want +got):\n%s", diff)
	}
	if code != 202 || body != `{"type":"acknowledgment"}` || header.Get("Location") != "/requests/r-1" {
		t.Errorf("got %d, %s, %v; want the API's answer", code, body, header)
	}
	if header.Get("Set-Cookie") != "" || header.Get("Access-Control-Allow-Origin") != "" ||
		!strings.Contains(header.Get("Content-Security-Policy"), "connect-src 'self' wss://ws.example;") {
		t.Errorf("got the headers %v, want no cookie, no CORS, and the policy", header)
	}
}

func TestDeployedAnswersItsOwnPageAlone(t *testing.T) {
	t.Parallel()
	evil := func(r *http.Request) {
		r.Host = "evil.example:8700"
		r.Header.Set("Origin", "http://evil.example:8700")
	}
	const signIn = `{"secret":"of-this-start"}`
	for name, tt := range map[string]struct {
		method, target, body string
		change               func(*http.Request)
		config               func(*console.Deployed)
		code                 int
		want                 string
	}{
		"the page": {"GET", "/console/requests/r-1", "", nil, nil, 200, "<!doctype html>"},
		"its configuration": {"GET", "/console/config.json", "", nil, nil, 200,
			`{"websocket_url":"wss://ws.example/prod","has_token":true}`},
		"the root": {"GET", "/", "", nil, nil, 302, "/console/"},
		"a link from elsewhere": {"GET", "/console/", "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, nil,
			200, "<!doctype html>"},
		"the API":            {"GET", "/requests", "", func(r *http.Request) { r.Header.Del("Origin") }, nil, 200, "from the API"},
		"the token":          {"POST", "/console/token", signIn, nil, nil, 200, "an operator's token"},
		"the token, unasked": {"POST", "/console/token", `{"secret":""}`, nil, nil, 401, "UNAUTHORIZED"},
		"the token by GET":   {"GET", "/console/token", "", nil, nil, 200, "<!doctype html>"},
		"the token to another": {"POST", "/console/token", signIn,
			func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, nil, 403, "FORBIDDEN"},
		"no token": {"POST", "/console/token", signIn, nil, func(c *console.Deployed) { c.Token = nil }, 403,
			"sign in with a token"},
		"a token that fails":     {"POST", "/console/token", signIn, nil, failing, 502, "the command failed"},
		"a name that points":     {"GET", "/console/", "", evil, nil, 403, "FORBIDDEN"},
		"the API by such a name": {"GET", "/requests", "", evil, nil, 403, "FORBIDDEN"},
		"another machine": {"GET", "/console/", "", func(r *http.Request) { r.RemoteAddr = "192.0.2.7:1234" }, nil, 403,
			"FORBIDDEN"},
		"the API from a site": {"GET", "/requests", "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, nil,
			403, "FORBIDDEN"},
		"an API that is not there": {"GET", "/requests", "", nil, func(c *console.Deployed) { c.Site.HTTPURL = "http://127.0.0.1:1" }, 502,
			"127.0.0.1:1 does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newDeployed(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "from the API") }, tt.config)
			code, answer, _ := do(t, h, tt.method, tt.target, tt.body, tt.change)
			if code != tt.code || !strings.Contains(answer, tt.want) {
				t.Errorf("got %d, %s; want %d with %q", code, answer, tt.code, tt.want)
			}
			if code != 200 && strings.Contains(answer, "an operator's token") || strings.Contains(answer, "of-this-start") {
				t.Errorf("the answer tells too much: %s", answer)
			}
		})
	}
}

func failing(c *console.Deployed) {
	c.Token = func(context.Context) (string, error) { return "", errors.New("the command failed") }
}

func TestDeployedRefusesConfigs(t *testing.T) {
	t.Parallel()
	good := console.Site{WebSocketURL: "wss://ws.example/prod", HTTPURL: "https://api.example"}
	for name, tt := range map[string]struct {
		config console.Deployed
		want   string
	}{
		"a token without a secret": {console.Deployed{Site: good, Token: func(context.Context) (string, error) { return "", nil }},
			"Token without a Secret"},
		"no WebSocket": {console.Deployed{Site: console.Site{HTTPURL: good.HTTPURL}}, `"" is not a valid WebSocket URL`},
		"a password": {console.Deployed{Site: console.Site{WebSocketURL: good.WebSocketURL, HTTPURL: "https://ada:pw@api.example"}},
			`"…@api.example" is not a valid HTTP URL`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := console.NewDeployed(tt.config); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
