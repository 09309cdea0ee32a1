package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

var permitTests = []test{
	{"as many as the limit hold a place", func(t *testing.T, s suite) {
		acquire := request.Change{Set: request.Effects{Acquire: permits(2, "a"), AddRev: 1}}
		r := s.several(t, 3)
		s.taken(t, "a", 0)
		if got := s.change(t, r[0].Key, acquire); len(got.Permits) != 1 || got.Permits[0] != "a" {
			t.Errorf("it holds %v", got.Permits)
		}
		s.change(t, r[1].Key, acquire)
		s.taken(t, "a", 2)
		s.limited(t, r[2].Key, acquire, permits(2, "a")[0])
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Release: []string{"a"}}})
		s.taken(t, "a", 1)
		s.change(t, r[2].Key, acquire)
		s.taken(t, "a", 2)
		for _, r := range r {
			s.change(t, r.Key, request.Change{Set: request.Effects{Release: []string{"a"}}})
		}
		s.taken(t, "a", 0)
	}},
	{"the limit is the one of the change", func(t *testing.T, s suite) {
		r := s.several(t, 4)
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Acquire: permits(1, "a")}})
		s.limited(t, r[1].Key, request.Change{Set: request.Effects{Acquire: permits(1, "a")}}, permits(1, "a")[0])
		s.change(t, r[1].Key, request.Change{Set: request.Effects{Acquire: permits(3, "a")}})
		s.change(t, r[2].Key, request.Change{Set: request.Effects{Acquire: permits(3, "a")}})
		for limit := range 4 {
			s.limited(t, r[3].Key, request.Change{Set: request.Effects{Acquire: permits(limit, "a")}}, permits(limit, "a")[0])
		}
		s.limited(t, r[3].Key, request.Change{Set: request.Effects{Acquire: permits(0, "b")}}, permits(0, "b")[0])
		s.taken(t, "a", 3)
		s.taken(t, "b", 0)
	}},
	{"all of its permits or none", func(t *testing.T, s suite) {
		r := s.several(t, 2)
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Acquire: permits(1, "b")}})
		s.limited(t, r[1].Key, request.Change{Set: request.Effects{Acquire: permits(1, "a", "b", "c")}}, permits(1, "b")[0])
		s.taken(t, "a", 0)
		s.taken(t, "c", 0)
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Release: []string{"b"}}})
		s.change(t, r[1].Key, request.Change{Set: request.Effects{Acquire: permits(1, "a", "b", "c")}})
		s.limited(t, r[0].Key, request.Change{Set: request.Effects{Acquire: permits(1, "c", "b")}}, permits(1, "c")[0])
		s.change(t, r[1].Key, request.Change{Set: request.Effects{Release: []string{"c", "a"}}})
		s.taken(t, "a", 0)
		s.taken(t, "b", 1)
		s.taken(t, "c", 0)
	}},
	{"a full limit changes nothing else", func(t *testing.T, s suite) {
		want := full("r-1")
		want.Permits = []string{"held"}
		s.create(t, want, permits(1, "held")...)
		other := s.create(t, queued("acme", "ada", "r-2", epoch))
		s.change(t, other.Key, request.Change{Set: request.Effects{Acquire: permits(1, "a")}})
		s.limited(t, want.Key, request.Change{
			If: request.Guards{OutputAt: new(want.Output)},
			Set: request.Effects{Acquire: permits(1, "a"), Release: []string{"held"}, Output: []json.RawMessage{json.RawMessage("1")},
				UpdatedAt: epoch, State: request.Running, AddRev: 1, AddFence: 1, Step: &request.Step{Name: "s", Result: json.RawMessage("1")}},
		}, permits(1, "a")[0])
		s.taken(t, "held", 1)
		s.reads(t, want.Key, want.Output, 10)
	}},
	{"a conflict wins over a full limit", func(t *testing.T, s suite) {
		r := s.several(t, 2)
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Acquire: permits(1, "a")}})
		got := s.conflict(t, r[1].Key, request.Change{If: request.Guards{Fence: 5}, Set: request.Effects{Acquire: permits(1, "a"), AddRev: 1}})
		same(t, "the conflict's row", got, r[1])
		got = s.conflict(t, r[1].Key, request.Change{
			If:  request.Guards{States: []request.State{request.Running}},
			Set: request.Effects{Acquire: permits(0, "b"), AddRev: 1},
		})
		same(t, "the conflict's row", got, r[1])
		s.taken(t, "a", 1)
		missing := request.Key{Tenant: "acme", Subject: "ada", ID: "missing"}
		if _, err := s.ChangeRequest(t.Context(), missing, request.Change{Set: request.Effects{Acquire: permits(1, "a")}}); !errors.Is(err,
			request.ErrNotFound) {
			t.Errorf("of a request that is not there: %v", err)
		}
	}},
	{"only what is held is given back", func(t *testing.T, s suite) {
		r := s.several(t, 2)
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Acquire: permits(5, "a", "b")}})
		s.change(t, r[1].Key, request.Change{Set: request.Effects{Release: []string{"a", "b", "never"}}})
		s.taken(t, "a", 1)
		s.taken(t, "never", 0)
		s.change(t, r[1].Key, request.Change{Set: request.Effects{Acquire: permits(5, "a")}})
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Release: []string{"a", "a"}}})
		s.taken(t, "a", 1)
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Release: []string{"a"}}})
		s.taken(t, "a", 1)
		s.taken(t, "b", 1)
	}},
	{"a place is given back before one is taken", func(t *testing.T, s suite) {
		r := s.several(t, 1)[0]
		s.change(t, r.Key, request.Change{Set: request.Effects{Acquire: permits(1, "a")}})
		if got := s.change(t, r.Key, request.Change{Set: request.Effects{Release: []string{"a"},
			Acquire: permits(1, "a", "b")}}); len(got.Permits) != 2 {
			t.Errorf("it holds %v", got.Permits)
		}
		s.taken(t, "a", 1)
		s.taken(t, "b", 1)
	}},
	{"names that look alike are different limits", func(t *testing.T, s suite) {
		names := []string{"a", "A", "a#", "a%23", "#a", "a:b", "tenant:a#b", "é", "e\u0301", "acme#ada", "acme#ada#r-1"}
		r := s.several(t, 2)
		s.change(t, r[0].Key, request.Change{Set: request.Effects{Acquire: permits(1, names...)}})
		for _, name := range names {
			s.taken(t, name, 1)
		}
		s.limited(t, r[1].Key, request.Change{Set: request.Effects{Acquire: permits(1, "b", "a#")}}, permits(1, "a#")[0])
	}},
	{"a creation acquires its permits", func(t *testing.T, s suite) {
		holder := func(id string) *request.Request {
			r := queued("acme", "ada", id, epoch)
			r.Permits = []string{"a", "b"}
			return r
		}
		acquire := []request.Permit{{Name: "a", Limit: 1}, {Name: "b", Limit: 7}}
		first := holder("r-1")
		same(t, "created", s.create(t, first, acquire...), first)
		same(t, "loaded", s.load(t, first.Key), first)
		s.taken(t, "a", 1)
		s.taken(t, "b", 1)

		_, created, err := s.CreateRequest(t.Context(), holder("r-2"), acquire...)
		var limit *request.LimitError
		if !errors.As(err, &limit) || created || limit.Permit != acquire[0] {
			t.Fatalf("beyond the limit: created %v, %v", created, err)
		}
		if _, err := s.LoadRequest(t.Context(), holder("r-2").Key); !errors.Is(err, request.ErrNotFound) {
			t.Errorf("it was refused, but loads with %v", err)
		}
		for _, acquire := range [][]request.Permit{acquire, permits(0, "c"), permits(9, "a", "b", "c")} {
			stored, created, err := s.CreateRequest(t.Context(), holder("r-1"), acquire...)
			if err != nil || created {
				t.Fatalf("a taken key: created %v, %v", created, err)
			}
			same(t, "of a taken key", stored, first)
		}
		s.taken(t, "a", 1)
		s.taken(t, "b", 1)
		s.taken(t, "c", 0)

		got := s.change(t, first.Key, request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Cancelled, FinishedAt: epoch,
			Release: first.Permits}})
		if len(got.Permits) != 0 {
			t.Errorf("it holds %v", got.Permits)
		}
		s.create(t, holder("r-2"), acquire...)
		s.taken(t, "a", 1)
	}},
	{"a creation over an expired request acquires its permits", func(t *testing.T, s suite) {
		old := full("r-1")
		old.Permits, old.ExpiresAt = nil, epoch
		s.create(t, old)
		other := s.create(t, queued("acme", "bob", "r-1", epoch))
		s.change(t, other.Key, request.Change{Set: request.Effects{Acquire: permits(1, "a")}})
		young := queued("acme", "ada", "r-1", epoch)
		young.Permits = []string{"a"}
		var limit *request.LimitError
		if _, created, err := s.CreateRequest(t.Context(), young, permits(1, "a")...); !errors.As(err, &limit) || created {
			t.Fatalf("beyond the limit: created %v, %v", created, err)
		}
		same(t, "after a refusal", s.load(t, old.Key), old)
		same(t, "created", s.create(t, young, permits(2, "a")...), young)
		s.taken(t, "a", 2)
	}},
	{"those who wait, the highest priority first, then the oldest", func(t *testing.T, s suite) {
		for i, p := range []streamer.Priority{streamer.Normal, streamer.Low, streamer.High, streamer.Normal, streamer.High, streamer.Low,
			streamer.Normal} {
			r := queued([]string{"acme", "globex"}[i%2], "ada", fmt.Sprint("r-", i), epoch.Add(ms(10-i/3)))
			r.Priority = p
			s.create(t, r)
			s.change(t, r.Key, request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "tenant:a#b"}})
		}
		s.create(t, queued("acme", "ada", "free", epoch))
		other := s.create(t, queued("acme", "ada", "other", epoch))
		s.change(t, other.Key, request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "tenant:a"}})
		s.throttled(t, "tenant:a#b", 10, "r-4 r-2 r-6 r-3 r-0 r-5 r-1")
		s.throttled(t, "tenant:a#b", 3, "r-4 r-2 r-6")
		s.throttled(t, "tenant:a#b", 1, "r-4")
		s.throttled(t, "tenant:a", 10, "other")
		s.throttled(t, "tenant", 10, "")

		key := func(tenant, id string) request.Key { return request.Key{Tenant: tenant, Subject: "ada", ID: id} }
		s.change(t, key("acme", "r-4"), request.Change{If: request.Guards{ThrottledBy: "tenant:a#b"},
			Set: request.Effects{State: request.Running, Clear: []request.Attribute{request.AttrThrottledBy}}})
		s.change(t, key("acme", "r-6"), request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "tenant:a"}})
		s.change(t, key("acme", "r-2"), request.Change{Set: request.Effects{AddRev: 1}})
		s.throttled(t, "tenant:a#b", 10, "r-2 r-3 r-0 r-5 r-1")
		s.throttled(t, "tenant:a", 10, "other r-6")
		s.change(t, key("acme", "r-4"), request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "tenant:a#b"}})
		s.throttled(t, "tenant:a#b", 10, "r-4 r-2 r-3 r-0 r-5 r-1")
	}},
	{"limits that requests wait for", func(t *testing.T, s suite) {
		s.throttling(t)
		names := []string{"tenant:a#b%23", "tenant:a", "action:report", "tenant:é"}
		for i, name := range names {
			for j := range 3 {
				r := s.create(t, queued("acme", "ada", fmt.Sprint("r-", i, "-", j), epoch))
				s.change(t, r.Key, request.Change{Set: request.Effects{State: request.Queued, ThrottledBy: name}})
			}
		}
		s.create(t, queued("acme", "ada", "free", epoch))
		s.throttling(t, names...)
		r := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1-0"}
		s.change(t, r, request.Change{Set: request.Effects{Acquire: permits(1, "tenant:a"), Clear: []request.Attribute{request.AttrThrottledBy}}})
		s.throttling(t, names...)
		s.taken(t, "tenant:a", 1)
		s.taken(t, "tenant:é", 0)
	}},
	{"those who wait come in brief", func(t *testing.T, s suite) {
		s.create(t, full("r-1"))
		settles(t, func() string {
			got, err := s.ThrottledRequests(t.Context(), full("r-1").ThrottledBy, 10)
			if err != nil || len(got) != 1 {
				return fmt.Sprintf("got %v, %v", ids(got), err)
			}
			return difference(got[0], inBrief(full("r-1")))
		})
	}},
	{"a life between limits", func(t *testing.T, s suite) {
		want := queued("acme", "ada", "r-1", epoch)
		want.Permits = []string{"open"}
		s.create(t, want, permits(1, "open")...)
		at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
		for i, c := range []request.Change{
			{Set: request.Effects{UpdatedAt: at(1), State: request.Queued, DueAt: at(300), AddRev: 1, ThrottledBy: "action"}},
			{
				If:  request.Guards{ThrottledBy: "action"},
				Set: request.Effects{UpdatedAt: at(2), State: request.Queued, DueAt: at(2), AddRev: 1},
			},
			{
				If:  request.Guards{DueBy: at(2)},
				Set: request.Effects{UpdatedAt: at(2), State: request.Running, AddFence: 1, Acquire: permits(1, "tenant", "action")},
			},
			{
				If: request.Guards{Fence: 1, OutputAt: new(int64(0))},
				Set: request.Effects{UpdatedAt: at(3), State: request.Queued, Release: []string{"tenant", "action"},
					Output: []json.RawMessage{json.RawMessage("1")}},
			},
			{
				If:  request.Guards{DueBy: at(4)},
				Set: request.Effects{UpdatedAt: at(4), State: request.Running, AddFence: 1, Acquire: permits(1, "tenant", "action")},
			},
			{
				If: request.Guards{Fence: 2},
				Set: request.Effects{UpdatedAt: at(5), State: request.Failed, FinishedAt: at(5), Release: []string{"open", "tenant", "action"},
					ExpiresAt: at(1000)},
			},
			redriven(at(6), permits(1, "open")...),
		} {
			if err := c.Apply(want); err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("step %d", i), s.change(t, want.Key, c), want)
			for _, name := range []string{"open", "tenant", "action"} {
				n := 0
				for _, held := range want.Permits {
					if held == name {
						n++
					}
				}
				s.taken(t, name, n)
			}
		}
		same(t, "in the end", s.load(t, want.Key), want)
	}},
}

