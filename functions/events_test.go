package functions_test

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
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

// A stream of a request that goes on ends before its function's time is up, so that it
// ends well and the client comes back for more.
func TestAStreamOfEventsEndsBeforeItsFunction(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	ada := bearer(s.token(t, nil))
	s.call(t, ada, "POST", "/requests", "", `{"id":"r1","action":"long","payload":{}}`)
	ctx, cancel := context.WithTimeout(t.Context(), 2800*time.Millisecond) // 0.5 s of it are Lift's margin
	defer cancel()
	began := time.Now()
	answer := lifttest.Invoke(ctx, t, s.router, lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/requests/r1/events", Header: ada})
	if took := time.Since(began); answer.Status != http.StatusOK || answer.Err != nil || took > 1800*time.Millisecond {
		t.Errorf("got %d, %v after %v, want 200 more than a second before the function's deadline", answer.Status, answer.Err, took)
	}
}

// What is behind the authentication does not see the token, and cannot log it.
func TestTheTokenLeavesTheQuery(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	var seen string
	s.parts.Middleware = []lift.Middleware{func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			res, err := next.Handle(ctx, e)
			seen = e.HTTP.URL.RawQuery
			return res, err
		})
	}}
	s.router = s.build(t, "router", functions.Router)
	mine := s.token(t, nil)
	s.call(t, bearer(mine), "POST", "/requests", "", `{"id":"r1","action":"long","payload":{}}`)
	if answer, _ := s.eventsOf(t, lifttest.HTTPAPI, nil, "subject=ada&token="+mine); answer.Status != http.StatusOK || seen != "subject=ada" {
		t.Errorf("got %d with the query %q, want 200 with subject=ada", answer.Status, seen)
	}
	other := s.token(t, map[string]any{"tenant_id": "globex"})
	if answer, _ := s.eventsOf(t, lifttest.HTTPAPI, bearer(mine), "token="+other); answer.Status != http.StatusOK {
		t.Errorf("got %d, want 200: the header counts before the query", answer.Status)
	}
}
