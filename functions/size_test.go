package functions_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A list whose page would not fit into a message has fewer elements and a cursor, and
// pages that follow it have each request once.
func TestAListFitsIntoAMessage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	const requests = 100
	at := time.Now()
	want := make([]string, requests)
	for i := range requests {
		id := fmt.Sprintf("r%03d", i)
		want[requests-1-i] = id
		_, _, err := s.store.CreateRequest(t.Context(), &request.Request{
			Key: request.Key{Tenant: "acme", Subject: "ada", ID: id}, Action: "long", Payload: json.RawMessage("1"),
			State: request.Queued, Rev: 1, Attempt: 1, CreatedAt: at.Add(time.Duration(i) * time.Second), UpdatedAt: at, DueAt: at.Add(time.Hour),
			Progress: request.Progress{Message: strings.Repeat("m", request.MaxMessageText),
				Metadata: json.RawMessage(`{"m":"` + strings.Repeat("x", request.MaxMetadata-8) + `"}`)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, page := range map[string]func(t *testing.T, cursor string) []byte{
		"WebSocket": func(t *testing.T, cursor string) []byte {
			return s.ask(t, "c1", fmt.Sprintf(`{"action":"streamer.list","payload":{"limit":100,"cursor":%q}}`, cursor)).Data
		},
		"HTTP": func(t *testing.T, cursor string) []byte {
			query := url.Values{"limit": {"100"}, "cursor": {cursor}}
			answer := s.call(t, bearer(s.token(t, nil)), "GET", "/requests", query.Encode(), "")
			if answer.Status != http.StatusOK || len(answer.Body) > wire.MaxMessage {
				t.Fatalf("answered %d with %d bytes, want 200 with at most %d", answer.Status, len(answer.Body), wire.MaxMessage)
			}
			return answer.Body
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			pages, cursor := 0, ""
			for {
				var list wire.List
				if err := json.Unmarshal(page(t, cursor), &list); err != nil {
					t.Fatal(err)
				}
				for _, r := range list.Requests {
					got = append(got, r.ID)
				}
				pages++
				if cursor = list.Cursor; cursor == "" {
					break
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the requests (-want +got):\n%s", diff)
			}
			if pages < 4 || pages > 6 { // 100 of 5.4 KB, 120 KB a page
				t.Errorf("got %d pages, want about 5", pages)
			}
		})
	}
}

func TestAListOfConnectionsFitsIntoAMessage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	at := time.Now().Truncate(time.Second)
	var want []string
	for i := range 100 {
		conn := request.Connection{ID: fmt.Sprintf("c%03d", i), ConnectedAt: at.Add(time.Duration(i) * time.Second),
			UserAgent: strings.Repeat("\x01", request.MaxUserAgent), // six bytes each in JSON
			Principal: request.Principal{Tenant: "acme", Subject: "ada", ExpiresAt: at.Add(time.Hour)}}
		want = append(want, conn.ID)
		if err := s.store.SaveConnection(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	pages := 0
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		answer := s.call(t, bearer(s.token(t, nil)), "GET", "/connections", url.Values{"cursor": {cursor}}.Encode(), "")
		var list wire.ConnectionList
		answer.Decode(t, &list)
		if len(answer.Body) > wire.MaxMessage {
			t.Fatalf("a page has %d bytes, want at most %d", len(answer.Body), wire.MaxMessage)
		}
		for _, c := range list.Connections {
			got = append(got, c.ID)
		}
		cursor = list.Cursor
	}
	if diff := cmp.Diff(want, got); diff != "" || pages != 2 {
		t.Errorf("got %d pages, want 2; the connections (-want +got):\n%s", pages, diff)
	}
}

// A short action's answer, or what its error says, fits into a message, on every door.
func TestAShortAnswerFitsIntoAMessage(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.open(t, "c1", nil)
	payload := func(size int) string { return `"` + strings.Repeat("x", size-2) + `"` }
	for name, tt := range map[string]struct {
		action, payload string
		size            int // of the answer; 0: refused
	}{
		"the longest answer": {"mirror", payload(request.MaxInFrame), request.MaxInFrame},
		"a byte more":        {"mirror", payload(request.MaxInFrame + 1), 0},
		"twice":              {"twice", payload(request.MaxInFrame), 0},
	} {
		t.Run(name, func(t *testing.T) {
			message := fmt.Sprintf(`{"id":"a","action":%q,"payload":%s}`, tt.action, tt.payload)
			frame := s.ask(t, "c1", message)
			answer := s.call(t, bearer(s.token(t, nil)), "POST", "/requests", "", message)
			if tt.size > 0 {
				if len(frame.Data) != tt.size || answer.Status != http.StatusCreated {
					t.Errorf("got %d bytes, HTTP %d, want %d and 201", len(frame.Data), answer.Status, tt.size)
				}
				return
			}
			if frame.Error == nil || frame.Error.Code != wire.PayloadTooLarge || frame.Error.Retry != nil || frame.RequestID != "a" {
				t.Errorf("the frame is %.200s, want %s", frame.Append(nil), wire.PayloadTooLarge)
			}
			var problem struct{ Code wire.Code }
			answer.Decode(t, &problem)
			if answer.Status != http.StatusRequestEntityTooLarge || problem.Code != wire.PayloadTooLarge {
				t.Errorf("HTTP answered %d %.200s, want 413 %s", answer.Status, answer.Body, wire.PayloadTooLarge)
			}
		})
	}
	t.Run("a snapshot whose result just fits", func(t *testing.T) {
		at := time.Now()
		_, _, err := s.store.CreateRequest(t.Context(), &request.Request{
			Key: request.Key{Tenant: "acme", Subject: "ada", ID: "large"}, Action: "long", Payload: json.RawMessage("1"),
			State: request.Succeeded, Rev: 3, Attempt: 1, CreatedAt: at, UpdatedAt: at, FinishedAt: at,
			Result: json.RawMessage(payload(request.MaxInFrame)),
			Progress: request.Progress{Message: strings.Repeat("\x01", request.MaxMessageText), // six bytes each in JSON
				Metadata: json.RawMessage(`{"m":"` + strings.Repeat("x", request.MaxMetadata-8) + `"}`)},
		})
		if err != nil {
			t.Fatal(err)
		}
		frame := s.ask(t, "c1", `{"id":"a","action":"streamer.get","payload":{"request_id":"large"}}`)
		if frame.Error == nil || frame.Error.Code != wire.PayloadTooLarge || !strings.Contains(frame.Error.Message, "over HTTP") {
			t.Errorf("the frame is %.200s, want %s with the way out", frame.Append(nil), wire.PayloadTooLarge)
		}
		if answer := s.call(t, bearer(s.token(t, nil)), "GET", "/requests/large", "", ""); answer.Status != http.StatusOK {
			t.Errorf("HTTP answered %d %.200s, want 200", answer.Status, answer.Body)
		}
	})
	t.Run("an error's details", func(t *testing.T) {
		frame := s.ask(t, "c1", `{"id":"a","action":"wordy"}`)
		if frame.Error == nil || frame.Error.Code != wire.ProcessingFailed || !strings.HasSuffix(frame.Error.Message, "x…") ||
			len(frame.Error.Message) > request.MaxErrorText+len("…") || strings.Contains(string(frame.Error.Details), "xx") {
			t.Errorf("the frame is %.300s, want a cut message and no details of the action", frame.Append(nil))
		}
	})
}
