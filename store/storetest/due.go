package storetest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
)

var dueTests = []test{
	{"the longest due first, none that is due later", func(t *testing.T, s suite) {
		for i, id := range []string{"e", "b", "d", "a", "c"} {
			tenant := []string{"acme", "globex", "initech"}[i%3]
			r := queued(tenant, "ada", id, epoch)
			r.Look.At = epoch.Add(time.Duration(id[0]-'a') * time.Millisecond)
			s.create(t, r)
		}
		s.due(t, epoch.Add(ms(4)), 10, "a b c d e")
		s.due(t, epoch.Add(ms(4)), 3, "a b c")
		s.due(t, epoch.Add(ms(4)), 1, "a")
		s.due(t, epoch.Add(ms(2)), 10, "a b c")
		s.due(t, epoch.Add(ms(2)+999_999), 10, "a b c")
		s.due(t, epoch.Add(-ms(1)), 10, "")
		s.due(t, epoch.Add(time.Hour), 1000, "a b c d e")
	}},
	{"of whatever state, while it has a look", func(t *testing.T, s suite) {
		at := epoch.Add(time.Minute)
		look := func(at time.Time) request.Look { return request.Look{At: at} }
		for i, to := range []request.State{request.Queued, request.Running, request.Succeeded, request.Failed, request.Cancelled} {
			r := s.create(t, queued("acme", "ada", fmt.Sprint("r-", i), epoch))
			s.change(t, r.Key, request.Change{Set: request.Effects{UpdatedAt: epoch, State: to, Look: look(epoch.Add(ms(i)))}})
		}
		s.due(t, at, 10, "r-0 r-1 r-2 r-3 r-4")
		s.change(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-3"},
			request.Change{Set: request.Effects{Clear: []request.Attribute{request.AttrLook, request.AttrSubscribers}}})
		s.due(t, at, 10, "r-0 r-1 r-2 r-4")
		s.change(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"},
			request.Change{Set: request.Effects{State: request.Failed, Clear: []request.Attribute{request.AttrLook, request.AttrDueAt}}})
		s.due(t, at, 10, "r-0 r-2 r-4")
		s.change(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-0"}, request.Change{Set: request.Effects{Look: look(at.Add(ms(1)))}})
		s.due(t, at, 10, "r-2 r-4")
		s.due(t, at.Add(ms(1)), 10, "r-2 r-4 r-0")
	}},
	{"whenever it may be claimed", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		s.change(t, r.Key, request.Change{Set: request.Effects{DueAt: epoch.Add(time.Hour)}})
		s.due(t, epoch, 10, "r-1")
		s.change(t, r.Key, request.Change{Set: request.Effects{DueAt: epoch, Look: request.Look{At: epoch.Add(time.Hour)}}})
		s.due(t, epoch.Add(time.Minute), 10, "")
	}},
	{"without a look never", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		r.Look = request.Look{}
		s.create(t, r)
		s.due(t, epoch.Add(1000*time.Hour), 10, "")
		s.change(t, r.Key, request.Change{Set: request.Effects{Look: request.Look{At: epoch}}})
		s.due(t, epoch, 10, "r-1")
	}},
	{"kinds do not mix", func(t *testing.T, s suite) {
		kinds := request.LookKinds()
		for i, kind := range kinds {
			for j := range 9 {
				r := queued("acme", "ada", fmt.Sprint(kind, "-", j), epoch)
				r.Look = request.Look{Kind: kind, At: epoch.Add(ms(10*j + i))}
				s.create(t, r)
			}
		}
		for _, kind := range kinds {
			want := ""
			for j := range 9 {
				want += fmt.Sprint(" ", kind, "-", j)
			}
			s.dueOf(t, request.DueQuery{Kind: kind, Until: epoch.Add(time.Hour), Limit: 100}, want[1:])
		}
		moves := request.Key{Tenant: "acme", Subject: "ada", ID: "dispatch-0"}
		s.change(t, moves, request.Change{Set: request.Effects{Look: request.Look{Kind: request.LookLease, At: epoch.Add(-ms(1))}}})
		s.due(t, epoch.Add(ms(20)), 100, "dispatch-1 dispatch-2")
		s.dueOf(t, request.DueQuery{Kind: request.LookLease, Until: epoch.Add(ms(1)), Limit: 100}, "dispatch-0 lease-0")
	}},
	{"many rows delay no other kind, and pages hold each once, in order", func(t *testing.T, s suite) {
		const n = 2500
		s.createMany(t, n, request.LookTimer)
		other := queued("globex", "bob", "other", epoch)
		other.Look = request.Look{Kind: request.LookLease, At: epoch.Add(time.Hour)}
		s.create(t, other)
		s.dueOf(t, request.DueQuery{Kind: request.LookLease, Until: epoch.Add(time.Hour), Limit: 1}, "other")
		for _, limit := range []int{400, 1000} {
			settles(t, func() string {
				seen := map[string]int{}
				q := request.DueQuery{Kind: request.LookTimer, Until: epoch.Add(time.Hour), Limit: limit}
				var last time.Time
				for {
					page, cursor, err := s.DueRequests(t.Context(), q)
					if err != nil || len(page) > limit {
						return fmt.Sprintf("a page of %d, %v", len(page), err)
					}
					for _, r := range page {
						if r.Look.At.Before(last) {
							return fmt.Sprintf("%s is due at %v, and comes behind %v", r.ID, r.Look.At, last)
						}
						last = r.Look.At
						seen[r.ID]++
					}
					if q.Cursor = cursor; cursor == "" {
						break
					}
				}
				if times := slices.Max(slices.Collect(maps.Values(seen))); len(seen) != n || times != 1 {
					return fmt.Sprintf("pages of %d have %d rows, one of them %d times; want %d, once", limit, len(seen), times, n)
				}
				return ""
			})
		}
	}},
	{"a cursor goes on where the page ended, whatever moves", func(t *testing.T, s suite) {
		const n = 60
		for i := range n {
			r := queued("acme", "ada", fmt.Sprintf("r-%03d", i), epoch)
			r.Look.At = epoch.Add(ms(i / 4))
			s.create(t, r)
		}
		q := request.DueQuery{Until: epoch.Add(time.Minute), Limit: 7}
		settles(t, func() string {
			if all, _, err := s.DueRequests(t.Context(), request.DueQuery{Until: q.Until, Limit: 1000}); err != nil || len(all) != n {
				return fmt.Sprintf("%d are due, %v; want %d", len(all), err, n)
			}
			return ""
		})
		seen := map[string]int{}
		for {
			page, cursor, err := s.DueRequests(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				seen[r.ID]++
				s.change(t, r.Key, request.Change{Set: request.Effects{Look: request.Look{At: epoch.Add(time.Hour)}}})
			}
			if q.Cursor = cursor; cursor == "" {
				break
			}
		}
		if len(seen) != n {
			t.Errorf("pages had %d of %d rows", len(seen), n)
		}
	}},
	{"a cursor that the store did not make", func(t *testing.T, s suite) {
		for _, cursor := range []string{"x", "not a cursor", "bm90IGEgY3Vyc29y", "e30", "bnVsbA", "MA", "////"} {
			_, _, err := s.DueRequests(t.Context(), request.DueQuery{Until: epoch, Limit: 1, Cursor: cursor})
			if err == nil {
				t.Fatalf("cursor %q is taken", cursor)
			}
		}
	}},
	{"rows come in brief", func(t *testing.T, s suite) {
		s.create(t, full("r-1"))
		settles(t, func() string {
			due, _, err := s.DueRequests(t.Context(), request.DueQuery{Kind: full("").Look.Kind, Until: epoch.Add(ms(9)), Limit: 10})
			if err != nil || len(due) != 1 {
				return fmt.Sprintf("got %v, %v", ids(due), err)
			}
			return difference(due[0], inBrief(full("r-1")))
		})
	}},
	{"many at once", func(t *testing.T, s suite) {
		const n = 130
		want := ""
		for i := range n {
			r := queued(fmt.Sprint("tenant-", i%7), "ada", fmt.Sprintf("r-%03d", i), epoch)
			r.Look.At = epoch.Add(ms(i))
			s.create(t, r)
			if i < 115 {
				want += " " + r.ID
			}
		}
		s.due(t, epoch.Add(time.Hour), 115, want[1:])
	}},
}

