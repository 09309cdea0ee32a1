package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

var changeTests = []test{
	{"each effect is what Apply says", func(t *testing.T, s suite) {
		for i, c := range effects {
			for j, start := range []*request.Request{full(fmt.Sprint("full-", i)), queued("acme", "ada", fmt.Sprint("queued-", i), epoch)} {
				s.create(t, start)
				if c.If.OutputAt != nil {
					c.If.OutputAt = &start.Output
				}
				what := fmt.Sprintf("effect %d of request %d, %+v", i, j, c)
				got, want := s.change(t, start.Key, c), start.Clone()
				if err := c.Apply(want); err != nil {
					t.Fatal(err)
				}
				same(t, what, got, want)
				same(t, what+", loaded", s.load(t, start.Key), want)
			}
		}
	}},
	{"who changed it joins the audit, and takes the place of the oldest", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		const many = wire.MaxAudit + 3
		for n := range many {
			at := epoch.Add(time.Duration(n)*time.Hour + 999_999).In(time.FixedZone("somewhere", 3600))
			c := request.Change{Set: request.Effects{AddRev: 1}}.Audited(r, wire.AuditEntry{Event: wire.EventSignal, By: fmt.Sprint("<☂>", n),
				Tenant: []string{"acme", "ops"}[n%2], At: at})
			want := r.Clone()
			if err := c.Apply(want); err != nil {
				t.Fatal(err)
			}
			r = s.change(t, r.Key, c)
			same(t, fmt.Sprint("entry ", n), r, want)
			same(t, fmt.Sprint("entry ", n, ", loaded"), s.load(t, r.Key), want)
		}
		entries := r.Audit.Entries()
		if n := len(entries); n != wire.MaxAudit || len(r.Audit) != n ||
			entries[n-1].By != fmt.Sprint("<☂>", many-1) || entries[0].Tenant != "ops" ||
			entries[1].Tenant != "" {
			t.Errorf("got %d entries, %+v, want the newest %d, with the tenant where it is another", n, entries, wire.MaxAudit)
		}
	}},
	{"of two that change it at a time each is in the audit", func(t *testing.T, s suite) {
		seen := s.create(t, queued("acme", "ada", "r-1", epoch))
		by := func(name string) request.Change {
			return request.Change{Set: request.Effects{AddRev: 1}}.Audited(seen, wire.AuditEntry{Event: wire.EventSignal, By: name, At: epoch})
		}
		s.change(t, seen.Key, by("first"))
		s.conflict(t, seen.Key, by("second")) // and has to look again
		seen = s.load(t, seen.Key)
		s.change(t, seen.Key, by("second"))
		if got := s.change(t, seen.Key, by("third")); len(got.Audit) != 3 {
			t.Errorf("the audit: got %+v, want all three", got.Audit)
		}
	}},
	{"a guard that holds lets the change pass", func(t *testing.T, s suite) {
		for i, c := range []request.Change{
			{If: request.Guards{States: []request.State{request.Queued}}},
			{If: request.Guards{States: []request.State{request.Running, request.Queued}}},
			{If: request.Guards{Fence: 7}},
			{If: request.Guards{DueBy: epoch}},
			{If: request.Guards{DueBy: epoch.Add(999_999)}},
			{If: request.Guards{DueBy: epoch.Add(time.Hour)}},
			{If: request.Guards{LookAt: epoch}},
			{If: request.Guards{LookAt: epoch.Add(999_999), DueBy: epoch}},
			{If: request.Guards{LookBy: epoch}},
			{If: request.Guards{LookBy: epoch.Add(time.Hour)}},
			{If: request.Guards{UnchangedSince: epoch}},
			{If: request.Guards{UnchangedSince: epoch.Add(999_999)}},
			{
				If:  request.Guards{States: []request.State{request.Queued}, Fence: 7, DueBy: epoch, RoomFor: "c-1"},
				Set: request.Effects{Subscribe: "c-1"},
			},
			{If: request.Guards{Rev: 1}},
			{If: request.Guards{Unaudited: true}},
			{If: request.Guards{Awaits: "approval"}},
			{If: request.Guards{LacksStep: "refund"}},
			{If: request.Guards{LacksStep: "with . and : and # and é and \""}},
			{If: request.Guards{ThrottledBy: "tenant:acme"}},
			{
				If:  request.Guards{OutputAt: new(int64(3))},
				Set: request.Effects{Output: []json.RawMessage{json.RawMessage("1")}},
			},
			{If: request.Guards{OutputAt: new(int64(3))}},
			{If: request.Guards{States: []request.State{request.Queued}, Awaits: "approval", LacksStep: "signal:approval",
				ThrottledBy: "tenant:acme"}},
		} {
			r := queued("acme", "ada", fmt.Sprint("r-", i), epoch)
			r.Fence, r.Await, r.ThrottledBy, r.Output = 7, request.Await{Token: "approval", Until: epoch}, "tenant:acme", 3
			r.Steps = map[string]json.RawMessage{"charge": json.RawMessage("1")}
			s.create(t, r)
			c.Set.AddRev = 1
			if got := s.change(t, r.Key, c); got.Rev != 2 {
				t.Errorf("%+v: rev is %d", c, got.Rev)
			}
		}
	}},
	{"DueBy holds for a request without a due time, and LookAt not for one without a look", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		r.DueAt, r.Look = time.Time{}, request.Look{}
		s.create(t, r)
		s.change(t, r.Key, request.Change{If: request.Guards{DueBy: epoch}, Set: request.Effects{AddRev: 1}})
		s.conflict(t, r.Key, request.Change{If: request.Guards{LookAt: epoch}, Set: request.Effects{AddRev: 1}})
	}},
	{"LookBy does not hold for a request without a look", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		r.Look = request.Look{}
		s.create(t, r)
		s.conflict(t, r.Key, request.Change{If: request.Guards{LookBy: epoch}, Set: request.Effects{AddRev: 1}})
	}},
	{"a request that waits for nothing", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		s.conflict(t, r.Key, request.Change{If: request.Guards{Awaits: "approval"}, Set: request.Effects{AddRev: 1}})
		s.conflict(t, r.Key, request.Change{If: request.Guards{ThrottledBy: "tenant:acme"}, Set: request.Effects{AddRev: 1}})
		s.change(t, r.Key, request.Change{If: request.Guards{LacksStep: "charge"}})
		same(t, "in the end", s.load(t, r.Key), r)
	}},
	{"a guard that fails changes nothing and gives the row", func(t *testing.T, s suite) {
		r := full("r-1")
		s.create(t, r)
		for _, c := range []request.Change{
			{If: request.Guards{States: []request.State{request.Queued}}},
			{If: request.Guards{States: []request.State{request.Running, request.Succeeded, request.Cancelled}}},
			{If: request.Guards{Fence: 1}},
			{If: request.Guards{Fence: r.Fence + 1}},
			{If: request.Guards{DueBy: r.DueAt.Add(-ms(1))}},
			{If: request.Guards{DueBy: r.DueAt.Add(-1)}},
			{If: request.Guards{LookAt: r.Look.At.Add(-ms(1))}},
			{If: request.Guards{LookAt: r.Look.At.Add(ms(1))}},
			{If: request.Guards{LookAt: r.DueAt}},
			{If: request.Guards{LookBy: r.Look.At.Add(-ms(1))}},
			{If: request.Guards{UnchangedSince: r.UpdatedAt.Add(-ms(1))}},
			{If: request.Guards{UnchangedSince: r.UpdatedAt.Add(-1)}},
			{If: request.Guards{States: []request.State{request.Failed}, Fence: r.Fence, DueBy: epoch.Add(-time.Hour)}},
			{If: request.Guards{States: []request.State{request.Queued}, Fence: r.Fence, DueBy: epoch.Add(time.Hour)}},
			{If: request.Guards{Rev: r.Rev + 1}},
			{If: request.Guards{Unaudited: true}},
			{If: request.Guards{Unaudited: true}, Set: request.Effects{Audit: request.Audit{"3-c": r.Audit["1-a"]}}},
			{If: request.Guards{Awaits: "Approval"}},
			{If: request.Guards{LacksStep: "charge"}},
			{If: request.Guards{LacksStep: "a.b#c:\"é"}},
			{If: request.Guards{ThrottledBy: "action:report"}},
			{
				If:  request.Guards{OutputAt: new(int64(0))},
				Set: request.Effects{Output: []json.RawMessage{json.RawMessage("1")}},
			},
			{
				If:  request.Guards{OutputAt: new(int64(2))},
				Set: request.Effects{Output: []json.RawMessage{json.RawMessage("1")}},
			},
			{
				If:  request.Guards{OutputAt: new(int64(4))},
				Set: request.Effects{Output: []json.RawMessage{json.RawMessage("1")}},
			},
			{
				If:  request.Guards{OutputAt: new(int64(3)), LacksStep: "charge"},
				Set: request.Effects{Output: []json.RawMessage{json.RawMessage("1")}},
			},
			{
				If:  request.Guards{LacksStep: "charge"},
				Set: request.Effects{Acquire: []request.Permit{{Name: "a", Limit: 1}}, Release: r.Permits},
			},
		} {
			c.Set.UpdatedAt, c.Set.State, c.Set.AddRev, c.Set.CancelRequested, c.Set.Result = epoch, request.Succeeded, 1, true, json.RawMessage("1")
			same(t, fmt.Sprintf("the conflict's row of %+v", c), s.conflict(t, r.Key, c), full("r-1"))
			same(t, fmt.Sprintf("the row after %+v", c), s.load(t, r.Key), full("r-1"))
		}
		s.taken(t, "a", 0)
		s.reads(t, r.Key, 3, 10)
	}},
	{"what a request waits for stays until a change names it", func(t *testing.T, s suite) {
		want := queued("acme", "ada", "r-1", epoch)
		s.create(t, want)
		await := request.Await{Token: "approval", Until: epoch.Add(time.Hour)}
		for i, c := range []request.Change{
			{Set: request.Effects{UpdatedAt: epoch, State: request.Running}},
			{
				If:  request.Guards{LacksStep: "signal:approval"},
				Set: request.Effects{UpdatedAt: epoch, State: request.Queued, Await: await},
			},
			{Set: request.Effects{AddRev: 1}},
			{Set: request.Effects{UpdatedAt: epoch, State: request.Running}},
			{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, Await: await}},
			{
				If: request.Guards{Awaits: "approval"},
				Set: request.Effects{UpdatedAt: epoch, State: request.Queued,
					Step: &request.Step{Name: "signal:approval", Result: json.RawMessage("true")}},
			},
			{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "tenant:acme"}},
			{
				If:  request.Guards{ThrottledBy: "tenant:acme"},
				Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "action:report"},
			},
			{
				If:  request.Guards{ThrottledBy: "action:report"},
				Set: request.Effects{UpdatedAt: epoch, State: request.Queued},
			},
			{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "tenant:acme", Await: await}},
			{
				If:  request.Guards{ThrottledBy: "tenant:acme", Awaits: "approval"},
				Set: request.Effects{UpdatedAt: epoch, State: request.Running},
			},
			{Set: request.Effects{UpdatedAt: epoch, State: request.Cancelled, FinishedAt: epoch}},
		} {
			if err := c.Apply(want); err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("step %d", i), s.change(t, want.Key, c), want)
		}
		same(t, "in the end", s.load(t, want.Key), want)
	}},
	{"a change that no store may make is refused and changes nothing", func(t *testing.T, s suite) {
		for name, c := range map[string]request.Change{
			"a guard of an unknown kind":   {If: request.Guards{Unsupported: true}, Set: request.Effects{AddRev: 1}},
			"an effect of an unknown kind": {Set: request.Effects{AddRev: 1, Unsupported: true}},
			"unknown, and in a transaction": {If: request.Guards{Unsupported: true},
				Set: request.Effects{AddRev: 1, Acquire: []request.Permit{{Name: "a", Limit: 1}}}},
			"an attribute that cannot empty": {Set: request.Effects{AddRev: 1, Clear: []request.Attribute{request.AttrState}}},
			"an attribute that is not known": {Set: request.Effects{AddRev: 1, Clear: []request.Attribute{"color"}}},
			"two effects on one field":       {Set: request.Effects{AddRev: 1, DueAt: epoch, Clear: []request.Attribute{request.AttrDueAt}}},
			"two effects on one member":      {Set: request.Effects{AddRev: 1, Subscribe: "c-1", Unsubscribe: []string{"c-1"}}},
			"output without its offset":      {Set: request.Effects{AddRev: 1, Output: []json.RawMessage{json.RawMessage("1")}}},
		} {
			r := queued("acme", "ada", name, epoch)
			s.create(t, r)
			got, err := s.ChangeRequest(t.Context(), r.Key, c)
			if err == nil {
				t.Errorf("%s: got %+v, want an error", name, got)
			}
			if strings.Contains(name, "unknown") && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: got %v, want errors.ErrUnsupported", name, err)
			}
			same(t, name, s.load(t, r.Key), r)
			s.taken(t, "a", 0)
		}
	}},
	{"subscribers have a limit", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		s.create(t, r)
		for i := range request.MaxSubscribers {
			s.change(t, r.Key, request.Change{If: request.Guards{RoomFor: fmt.Sprint("c-", i)},
				Set: request.Effects{Subscribe: fmt.Sprint("c-", i)}})
		}
		if got := s.conflict(t, r.Key, request.Change{If: request.Guards{RoomFor: "one-more"},
			Set: request.Effects{Subscribe: "one-more", AddRev: 1}}); len(got.Subscribers) != request.MaxSubscribers || got.Rev != 1 {
			t.Errorf("the conflict's row has %d subscribers and rev %d", len(got.Subscribers), got.Rev)
		}
		if got := s.change(t, r.Key, request.Change{If: request.Guards{RoomFor: "c-7"},
			Set: request.Effects{Subscribe: "c-7"}}); len(got.Subscribers) != request.MaxSubscribers {
			t.Errorf("subscribing again leaves %d subscribers", len(got.Subscribers))
		}
		s.change(t, r.Key, request.Change{Set: request.Effects{Unsubscribe: []string{"c-1", "never-there", "c-1"}}})
		got := s.change(t, r.Key, request.Change{If: request.Guards{RoomFor: "one-more"}, Set: request.Effects{Subscribe: "one-more"}})
		if len(got.Subscribers) != request.MaxSubscribers {
			t.Errorf("there are %d subscribers", len(got.Subscribers))
		}
		var everyone []string
		for i := range request.MaxSubscribers {
			everyone = append(everyone, fmt.Sprint("c-", i))
		}
		if got := s.change(t, r.Key, request.Change{Set: request.Effects{Unsubscribe: everyone}}); len(got.Subscribers) != 1 ||
			got.Subscribers[0] != "one-more" {
			t.Errorf("left are %v", got.Subscribers)
		}
	}},
	{"a life from queued to notified", func(t *testing.T, s suite) {
		want := queued("acme", "ada", "r-1", epoch)
		want.Subscribers = []string{"c-1"}
		s.create(t, want)
		at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
		running := []request.State{request.Running}
		failure := &wire.Error{Code: wire.InternalError, Message: "internal error"}
		for i, c := range []request.Change{
			{
				If: request.Guards{States: []request.State{request.Queued}, DueBy: at(1)},
				Set: request.Effects{UpdatedAt: at(1), State: request.Running, DueAt: at(61), ClaimedAt: at(1), StartedAt: at(1), AddFence: 1,
					AddRev: 1, Worker: "w-1"},
			},
			{
				If: request.Guards{States: running, Fence: 1},
				Set: request.Effects{UpdatedAt: at(3), DueAt: at(63), AddRev: 4, AddRan: 2 * time.Second,
					Progress: &request.Progress{Percentage: 50, Message: "half"}, Checkpoint: json.RawMessage(`{"offset":512}`)},
			},
			{If: request.Guards{RoomFor: "c-2"}, Set: request.Effects{Subscribe: "c-2"}},
			{If: request.Guards{States: running}, Set: request.Effects{CancelRequested: true}},
			{
				If:  request.Guards{States: running, Fence: 1, DueBy: at(63)},
				Set: request.Effects{UpdatedAt: at(64), State: request.Queued, DueAt: at(64), AddRev: 1_000_000, AddLeaseExpirations: 1},
			},
			{
				If: request.Guards{States: []request.State{request.Queued}, DueBy: at(65)},
				Set: request.Effects{UpdatedAt: at(65), State: request.Running, DueAt: at(125), ClaimedAt: at(65), StartedAt: at(65),
					AddFence: 1, AddRev: 1, Worker: "w-2"},
			},
			{
				If:  request.Guards{States: running, Fence: 2},
				Set: request.Effects{UpdatedAt: at(66), State: request.Queued, DueAt: at(70), AddRev: 1, AddAttempt: 1, Error: failure},
			},
			{
				If: request.Guards{States: []request.State{request.Queued}, DueBy: at(70)},
				Set: request.Effects{UpdatedAt: at(70), State: request.Running, DueAt: at(130), ClaimedAt: at(70), StartedAt: at(70),
					AddFence: 1, AddRev: 1, Worker: "w-3"},
			},
			{
				If: request.Guards{States: running, Fence: 3},
				Set: request.Effects{UpdatedAt: at(71), State: request.Failed, FinishedAt: at(71), DueAt: at(101), AddRev: 1, Error: failure,
					ExpiresAt: at(1000)},
			},
			{
				If:  request.Guards{States: []request.State{request.Failed}, Fence: 3},
				Set: request.Effects{Clear: []request.Attribute{request.AttrDueAt, request.AttrSubscribers}},
			},
			{
				If:  request.Guards{States: []request.State{request.Failed}, RoomFor: "c-3"},
				Set: request.Effects{UpdatedAt: at(200), State: request.Queued, DueAt: at(200), AddRev: 1, AddAttempt: 1, Subscribe: "c-3"},
			},
			{
				If: request.Guards{States: []request.State{request.Queued}, DueBy: at(200)},
				Set: request.Effects{UpdatedAt: at(200), State: request.Running, DueAt: at(260), ClaimedAt: at(200), StartedAt: at(200),
					AddFence: 1, AddRev: 1, Worker: "w-4"},
			},
			{
				If: request.Guards{States: running, Fence: 4},
				Set: request.Effects{UpdatedAt: at(201), State: request.Succeeded, FinishedAt: at(201), DueAt: at(231), AddRev: 1,
					Result: json.RawMessage(`{ "n": 1 }`), ExpiresAt: at(2000), Progress: &request.Progress{Percentage: 100},
					Unsubscribe: []string{"c-9"}},
			},
			{
				If:  request.Guards{States: []request.State{request.Succeeded}, Fence: 4},
				Set: request.Effects{Clear: []request.Attribute{request.AttrDueAt, request.AttrSubscribers}},
			},
		} {
			if err := c.Apply(want); err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("step %d", i), s.change(t, want.Key, c), want)
		}
		same(t, "in the end", s.load(t, want.Key), want)
	}},
	{"a change without effects returns the row", func(t *testing.T, s suite) {
		s.create(t, full("r-1"))
		same(t, "changed", s.change(t, full("r-1").Key, request.Change{}), full("r-1"))
		same(t, "loaded", s.load(t, full("r-1").Key), full("r-1"))
	}},
	{"a change touches its own request alone", func(t *testing.T, s suite) {
		for _, id := range []string{"r-1", "r-2"} {
			s.create(t, queued("acme", "ada", id, epoch))
		}
		for _, key := range []request.Key{{Tenant: "acme", Subject: "bob", ID: "r-1"}, {Tenant: "globex", Subject: "ada", ID: "r-1"}} {
			s.create(t, queued(key.Tenant, key.Subject, key.ID, epoch))
		}
		s.change(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"},
			request.Change{Set: request.Effects{AddRev: 1, CancelRequested: true}})
		same(t, "of another id", s.load(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-2"}), queued("acme", "ada", "r-2", epoch))
		same(t, "of another subject", s.load(t, request.Key{Tenant: "acme", Subject: "bob", ID: "r-1"}), queued("acme", "bob", "r-1", epoch))
		same(t, "of another tenant", s.load(t, request.Key{Tenant: "globex", Subject: "ada", ID: "r-1"}), queued("globex", "ada", "r-1", epoch))
	}},
}
