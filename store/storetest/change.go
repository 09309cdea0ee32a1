package storetest

import (
	"encoding/json"
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
				c.OutputAt = start.Output
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
	{"a guard that holds lets the change pass", func(t *testing.T, s suite) {
		for i, c := range []request.Change{
			{From: []request.State{request.Queued}},
			{From: []request.State{request.Running, request.Queued}},
			{Fence: 7},
			{DueBy: epoch},
			{DueBy: epoch.Add(999_999)},
			{DueBy: epoch.Add(time.Hour)},
			{UnchangedSince: epoch},
			{UnchangedSince: epoch.Add(999_999)},
			{From: []request.State{request.Queued}, Fence: 7, DueBy: epoch, Subscribe: "c-1"},
			{Await: "approval"},
			{Lacks: "refund"},
			{Lacks: "with . and : and # and é and \""},
			{Block: "tenant:acme"},
			{Output: []json.RawMessage{json.RawMessage("1")}, OutputAt: 3},
			{OutputAt: 7},
			{From: []request.State{request.Queued}, Await: "approval", Lacks: "signal:approval", Block: "tenant:acme"},
		} {
			r := queued("acme", "ada", fmt.Sprint("r-", i), epoch)
			r.Fence, r.Await, r.Blocked, r.Output = 7, request.Await{Token: "approval", Until: epoch}, "tenant:acme", 3
			r.Steps = map[string]json.RawMessage{"charge": json.RawMessage("1")}
			s.create(t, r)
			c.AddRev = 1
			if got := s.change(t, r.Key, c); got.Rev != 2 {
				t.Errorf("%+v: rev is %d", c, got.Rev)
			}
		}
	}},
	{"DueBy holds for a request without a due time", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		r.DueAt = time.Time{}
		s.create(t, r)
		s.change(t, r.Key, request.Change{DueBy: epoch, AddRev: 1})
	}},
	{"a request that waits for nothing", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		s.conflict(t, r.Key, request.Change{Await: "approval", AddRev: 1})
		s.conflict(t, r.Key, request.Change{Block: "tenant:acme", AddRev: 1})
		s.change(t, r.Key, request.Change{Lacks: "charge"})
		same(t, "in the end", s.load(t, r.Key), r)
	}},
	{"a guard that fails changes nothing and gives the row", func(t *testing.T, s suite) {
		r := full("r-1")
		s.create(t, r)
		for _, c := range []request.Change{
			{From: []request.State{request.Queued}},
			{From: []request.State{request.Running, request.Succeeded, request.Cancelled}},
			{Fence: 1},
			{Fence: r.Fence + 1},
			{DueBy: r.DueAt.Add(-ms(1))},
			{DueBy: r.DueAt.Add(-1)},
			{UnchangedSince: r.UpdatedAt.Add(-ms(1))},
			{UnchangedSince: r.UpdatedAt.Add(-1)},
			{From: []request.State{request.Failed}, Fence: r.Fence, DueBy: epoch.Add(-time.Hour)},
			{From: []request.State{request.Queued}, Fence: r.Fence, DueBy: epoch.Add(time.Hour)},
			{Await: "Approval"},
			{Lacks: "charge"},
			{Lacks: "a.b#c:\"é"},
			{Block: "action:report"},
			{Output: []json.RawMessage{json.RawMessage("1")}},
			{Output: []json.RawMessage{json.RawMessage("1")}, OutputAt: 2},
			{Output: []json.RawMessage{json.RawMessage("1")}, OutputAt: 4},
			{Output: []json.RawMessage{json.RawMessage("1")}, OutputAt: 3, Lacks: "charge"},
			{Lacks: "charge", Acquire: []request.Slot{{Name: "a", Limit: 1}}, Release: r.Slots},
		} {
			c.At, c.To, c.AddRev, c.Cancel, c.Result = epoch, request.Succeeded, 1, true, json.RawMessage("1")
			same(t, fmt.Sprintf("the conflict's row of %+v", c), s.conflict(t, r.Key, c), full("r-1"))
			same(t, fmt.Sprintf("the row after %+v", c), s.load(t, r.Key), full("r-1"))
		}
		s.taken(t, "a", 0)
		s.reads(t, r.Key, 3, 10)
	}},
	{"each step is recorded once, byte for byte", func(t *testing.T, s suite) {
		want := s.create(t, queued("acme", "ada", "r-1", epoch))
		for i, name := range []string{"charge", "Charge", "charge.card", "#0", ":v", "a b", "日本", "signal:ok", strings.Repeat("n", request.MaxStepName)} {
			step := request.Step{Name: name, Result: json.RawMessage(fmt.Sprintf("{ \"n\" : %d, \"s\":\"<&>\\u00e9\"}\n", i))}
			c := request.Change{Lacks: name, Step: &step, AddRev: 1}
			if err := c.Apply(want); err != nil {
				t.Fatal(err)
			}
			same(t, "after "+name, s.change(t, want.Key, c), want)
			same(t, "a second "+name, s.conflict(t, want.Key, c), want)
		}
		same(t, "in the end", s.load(t, want.Key), want)
	}},
	{"what a request waits for goes with the step that ends it", func(t *testing.T, s suite) {
		want := queued("acme", "ada", "r-1", epoch)
		s.create(t, want)
		await := request.Await{Token: "approval", Until: epoch.Add(time.Hour)}
		for i, c := range []request.Change{
			{At: epoch, To: request.Running},
			{At: epoch, To: request.Queued, Park: await, Lacks: "signal:approval"},
			{AddRev: 1},
			{At: epoch, To: request.Running},
			{At: epoch, To: request.Queued, Park: await},
			{Await: "approval", At: epoch, To: request.Queued, Step: &request.Step{Name: "signal:approval", Result: json.RawMessage("true")}},
			{At: epoch, To: request.Queued, Blocked: "tenant:acme"},
			{At: epoch, To: request.Queued, Blocked: "action:report", Block: "tenant:acme"},
			{At: epoch, To: request.Queued, Block: "action:report"},
			{At: epoch, To: request.Queued, Blocked: "tenant:acme", Park: await},
			{At: epoch, To: request.Running, Block: "tenant:acme", Await: "approval"},
			{At: epoch, To: request.Cancelled},
		} {
			if err := c.Apply(want); err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("step %d", i), s.change(t, want.Key, c), want)
		}
		same(t, "in the end", s.load(t, want.Key), want)
	}},
	{"subscribers have a limit", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		s.create(t, r)
		for i := range request.MaxSubscribers {
			s.change(t, r.Key, request.Change{Subscribe: fmt.Sprint("c-", i)})
		}
		if got := s.conflict(t, r.Key, request.Change{Subscribe: "one-more", AddRev: 1}); len(got.Subscribers) != request.MaxSubscribers || got.Rev != 1 {
			t.Errorf("the conflict's row has %d subscribers and rev %d", len(got.Subscribers), got.Rev)
		}
		if got := s.change(t, r.Key, request.Change{Subscribe: "c-7"}); len(got.Subscribers) != request.MaxSubscribers {
			t.Errorf("subscribing again leaves %d subscribers", len(got.Subscribers))
		}
		s.change(t, r.Key, request.Change{Unsubscribe: []string{"c-1", "never-there", "c-1"}})
		got := s.change(t, r.Key, request.Change{Subscribe: "one-more"})
		if len(got.Subscribers) != request.MaxSubscribers {
			t.Errorf("there are %d subscribers", len(got.Subscribers))
		}
		var everyone []string
		for i := range request.MaxSubscribers {
			everyone = append(everyone, fmt.Sprint("c-", i))
		}
		if got := s.change(t, r.Key, request.Change{Unsubscribe: everyone}); len(got.Subscribers) != 1 || got.Subscribers[0] != "one-more" {
			t.Errorf("left are %v", got.Subscribers)
		}
	}},
	{"a life from queued to settled", func(t *testing.T, s suite) {
		want := queued("acme", "ada", "r-1", epoch)
		want.Subscribers = []string{"c-1"}
		s.create(t, want)
		at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
		running := []request.State{request.Running}
		failure := &wire.Error{Code: wire.InternalError, Message: "internal error"}
		for i, c := range []request.Change{
			{From: []request.State{request.Queued}, DueBy: at(1), At: at(1), To: request.Running, DueAt: at(61), Start: true, AddFence: 1, AddRev: 1, Worker: "w-1"},
			{From: running, Fence: 1, At: at(3), DueAt: at(63), AddRev: 4, AddRan: 2 * time.Second, Progress: &request.Progress{Percentage: 50, Message: "half"}, Checkpoint: json.RawMessage(`{"offset":512}`)},
			{Subscribe: "c-2"},
			{From: running, Cancel: true},
			{From: running, Fence: 1, DueBy: at(63), At: at(64), To: request.Queued, DueAt: at(64), AddRev: 1_000_000, AddLost: 1},
			{From: []request.State{request.Queued}, DueBy: at(65), At: at(65), To: request.Running, DueAt: at(125), Start: true, AddFence: 1, AddRev: 1, Worker: "w-2"},
			{From: running, Fence: 2, At: at(66), To: request.Queued, DueAt: at(70), AddRev: 1, AddAttempt: 1, Error: failure},
			{From: []request.State{request.Queued}, DueBy: at(70), At: at(70), To: request.Running, DueAt: at(130), Start: true, AddFence: 1, AddRev: 1, Worker: "w-3"},
			{From: running, Fence: 3, At: at(71), To: request.Failed, DueAt: at(101), AddRev: 1, Error: failure, ExpiresAt: at(1000)},
			{From: []request.State{request.Failed}, Fence: 3, Settled: true},
			{From: []request.State{request.Failed}, At: at(200), To: request.Queued, DueAt: at(200), AddRev: 1, AddAttempt: 1, Subscribe: "c-3"},
			{From: []request.State{request.Queued}, DueBy: at(200), At: at(200), To: request.Running, DueAt: at(260), Start: true, AddFence: 1, AddRev: 1, Worker: "w-4"},
			{From: running, Fence: 4, At: at(201), To: request.Succeeded, DueAt: at(231), AddRev: 1, Result: json.RawMessage(`{ "n": 1 }`), ExpiresAt: at(2000), Progress: &request.Progress{Percentage: 100}, Unsubscribe: []string{"c-9"}},
			{From: []request.State{request.Succeeded}, Fence: 4, Settled: true},
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
		s.change(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}, request.Change{AddRev: 1, Cancel: true})
		same(t, "of another id", s.load(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-2"}), queued("acme", "ada", "r-2", epoch))
		same(t, "of another subject", s.load(t, request.Key{Tenant: "acme", Subject: "bob", ID: "r-1"}), queued("acme", "bob", "r-1", epoch))
		same(t, "of another tenant", s.load(t, request.Key{Tenant: "globex", Subject: "ada", ID: "r-1"}), queued("globex", "ada", "r-1", epoch))
	}},
}

// effects are the effects of a Change, alone and where they meet.
var effects = []request.Change{
	{At: epoch.Add(time.Hour + 1234*time.Microsecond)},
	{At: epoch.Add(ms(7)), To: request.Running},
	{At: epoch.Add(ms(7)), To: request.Queued},
	{At: epoch.Add(ms(7)), To: request.Queued, ExpiresAt: epoch.Add(time.Hour)},
	{At: epoch.Add(ms(7)), To: request.Succeeded},
	{At: epoch.Add(ms(7)), To: request.Succeeded, DueAt: epoch.Add(ms(9))},
	{At: epoch.Add(ms(7)), To: request.Succeeded, Error: &wire.Error{Code: wire.Timeout, Message: "odd"}},
	{At: epoch.Add(ms(7)), To: request.Failed, ExpiresAt: epoch.Add(time.Hour)},
	{At: epoch.Add(ms(7)), To: request.Cancelled, DueAt: epoch.Add(ms(9)), Settled: true},
	{DueAt: epoch.Add(-time.Hour)},
	{DueAt: epoch.Add(ms(8)), Settled: true},
	{Settled: true},
	{Settled: true, Subscribe: "c-1"},
	{Settled: true, Subscribe: "c-1", Unsubscribe: []string{"c-1"}},
	{Settled: true, Unsubscribe: []string{"L0SM9cOFvHcCIhw="}},
	{At: epoch.Add(ms(7)), Start: true},
	{Start: true},
	{AddFence: 1}, {AddRev: 3}, {AddRev: 1 << 40}, {AddAttempt: 1}, {AddSlice: 2}, {AddLost: 1}, {AddRan: 1}, {AddRan: 3 * time.Hour},
	{Worker: "worker-8"},
	{Cancel: true},
	{Progress: &request.Progress{}},
	{Progress: &request.Progress{Percentage: 0.1, Message: "<½>", Metadata: json.RawMessage(`{"a": 1}`)}},
	{Progress: &request.Progress{Percentage: 1e-300, Metadata: json.RawMessage{}}},
	{Checkpoint: json.RawMessage(`{"at": 9007199254740993}`)},
	{Checkpoint: json.RawMessage{}},
	{Checkpoint: json.RawMessage(`null`), AddLost: 3},
	{Result: json.RawMessage(`" <result> "`)},
	{Result: json.RawMessage{}},
	{Error: &wire.Error{Code: wire.Timeout, Message: "", Details: json.RawMessage(`{ }`)}},
	{Error: &wire.Error{Code: wire.RateLimited, Message: "wait <2 s", Retry: &wire.Retry{Retryable: true, After: 0.125}}},
	{Error: &wire.Error{Code: wire.RateLimited, Message: "no", Retry: &wire.Retry{}}},
	{ExpiresAt: epoch.Add(time.Hour)},
	{Subscribe: "c-1"},
	{Subscribe: "L0SM9cOFvHcCIhw="},
	{Subscribe: "with . and : and # and é and \""},
	{Unsubscribe: []string{"L0SM9cOFvHcCIhw="}},
	{Unsubscribe: []string{"M0SM9cOFvHcCIhw=", "L0SM9cOFvHcCIhw=", "never-there"}},
	{Unsubscribe: []string{}},
	{Subscribe: "c-1", Unsubscribe: []string{"L0SM9cOFvHcCIhw="}},
	{Subscribe: "c-1", Unsubscribe: []string{"c-1", "M0SM9cOFvHcCIhw="}},
	{At: epoch.Add(ms(7)), To: request.Queued, Park: request.Await{Token: "ok <☂>", Until: epoch.Add(time.Hour + 1234)}},
	{At: epoch.Add(ms(7)), To: request.Queued, Park: request.Await{Token: "ok"}, Blocked: "action:other"},
	{At: epoch.Add(ms(7)), To: request.Queued, Blocked: "tenant:a#b%c"},
	{At: epoch.Add(ms(7)), To: request.Running, Park: request.Await{Token: "ok"}, Blocked: "action:other"},
	{At: epoch.Add(ms(7)), To: request.Failed, Park: request.Await{Token: "ok"}},
	{Park: request.Await{Token: "ok"}, Blocked: "action:other"},
	{Step: &request.Step{Name: "refund", Result: json.RawMessage(` [ 1 ] `)}},
	{Step: &request.Step{Name: "charge", Result: json.RawMessage(`null`)}},
	{Step: &request.Step{Name: "empty", Result: json.RawMessage{}}},
	{Checkpoint: json.RawMessage(`1`), OutputMark: 9},
	{OutputMark: 9},
	{History: []wire.Attempt{{Number: 3, StartedAt: epoch.Add(999_999).In(time.FixedZone("somewhere", 3600)), EndedAt: epoch.Add(time.Hour), Code: wire.Cancelled, Worker: "<w>"}}},
	{History: []wire.Attempt{}},
	{Redrive: true},
	{Redrive: true, AddAttempt: 2, AddSlice: 3, AddLost: 4, AddRan: time.Second, Cancel: true, Error: &wire.Error{Code: wire.Timeout}},
	{Redrive: true, AddLost: 4, Checkpoint: json.RawMessage("1"), At: epoch.Add(ms(7)), To: request.Queued},
	{Acquire: []request.Slot{{Name: "action:other", Limit: 100}, {Name: "tenant:other", Limit: 100}}},
	{Release: []string{"action:report"}},
	{Release: []string{"action:report", "never-held", "open:4:acme/ada"}},
	{Release: []string{"action:report"}, Acquire: []request.Slot{{Name: "action:report", Limit: 100}}},
	{Release: []string{}, Acquire: []request.Slot{}, Output: []json.RawMessage{}},
	{Output: []json.RawMessage{json.RawMessage(`{ "n": 1 }`), {}}},
	{At: epoch.Add(ms(9)), To: request.Succeeded, DueAt: epoch.Add(time.Minute), AddRev: 1, Result: json.RawMessage("2"), ExpiresAt: epoch.Add(time.Hour),
		Release: []string{"action:report", "open:4:acme/ada"}, Output: []json.RawMessage{json.RawMessage("1")}, Checkpoint: json.RawMessage("1"), OutputMark: 4,
		Step: &request.Step{Name: "last", Result: json.RawMessage("1")}, History: []wire.Attempt{{Number: 1}}, Subscribe: "c-1", Unsubscribe: []string{"c-2"}},
	{At: epoch.Add(ms(9)), To: request.Running, DueAt: epoch.Add(time.Minute), Start: true, AddFence: 1, AddRev: 2, AddAttempt: 1, AddSlice: 1,
		AddLost: 1, AddRan: time.Second, Worker: "w", Cancel: true, Progress: &request.Progress{Percentage: 7}, Checkpoint: json.RawMessage("1"),
		Result: json.RawMessage("2"), Error: &wire.Error{Code: wire.Cancelled}, ExpiresAt: epoch.Add(time.Hour), Subscribe: "c-1", Unsubscribe: []string{"c-2"}},
}