// places is a limit of each name, with one limit.
func permits(limit int, names ...string) []request.Permit {
	var slots []request.Permit
	for _, name := range names {
		slots = append(slots, request.Permit{Name: name, Limit: limit})
	}
	return slots
}

// several creates n requests.
func (s suite) several(t *testing.T, n int) []*request.Request {
	t.Helper()
	var requests []*request.Request
	for i := range n {
		requests = append(requests, s.create(t, queued("acme", "ada", fmt.Sprint("r-", i), epoch)))
	}
	return requests
}

// limited is a change that must find the limit full, and leave the row alone.
func (s suite) limited(t *testing.T, key request.Key, c request.Change, full request.Permit) {
	t.Helper()
	before := s.load(t, key)
	r, err := s.ChangeRequest(t.Context(), key, c)
	var limit *request.LimitError
	if !errors.As(err, &limit) || limit.Permit != full {
		t.Fatalf("change by %+v gives %+v, %v; want that %+v is full", c, r, err, full)
	}
	same(t, fmt.Sprintf("after %+v", c), s.load(t, key), before)
}

func (s suite) taken(t *testing.T, limit string, want int) {
	t.Helper()
	if got, err := s.PermitsHeld(t.Context(), limit); err != nil || got != want {
		t.Fatalf("%d permits of %s are held, %v; want %d", got, limit, err, want)
	}
}

