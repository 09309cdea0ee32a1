package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
)

var dueTests = []test{
	{"the longest due first, none that is due later", func(t *testing.T, s suite) {
		for i, id := range []string{"e", "b", "d", "a", "c"} {
			tenant := []string{"acme", "globex", "initech"}[i%3]
			r := queued(tenant, "ada", id, epoch)
			r.DueAt = epoch.Add(time.Duration(id[0]-'a') * time.Millisecond)
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
	{"of whatever state, while it has a due time", func(t *testing.T, s suite) {
		at := epoch.Add(time.Minute)
		for i, to := range []request.State{request.Queued, request.Running, request.Succeeded, request.Failed, request.Cancelled} {
			r := s.create(t, queued("acme", "ada", fmt.Sprint("r-", i), epoch))
			s.change(t, r.Key, request.Change{Set: request.Effects{UpdatedAt: epoch, State: to, DueAt: epoch.Add(ms(i))}})
		}
		s.due(t, at, 10, "r-0 r-1 r-2 r-3 r-4")
		s.change(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-3"},
			request.Change{Set: request.Effects{Clear: []request.Attribute{request.AttrDueAt, request.AttrSubscribers}}})
		s.due(t, at, 10, "r-0 r-1 r-2 r-4")
		s.change(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"},
			request.Change{Set: request.Effects{State: request.Failed, Clear: []request.Attribute{request.AttrDueAt}}})
		s.due(t, at, 10, "r-0 r-2 r-4")
		s.change(t, request.Key{Tenant: "acme", Subject: "ada", ID: "r-0"}, request.Change{Set: request.Effects{DueAt: at.Add(ms(1))}})
		s.due(t, at, 10, "r-2 r-4")
		s.due(t, at.Add(ms(1)), 10, "r-2 r-4 r-0")
	}},
	{"without a due time never", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		r.DueAt = time.Time{}
		s.create(t, r)
		s.due(t, epoch.Add(1000*time.Hour), 10, "")
		s.change(t, r.Key, request.Change{Set: request.Effects{DueAt: epoch}})
		s.due(t, epoch, 10, "r-1")
	}},
	{"rows come whole", func(t *testing.T, s suite) {
		s.create(t, full("r-1"))
		settles(t, func() string {
			due, err := s.DueRequests(t.Context(), epoch.Add(ms(1)), 10)
			if err != nil || len(due) != 1 {
				return fmt.Sprintf("got %v, %v", ids(due), err)
			}
			return difference(due[0], full("r-1"))
		})
	}},
	{"many at once", func(t *testing.T, s suite) {
		const n = 130
		want := ""
		for i := range n {
			r := queued(fmt.Sprint("tenant-", i%7), "ada", fmt.Sprintf("r-%03d", i), epoch)
			r.DueAt = epoch.Add(ms(i))
			s.create(t, r)
			if i < 115 {
				want += " " + r.ID
			}
		}
		s.due(t, epoch.Add(time.Hour), 115, want[1:])
	}},
}

// due fails unless these ids are due, in order.
func (s suite) due(t *testing.T, now time.Time, limit int, want string) {
	t.Helper()
	settles(t, func() string {
		due, err := s.DueRequests(t.Context(), now, limit)
		if err != nil || ids(due) != want {
			return fmt.Sprintf("due at %v are %q, %v; want %q", now, ids(due), err, want)
		}
		return ""
	})
}
