package streamer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// audit is that of ada's r-1 as an operator sees it, a word for each entry.
func (w *harness) audit(t *testing.T) []string {
	t.Helper()
	frame, err := w.requests.Detail(t.Context(), streamer.Caller{Principal: olga, OnBehalfOf: "ada"}, "r-1")
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, e := range frame.Request.Detail.Audit {
		if e.At.IsZero() {
			t.Errorf("%+v has no time", e)
		}
		words = append(words, strings.TrimSuffix(fmt.Sprint(e.Event, " by ", e.By, " of ", e.Tenant), " of "))
	}
	return words
}

// Each answer says whether the call did anything, and what did is in the audit under the
// caller's own name.
func TestAChangeIsAuditedAndAnswered(t *testing.T) {
	t.Parallel()
	w := operated(t)
	const ada, olga = "c-acme-ada", "c-acme-olga"
	var want []string
	for n, step := range []struct {
		connection, action, more string
		changed                  bool
		audit                    string
	}{
		{ada, "cancel", "", false, ""}, // it has failed
		{olga, "redrive", "", true, "redrive by olga"},
		{olga, "redrive", "", false, ""}, // it is queued, and watched from now on
		{olga, "redrive", "", false, ""}, // and watched already
		{ada, "signal", `,"token":"go"`, true, "signal by ada"},
		{olga, "signal", `,"token":"go"`, false, ""}, // the first counts
		{olga, "signal", `,"token":"on"`, true, "signal by olga"},
		{ada, "cancel", "", true, "cancel by ada"},
		{olga, "cancel", "", false, ""},
		{olga, "redrive", "", false, ""},
	} {
		f := w.ask(t, step.connection, `{"id":"m","action":"streamer.`+step.action+
			`","payload":{"request_id":"r-1","subject":"ada"`+step.more+`}}`)
		if f.Request == nil || f.Request.Changed == nil || *f.Request.Changed != step.changed {
			t.Errorf("step %d, %s: got %s, want changed %v", n, step.action, f.Append(nil), step.changed)
		}
		if step.audit != "" {
			want = append(want, step.audit)
		}
		if got := w.audit(t); !slices.Equal(got, want) {
			t.Errorf("step %d, %s: the audit: got %q, want %q", n, step.action, got, want)
		}
	}
	owner := streamer.Principal{Tenant: "platform", Subject: "root", Scopes: []string{request.OwnerScope}, ExpiresAt: mallo.ExpiresAt}
	f, err := w.requests.Redrive(t.Context(), streamer.Caller{Principal: owner, InTenant: "globex", OnBehalfOf: "ada"}, "r-1")
	if err != nil || !*f.Request.Changed {
		t.Errorf("the stage's owner redrives: got %s, %v, want changed", f.Append(nil), err)
	}
	entries := w.load(t, mallo.Key("r-1")).Audit.Entries()
	if len(entries) != 1 || entries[0].By != "root" || entries[0].Tenant != "platform" {
		t.Errorf("the audit of another tenant's request: got %+v, want root of platform", entries)
	}
	for _, action := range []string{"get", "subscribe", "why", "unsubscribe"} {
		f := w.ask(t, olga, `{"id":"m","action":"streamer.`+action+`","payload":{"request_id":"r-1","subject":"ada"}}`)
		if f.Request == nil || f.Request.Changed != nil {
			t.Errorf("%s: got %s, want a snapshot without changed", action, f.Append(nil))
		}
	}
}

// A running request is asked to stop once; who asks again changes nothing.
func TestASecondCancelOfARunningRequestChangesNothing(t *testing.T) {
	t.Parallel()
	begun, end := make(chan bool), make(chan bool)
	w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
		begun <- true
		<-end
		return nil, nil
	}))
	w.submit(t, streamer.Caller{Principal: ada}, "r-1", "work", `1`)
	var running sync.WaitGroup
	running.Go(func() { w.run(t, ada.Key("r-1")) })
	<-begun
	for n, want := range []bool{true, false} {
		f, err := w.requests.Cancel(t.Context(), streamer.Caller{Principal: ada}, "r-1")
		if err != nil || !f.Request.Cancelling || *f.Request.Changed != want {
			t.Errorf("cancel %d: got %s, %v, want changed %v", n, f.Append(nil), err, want)
		}
	}
	if got, want := w.audit(t), []string{"cancel by ada"}; !slices.Equal(got, want) {
		t.Errorf("the audit: got %q, want %q", got, want)
	}
	close(end)
	running.Wait()
}

// Of signals that arrive at a time none is lost in the audit, which keeps the newest 20.
func TestTheAuditKeepsTheNewestOfMany(t *testing.T) {
	t.Parallel()
	w := operated(t)
	caller := streamer.Caller{Principal: olga, OnBehalfOf: "ada"}
	if _, err := w.requests.Redrive(t.Context(), caller, "r-1"); err != nil {
		t.Fatal(err)
	}
	signal := func(n int) {
		who := caller
		who.Subject = fmt.Sprint("operator-", n)
		if _, err := w.requests.Signal(t.Context(), who, wire.Signal{RequestID: "r-1", Token: fmt.Sprint(n)}); err != nil {
			t.Errorf("signal %d: %v", n, err)
		}
	}
	var all sync.WaitGroup
	for n := range 16 { // twice as often as a change is decided anew
		all.Go(func() { signal(n) })
	}
	all.Wait()
	got := w.audit(t)
	if slices.Sort(got); len(got) != 17 || len(slices.Compact(got)) != 17 {
		t.Errorf("the audit: got %q, want a redrive and 16 signals", got)
	}
	for n := 16; n < 24; n++ {
		signal(n)
	}
	if got := w.audit(t); len(got) != wire.MaxAudit || got[wire.MaxAudit-1] != "signal by operator-23" ||
		got[wire.MaxAudit-8] != "signal by operator-16" {
		t.Errorf("the audit: got %q, want the newest %d", got, wire.MaxAudit)
	}
	r := w.load(t, ada.Key("r-1"))
	if len(r.Audit) != wire.MaxAudit {
		t.Errorf("got %d entries in the row, want those %d alone", len(r.Audit), wire.MaxAudit)
	}
	if r.State != request.Queued || len(r.Steps) != 25 {
		t.Errorf("the request is %s with %d steps and signals, want QUEUED with 25", r.State, len(r.Steps))
	}
}
