package functions_test

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
)

// eventsOf asks for the events of r1 through a front, and returns the answer and the
// fields of its events, by name.
func (s *system) eventsOf(t *testing.T, via lifttest.Via, header http.Header, query string) (lifttest.Answer, map[string][]string) {
	t.Helper()
	answer := lifttest.Invoke(t.Context(), t, s.router, lifttest.HTTP{Via: via, Method: "GET", Path: "/requests/r1/events",
		Query: query, Header: header})
	fields := map[string][]string{}
	for lines := bufio.NewScanner(bytes.NewReader(answer.Body)); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ": "); ok {
			fields[name] = append(fields[name], value)
		}
	}
	return answer, fields
}

func TestARequestAsServerSentEvents(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	ada := bearer(s.token(t, nil))
	s.call(t, ada, "POST", "/requests", "", `{"id":"r1","action":"long","payload":{}}`)

	_, before := s.eventsOf(t, lifttest.HTTPAPI, ada, "")
	if got := strings.Join(before["event"], " "); got != "request" {
		t.Errorf("got the events %q of a front that cannot stream, want the snapshot alone", got)
	}
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}
	lifttest.Invoke(t.Context(), t, s.processor, lifttest.JSON{Value: functions.NewRunInvocation(key, time.Time{})})

	answer, all := s.eventsOf(t, lifttest.FunctionURL, ada, "")
	if got := strings.Join(all["event"], " "); answer.Status != 200 || !answer.Streamed || got != "request complete" ||
		answer.Header.Get("Content-Type") != "text/event-stream" || strings.Join(all["retry"], " ") != "1000" {
		t.Errorf("got %d %v with %q, want 200 text/event-stream with the snapshot and the end", answer.Status, answer.Header, answer.Body)
	}
	if data := all["data"]; len(data) != 2 || !strings.HasPrefix(data[1], `{"type":"complete","request_id":"r1"`) {
		t.Errorf("got the data %q, want the frames of the protocol", data)
	}

	ids := all["id"]
	resumed := func(id string) http.Header {
		header := ada.Clone()
		header.Set("Last-Event-ID", id)
		return header
	}
	if _, rest := s.eventsOf(t, lifttest.FunctionURL, resumed(ids[0]), ""); strings.Join(rest["event"], " ") != "complete" {
		t.Errorf("got %q behind the snapshot, want the end alone", rest["event"])
	}
	if answer, _ := s.eventsOf(t, lifttest.FunctionURL, resumed(ids[1]), ""); answer.Status != http.StatusNoContent {
		t.Errorf("got %d behind the end, want 204, so that the client stops", answer.Status)
	}
	if answer, _ := s.eventsOf(t, lifttest.FunctionURL, resumed("x"), ""); answer.Status != http.StatusBadRequest {
		t.Errorf("got %d for an id of another stream, want 400", answer.Status)
	}
}

// An EventSource sets no header, so its token comes in the query. It reaches no log.
func TestTheTokenOfAnEventSource(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	token := s.token(t, nil)
	s.call(t, bearer(token), "POST", "/requests", "", `{"id":"r1","action":"long","payload":{}}`)
	for _, tt := range []struct {
		name, query string
		status      int
	}{
		{"in the query", "token=" + token, 200},
		{"none", "", 401},
		{"another's", "token=" + s.token(t, map[string]any{"tenant_id": "globex"}), 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if answer, _ := s.eventsOf(t, lifttest.HTTPAPI, nil, tt.query); answer.Status != tt.status {
				t.Errorf("got %d %s, want %d", answer.Status, answer.Body, tt.status)
			}
		})
	}
	if strings.Contains(s.log.String(), token[len(token)-20:]) {
		t.Error("the token is in the log")
	}
}
