package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

var listTests = []test{
	{"nothing", func(t *testing.T, s suite) {
		page, cursor, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10})
		if err != nil || len(page) != 0 || cursor != "" {
			t.Errorf("got %v, cursor %q, %v", ids(page), cursor, err)
		}
	}},
	{"newest first, then by descending id", func(t *testing.T, s suite) {
		for i, id := range []string{"r-b", "r-a", "r-c"} {
			s.create(t, queued("acme", "ada", id, epoch))
			s.create(t, queued("acme", "ada", "late-"+id, epoch.Add(ms(i))))
		}
		s.lists(t, request.Query{Tenant: "acme", Limit: 10}, "late-r-c late-r-a r-c r-b r-a late-r-b")
		s.lists(t, request.Query{Tenant: "acme", Subject: "ada", Limit: 10}, "late-r-c late-r-a r-c r-b r-a late-r-b")
	}},
	{"rows come in brief", func(t *testing.T, s suite) {
		s.create(t, full("r-1"))
		settles(t, func() string {
			page, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 1})
			if err != nil || len(page) != 1 {
				return fmt.Sprintf("got %v, %v", ids(page), err)
			}
			return difference(page[0], inBrief(full("r-1")))
		})
	}},
	{"filters", func(t *testing.T, s suite) {
		states := []request.State{request.Queued, request.Running, request.Succeeded, request.Failed, request.Cancelled}
		for i := range 20 {
			r := queued("acme", []string{"ada", "bob"}[i%2], fmt.Sprintf("r-%02d", i), epoch.Add(ms(i)))
			s.create(t, r)
			if to := states[i%5]; to != request.Queued {
				s.change(t, r.Key, request.Change{Set: request.Effects{UpdatedAt: epoch.Add(ms(i)), State: to}})
			}
		}
		s.create(t, queued("globex", "ada", "g-1", epoch.Add(ms(3))))
		q := request.Query{Tenant: "acme", Limit: 100}
		with := func(edit func(q *request.Query)) request.Query { c := q; edit(&c); return c }
		s.lists(t, with(func(q *request.Query) { q.State = request.Failed }), "r-18 r-13 r-08 r-03")
		s.lists(t, with(func(q *request.Query) { q.Subject = "bob"; q.State = request.Failed }), "r-13 r-03")
		s.lists(t, with(func(q *request.Query) { q.From = epoch.Add(ms(18)) }), "r-19 r-18")
		s.lists(t, with(func(q *request.Query) { q.From = epoch.Add(ms(18) + 1) }), "r-19")
		s.lists(t, with(func(q *request.Query) { q.Until = epoch.Add(ms(2)) }), "r-01 r-00")
		s.lists(t, with(func(q *request.Query) { q.Until = epoch.Add(ms(2) + 1) }), "r-02 r-01 r-00")
		s.lists(t, with(func(q *request.Query) { q.From = epoch.Add(ms(5)); q.Until = epoch.Add(ms(7)) }), "r-06 r-05")
		s.lists(t, with(func(q *request.Query) {
			q.From, q.Until, q.Subject, q.State = epoch.Add(ms(2)), epoch.Add(ms(13)), "ada", request.Succeeded
		}), "r-12 r-02")
		s.lists(t, with(func(q *request.Query) { q.From = epoch.Add(time.Hour) }), "")
		s.lists(t, with(func(q *request.Query) { q.From, q.Until = epoch.Add(ms(7)), epoch.Add(ms(7)) }), "")
		s.lists(t, with(func(q *request.Query) { q.From, q.Until = epoch.Add(ms(9)), epoch.Add(ms(7)) }), "")
		other := queued("acme", "ada", "other", epoch.Add(ms(4)))
		other.Action = "ship"
		s.create(t, other)
		s.lists(t, with(func(q *request.Query) { q.Action = "ship" }), "other")
		s.lists(t, with(func(q *request.Query) { q.Action, q.State = "ship", request.Failed }), "")
		s.lists(t, with(func(q *request.Query) { q.Action, q.State, q.Subject = "report", request.Queued, "ada" }), "r-10 r-00")
		s.lists(t, with(func(q *request.Query) { q.Action = "Report" }), "")
		s.lists(t, with(func(q *request.Query) { q.Subject = "absent" }), "")
		s.lists(t, request.Query{Tenant: "globex", Limit: 100}, "g-1")
		s.lists(t, request.Query{Tenant: "globex", Subject: "bob", Limit: 100}, "")
		s.lists(t, request.Query{Tenant: "acm", Limit: 100}, "")
		s.lists(t, request.Query{Tenant: "acme%", Limit: 100}, "")
	}},
	{"a state filter follows the state", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		s.change(t, r.Key, request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Running}})
		s.lists(t, request.Query{Tenant: "acme", State: request.Queued, Limit: 10}, "")
		s.lists(t, request.Query{Tenant: "acme", State: request.Running, Limit: 10}, "r-1")
	}},
	{"tenants with names that begin alike", func(t *testing.T, s suite) {
		for _, key := range []request.Key{{Tenant: "a", Subject: "b", ID: "1"}, {Tenant: "a#b", Subject: "c", ID: "2"},
			{Tenant: "a", Subject: "b#c", ID: "3"},
			{Tenant: "ab", Subject: "", ID: "4"}, {Tenant: "a\\", Subject: "#b", ID: "5"}} {
			s.create(t, queued(key.Tenant, key.Subject, key.ID, epoch))
		}
		s.lists(t, request.Query{Tenant: "a", Limit: 10}, "3 1")
		s.lists(t, request.Query{Tenant: "a", Subject: "b", Limit: 10}, "1")
		s.lists(t, request.Query{Tenant: "a#b", Limit: 10}, "2")
		s.lists(t, request.Query{Tenant: "ab", Limit: 10}, "4")
		s.lists(t, request.Query{Tenant: "a\\", Subject: "#b", Limit: 10}, "5")
	}},
	{"pages of any size hold every request once", func(t *testing.T, s suite) {
		var want []string
		for i := range 23 {
			r := queued("acme", []string{"ada", "bob", "cyd"}[i%3], fmt.Sprintf("r-%02d", i/2), epoch.Add(ms(i/5)))
			if i%4 == 0 {
				r.State = request.Failed
			}
			s.create(t, r)
			want = append(want, r.Subject+"/"+r.ID)
			s.create(t, queued("globex", r.Subject, r.ID, r.CreatedAt))
		}
		slices.Sort(want)
		for _, limit := range []int{1, 2, 5, 22, 23, 24, 1000} {
			got := s.pages(t, request.Query{Tenant: "acme", Limit: limit})
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("pages of %d hold %v, want %v", limit, got, want)
			}
			of := s.pages(t, request.Query{Tenant: "acme", Subject: "bob", Limit: limit})
			failed := s.pages(t, request.Query{Tenant: "acme", State: request.Failed, Limit: limit})
			if len(of) != 8 || len(failed) != 6 {
				t.Errorf("pages of %d hold %v of bob's, and failed %v", limit, of, failed)
			}
		}
	}},
	{"a page does not end early because of large requests", func(t *testing.T, s suite) {
		for i := range 12 {
			r := queued("acme", "ada", fmt.Sprintf("r-%02d", i), epoch)
			r.Payload, r.Result = text(request.MaxPayload), text(request.MaxResult)
			s.create(t, r)
		}
		s.lists(t, request.Query{Tenant: "acme", Limit: 12}, "r-11 r-10 r-09 r-08 r-07 r-06 r-05 r-04 r-03 r-02 r-01 r-00")
	}},
	{"changes between two pages lose no other request", func(t *testing.T, s suite) {
		for i := range 6 {
			s.create(t, queued("acme", "ada", fmt.Sprint("r-", i), epoch.Add(ms(i))))
		}
		q := request.Query{Tenant: "acme", State: request.Queued, Limit: 2}
		s.lists(t, request.Query{Tenant: "acme", State: request.Queued, Limit: 6}, "r-5 r-4 r-3 r-2 r-1 r-0")
		first, cursor, err := s.ListRequests(t.Context(), q)
		if err != nil || ids(first) != "r-5 r-4" || cursor == "" {
			t.Fatalf("first page %v, cursor %q, %v", ids(first), cursor, err)
		}
		s.change(t, first[1].Key, request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Running}})
		s.create(t, queued("acme", "ada", "r-9", epoch.Add(time.Hour)))
		q.Cursor, q.Limit = cursor, 10
		rest, cursor, err := s.ListRequests(t.Context(), q)
		if err != nil || ids(rest) != "r-3 r-2 r-1 r-0" || cursor != "" {
			t.Errorf("the rest is %v, cursor %q, %v", ids(rest), cursor, err)
		}
	}},
	{"a cursor does not open another list", func(t *testing.T, s suite) {
		for i := range 4 {
			s.create(t, queued("acme", "ada", fmt.Sprint("a-", i), epoch.Add(ms(i))))
			s.create(t, queued("globex", "ada", fmt.Sprint("g-", i), epoch.Add(ms(i))))
		}
		s.lists(t, request.Query{Tenant: "acme", Limit: 4}, "a-3 a-2 a-1 a-0")
		_, cursor, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 1})
		if err != nil || cursor == "" {
			t.Fatalf("cursor %q, %v", cursor, err)
		}
		page, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "globex", Limit: 10, Cursor: cursor})
		if err != nil {
			wantCode(t, err, wire.ValidationError)
		}
		for _, r := range page {
			if r.Tenant != "globex" {
				t.Errorf("globex is shown %+v", r.Key)
			}
		}
	}},
	{"a cursor that the store did not make", func(t *testing.T, s suite) {
		s.create(t, queued("acme", "ada", "r-1", epoch))
		for _, cursor := range []string{"x", "not a cursor", "bm90IGEgY3Vyc29y", "e30", "bnVsbA", "W10", "MA", "////",
			strings.Repeat("A", 5000)} {
			page, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 1, Cursor: cursor})
			if err == nil {
				t.Fatalf("cursor %q gives the page %v", cursor, ids(page))
			}
			wantCode(t, err, wire.ValidationError)
		}
	}},
}

