package verify_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/stack"
)

// What the console of a staging stack needs of it: a sign-in that the functions
// accept, and what their processes log.
func consoleOfStaging(t *testing.T, running *stack.Staging) {
	site := strings.TrimSuffix(running.HTTPURL(), "/")
	ask := func(method, path, token, body string, answer any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, site+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", site)
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		content, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(content, answer); res.StatusCode > 299 || err != nil {
			t.Fatalf("%s %s: %d, %s", method, path, res.StatusCode, content)
		}
	}
	var signed struct{ Token string }
	_, secret, _ := strings.Cut(running.ConsoleURL(), "#secret=")
	ask("POST", "/console/token", "", `{"tenant":"acme","subject":"console","secret":"`+secret+`"}`, &signed)
	ask("POST", "/requests", signed.Token, `{"action":"echo_async","payload":{"step_ms":1},"id":"console"}`, new(any))
	var request struct {
		State  string
		Detail struct {
			CorrelationID string `json:"correlation_id"`
		}
	}
	for range 10 {
		ask("GET", "/requests/console?subject=console&wait=20s&rev=1000", signed.Token, "", &request)
		if request.State == "SUCCEEDED" {
			break
		}
	}
	ask("GET", "/requests/console?subject=console&detail=true", signed.Token, "", &request)
	var logs struct{ Lines []struct{ Message string } }
	ask("GET", "/console/logs?correlation_id="+url.QueryEscape(request.Detail.CorrelationID), signed.Token, "", &logs)
	var messages []string
	for _, line := range logs.Lines {
		messages = append(messages, line.Message)
	}
	if logged := strings.Join(messages, ", "); !strings.Contains(logged, "handled, request claimed") {
		t.Errorf("%s; the functions logged %q", request.State, logged)
	}
}
