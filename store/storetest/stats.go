package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

var statsTests = []test{
	{"nothing", func(t *testing.T, s suite) {
		for _, tenant := range []string{"acme", ""} {
			page, cursor, err := s.OpenRequests(t.Context(), request.Query{Tenant: tenant, Limit: 10})
			if err != nil || len(page) != 0 || cursor != "" {
				t.Errorf("got %v open of %q, the cursor %q, %v; want none", ids(page), tenant, cursor, err)
			}
		}
		counts, cursor, err := s.CountRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10})
		if err != nil || len(counts) != 0 || cursor != "" {
			t.Errorf("got %v, the cursor %q, %v; want none", counts, cursor, err)
		}
	}},
	{"pages add up to what a naive model counts", func(t *testing.T, s suite) {
		random := rand.New(rand.NewPCG(17, 4))
		var all []*request.Request
		for n := range 80 {
			all = append(all, s.standing(t, random, n))
		}
		bounds := [][2]time.Time{{}, {epoch.Add(ms(30)), {}}, {{}, epoch.Add(ms(30))}, {epoch.Add(ms(10) + 1), epoch.Add(ms(50) + 1)},
			{epoch.Add(time.Hour), {}}, {epoch.Add(ms(50)), epoch.Add(ms(10))}}
		for n := range 25 {
			q := request.Query{Tenant: one(random, "acme", "globex", "acme#c", "none"), Subject: one(random, "", "ada", "b#%b", "absent"),
				Action: one(random, "", "report", "ship", "absent"), Limit: one(random, 3, 7, 50, 1000),
				State: one(random, "", "", request.Queued, request.Running, request.Succeeded, request.Failed, request.Cancelled)}
			between := one(random, bounds...)
			q.From, q.Until = between[0], between[1]
			s.counts(t, q, all)
			if n%3 == 0 {
				q.Tenant = ""
			}
			s.opens(t, q, all)
		}
	}},
	{"a count follows the state", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		q := request.Query{Tenant: "acme", Limit: 10}
		s.counts(t, q, []*request.Request{r})
		r = s.change(t, r.Key, request.Claim(epoch, time.Minute, "worker-1", nil))
		s.counts(t, q, []*request.Request{r})
		s.opens(t, q, []*request.Request{r})
		r = s.change(t, r.Key, request.Succeed(epoch, time.Hour, text(10), "").ByWorker(r.Fence))
		s.counts(t, q, []*request.Request{r})
		s.opens(t, q, []*request.Request{r})
	}},
	{"retention that is over", func(t *testing.T, s suite) {
		open := s.create(t, queued("acme", "ada", "open", epoch))
		ended := queued("acme", "ada", "ended", epoch)
		ended.State, ended.Look, ended.DueAt = request.Failed, request.Look{}, time.Time{}
		ended.FinishedAt, ended.ExpiresAt = epoch, epoch.Add(time.Hour)
		ended = s.create(t, ended)
		q := request.Query{Tenant: "acme", Limit: 1, Kept: ended.ExpiresAt.Add(-ms(1))}
		s.counts(t, q, []*request.Request{open, ended})
		q.State, q.Kept = request.Queued, ended.ExpiresAt.Add(time.Hour)
		s.counts(t, q, []*request.Request{open, ended}) // that of FAILED is the store's choice
	}},
	{"a cursor that the store did not make, or made for another tenant", func(t *testing.T, s suite) {
		for i := range 6 {
			s.create(t, queued("acme", "ada", fmt.Sprint("a-", i), epoch.Add(ms(i))))
			s.create(t, queued("globex", "ada", fmt.Sprint("g-", i), epoch.Add(ms(i))))
		}
		s.lists(t, request.Query{Tenant: "acme", Limit: 6}, "a-5 a-4 a-3 a-2 a-1 a-0")
		reads := map[string]func(q request.Query) (string, error){
			"count": func(q request.Query) (string, error) {
				_, next, err := s.CountRequests(t.Context(), q)
				return next, err
			},
			"open": func(q request.Query) (string, error) {
				page, next, err := s.OpenRequests(t.Context(), q)
				for _, r := range page {
					if q.Tenant != "" && r.Tenant != q.Tenant {
						t.Errorf("%s is shown %+v", q.Tenant, r.Key)
					}
				}
				return next, err
			},
		}
		for name, read := range reads {
			cursor, err := read(request.Query{Tenant: "acme", Limit: 2})
			if err != nil || cursor == "" {
				t.Fatalf("%s: got the cursor %q, %v; want one", name, cursor, err)
			}
			for _, foreign := range []string{cursor, "x", "bm90IGEgY3Vyc29y", "e30", "bnVsbA", "W10", "MA", "////", strings.Repeat("A", 5000)} {
				_, err := read(request.Query{Tenant: "globex", Limit: 2, Cursor: foreign})
				if err == nil {
					t.Errorf("%s: globex may go on from the cursor %q", name, foreign)
					continue
				}
				wantCode(t, err, wire.ValidationError)
			}
			if _, err := read(request.Query{Tenant: "acme", Limit: 2, Cursor: cursor}); err != nil {
				t.Errorf("%s: go on from %q: %v", name, cursor, err)
			}
		}
		for _, foreign := range []string{"x", "e30", "bnVsbA", "////"} {
			_, err := reads["open"](request.Query{Limit: 2, Cursor: foreign})
			wantCode(t, err, wire.ValidationError)
		}
	}},
}

