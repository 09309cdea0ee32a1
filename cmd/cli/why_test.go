package cli

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/wire"
)

func TestReason(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	soon := now.Add(90 * time.Second)
	queued := func(w wire.Waiting) wire.Snapshot {
		return wire.Snapshot{ID: "r1", State: wire.StateQueued, Attempts: 2, Waiting: &w, UpdatedAt: now, Error: &wire.Error{Code: wire.InternalError}}
	}
	position := func(n int) wire.Snapshot {
		return queued(wire.Waiting{For: wire.WaitingLimit, Limit: "tenant:acme", Running: 3, Position: n})
	}
	for want, s := range map[string]wire.Snapshot{
		"attempt 2 starts in 1m30s": queued(wire.Waiting{For: wire.WaitingRetry, Until: &soon}),
		"asked for a pause: it continues in 1m30s": {State: wire.StateQueued, StartedAt: &now,
			Waiting: &wire.Waiting{For: wire.WaitingTime, Until: &soon}},
		"asked for a later start: it starts in 1m30s, at 2026-01-02T": {State: wire.StateQueued,
			Waiting: &wire.Waiting{For: wire.WaitingTime, Until: &soon}},
		`until it gets the signal "approval"`: queued(wire.Waiting{For: wire.WaitingSignal, Token: "approval", Until: &now}),
		"it waits for its children: 3 of 10 have ended; `streamer list --parent r1 --subject ada` lists them": {ID: "r1",
			State: wire.StateQueued, Waiting: &wire.Waiting{For: wire.WaitingChildren}, Children: &wire.Children{Total: 10, Ended: 3}},
		"the concurrency limit tenant:acme is reached: 3 of its requests are running; this one is number 7": position(7),
		"this one is next":                                            position(1),
		"has come up in the wait queue":                               position(0),
		"QUEUED for 2m0s, until a worker starts it":                   {State: wire.StateQueued, Waiting: &wire.Waiting{For: wire.WaitingWorker}, UpdatedAt: now.Add(-2 * time.Minute)},
		"RUNNING, at 40 %: its last progress or heartbeat was 5s ago": {State: wire.StateRunning, Percentage: 40, UpdatedAt: now.Add(-5 * time.Second)},
		"asked to stop":                                               {State: wire.StateRunning, Cancelling: true},
		"`streamer signal r1 'a b' --subject ada` sends the signal":   queued(wire.Waiting{For: wire.WaitingSignal, Token: "a b", Until: &now}),
		"`streamer redrive r2 --subject ada` runs it again":           {ID: "r2", State: wire.StateFailed, Error: &wire.Error{Code: wire.Timeout}},
		"FAILED with TIMEOUT: too slow":                               {State: wire.StateFailed, Error: &wire.Error{Code: wire.Timeout, Message: "too\nslow"}},
		"CANCELLED":                                                   {State: wire.StateCancelled},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			if got := reason(s, now, " --subject ada"); !strings.Contains(got, want) {
				t.Errorf("got %q, want a text with %q", got, want)
			}
		})
	}
}

// Operators see the cause of each attempt, and who changed the request.
func TestPast(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := now.Add(-time.Minute)
	attempt := wire.Attempt{Number: 1, StartedAt: at.Add(-time.Second), EndedAt: at, Code: wire.InternalError, Worker: "w1"}
	caused := attempt
	caused.Cause = wire.Cause{Message: "index out of range\x1b[2J", Kind: wire.KindPanic, Frame: "ship.go:12 shop.Ship"}
	for name, tt := range map[string]struct {
		s    wire.Snapshot
		want string
	}{
		"nothing yet": {},
		"an owner's": {wire.Snapshot{History: []wire.Attempt{attempt}},
			"  attempt 1 ended 1m0s ago with INTERNAL_ERROR, after 1s on worker w1\n"},
		"an operator's": {wire.Snapshot{History: []wire.Attempt{caused}, Detail: &wire.Detail{Audit: []wire.AuditEntry{
			{Event: wire.EventRedrive, By: "ops", At: at}, {Event: wire.EventCancel, By: "root", Tenant: "stage", At: at}}}},
			"  attempt 1 ended 1m0s ago with INTERNAL_ERROR, after 1s on worker w1\n" +
				"    panic: index out of range [2J\n    at ship.go:12 shop.Ship\n" +
				"  redriven by ops 1m0s ago, at " + stamp(at) + "\n" +
				"  cancelled by root of the tenant stage 1m0s ago, at " + stamp(at) + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, past(tt.s, now)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A command that is copied from the screen asks the same server, and runs nothing that
// somebody put into a name.
func TestWhere(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]clientFlags{
		"": {data: defaultData, token: "secret"},
		" --subject ada@a.example --url wss://a.example/prod --http-url https://b.example --data /tmp/play": {
			url: "wss://a.example/prod", httpURL: "https://b.example", data: "/tmp/play", subject: "ada@a.example"},
		" --subject ada --tenant acme --context prod": {subject: "ada", tenant: "acme", context: "prod"},
		` --subject 'a;rm -rf ~'`:                     {subject: "a;rm -rf ~"},
		` --subject 'o'\''hara $(id) '`:               {subject: "o'hara $(id)\n"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			if got := f.where(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// Who may see the cause of an internal error is led to it.
func TestWhereTheCauseIs(t *testing.T) {
	t.Parallel()
	const request = `{"id":"r1","subject":"ada","action":"ship","state":"%s","error":{"code":"%s","message":"x"},"attempts":1,"rev":2,` +
		`"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"%s}`
	const history = `,"history":[{"number":1,"started_at":"2026-01-01T00:00:00Z","ended_at":"2026-01-01T00:00:01Z","code":"INTERNAL_ERROR",` +
		`"worker":"w","cause":{"message":"nil map","kind":"runtime.Error"}}]`
	for _, tt := range []struct {
		name, args, code, history string
		want                      bool
	}{
		{"watch", "watch r1 --subject ada", "INTERNAL_ERROR", history, true},
		{"a row", "get r1 --subject ada -o wide", "INTERNAL_ERROR", history, true},
		{"JSON has it", "get r1 --subject ada", "INTERNAL_ERROR", history, false},
		{"why has it", "why r1 --subject ada", "INTERNAL_ERROR", history, false},
		{"an operator's own", "watch r1", "INTERNAL_ERROR", history, true},
		{"no operator", "watch r1", "INTERNAL_ERROR", "", false},
		{"no cause is stored", "get r1 --subject ada -o wide", "INTERNAL_ERROR", "", false},
		{"another code", "get r1 --subject ada -o wide", "TIMEOUT", history, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			flags := fakeAPI(t, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, request, wire.StateFailed, tt.code, tt.history)
			})
			term := start(t, t.Context(), nil, "", append(strings.Fields(tt.args), flags...)...)
			<-term.exit
			want := "its cause: " + program() + " why r1"
			if strings.Contains(tt.args, "--subject") {
				want += " --subject ada"
			}
			want += " --url ws://127.0.0.1:1/dev --http-url http://127.0.0.1:"
			if got := term.err.String(); strings.Contains(got, want) != tt.want || strings.Count(got, "its cause") > 1 {
				t.Errorf("got %q, want %q: %v", got, want, tt.want)
			}
		})
	}
}