// createMany creates requests of one tenant that are due for a look of a kind, several of
// them at the same time.
func (s suite) createMany(t *testing.T, n int, kind request.LookKind) {
	t.Helper()
	const writers = 16
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < n; i += writers {
				r := queued("acme", "ada", fmt.Sprintf("r-%05d", i), epoch)
				r.Look = request.Look{Kind: kind, At: epoch.Add(ms(i / 10))}
				if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
					t.Errorf("create %s: %v", r.ID, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// due fails unless these ids are due for a look after a dispatch, in order.
func (s suite) due(t *testing.T, until time.Time, limit int, want string) {
	t.Helper()
	s.dueOf(t, request.DueQuery{Until: until, Limit: limit}, want)
}

// dueOf fails unless the query's first page has these ids, in order.
func (s suite) dueOf(t *testing.T, q request.DueQuery, want string) {
	t.Helper()
	settles(t, func() string {
		due, _, err := s.DueRequests(t.Context(), q)
		if err != nil || ids(due) != want {
			return fmt.Sprintf("due for %+v are %q, %v; want %q", q, ids(due), err, want)
		}
		return ""
	})
}

// looks fails unless those of the requests are due that have a look of the kind by
// then.
func (s suite) looks(t *testing.T, kind request.LookKind, at time.Time, requests []*request.Request) {
	t.Helper()
	due := where(requests, func(r *request.Request) bool {
		return r.Look.Kind == kind && !r.Look.At.IsZero() && !r.Look.At.After(at)
	})
	slices.SortStableFunc(due, func(a, b *request.Request) int { return a.Look.At.Compare(b.Look.At) })
	settles(t, func() string {
		got, _, err := s.DueRequests(t.Context(), request.DueQuery{Kind: kind, Until: at, Limit: 100})
		if err != nil || len(got) != len(due) {
			return fmt.Sprintf("due for a look of the kind %v are %s, %v; want %s", kind, ids(got), err, ids(due))
		}
		for i := range got {
			if !got[i].Look.At.Equal(due[i].Look.At) {
				return fmt.Sprintf("due for a look of the kind %v are %s; want %s", kind, ids(got), ids(due))
			}
		}
		return ""
	})
}
