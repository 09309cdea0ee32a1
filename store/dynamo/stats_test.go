package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/request"
)

// Whatever there is to count, a page makes so many calls, and the pages count all. Where more
// may be open than a page reads the keys of, the rows tell.
func TestAPageOfCountsIsBounded(t *testing.T) {
	t.Parallel()
	for name, bounds := range map[string]struct{ entries, rows, open int }{
		"few entries":   {7, 1000, 1000},
		"few rows":      {1000, 3, 1000},
		"too many open": {1000, 9, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f := faulty(t, nil)
			s.SetCounting(bounds.entries, bounds.rows, bounds.open)
			want := map[request.State]int{}
			states := []request.State{request.Succeeded, request.Queued, request.Failed, request.Running, request.Cancelled}
			for n := range 60 {
				r := newRequest(fmt.Sprintf("r-%02d", n))
				r.State = states[n%len(states)]
				if r.Look.Kind = request.LookLease; r.State != request.Running {
					r.Look.Kind = request.LookDispatch
				}
				if r.State.Final() {
					r.Look = request.Look{}
				}
				want[r.State]++
				if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			got, open := map[request.State]int{}, 0
			for _, read := range []func(q request.Query) (string, error){
				func(q request.Query) (string, error) {
					counts, next, err := s.CountRequests(t.Context(), q)
					for _, c := range counts {
						got[c.State] += c.Requests
					}
					return next, err
				},
				func(q request.Query) (string, error) {
					page, next, err := s.OpenRequests(t.Context(), q)
					open += len(page)
					return next, err
				},
			} {
				q, pages := request.Query{Tenant: "acme", Limit: 1000}, 0
				for {
					f.reset(nil)
					next, err := read(q)
					if err != nil {
						t.Fatal(err)
					}
					if calls := len(strings.Fields(f.made())); calls > 25 {
						t.Errorf("page %d makes %d calls, want 25 at most: %s", pages, calls, f.made())
					}
					if q.Cursor, pages = next, pages+1; next == "" {
						break
					}
				}
				if pages < 2 {
					t.Errorf("got %d page, want several", pages)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || open != want[request.Queued]+want[request.Running] {
				t.Errorf("got %v and %d open, want %v", got, open, want)
			}
		})
	}
}

// A row that does not decode is left out of what is counted and of what is open, and named.
func TestARowThatDoesNotDecodeIsNotCounted(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	for _, id := range []string{"bad", "good"} {
		create(t, s, id)
	}
	if err := s.PutRaw(t.Context(), newRequest("bad").Key, request.AttrCreatedAt, "yesterday"); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() (int, error){
		"count": func() (n int, err error) {
			counts, _, err := s.CountRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10})
			for _, c := range counts {
				n += c.Requests
			}
			return n, err
		},
		"open": func() (int, error) {
			page, _, err := s.OpenRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10})
			return len(page), err
		},
		"open, of all tenants": func() (int, error) {
			page, _, err := s.OpenRequests(t.Context(), request.Query{Limit: 10})
			return len(page), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := read()
			left, ok := errors.AsType[*request.UndecodableError](err)
			if n != 1 || !ok || len(left.Rows) != 1 || left.Rows[0].Key != newRequest("bad").Key {
				t.Errorf("got %d, %v; want 1 and the name of the other", n, err)
			}
		})
	}
}
