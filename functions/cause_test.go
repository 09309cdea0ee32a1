package functions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
)

// Over HTTP an operator is shown why an attempt failed and who changed a request, without
// the tokens in it. The owner is shown neither.
func TestCausesAndAuditOverHTTP(t *testing.T) {
	t.Parallel()
	const (
		cause = `"cause":{"message":"dial tcp 10.0.0.7 with Bearer [redacted]: secret detail","kind":"*errors.errorString","frame":""}`
		audit = `"audit":[{"event":"signal","by":"ada","at":"`
	)
	for _, who := range []struct {
		name     string
		claims   map[string]any
		operator bool
	}{
		{"the owner", nil, false},
		{"an operator", map[string]any{"sub": "olga", "scope": request.OperatorScope}, true},
	} {
		t.Run(who.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t)
			ada, caller := bearer(s.token(t, nil)), bearer(s.token(t, who.claims))
			s.call(t, ada, "POST", "/requests", "", `{"id":"r1","action":"spills","payload":{}}`)
			s.call(t, ada, "POST", "/requests/r1/signals/go", "", `1`)
			key := request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}
			lifttest.Invoke(t.Context(), t, s.processor, lifttest.JSON{Value: functions.NewRunInvocation(key, time.Time{})})
			for _, tt := range []struct {
				name, method, path, query string
				changed                   string
				cause, audit              bool
			}{
				{"get", "GET", "/requests/r1", "", "", true, false},
				{"get in detail", "GET", "/requests/r1", "&detail=true", "", true, true},
				{"long poll", "GET", "/requests/r1", "&wait=1ms&rev=0", "", true, false},
				{"list", "GET", "/requests", "", "", false, false},
				{"events", "GET", "/requests/r1/events", "", "", true, false},
				{"cancel", "DELETE", "/requests/r1", "", `"changed":false`, true, false},
				{"redrive", "POST", "/requests/r1/redrive", "", `"changed":true`, true, false},
				{"redrive again", "POST", "/requests/r1/redrive", "", `"changed":false`, true, false},
				{"signal", "POST", "/requests/r1/signals/on", "", `"changed":true`, true, false},
			} {
				answer := s.call(t, caller, tt.method, tt.path, "subject=ada"+tt.query, "")
				body := string(answer.Body)
				if answer.Status != 200 || !strings.Contains(body, `"id":"r1"`) || !strings.Contains(body, tt.changed) {
					t.Errorf("%s: got %d %s, want the request with %s", tt.name, answer.Status, body, tt.changed)
				}
				if shown, want := strings.Contains(body, cause), who.operator && tt.cause; shown != want {
					t.Errorf("%s: the cause is shown: got %v, want %v: %s", tt.name, shown, want, body)
				}
				if shown, want := strings.Contains(body, audit), who.operator && tt.audit; shown != want {
					t.Errorf("%s: the audit is shown: got %v, want %v: %s", tt.name, shown, want, body)
				}
				if leaked := strings.Contains(body, "abcdef0123456789") || !who.operator && strings.Contains(body, "secret detail"); leaked {
					t.Errorf("%s: got %s, want nothing that is secret", tt.name, body)
				}
			}
		})
	}
}
