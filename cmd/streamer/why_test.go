package main

import (
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/wire"
)

func TestReason(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	soon := now.Add(90 * time.Second)
	queued := func(w wire.Waiting) wire.Snapshot {
		return wire.Snapshot{ID: "r1", State: wire.StateQueued, Attempts: 2, Waiting: &w, UpdatedAt: now, Error: &wire.Error{Code: wire.InternalError}}
	}
	for want, s := range map[string]wire.Snapshot{
		"attempt 2 begins in 1m30s":                         queued(wire.Waiting{For: wire.WaitingRetry, Until: &soon}),
		"go on in 1m30s":                                    queued(wire.Waiting{For: wire.WaitingTime, Until: &soon}),
		`waits for the signal "approval"`:                   queued(wire.Waiting{For: wire.WaitingSignal, Token: "approval", Until: &now}),
		"tenant:acme are taken (3 run), and it is number 7": queued(wire.Waiting{For: wire.WaitingLimit, Limit: "tenant:acme", Running: 3, Position: 7}),
		"waits for a worker":                                queued(wire.Waiting{For: wire.WaitingWorker}),
		"it runs, at 40 %; its worker was last heard of at": {State: wire.StateRunning, Percentage: 40},
		"asked to stop":                                     {State: wire.StateRunning, Cancelling: true},
		"`streamer signal r1 'a b' --subject ada` sends it": queued(wire.Waiting{For: wire.WaitingSignal, Token: "a b", Until: &now}),
		"`streamer redrive r2 --subject ada` runs it again": {ID: "r2", State: wire.StateFailed, Error: &wire.Error{Code: wire.Timeout}},
		"it failed with TIMEOUT: too slow":                  {State: wire.StateFailed, Error: &wire.Error{Code: wire.Timeout, Message: "too\nslow"}},
		"it is CANCELLED":                                   {State: wire.StateCancelled},
	} {
		if got := reason(s, now, " --subject ada"); !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
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
		` --subject 'a;rm -rf ~'`:       {subject: "a;rm -rf ~"},
		` --subject 'o'\''hara $(id) '`: {subject: "o'hara $(id)\n"},
	} {
		if got := f.where(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