func one[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

// standing stores a request of one of three tenants that stands somewhere in its life.
func (s suite) standing(t *testing.T, random *rand.Rand, n int) *request.Request {
	t.Helper()
	at := epoch.Add(ms(random.IntN(60)))
	r := queued(one(random, "acme", "acme", "globex", "acme#c"), one(random, "ada", "b#%b", "cyd"), fmt.Sprintf("r-%03d", n), at)
	r.Action = one(random, "report", "ship", "Report")
	stands := random.IntN(10)
	switch stands {
	case 0:
		r.Look.Kind, r.Look.At = request.LookTimer, at.Add(time.Hour)
	case 1, 2, 3, 4, 5:
		r.State = one(random, request.Succeeded, request.Failed, request.Cancelled, request.Succeeded)
		r.Look = one(random, request.Look{}, request.Look{Kind: request.LookNotify, At: at}, request.Look{Kind: request.LookLease, At: at})
		r.DueAt, r.FinishedAt, r.ExpiresAt = time.Time{}, at, at.Add(time.Hour)
	}
	r = s.create(t, r)
	claim := request.Claim(epoch.Add(time.Second), time.Minute, "worker-1", nil)
	switch stands {
	case 6:
		return s.change(t, r.Key, claim)
	case 7:
		return s.change(t, r.Key, claim.KeepLook())
	case 8:
		limit := one(random, "tenant:"+r.Tenant, "action:"+r.Action)
		return s.change(t, r.Key, request.Throttle(epoch.Add(time.Second), limit).LookedAtEvery(time.Minute))
	}
	return r
}

// counts fails unless the pages of a query add up to what it selects of all requests.
func (s suite) counts(t *testing.T, q request.Query, all []*request.Request) {
	t.Helper()
	sorted := func(counts map[request.Count]request.Count) string {
		lines := []string{}
		for _, c := range counts {
			lines = append(lines, fmt.Sprint(c.Requests, c.State, c.Action, c.Subject, c.Oldest.Format(time.RFC3339Nano)))
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	add := func(to map[request.Count]request.Count, c request.Count) {
		of := request.Count{Subject: c.Subject, Action: c.Action, State: c.State}
		if sum, known := to[of]; known {
			c.Requests += sum.Requests
			if sum.Oldest.Before(c.Oldest) {
				c.Oldest = sum.Oldest
			}
		}
		to[of] = c
	}
	want := map[request.Count]request.Count{}
	for _, r := range all {
		if asksFor(q, r) {
			add(want, request.Count{Subject: r.Subject, Action: r.Action, State: r.State, Requests: 1, Oldest: r.CreatedAt})
		}
	}
	settles(t, func() string {
		got := map[request.Count]request.Count{}
		for q.Cursor = ""; ; {
			counts, next, err := s.CountRequests(t.Context(), q)
			if err != nil {
				return fmt.Sprintf("count %+v: %v", q, err)
			}
			for _, c := range counts {
				add(got, c)
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
		if sorted(got) != sorted(want) {
			return fmt.Sprintf("%+v counts\n%s\nwant\n%s", q, sorted(got), sorted(want))
		}
		return ""
	})
}

// opens fails unless the pages of a query have each open request that it selects once.
func (s suite) opens(t *testing.T, q request.Query, all []*request.Request) {
	t.Helper()
	name := func(r *request.Request) string {
		return fmt.Sprintf("%s/%s/%s %s by %q for %q", r.Tenant, r.Subject, r.ID, r.State, r.Worker, r.ThrottledBy)
	}
	want := []string{}
	for _, r := range all {
		if !r.State.Final() && asksFor(q, r) {
			want = append(want, name(r))
		}
	}
	slices.Sort(want)
	settles(t, func() string {
		got := []string{}
		for q.Cursor = ""; ; {
			page, next, err := s.OpenRequests(t.Context(), q)
			if err != nil || len(page) > q.Limit {
				return fmt.Sprintf("%+v has a page of %d open requests, %v", q, len(page), err)
			}
			for _, r := range page {
				got = append(got, name(r))
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			return fmt.Sprintf("%+v finds open\n%s\nwant\n%s", q, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return ""
	})
}

// asksFor is the meaning of a query, in the plainest words.
func asksFor(q request.Query, r *request.Request) bool {
	return cmp.Or(q.Tenant, r.Tenant) == r.Tenant && cmp.Or(q.Subject, r.Subject) == r.Subject && cmp.Or(q.Action, r.Action) == r.Action &&
		cmp.Or(q.State, r.State) == r.State && !r.CreatedAt.Before(q.From) && (q.Until.IsZero() || r.CreatedAt.Before(q.Until))
}
