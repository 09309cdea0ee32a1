package clients

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/internal/programtest"
)

// curl speaks HTTP, reads events as they come, and asks for an upgrade in spellings of its user's.
func TestCurl(t *testing.T) {
	t.Parallel()
	curl := programtest.Find(t, "curl")
	s := start(t)
	// call gives back what curl read, byte for byte.
	call := func(t *testing.T, args ...string) (*http.Response, string) {
		t.Helper()
		got := programtest.Run(t, nil, curl, append([]string{"--silent", "--show-error", "--include", "--raw", "--no-buffer"}, args...)...)
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got.Stdout)), nil)
		if err != nil {
			t.Fatalf("curl %q: %v: status %d, %s%s", args, err, got.Code, got.Stdout, got.Stderr)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	bearer := []string{"--header", "Authorization: Bearer " + s.token}
	submit := func(message string) []string {
		return append([]string{"--json", message, s.HTTPURL() + "/requests"}, bearer...)
	}

	t.Run("a message twice is one request", func(t *testing.T) {
		const message = `{"id": "twice", "action": "echo_async", "payload": {"step_ms": 1}}`
		first, body := call(t, submit(message)...)
		if got := first.Header.Get("Location"); first.StatusCode != 202 || got != "/requests/twice" || !strings.Contains(body, `"acknowledgment"`) {
			t.Errorf("got %s, Location %q and %s, want 202 and the acknowledgment", first.Status, got, body)
		}
		if again, body := call(t, submit(message)...); again.StatusCode != 200 || !strings.Contains(body, `"id":"twice"`) {
			t.Errorf("the same again: got %s and %s, want 200 and the request", again.Status, body)
		}
		other, body := call(t, submit(strings.Replace(message, "1}", "2}", 1))...)
		if kind := other.Header.Get("Content-Type"); other.StatusCode != 409 || kind != "application/problem+json" || !strings.Contains(body, "DUPLICATE_REQUEST") {
			t.Errorf("another payload: got %s, %s and %s, want 409 and the problem DUPLICATE_REQUEST", other.Status, kind, body)
		}
	})

	t.Run("events", func(t *testing.T) {
		call(t, submit(`{"id": "events", "action": "echo_async", "payload": {"step_ms": 1}}`)...)
		events := append([]string{s.HTTPURL() + "/requests/events/events"}, bearer...)
		res, stream := call(t, events...)
		last := end.FindStringSubmatch(stream)
		if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" || !strings.HasPrefix(stream, "id: ") || last == nil {
			t.Fatalf("got %s, %s and %s, want events up to complete", res.Status, kind, stream)
		}
		if after, body := call(t, append(events, "--header", "Last-Event-ID: "+last[1])...); after.StatusCode != 204 || body != "" {
			t.Errorf("behind the end: got %s and %s, want 204", after.Status, body)
		}
	})

	t.Run("a cancel", func(t *testing.T) {
		call(t, submit(`{"id": "stopped", "action": "echo_async", "payload": {"step_ms": 60000}}`)...)
		res, body := call(t, append([]string{"--request", "DELETE", s.HTTPURL() + "/requests/stopped"}, bearer...)...)
		if res.StatusCode != 200 || !strings.Contains(body, `"changed":true`) {
			t.Errorf("got %s and %s, want 200 and the change", res.Status, body)
		}
		res, body = call(t, append([]string{s.HTTPURL() + "/requests/stopped?wait=20s&rev=1000"}, bearer...)...)
		if res.StatusCode != 200 || !strings.Contains(body, `"state":"CANCELLED"`) {
			t.Errorf("then: got %s and %s, want CANCELLED", res.Status, body)
		}
	})

	t.Run("without a token", func(t *testing.T) {
		if res, body := call(t, s.HTTPURL()+"/requests"); res.StatusCode != 401 || !strings.Contains(body, "UNAUTHORIZED") {
			t.Errorf("got %s and %s, want 401", res.Status, body)
		}
	})

	url := strings.Replace(s.WebSocketURL(), "ws://", "http://", 1) + "?token=" + s.token
	for name, tt := range map[string]struct {
		headers []string
		url     string
		status  int
		says    string // a header of the answer
	}{
		"Connection on two lines, Upgrade in a list": {[]string{"Connection: keep-alive", "Connection: Upgrade", "Upgrade: h2c, websocket",
			"Sec-WebSocket-Version: 13"}, url, 101, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		"another version": {[]string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8"}, url, 426, "Sec-WebSocket-Version: 13"},
		"another token": {[]string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"}, url + "x", 401,
			"Content-Type: application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"--http1.1", "--max-time", "5", "--header", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
			for _, header := range tt.headers {
				args = append(args, "--header", header)
			}
			res, _ := call(t, append(args, tt.url)...)
			key, value, _ := strings.Cut(tt.says, ": ")
			if diff := cmp.Diff([]string{fmt.Sprint(tt.status), value}, []string{fmt.Sprint(res.StatusCode), res.Header.Get(key)}); diff != "" {
				t.Errorf("status and %s (-want +got):\n%s", key, diff)
			}
		})
	}
}

// end is the event that ends a stream, with its id.
var end = regexp.MustCompile(`(?m)^id: (\S+)\nevent: complete$`)