// lists fails unless the query's one page has these ids, in order.
func (s suite) lists(t *testing.T, q request.Query, want string) {
	t.Helper()
	settles(t, func() string {
		page, cursor, err := s.ListRequests(t.Context(), q)
		if err != nil || ids(page) != want || cursor != "" {
			return fmt.Sprintf("%+v lists %q with cursor %q, %v; want %q", q, ids(page), cursor, err, want)
		}
		return ""
	})
}

// pages walks through all pages, holds their sizes and their order, and returns
// the requests as subject/id.
func (s suite) pages(t *testing.T, q request.Query) []string {
	t.Helper()
	var (
		all  []string
		last *request.Request
	)
	for range 100 {
		page, cursor, err := s.ListRequests(t.Context(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		if len(page) > q.Limit || len(page) < q.Limit && cursor != "" {
			t.Fatalf("%+v: a page of %d with cursor %q", q, len(page), cursor)
		}
		if len(page) == 0 && q.Cursor != "" {
			t.Errorf("%+v: the page before was the last, but had a cursor", q)
		}
		for _, r := range page {
			if last != nil && (r.CreatedAt.After(last.CreatedAt) || r.CreatedAt.Equal(last.CreatedAt) && r.ID > last.ID) {
				t.Errorf("%+v: %s of %v follows %s of %v", q, r.ID, r.CreatedAt, last.ID, last.CreatedAt)
			}
			all, last = append(all, r.Subject+"/"+r.ID), r
		}
		if cursor == "" {
			return all
		}
		q.Cursor = cursor
	}
	t.Fatalf("%+v: the pages do not end", q)
	return nil
}
