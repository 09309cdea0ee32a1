package streamer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

var olga = streamer.Principal{Tenant: "acme", Subject: "olga", Scopes: []string{request.OperatorScope}, ExpiresAt: ada.ExpiresAt}

// operated is a world in which ada of acme and ada of globex have a request r-1
// each, with all that a person may want to know of it.
func operated(t *testing.T) *harness {
	t.Helper()
	w := newHarness(t, long("ship", streamer.ActionConfig{Priority: streamer.High},
		func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			if _, err := streamer.RunStep(ctx, job, "charge", func(context.Context) (int, error) { return 7, nil }); err != nil {
				return nil, err
			}
			if err := job.Emit("out"); err != nil {
				return nil, err
			}
			return nil, streamer.Errorf(wire.ProcessingFailed, "no such parcel")
		}), long("other", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, nil }))
	for i, p := range []streamer.Principal{ada, mallo, olga} {
		id := fmt.Sprint("c-", p.Tenant, "-", p.Subject)
		who := w.connect(t, id, p)
		if i < 2 {
			w.submit(t, who, "r-1", "ship", `{ "parcel": 9007199254740993 }`)
			w.run(t, p.Key("r-1"))
		}
	}
	return w
}

func TestAnOperatorActsOnItsTenantsRequests(t *testing.T) {
	t.Parallel()
	w := operated(t)
	const mine = "c-acme-olga"
	s := w.ask(t, mine, `{"id":"m","action":"streamer.get","payload":{"request_id":"r-1","subject":"ada"}}`).Request
	if s == nil || s.Subject != "ada" || s.State != wire.StateFailed {
		t.Fatalf("get: %+v", s)
	}
	out := w.ask(t, mine, `{"id":"m","action":"streamer.output","payload":{"request_id":"r-1","subject":"ada"}}`)
	if !strings.Contains(string(out.Data), `"out"`) {
		t.Errorf("output: %s", out.Append(nil))
	}
	if s := w.ask(t, mine, `{"id":"m","action":"streamer.redrive","payload":{"request_id":"r-1","subject":"ada"}}`).Request; s == nil || s.State != wire.StateQueued {
		t.Fatalf("redrive: %+v", s)
	}
	if s := w.ask(t, mine, `{"id":"m","action":"streamer.signal","payload":{"request_id":"r-1","subject":"ada","token":"go","payload":1}}`).Request; s == nil || s.Subject != "ada" {
		t.Errorf("signal: %+v", s)
	}
	if s := w.ask(t, mine, `{"id":"m","action":"streamer.subscribe","payload":{"request_id":"r-1","subject":"ada"}}`).Request; s == nil || s.Final() {
		t.Fatalf("subscribe: %+v", s)
	}
	w.run(t, ada.Key("r-1"))
	got := w.sockets.got(mine)
	if len(got) == 0 || got[len(got)-1].Type != wire.TypeError || got[len(got)-1].RequestID != "r-1" {
		t.Errorf("a watching operator got%s", describe(got))
	}
	if r := w.load(t, mallo.Key("r-1")); r.State != request.Failed || r.Fence != 2 {
		t.Errorf("the other tenant's is %s at fence %d", r.State, r.Fence)
	}
}

func TestTheDetailHasWhatAnOperatorNeeds(t *testing.T) {
	t.Parallel()
	w := operated(t)
	f, err := w.requests.Detail(t.Context(), streamer.Caller{Principal: olga, OnBehalfOf: "ada"}, "r-1")
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := wire.DecodeFrame(f.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	d := decoded.Request.Detail
	if d == nil || string(d.Payload) != `{ "parcel": 9007199254740993 }` || d.CorrelationID != "corr-c-acme-ada" ||
		len(d.Steps) != 1 || d.Steps[0].Name != "charge" || string(d.Steps[0].Result) != "7" ||
		d.Worker != "worker" || d.Priority != 1 || d.Fence != 2 || d.ExpiresAt == nil || d.LeaseUntil != nil {
		t.Errorf("the detail is %s", decoded.Append(nil))
	}
	if at := d.Steps[0].At; at == nil || at.Before(*d.ClaimedAt) || at.After(decoded.Request.UpdatedAt) {
		t.Errorf("got the step at %v, want a time of the attempt", at)
	}
	if decoded.Request.Output != 1 || len(decoded.Request.History) != 1 {
		t.Errorf("the snapshot is %s", decoded.Append(nil))
	}
}

func TestNobodyElseNamesASubject(t *testing.T) {
	t.Parallel()
	w := operated(t)
	w.connect(t, "c-bob", streamer.Principal{Tenant: "acme", Subject: "bob", ExpiresAt: ada.ExpiresAt})
	for _, action := range []string{"get", "subscribe", "unsubscribe", "cancel", "redrive", "why", "signal", "output"} {
		f := w.ask(t, "c-bob", `{"id":"m","action":"streamer.`+action+`","payload":{"request_id":"r-1","subject":"ada","token":"x"}}`)
		if f.Error == nil || f.Error.Code != wire.Forbidden {
			t.Errorf("%s: %s", action, f.Append(nil))
		}
		// The operator's power ends with its tenant.
		f = w.ask(t, "c-acme-olga", `{"id":"m","action":"streamer.`+action+`","payload":{"request_id":"r-1","subject":"nobody","token":"x"}}`)
		if f.Error == nil || f.Error.Code != wire.NotFound {
			t.Errorf("%s of nobody's: %s", action, f.Append(nil))
		}
	}
	for _, subject := range []string{"ada", wire.AllSubjects} {
		f := w.ask(t, "c-bob", `{"id":"m","action":"streamer.list","payload":{"subject":"`+subject+`"}}`)
		if f.Error == nil || f.Error.Code != wire.Forbidden {
			t.Errorf("list %s: %s", subject, f.Append(nil))
		}
	}
	own := w.ask(t, "c-acme-ada", `{"id":"m","action":"streamer.get","payload":{"request_id":"r-1","subject":"ada"}}`)
	if own.Request == nil || own.Request.Subject != "ada" {
		t.Errorf("one's own by name: %s", own.Append(nil))
	}
}

func TestAnOperatorListsItsTenant(t *testing.T) {
	t.Parallel()
	w := operated(t)
	w.submit(t, streamer.Caller{Principal: ada}, "r-2", "other", `1`)
	w.submit(t, streamer.Caller{Principal: olga}, "r-3", "ship", `1`)
	for q, want := range map[wire.ListQuery]int{
		{}: 1, {Subject: "ada"}: 2, {Subject: "*"}: 3, {Subject: "*", Action: "ship"}: 2, {Subject: "*", Action: "ship",
			State: "FAILED"}: 1, {Subject: "nobody"}: 0,
	} {
		list, err := w.requests.List(t.Context(), streamer.Caller{Principal: olga}, q)
		if err != nil || len(list.Requests) != want {
			t.Errorf("%+v: %s, %v", q, list.Append(nil), err)
		}
		for _, s := range list.Requests {
			if (s.Subject == "") != (q.Subject == "") {
				t.Errorf("%+v: %s says it is %q's", q, s.ID, s.Subject)
			}
		}
	}
}
