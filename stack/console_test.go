package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

// secretOf is what a person copies from the address that a stack prints.
func secretOf(running stack.Stack) string {
	_, secret, _ := strings.Cut(running.ConsoleURL(), "/console/#secret=")
	return secret
}

// signIn asks for a token as the console's page does.
func signIn(t *testing.T, site, tenant, secret string) (int, string) {
	t.Helper()
	body := strings.NewReader(fmt.Sprintf(`{"tenant":%q,"subject":"ada","secret":%q}`, tenant, secret))
	r, err := http.NewRequestWithContext(t.Context(), "POST", site+"/console/token", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", site)
	return answerTo(t, r)
}

// get asks a stack with a token and decodes its answer.
func get(t *testing.T, site, path, token string, answer any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", site+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	code, body := answerTo(t, r)
	if err := json.Unmarshal([]byte(body), answer); code != 200 || err != nil {
		t.Fatalf("%s: got %d, %s; want 200 with JSON", path, code, body)
	}
}

func answerTo(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestConsoleSignsAnOperatorInOnThisMachine(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	running := start(t, t.TempDir(), &log)
	defer stop(t, running)
	secret := secretOf(running)
	if len(secret) < 22 { // of base64, for 128 bits
		t.Errorf("the secret %q has less than 128 bits", secret)
	}
	if code, body := signIn(t, running.HTTPURL(), "acme", "guessed"); code != 401 || strings.Contains(body, "token\"") {
		t.Errorf("with a guessed secret: got %d, %s; want 401", code, body)
	}
	code, body := signIn(t, running.HTTPURL(), "acme", secret)
	var answer struct{ Token string }
	if err := json.Unmarshal([]byte(body), &answer); code != 200 || err != nil {
		t.Fatalf("%d, %s", code, body)
	}
	for path, want := range map[string]int{
		"/requests?subject=*":              200, // which needs the operator's scope
		"/console/logs?correlation_id=c-1": 200,
	} {
		t.Run(path, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "GET", running.HTTPURL()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+answer.Token)
			if code, body := answerTo(t, r); code != want {
				t.Errorf("%s: %d, %s", path, code, body)
			}
		})
	}
	if strings.Contains(log.String(), answer.Token) || strings.Contains(log.String(), secret) {
		t.Error("the token or the secret is in the log")
	}
}

// Who knew the secret of one start is not signed in after the next.
func TestConsoleHasAnotherSecretAtEachStart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	var log lifttest.Log
	first := start(t, data, &log)
	old := secretOf(first)
	stop(t, first)
	second := start(t, data, &log)
	defer stop(t, second)
	if code, body := signIn(t, second.HTTPURL(), "acme", old); code != 401 {
		t.Errorf("with the secret of the start before: got %d, %s; want 401", code, body)
	}
}

// Any caller that can reach a stack that listens to more than this machine would be
// signed in.
func TestConsoleSignsNobodyInBeyondThisMachine(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "0.0.0.0:0",
		Parts: functions.Parts{Logger: log.Logger(), Actions: actionsOf()}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, running)
	_, port, err := net.SplitHostPort(running.Addr())
	if err != nil {
		t.Fatal(err)
	}
	site := "http://127.0.0.1:" + port
	if running.ConsoleURL() != running.HTTPURL()+"/console/" {
		t.Errorf("a secret that opens nothing is shown: %s", running.ConsoleURL())
	}
	if code, body := signIn(t, site, "acme", secretOf(running)); code != 403 || !strings.Contains(body, "more than this machine") {
		t.Errorf("sign-in: %d, %s", code, body)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", site+"/console/config.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := answerTo(t, r); code != 200 || strings.Contains(body, "sign_in") {
		t.Errorf("config: %d, %s", code, body)
	}
	// A token from elsewhere is good here too, for as long as it lasts.
	token, err := running.Sign(stack.Grant{Tenant: "acme", Subject: "ada", Scopes: []string{request.OperatorScope}, TTL: time.Hour},
		nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Path, r.URL.RawQuery = "/requests", "subject=*"
	r.Header.Set("Authorization", "Bearer "+token)
	if code, body := answerTo(t, r); code != 200 {
		t.Errorf("a pasted token: %d, %s", code, body)
	}
}

// A correlation id is the client's choice: two tenants that chose the same do not see
// each other's lines.
func TestConsoleLogsDoNotCrossTenants(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	running := start(t, t.TempDir(), &log, streamer.NewAction(streamer.ActionConfig{Name: "fail"},
		func(context.Context, *streamer.Job, any) (any, error) { return nil, errors.New("a private cause") }))
	defer stop(t, running)
	tokens := map[string]string{}
	for _, tenant := range []string{"acme", "globex"} {
		code, body := signIn(t, running.HTTPURL(), tenant, secretOf(running))
		var answer struct{ Token string }
		if err := json.Unmarshal([]byte(body), &answer); code != 200 || err != nil {
			t.Fatalf("sign-in: got %d, %s", code, body)
		}
		tokens[tenant] = answer.Token
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", running.HTTPURL()+"/requests", strings.NewReader(`{"action":"fail","id":"f-1"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+tokens["acme"])
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Correlation-Id", "shared")
	if code, body := answerTo(t, r); code != 500 {
		t.Fatalf("the action: got %d, %s; want 500", code, body)
	}
	for tenant, want := range map[string]bool{"acme": true, "globex": false} {
		var logs struct{ Lines []json.RawMessage }
		get(t, running.HTTPURL(), "/console/logs?correlation_id=shared", tokens[tenant], &logs)
		text := fmt.Sprintf("%s", logs.Lines)
		for _, line := range []string{"a private cause", `"handled"`} {
			if strings.Contains(text, line) != want {
				t.Errorf("%s: got %s; want %s to be there: %v", tenant, text, line, want)
			}
		}
	}
}
