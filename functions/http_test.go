package functions_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

func (s *system) call(t *testing.T, header http.Header, method, path, query, body string) lifttest.Answer {
	t.Helper()
	event := lifttest.HTTP{Method: method, Path: path, Query: query, Header: header}
	if body != "" {
		event.Body = []byte(body)
	}
	return lifttest.Invoke(t.Context(), t, s.router, event)
}

func TestTheSameRequestsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	ada, eve := bearer(s.token(t, nil)), bearer(s.token(t, map[string]any{"tenant_id": "globex"}))
	large := strings.Repeat("x", request.MaxPayload-len(`""`))
	for _, tt := range []struct {
		name                      string
		who                       http.Header
		method, path, query, body string
		status                    int
		contains                  string
	}{
		{"short", ada, "POST", "/requests", "", `{"id":"s","action":"mirror","payload":9007199254740993}`, 201, `"data":9007199254740993`},
		{"the largest payload", ada, "POST", "/requests", "", `{"id":"l","action":"long","payload":"` + large + `"}`, 202, `"type":"acknowledgment"`},
		{"a larger one", ada, "POST", "/requests", "", `{"id":"m","action":"long","payload":"x` + large + `"}`, 413, `"PAYLOAD_TOO_LARGE"`},
		{"long", ada, "POST", "/requests", "", `{"id":"r1","action":"long","payload":{}}`, 202, `"type":"acknowledgment"`},
		{"the same again", ada, "POST", "/requests", "", `{"id":"r1","action":"long","payload":{}}`, 200, `"state":"QUEUED"`},
		{"the id, another payload", ada, "POST", "/requests", "", `{"id":"r1","action":"long","payload":1}`, 409, `"code":"DUPLICATE_REQUEST"`},
		{"no JSON", ada, "POST", "/requests", "", `{`, 400, `"code":"INVALID_MESSAGE"`},
		{"unknown action", ada, "POST", "/requests", "", `{"id":"q","action":"none"}`, 400, `"request_id":"q"`},
		{"an internal error", ada, "POST", "/requests", "", `{"id":"q","action":"leaky"}`, 500, `"code":"INTERNAL_ERROR"`},
		{"get", ada, "GET", "/requests/r1", "", "", 200, `"id":"r1"`},
		{"get, another tenant", eve, "GET", "/requests/r1", "", "", 404, `"code":"NOT_FOUND"`},
		{"get, unknown", ada, "GET", "/requests/none", "", "", 404, `"request_id":"none"`},
		{"get, newer", ada, "GET", "/requests/r1", "wait=1ms&rev=0", "", 200, `"rev":1`},
		{"get, nothing newer", ada, "GET", "/requests/r1", "wait=1ms&rev=9", "", 200, `"rev":1`},
		{"get, a bad wait", ada, "GET", "/requests/r1", "wait=soon", "", 400, `"code":"VALIDATION_ERROR"`},
		{"get, a bad rev", ada, "GET", "/requests/r1", "wait=1ms&rev=x", "", 400, `"code":"VALIDATION_ERROR"`},
		{"list", ada, "GET", "/requests", "state=QUEUED&limit=5", "", 200, `"requests":[{"id":"r1"`},
		{"list, another tenant", eve, "GET", "/requests", "", "", 200, `{"requests":[]}`},
		{"list, a bad limit", ada, "GET", "/requests", "limit=x", "", 400, `limit is \"x\": it must be a whole number`},
		{"list, a limit below zero", ada, "GET", "/requests", "limit=-1", "", 400, `limit is -1: it must be 1 to 100; without it, or with 0, it is 20`},
		{"list, a limit of zero", ada, "GET", "/requests", "limit=0", "", 200, `"requests":[{"id":"r1"`},
		{"connections, a large limit", ada, "GET", "/connections", "limit=101", "", 400, `limit is 101: it must be 1 to 100; without it, or with 0, it is 100`},
		{"output, a bad from", ada, "GET", "/requests/r1/output", "from=x", "", 400, `from is \"x\": it must be a whole number`},
		{"output, from below zero", ada, "GET", "/requests/r1/output", "from=-1", "", 400, `from is -1: it must be 0 or more`},
		{"output, a limit below zero", ada, "GET", "/requests/r1/output", "limit=-1", "", 400, `limit is -1: it must be 1 to 100`},
		{"a reserved action", ada, "POST", "/requests", "", `{"id":"q","action":"streamer.list"}`, 400, `over HTTP use a path, such as GET /requests`},
		{"list, a bad state", ada, "GET", "/requests", "state=x", "", 400, `"code":"VALIDATION_ERROR"`},
		{"cancel, another tenant", eve, "DELETE", "/requests/r1", "", "", 404, `"code":"NOT_FOUND"`},
		{"cancel", ada, "DELETE", "/requests/r1", "", "", 200, `"state":"CANCELLED"`},
		{"no token", nil, "GET", "/requests/r1", "", "", 401, `"code":"UNAUTHORIZED"`},
		{"health", nil, "GET", "/health", "", "", 200, `"ok"`},
		{"no such path", ada, "GET", "/nothing", "", "", 404, `"code":"NOT_FOUND"`},
		{"no such method", ada, "PUT", "/requests", "", "", 405, `"code":"VALIDATION_ERROR"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := s.call(t, tt.who, tt.method, tt.path, tt.query, tt.body)
			if answer.Status != tt.status || !strings.Contains(string(answer.Body), tt.contains) {
				t.Errorf("got %d %s, want %d with %s", answer.Status, answer.Body, tt.status, tt.contains)
			}
			want := "application/json"
			if tt.status >= 400 {
				want = "application/problem+json"
			}
			if got := answer.Header.Get("Content-Type"); got != want {
				t.Errorf("got the Content-Type %q, want %q", got, want)
			}
			if strings.Contains(string(answer.Body), "10.0.0.7") {
				t.Errorf("the text of an internal error is in %s", answer.Body)
			}
		})
	}
}

// The two answers must not differ in anything but the id that was asked for.
func TestAnothersRequestLooksLikeNone(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	ada, eve := bearer(s.token(t, nil)), bearer(s.token(t, map[string]any{"tenant_id": "globex"}))
	s.call(t, ada, "POST", "/requests", "", `{"id":"r1","action":"long"}`)
	for _, method := range []string{"GET", "DELETE"} {
		there, none := s.call(t, eve, method, "/requests/r1", "", ""), s.call(t, eve, method, "/requests/r2", "", "")
		if there.Status != none.Status || strings.ReplaceAll(string(there.Body), "r1", "r2") != string(none.Body) {
			t.Errorf("%s tells them apart: %d %s and %d %s", method, there.Status, there.Body, none.Status, none.Body)
		}
	}
}

func TestLocationNamesTheRequest(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	ada := bearer(s.token(t, nil))
	answer := s.call(t, ada, "POST", "/requests", "", `{"action":"long"}`)
	frame, err := wire.DecodeFrame(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	location := answer.Header.Get("Location")
	if location != request.ResultPath(frame.RequestID) || s.call(t, ada, "GET", location, "", "").Status != 200 {
		t.Errorf("Location is %q, the request %q", location, frame.RequestID)
	}
}

func TestProblemDocument(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	answer := s.call(t, http.Header{"X-Correlation-Id": {"corr-7"}}, "GET", "/requests", "", "")
	var doc map[string]any
	answer.Decode(t, &doc)
	want := map[string]any{"type": "about:blank", "title": "Unauthorized", "status": 401.0, "detail": "a bearer token is needed",
		"code": "UNAUTHORIZED", "correlation_id": "corr-7"}
	got, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	expected, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(expected) || answer.Header.Get("WWW-Authenticate") != "Bearer" ||
		answer.Header.Get("X-Correlation-Id") != "corr-7" {
		t.Errorf("answered %s with %v", got, answer.Header)
	}
}

func TestAFunctionNamesThePartsItLacks(t *testing.T) {
	t.Parallel()
	whole := newSystem(t).parts
	negative := whole
	negative.Retention, negative.Lease = -1, -1
	for _, tt := range []struct {
		name  string
		build func(functions.Parts) (*lift.App, error)
		parts functions.Parts
		want  []string
	}{
		{"connect", functions.Connect, functions.Parts{}, []string{"Connect needs Parts.Connections", "Connect needs Parts.Verifier"}},
		{"disconnect", functions.Disconnect, functions.Parts{}, []string{"Disconnect needs Parts.Connections"}},
		{"router", functions.Router, functions.Parts{Push: whole.Push}, []string{"Router needs Parts.Connections", "Router needs Parts.Requests",
			"Router needs Parts.Actions", "Router needs Parts.Close", "Router needs Parts.Dispatch", "Router needs Parts.Verifier"}},
		{"processor", functions.Processor, functions.Parts{Connections: whole.Connections, Requests: whole.Requests},
			[]string{"Processor needs Parts.Actions", "Processor needs Parts.Push", "Processor needs Parts.Close",
				"Processor needs Parts.Dispatch"}},
		{"negative settings", functions.Router, negative, []string{"Parts.Retention is negative; 0 stands for the default",
			"Parts.Lease is negative; 0 stands for the default"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := "functions: " + strings.Join(tt.want, "\nfunctions: ")
			if _, err := tt.build(tt.parts); err == nil || err.Error() != want {
				t.Errorf("got the error\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// A schedule that is wrong keeps both functions from starting that need the actions.
func TestAFunctionRefusesAWrongSchedule(t *testing.T) {
	t.Parallel()
	parts := newSystem(t).parts
	parts.Schedules = []streamer.Schedule{{Name: "nightly", Cron: "@daily", Action: "none", Tenant: "acme", Subject: "system"}}
	for name, build := range map[string]func(functions.Parts) (*lift.App, error){"router": functions.Router, "processor": functions.Processor} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const want = `streamer: schedule "nightly": there is no action "none": register it, or remove the schedule`
			if _, err := build(parts); err == nil || err.Error() != want {
				t.Errorf("got the error %v, want %s", err, want)
			}
		})
	}
}

// What an application brings works in every function that it concerns.
func TestMiddlewareAndRoutesOfTheApplication(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	var seen []string
	s.parts.ActionMiddleware = []func(streamer.ActionFunc) streamer.ActionFunc{func(next streamer.ActionFunc) streamer.ActionFunc {
		return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			seen = append(seen, "action "+job.Action())
			return next(ctx, job)
		}
	}}
	s.parts.Middleware = []lift.Middleware{func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			seen = append(seen, "event "+e.Trigger.String())
			return next.Handle(ctx, e)
		})
	}}
	s.parts.Routes = func(app *lift.App, authenticate lift.Middleware) {
		app.HTTP("GET /me", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			return lift.JSON(http.StatusOK, e.Claims.Subject)
		}), authenticate)
	}
	s.connect, s.router = s.build(t, "connect", functions.Connect), s.build(t, "router", functions.Router)
	s.open(t, "c1", nil)
	s.ask(t, "c1", `{"id":"a","action":"mirror","payload":1}`)
	if answer := s.call(t, bearer(s.token(t, nil)), "GET", "/me", "", ""); string(answer.Body) != `"ada"` {
		t.Errorf("got %d %s, want the caller's name", answer.Status, answer.Body)
	}
	if answer := s.call(t, nil, "GET", "/me", "", ""); answer.Status != http.StatusUnauthorized {
		t.Errorf("got %d without a token, want 401", answer.Status)
	}
	want := []string{"event websocket_connect", "event websocket_message", "action mirror", "event http", "event http"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("middleware ran for (-want +got):\n%s", diff)
	}
}
