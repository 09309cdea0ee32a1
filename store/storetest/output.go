package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
)

var outputTests = []test{
	{"what is appended is read, byte for byte, from any offset", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		all := []json.RawMessage{json.RawMessage(`{ "n" : 9007199254740993 }`), json.RawMessage("null"), {}, json.RawMessage("\x00\"\xff\xfe\n"),
			json.RawMessage(`"<&>\u00e9☂"`), json.RawMessage("[ ]"), json.RawMessage(`1e2`)}
		s.reads(t, r.Key, 0, 10)
		at := 0
		for _, n := range []int{1, 4, 2} {
			got := s.change(t, r.Key, request.Change{If: request.Guards{OutputAt: new(int64(at))},
				Set: request.Effects{Output: all[at : at+n], AddRev: 1}})
			if at += n; got.Output != int64(at) {
				t.Errorf("it has %d chunks, want %d", got.Output, at)
			}
			s.reads(t, r.Key, 0, 100, all[:at]...)
		}
		for from := range all {
			for limit := 1; limit <= len(all)+1; limit++ {
				s.reads(t, r.Key, int64(from), limit, all[from:min(from+limit, len(all))]...)
			}
		}
		s.reads(t, r.Key, 7, 10)
		s.reads(t, r.Key, 700, 10)
	}},
	{"a key that is not there has none", func(t *testing.T, s suite) {
		s.reads(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}, 0, 10)
	}},
	{"at another offset nothing is appended", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		chunk := func(n int) json.RawMessage { return json.RawMessage(fmt.Sprint(n)) }
		s.conflict(t, r.Key, request.Change{If: request.Guards{OutputAt: new(int64(1))},
			Set: request.Effects{Output: []json.RawMessage{chunk(9)}}})
		s.change(t, r.Key, request.Change{
			If:  request.Guards{OutputAt: new(int64(0))},
			Set: request.Effects{Output: []json.RawMessage{chunk(0), chunk(1)}},
		})
		for _, at := range []int64{0, 1, 3} {
			if got := s.conflict(t, r.Key, request.Change{
				If:  request.Guards{OutputAt: new(at)},
				Set: request.Effects{Output: []json.RawMessage{chunk(9), chunk(9)}, AddRev: 1},
			}); got.Output != 2 || got.Rev != 1 {
				t.Errorf("the conflict's row has %d chunks and rev %d", got.Output, got.Rev)
			}
		}
		s.reads(t, r.Key, 0, 10, chunk(0), chunk(1))
	}},
	{"each request has its own", func(t *testing.T, s suite) {
		keys := []request.Key{{Tenant: "a", Subject: "b", ID: "c"}, {Tenant: "a", Subject: "b", ID: "c#1"},
			{Tenant: "a", Subject: "b#c", ID: "1"},
			{Tenant: "a#b", Subject: "c", ID: "1"}, {Tenant: "a", Subject: "b", ID: "C"}, {Tenant: "A", Subject: "b", ID: "c"}, {Tenant: "a",
				Subject: "b", ID: "c%231"}}
		for i, key := range keys {
			s.create(t, queued(key.Tenant, key.Subject, key.ID, epoch))
			s.change(t, key, request.Change{
				If:  request.Guards{OutputAt: new(int64(0))},
				Set: request.Effects{Output: []json.RawMessage{json.RawMessage(fmt.Sprint(i))}},
			})
		}
		for i, key := range keys {
			s.reads(t, key, 0, 10, json.RawMessage(fmt.Sprint(i)))
		}
		page, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "a", Limit: 100})
		if err != nil || len(page) != 5 {
			t.Errorf("listed are %s, %v", ids(page), err)
		}
	}},
	{"as much as one write may have", func(t *testing.T, s suite) {
		const chunks = 50
		r := s.create(t, full("r-1"))
		c := request.Change{If: request.Guards{OutputAt: new(r.Output)}, Set: request.Effects{AddRev: 1, Release: r.Permits}}
		for range chunks {
			c.Set.Output = append(c.Set.Output, text(request.MaxChunk))
		}
		want := full("r-1")
		if err := c.Apply(want); err != nil {
			t.Fatal(err)
		}
		same(t, "changed", s.change(t, r.Key, c), want)
		c.If.OutputAt = new(*c.If.OutputAt + chunks)
		s.change(t, r.Key, c)
		s.reads(t, r.Key, r.Output, 2*chunks, append(c.Set.Output, c.Set.Output...)...) // more than one answer of DynamoDB's holds
	}},
	{"many appends", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		var all []json.RawMessage
		for i := range 120 {
			all = append(all, json.RawMessage(fmt.Sprint(i)))
		}
		for at := 0; at < len(all); at += 8 {
			s.change(t, r.Key, request.Change{If: request.Guards{OutputAt: new(int64(at))}, Set: request.Effects{Output: all[at : at+8]}})
		}
		s.reads(t, r.Key, 0, 1000, all...)
		s.reads(t, r.Key, 9, 3, all[9:12]...)
		s.reads(t, r.Key, 99, 100, all[99:]...)
	}},
	{"a new request of an expired key has none of the old output", func(t *testing.T, s suite) {
		chunks := func(of string, n int) (all []json.RawMessage) {
			for i := range n {
				all = append(all, json.RawMessage(fmt.Sprintf("%q", fmt.Sprint(of, i))))
			}
			return all
		}
		old := s.create(t, queued("acme", "ada", "r-1", epoch))
		s.change(t, old.Key, request.Change{
			If:  request.Guards{OutputAt: new(int64(0))},
			Set: request.Effects{Output: chunks("old", 5), UpdatedAt: epoch, State: request.Succeeded, FinishedAt: epoch, ExpiresAt: epoch},
		})
		s.create(t, queued("acme", "ada", "r-1", epoch)) // in the same millisecond
		s.reads(t, old.Key, 0, 10)
		s.reads(t, old.Key, 2, 10)
		s.change(t, old.Key, request.Change{If: request.Guards{OutputAt: new(int64(0))}, Set: request.Effects{Output: chunks("new", 2)}})
		s.reads(t, old.Key, 0, 10, chunks("new", 2)...)
		s.reads(t, old.Key, 2, 10)
		s.change(t, old.Key, request.Change{
			If:  request.Guards{OutputAt: new(int64(2))},
			Set: request.Effects{Output: chunks("newer", 1), UpdatedAt: epoch, State: request.Failed, FinishedAt: epoch, ExpiresAt: epoch},
		})

		holder := queued("acme", "ada", "r-1", epoch.Add(time.Hour))
		holder.Permits = []string{"a"}
		s.create(t, holder, permits(1, "a")...)
		s.reads(t, old.Key, 0, 10)
	}},
}

// reads fails unless the output from an offset on has these chunks.
func (s suite) reads(t *testing.T, key request.Key, from int64, limit int, want ...json.RawMessage) {
	t.Helper()
	got, err := s.ReadOutput(t.Context(), key, from, limit)
	if err != nil {
		t.Fatalf("read output of %+v: %v", key, err)
	}
	if len(got) != len(want) {
		t.Fatalf("up to %d chunks of %+v from %d on are %d, want %d", limit, key, from, len(got), len(want))
	}
	for i, c := range got {
		if c.Offset != from+int64(i) || !bytes.Equal(c.Data, want[i]) {
			t.Fatalf("chunk %d of %+v from %d on is %q at %d, want %q", i, key, from, c.Data, c.Offset, want[i])
		}
	}
}
