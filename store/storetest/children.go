package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// child is a request of the parent's as the domain creates one.
func child(parent request.Key, name string, depth int) *request.Request {
	r := queued(parent.Tenant, parent.Subject, request.ChildKey(parent, name, 0).ID, epoch)
	r.Parent = request.Parent{ID: parent.ID, Depth: depth, Reports: depth%2 == 0}
	r.Permits = []string{request.ChildPermit(parent).Name}
	return r
}

// children are a request's children, as pages of the size give them.
func (s suite) children(t *testing.T, q request.ChildQuery) (all []*request.Request) {
	t.Helper()
	for {
		page, next, err := s.ListChildren(t.Context(), q)
		if err != nil || len(page) > q.Limit {
			t.Fatalf("got %d children, %v; want at most %d", len(page), err, q.Limit)
		}
		all = append(all, page...)
		if q.Cursor = next; next == "" {
			return all
		}
	}
}

var childTests = []test{
	{"a request's children are listed by their names, and no one else's", func(t *testing.T, s suite) {
		parent := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
		s.create(t, queued("acme", "ada", "r-1", epoch))
		want := map[string]*request.Request{}
		var names []string
		for _, name := range []string{"b", "a.1", "Z", "a", "a-2", "_", "9"} {
			r := child(parent, name, 1)
			want[r.ID] = s.create(t, r, request.ChildPermit(parent))
			names = append(names, name)
		}
		anew := child(parent, "a", 1)
		anew.ID = request.ChildKey(parent, "a", 12).ID
		want[anew.ID] = s.create(t, anew, request.ChildPermit(parent))
		grandchild := child(request.ChildKey(parent, "a", 0), "a", 2)
		s.create(t, grandchild)
		for _, other := range []request.Key{{Tenant: "acme", Subject: "bob", ID: "r-1"}, {Tenant: "globex", Subject: "ada", ID: "r-1"},
			{Tenant: "acme", Subject: "ada", ID: "r-10"}} {
			s.create(t, child(other, "a", 1))
		}
		s.create(t, queued("acme", "ada", request.ChildIDs("r-1")+"made-by-a-client", epoch))
		for _, limit := range []int{1, 3, 100} {
			got := s.children(t, request.ChildQuery{Parent: parent, Limit: limit})
			if len(got) != len(names)+1 {
				t.Fatalf("got %s by %d, want %d children", ids(got), limit, len(names)+1)
			}
			for n, r := range got {
				same(t, r.ID, r, inBrief(want[r.ID]))
				if n > 0 && got[n-1].ID >= r.ID {
					t.Errorf("got %s, want them by ascending id", ids(got))
				}
			}
		}
		if got := s.children(t, request.ChildQuery{Parent: grandchild.Key, Limit: 10}); len(got) != 0 {
			t.Errorf("got %s of a request without children, want none", ids(got))
		}
		if name, redrives := anew.ChildName(); name != "a" || redrives != 12 {
			t.Errorf("got the name %q after %d redrives of %s, want a after 12", name, redrives, anew.ID)
		}
	}},
	{"a list of children has their results where they are wanted", func(t *testing.T, s suite) {
		parent := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
		var want []*request.Request
		for n, size := range bodySizes {
			r := child(parent, fmt.Sprint("c-", n), 1)
			r.Payload = text(size)
			s.create(t, r, request.ChildPermit(parent))
			s.change(t, r.Key, request.Change{Set: request.Effects{State: request.Succeeded, Result: text(size), FinishedAt: epoch}})
			want = append(want, s.load(t, r.Key))
		}
		for name, results := range map[string]bool{"with": true, "without": false} {
			got := s.children(t, request.ChildQuery{Parent: parent, Limit: 3, Results: results})
			if len(got) != len(want) {
				t.Fatalf("%s results: got %s, want %d", name, ids(got), len(want))
			}
			for n := range got {
				w := inBrief(want[n])
				if results {
					w.Result = want[n].Result
				}
				same(t, name+" results", got[n], w)
			}
		}
	}},
	{"a kept child's result lives as long as its row", func(t *testing.T, s suite) {
		parent := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
		for _, size := range bodySizes {
			r := child(parent, fmt.Sprint("c-", size), 1)
			s.create(t, r)
			s.change(t, r.Key, request.Change{Set: request.Effects{State: request.Succeeded, Result: text(size), FinishedAt: epoch,
				ExpiresAt: epoch.Add(time.Hour)}})
			want := s.load(t, r.Key)
			keep := request.KeepChild(want, epoch.Add(100*time.Hour))
			s.change(t, r.Key, keep)
			if err := keep.Apply(want); err != nil {
				t.Fatal(err)
			}
			same(t, "kept", s.load(t, r.Key), want)
		}
	}},
	{"a cursor of another list of children is refused", func(t *testing.T, s suite) {
		parent := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
		for _, cursor := range []string{"r-1", request.ChildIDs("r-2") + "a", "~"} {
			_, _, err := s.ListChildren(t.Context(), request.ChildQuery{Parent: parent, Limit: 1, Cursor: cursor})
			var refused *request.Error
			if !errors.As(err, &refused) || refused.Code != wire.ValidationError {
				t.Errorf("the cursor %q: got %v, want VALIDATION_ERROR", cursor, err)
			}
		}
	}},
	{"open children are counted, however many end at once", func(t *testing.T, s suite) {
		const many = 24
		parent := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
		permit := request.ChildPermit(parent)
		var wg sync.WaitGroup
		for n := range many {
			wg.Go(func() { s.create(t, child(parent, fmt.Sprint(n), 1), permit) })
		}
		wg.Wait()
		s.taken(t, permit.Name, many)
		if _, created, err := s.CreateRequest(t.Context(), child(parent, "0", 1), permit); created || err != nil {
			t.Errorf("created one again: %v, %v", created, err)
		}
		s.taken(t, permit.Name, many)
		last := make(chan int, many)
		for n := range many {
			wg.Go(func() {
				end := request.Fail(epoch, time.Hour, &wire.Error{Code: wire.ProcessingFailed})
				end.If.States, end.Set.Release = []request.State{request.Queued}, []string{permit.Name}
				if _, err := s.ChangeRequest(t.Context(), request.ChildKey(parent, fmt.Sprint(n), 0), end); err != nil {
					t.Errorf("end child %d: %v", n, err)
				}
				open, err := s.PermitsHeld(t.Context(), permit.Name)
				if err != nil {
					t.Errorf("count: %v", err)
				}
				if open == 0 {
					last <- n
				}
			})
		}
		wg.Wait()
		if len(last) == 0 {
			t.Errorf("no child saw that it was the last, want at least one")
		}
		s.taken(t, permit.Name, 0)
		key := request.ChildKey(parent, "7", 0)
		s.change(t, key, redriven(epoch, permit))
		s.taken(t, permit.Name, 1)
	}},
	{"a parent is resumed once, or notified so that it does not wait", func(t *testing.T, s suite) {
		want := queued("acme", "ada", "r-1", epoch)
		s.create(t, want)
		at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
		worker := func(c request.Change) request.Change { return c.ByWorker(want.Fence) }
		for n, c := range []func() (c request.Change, refused bool){
			func() (request.Change, bool) { return request.Claim(at(1), time.Minute, "w-1", nil), false },
			func() (request.Change, bool) {
				return request.ResumeParent(at(2), request.Children{Total: 2, Ended: 2}), true
			},
			func() (request.Change, bool) { return request.NotifyParent(at(2)), false },
			func() (request.Change, bool) { return request.NotifyParent(at(7)), true },
			func() (request.Change, bool) {
				return worker(request.WaitForChildren(at(3), at(1000), request.Children{Total: 2})), true
			},
			func() (request.Change, bool) { return worker(request.GoOnWithChildren(at(4))), false },
			func() (request.Change, bool) { return request.Claim(at(5), time.Minute, "w-2", nil), false },
			func() (request.Change, bool) {
				return worker(request.WaitForChildren(at(6), at(1000), request.Children{Total: 2, Ended: 1})), false
			},
			func() (request.Change, bool) {
				seen := want.Clone()
				seen.Rev--
				return request.ReportChildren(seen, at(7), request.Children{Total: 2, Ended: 1}), true
			},
			func() (request.Change, bool) {
				return request.ReportChildren(want, at(7), request.Children{Total: 2, Ended: 1}), false
			},
			func() (request.Change, bool) { return request.NotifyParent(at(7)), true },
			func() (request.Change, bool) {
				return request.ResumeParent(at(8), request.Children{Total: 2, Ended: 2}), false
			},
			func() (request.Change, bool) {
				return request.ResumeParent(at(9), request.Children{Total: 2, Ended: 2}), true
			},
		} {
			what := fmt.Sprint("change ", n)
			change, refused := c()
			if refused {
				same(t, what, withBodies(s.conflict(t, want.Key, change), want), want)
				continue
			}
			if err := change.Apply(want); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			s.change(t, want.Key, change)
			same(t, what, s.load(t, want.Key), want)
		}
		if want.State != request.Queued || want.Await.Token != "" || want.Progress.Percentage != 100 || len(want.Steps) != 0 {
			t.Errorf("got %+v, want it QUEUED, at 100 %%, and waiting for nothing", want)
		}
	}},
	{"a name makes one id, which no other child has", func(t *testing.T, _ suite) {
		for name, valid := range map[string]bool{"a": true, "row-7_x.csv": true, "": false, "a:1": false, "é": false, "..": false,
			strings.Repeat("a", request.MaxChildName): true, strings.Repeat("a", request.MaxChildName+1): false} {
			if got := request.CheckChildName(name); (got == "") != valid {
				t.Errorf("the name %q: got %q, want valid: %v", name, got, valid)
			}
			long := request.Key{Tenant: "acme", Subject: "ada", ID: strings.Repeat("i", wire.MaxID)}
			if id := request.ChildKey(long, name, 1000).ID; valid && wire.CheckID(id) != "" {
				t.Errorf("the id %q is not valid: %s", id, wire.CheckID(id))
			}
		}
	}},
}

// withBodies is what a brief answer may leave out put back.
func withBodies(r, whole *request.Request) *request.Request {
	r.Payload, r.Result = whole.Payload, whole.Result
	return r
}
