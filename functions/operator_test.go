package functions_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
)

// What an operator of acme may do over HTTP, and no other caller.
func TestOperatorsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	operator := map[string]any{"sub": "olga", "scope": request.OperatorScope}
	ada, eve := bearer(s.token(t, nil)), bearer(s.token(t, map[string]any{"tenant_id": "globex", "scope": request.OperatorScope}))
	olga := bearer(s.token(t, operator))
	s.open(t, "c-ada", nil)
	s.open(t, "c-olga", operator)
	s.open(t, "c-eve", map[string]any{"tenant_id": "globex"})
	for _, tt := range []struct {
		name                string
		who                 http.Header
		method, path, query string
		status              int
		contains            string
	}{
		{"submit", ada, "POST", "/requests", "subject=olga", 202, `"acknowledgment"`},
		{"list of all", olga, "GET", "/requests", "subject=*", 200, `{"requests":[{"id":"r1","subject":"ada"`},
		{"list of one", olga, "GET", "/requests", "subject=ada&action=long", 200, `"id":"r1"`},
		{"list of one, another action", olga, "GET", "/requests", "subject=ada&action=other", 200, `{"requests":[]}`},
		{"list of one's own", olga, "GET", "/requests", "", 200, `{"requests":[]}`},
		{"list of all, no operator", ada, "GET", "/requests", "subject=*", 403, `"code":"FORBIDDEN"`},
		{"list of all, another tenant", eve, "GET", "/requests", "subject=*", 200, `{"requests":[]}`},
		{"get", olga, "GET", "/requests/r1", "subject=ada", 200, `"subject":"ada"`},
		{"get in detail", olga, "GET", "/requests/r1", "subject=ada&detail=true", 200, `"detail":{"payload":{ "n":1 },"correlation_id":"`},
		{"one's own in detail", ada, "GET", "/requests/r1", "detail=true", 200, `"detail":{"payload":`},
		{"long poll", olga, "GET", "/requests/r1", "subject=ada&wait=1ms&rev=0", 200, `"rev":1`},
		{"get, no operator", bearer(s.token(t, map[string]any{"sub": "bob"})), "GET", "/requests/r1", "subject=ada", 403, `"code":"FORBIDDEN"`},
		{"get, another tenant", eve, "GET", "/requests/r1", "subject=ada", 404, `"code":"NOT_FOUND"`},
		{"get, not there", olga, "GET", "/requests/none", "subject=ada", 404, `"code":"NOT_FOUND"`},
		{"output", olga, "GET", "/requests/r1/output", "subject=ada", 200, `"chunks":[]`},
		{"signal", olga, "POST", "/requests/r1/signals/go", "subject=ada", 200, `"id":"r1"`},
		{"the signal's time", olga, "GET", "/requests/r1", "subject=ada&detail=true", 200, `"steps":[{"name":"signal:go","result":null,"at":"2`},
		{"redrive", olga, "POST", "/requests/r1/redrive", "subject=ada", 200, `"state":"QUEUED"`},
		{"cancel, another tenant", eve, "DELETE", "/requests/r1", "subject=ada", 404, `"code":"NOT_FOUND"`},
		{"cancel", olga, "DELETE", "/requests/r1", "subject=ada", 200, `"state":"CANCELLED"`},

		{"connections", olga, "GET", "/connections", "subject=*", 200, `"subject":"olga"`},
		{"a page of connections", olga, "GET", "/connections", "subject=*&limit=1", 200, `"cursor":"`},
		{"a bad page", olga, "GET", "/connections", "limit=1000", 400, `"code":"VALIDATION_ERROR"`},
		{"one's own connections", ada, "GET", "/connections", "", 200, `{"connections":[{"id":"c-ada","subject":"ada",`},
		{"connections, no operator", ada, "GET", "/connections", "subject=olga", 403, `"code":"FORBIDDEN"`},
		{"connections, another tenant", eve, "GET", "/connections", "subject=*", 200, `{"connections":[{"id":"c-eve",`},
		{"close, no operator", ada, "DELETE", "/connections", "subject=olga", 403, `"code":"FORBIDDEN"`},
		{"close all of the tenant's", olga, "DELETE", "/connections", "subject=*", 400, `"code":"VALIDATION_ERROR"`},
		{"close, another tenant", eve, "DELETE", "/connections", "subject=olga", 200, `{"closed":0}`},
		{"close", olga, "DELETE", "/connections", "subject=ada", 200, `{"closed":1}`},
		{"closed", olga, "GET", "/connections", "subject=ada", 200, `{"connections":[]}`},

		{"schedules", olga, "GET", "/schedules", "", 200, `{"schedules":[{"name":"nightly","cron":"@daily","time_zone":"UTC","action":"long"`},
		{"schedules, no operator", ada, "GET", "/schedules", "", 403, `"code":"FORBIDDEN"`},
		{"schedules, another tenant", eve, "GET", "/schedules", "", 200, `{"schedules":[]}`},
		{"pause", olga, "POST", "/schedules/nightly/pause", "", 200, `"paused":true,"next":[]`},
		{"pause, no operator", ada, "POST", "/schedules/nightly/pause", "", 403, `"code":"FORBIDDEN"`},
		{"resume, another tenant", eve, "POST", "/schedules/nightly/resume", "", 404, `"code":"NOT_FOUND"`},
		{"resume", olga, "POST", "/schedules/nightly/resume", "", 200, `"paused":false,"next":["`},
		{"run", olga, "POST", "/schedules/nightly/run", "", 202, `"last":{"request_id":"by-hand","state":"QUEUED"}`},
		{"run, not there", olga, "POST", "/schedules/hourly/run", "", 404, `there is no schedule \"hourly\"`},
		{"what was run", olga, "GET", "/requests/by-hand", "subject=system", 200, `"subject":"system"`},
	} {
		body := ""
		if tt.path == "/schedules/nightly/run" {
			body = `{"request_id":"by-hand"}`
		}
		if tt.method == "POST" && tt.path == "/requests" {
			body = `{"id":"r1","action":"long","payload":{ "n":1 }}`
		}
		t.Run(tt.name, func(t *testing.T) {
			answer := s.call(t, tt.who, tt.method, tt.path, tt.query, body)
			if answer.Status != tt.status || !strings.Contains(string(answer.Body), tt.contains) {
				t.Errorf("got %d %s, want %d with %s", answer.Status, answer.Body, tt.status, tt.contains)
			}
		})
	}
	if got := s.mail.closed; len(got) != 1 || got[0] != "c-ada" {
		t.Errorf("closed %v, want c-ada alone", got)
	}
}

// Each sweep tells how far the work is behind, in the form that the template's
// alarm reads.
func TestTheSweepWritesTheQueuesAge(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.call(t, bearer(s.token(t, nil)), "POST", "/requests", "", `{"id":"r1","action":"long","payload":{}}`)
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}
	long := time.Now().Add(-30 * time.Second)
	queued := request.Change{Set: request.Effects{DueAt: long, Look: request.Look{At: long}}}
	if _, err := s.store.ChangeRequest(t.Context(), key, queued); err != nil {
		t.Fatal(err)
	}
	lifttest.Invoke(t.Context(), t, s.processor, lifttest.Schedule{})
	if got := s.metrics.Values(t, "Due"); len(got) != 1 || got[0] != 1 {
		t.Errorf("got Due %v, want 1", got)
	}
	if got := s.metrics.Values(t, "OldestDue"); len(got) != 1 || got[0] < 30_000 || got[0] > 60_000 {
		t.Errorf("got OldestDue %v, want one of half a minute to a minute", got)
	}
}
