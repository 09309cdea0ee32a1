package stack_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
)

// Events come while the request runs, to a client without a WebSocket.
func TestEventsWhileARequestRuns(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	goOn := make(chan struct{})
	tokens := streamer.NewAction(streamer.ActionConfig{Name: "tokens", Long: true},
		func(ctx context.Context, job *streamer.Job, _ any) (string, error) {
			if err := job.Emit("first"); err != nil {
				return "", err
			}
			select {
			case <-goOn:
			case <-ctx.Done():
				return "", ctx.Err()
			}
			return "done", job.Emit("last")
		})
	running := start(t, t.TempDir(), &log, tokens)
	defer stop(t, running)
	call, err := connect(t, running).Start(t.Context(), client.Request{Action: "tokens", Payload: json.RawMessage(`null`)})
	if err != nil {
		t.Fatal(err)
	}
	token, err := running.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, running.HTTPURL()+"/requests/"+call.ID()+"/events?token="+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" ||
		res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("got %s %v, want 200 text/event-stream for every origin", res.Status, res.Header)
	}
	var got []string
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		switch data, ok := strings.CutPrefix(lines.Text(), "data: "); {
		case !ok:
		case strings.Contains(data, `"chunks":["first"]`):
			got = append(got, "first")
			close(goOn)
		case strings.Contains(data, `"chunks":["last"]`):
			got = append(got, "last")
		case strings.Contains(data, `"type":"complete"`):
			got = append(got, "complete")
		}
	}
	if want := "first last complete"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