// throttled fails unless these ids wait for the limit, in order.
func (s suite) throttled(t *testing.T, limit string, n int, want string) {
	t.Helper()
	settles(t, func() string {
		got, err := s.ThrottledRequests(t.Context(), limit, n)
		if err != nil || ids(got) != want {
			return fmt.Sprintf("%q waits for %s, %v; want %q", ids(got), limit, err, want)
		}
		return ""
	})
}

// throttling fails unless these limits are among those that requests may wait
// for, each on one page.
func (s suite) throttling(t *testing.T, want ...string) {
	t.Helper()
	settles(t, func() string {
		times := map[string]int{}
		for cursor, pages := "", 0; ; pages++ {
			names, next, err := s.ThrottlingLimits(t.Context(), 2, cursor)
			if err != nil || len(names) > 2 || pages > 20 {
				return fmt.Sprintf("page %d is %q, %v", pages, names, err)
			}
			for _, name := range names {
				times[name]++
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		for _, name := range want {
			if times[name] != 1 {
				return fmt.Sprintf("%s is listed %d times, want once; all are %v", name, times[name], times)
			}
		}
		return ""
	})
}

// redriven is a redrive that acquires permits.
func redriven(at time.Time, acquire ...request.Permit) request.Change {
	c := request.Redrive(&request.Request{}, at)
	c.Set.Acquire = acquire
	return c
}
