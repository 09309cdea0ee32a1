package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
)

var parallelTests = []test{
	{"one of many creates wins", func(t *testing.T, s suite) {
		const n = 16
		var winners atomic.Int32
		results := make([]*request.Request, n)
		together(n, func(i int) {
			r := queued("acme", "ada", "r-1", epoch)
			r.Worker = fmt.Sprint("w-", i)
			stored, created, err := s.CreateRequest(t.Context(), r)
			if err != nil {
				t.Error(err)
				return
			}
			if created {
				winners.Add(1)
			}
			if results[i] = stored; created != (stored.Worker == r.Worker) {
				t.Errorf("%s: created %v, but %s has the key", r.Worker, created, stored.Worker)
			}
		})
		if winners.Load() != 1 {
			t.Errorf("%d creates won", winners.Load())
		}
		kept := s.load(t, queued("acme", "ada", "r-1", epoch).Key)
		for _, r := range results {
			if r != nil && r.Worker != kept.Worker {
				t.Errorf("a caller was given the request of %s, but %s has the key", r.Worker, kept.Worker)
			}
		}
	}},
	{"one of many creates over an expired request wins", func(t *testing.T, s suite) {
		old := full("r-1")
		s.create(t, old)
		var winners atomic.Int32
		together(16, func(i int) {
			r := queued("acme", "ada", "r-1", old.ExpiresAt.Add(ms(i)))
			_, created, err := s.CreateRequest(t.Context(), r)
			if err != nil {
				t.Error(err)
			}
			if created {
				winners.Add(1)
			}
		})
		if winners.Load() != 1 {
			t.Errorf("%d creates won", winners.Load())
		}
	}},
	{"one of many claims wins", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		var winner atomic.Pointer[request.Request]
		var losers atomic.Int32
		together(16, func(i int) {
			c := request.Change{
				If: request.Guards{States: []request.State{request.Queued}, DueBy: epoch},
				Set: request.Effects{UpdatedAt: epoch, State: request.Running, DueAt: epoch.Add(time.Minute), ClaimedAt: epoch,
					StartedAt: epoch, AddFence: 1, AddRev: 1, Worker: fmt.Sprint("w-", i)},
			}
			got, err := s.ChangeRequest(t.Context(), r.Key, c)
			var conflict *request.ConflictError
			switch {
			case err == nil:
				if !winner.CompareAndSwap(nil, got) {
					t.Error("two claims won")
				}
			case errors.As(err, &conflict):
				losers.Add(1)
				if conflict.Request.State != request.Running {
					t.Errorf("a claim lost to a request that is %s", conflict.Request.State)
				}
			default:
				t.Error(err)
			}
		})
		if winner.Load() == nil || losers.Load() != 15 {
			t.Fatalf("winner %+v, %d losers", winner.Load(), losers.Load())
		}
		same(t, "the row", s.load(t, r.Key), winner.Load())
	}},
	{"every increment counts, and every answer is of its own instant", func(t *testing.T, s suite) {
		const n, each = 8, 12
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		var seen sync.Map
		together(n, func(int) {
			for range each {
				got, err := s.ChangeRequest(t.Context(), r.Key, request.Change{Set: request.Effects{AddRev: 1, AddRan: time.Millisecond}})
				if err != nil {
					t.Error(err)
					return
				}
				if _, twice := seen.LoadOrStore(got.Rev, true); twice {
					t.Errorf("two changes came to rev %d", got.Rev)
				}
			}
		})
		if got := s.load(t, r.Key); got.Rev != 1+n*each || got.Ran != n*each*time.Millisecond {
			t.Errorf("rev is %d, ran %v", got.Rev, got.Ran)
		}
	}},
	{"subscribers that come at once keep the limit", func(t *testing.T, s suite) {
		const extra = 20
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		var in, out atomic.Int32
		together(request.MaxSubscribers+extra, func(i int) {
			_, err := s.ChangeRequest(t.Context(), r.Key, request.Change{If: request.Guards{RoomFor: fmt.Sprint("c-", i)},
				Set: request.Effects{Subscribe: fmt.Sprint("c-", i)}})
			var conflict *request.ConflictError
			switch {
			case err == nil:
				in.Add(1)
			case errors.As(err, &conflict):
				out.Add(1)
			default:
				t.Error(err)
			}
		})
		if got := s.load(t, r.Key); in.Load() != request.MaxSubscribers || out.Load() != extra || len(got.Subscribers) != request.MaxSubscribers {
			t.Errorf("%d let in, %d refused, %d stored", in.Load(), out.Load(), len(got.Subscribers))
		}
	}},
	{"a worker and its watchers lose nothing of each other's", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		together(5, func(i int) {
			for n := range 10 {
				c := request.Change{
					If:  request.Guards{RoomFor: fmt.Sprintf("c-%d-%d", i, n)},
					Set: request.Effects{Subscribe: fmt.Sprintf("c-%d-%d", i, n)},
				}
				if i == 0 {
					c = request.Change{
						If:  request.Guards{States: []request.State{request.Queued}},
						Set: request.Effects{AddRev: 1, Progress: &request.Progress{Percentage: float64(n)}},
					}
				}
				if _, err := s.ChangeRequest(t.Context(), r.Key, c); err != nil {
					t.Error(err)
				}
			}
		})
		if got := s.load(t, r.Key); got.Rev != 11 || got.Progress.Percentage != 9 || len(got.Subscribers) != 40 {
			t.Errorf("rev %d, progress %v, %d subscribers", got.Rev, got.Progress, len(got.Subscribers))
		}
	}},
	{"a read sees a change whole or not at all", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		const changes = 40
		var done atomic.Bool
		together(3, func(i int) {
			if i == 0 {
				defer done.Store(true)
				for n := 1; n <= changes; n++ {
					c := request.Change{Set: request.Effects{AddRev: 1, AddFence: 1, Worker: fmt.Sprint(n + 1),
						Progress: &request.Progress{Message: fmt.Sprint(n + 1)}}}
					if _, err := s.ChangeRequest(t.Context(), r.Key, c); err != nil {
						t.Error(err)
					}
				}
				return
			}
			last := int64(0)
			for !done.Load() {
				got, err := s.LoadRequest(t.Context(), r.Key)
				if err != nil {
					t.Error(err)
					return
				}
				if got.Rev < last {
					t.Errorf("rev fell from %d to %d", last, got.Rev)
				}
				last = got.Rev
				if n := fmt.Sprint(got.Rev); got.Rev > 1 && (got.Fence != got.Rev-1 || got.Worker != n || got.Progress.Message != n) {
					t.Errorf("half of a change: rev %d, fence %d, worker %s, message %s", got.Rev, got.Fence, got.Worker, got.Progress.Message)
				}
			}
		})
	}},
	{"never more than the limit hold a place", func(t *testing.T, s suite) {
		const n, each, limit = 8, 5, 3
		requests := s.several(t, n)
		var held, acquired atomic.Int32
		together(n, func(i int) {
			for range each {
				_, err := s.ChangeRequest(t.Context(), requests[i].Key, request.Change{Set: request.Effects{Acquire: permits(limit, "a"), AddRev: 1}})
				var full *request.LimitError
				if errors.As(err, &full) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				acquired.Add(1)
				if now := held.Add(1); now > limit {
					t.Errorf("%d hold a place", now)
				}
				held.Add(-1)
				if _, err := s.ChangeRequest(t.Context(), requests[i].Key,
					request.Change{Set: request.Effects{Release: []string{"a"}, AddRev: 1}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
		s.taken(t, "a", 0)
		if acquired.Load() < limit {
			t.Errorf("%d permits were acquired in all", acquired.Load())
		}
	}},
	{"as many as the limit are created", func(t *testing.T, s suite) {
		const n, limit = 16, 5
		var created, refused atomic.Int32
		together(n, func(i int) {
			r := queued("acme", "ada", fmt.Sprint("r-", i), epoch)
			r.Permits = []string{"a", "b"}
			_, is, err := s.CreateRequest(t.Context(), r, request.Permit{Name: "a", Limit: n}, request.Permit{Name: "b", Limit: limit})
			var full *request.LimitError
			switch {
			case err == nil && is:
				created.Add(1)
			case errors.As(err, &full) && full.Permit.Name == "b":
				refused.Add(1)
			default:
				t.Errorf("created %v, %v", is, err)
			}
		})
		if created.Load() != limit || refused.Load() != n-limit {
			t.Errorf("%d created, %d refused", created.Load(), refused.Load())
		}
		s.taken(t, "a", limit)
		s.taken(t, "b", limit)
	}},
	{"one of many creates takes a place", func(t *testing.T, s suite) {
		var winners atomic.Int32
		together(12, func(i int) {
			r := queued("acme", "ada", "r-1", epoch)
			r.Permits = []string{"a"}
			_, created, err := s.CreateRequest(t.Context(), r, permits(1, "a")...)
			if err != nil {
				t.Error(err)
			}
			if created {
				winners.Add(1)
			}
		})
		if winners.Load() != 1 {
			t.Errorf("%d creates won", winners.Load())
		}
		s.taken(t, "a", 1)
	}},
	{"a place is taken and given back while others write the request", func(t *testing.T, s suite) {
		const each = 8
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		together(4, func(i int) {
			for n := range each {
				c := request.Change{
					If:  request.Guards{RoomFor: fmt.Sprintf("c-%d-%d", i, n)},
					Set: request.Effects{Subscribe: fmt.Sprintf("c-%d-%d", i, n), AddRev: 1},
				}
				switch {
				case i == 0 && n%2 == 0:
					c = request.Change{Set: request.Effects{Acquire: permits(1, "a"), AddRev: 1}}
				case i == 0:
					c = request.Change{Set: request.Effects{Release: []string{"a"}, AddRev: 1}}
				}
				got, err := s.ChangeRequest(t.Context(), r.Key, c)
				if err != nil {
					t.Error(err)
				} else if i == 0 && len(got.Permits) != 1-n%2 {
					t.Errorf("after %d changes it holds %v", n+1, got.Permits)
				}
			}
		})
		if got := s.load(t, r.Key); got.Rev != 1+4*each || len(got.Subscribers) != 3*each || len(got.Permits) != 0 {
			t.Errorf("rev %d, %d subscribers, permits %v", got.Rev, len(got.Subscribers), got.Permits)
		}
		s.taken(t, "a", 0)
	}},
	{"a chunk of output is appended once and in order", func(t *testing.T, s suite) {
		const n, each = 6, 4
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		var offsets [n * each]string // what was acknowledged to be where
		together(n, func(i int) {
			at := int64(0)
			for k := 0; k < each; {
				chunk := fmt.Sprintf(`"%d-%d"`, i, k)
				got, err := s.ChangeRequest(t.Context(), r.Key, request.Change{
					If:  request.Guards{OutputAt: new(at)},
					Set: request.Effects{Output: []json.RawMessage{json.RawMessage(chunk)}, AddRev: 1},
				})
				var conflict *request.ConflictError
				switch {
				case errors.As(err, &conflict):
					at = conflict.Request.Output
					continue
				case err != nil:
					t.Error(err)
					return
				case got.Output != at+1:
					t.Errorf("a chunk at %d leaves %d chunks", at, got.Output)
				}
				offsets[at] = chunk
				at, k = got.Output, k+1
			}
		})
		if got := s.load(t, r.Key); got.Output != n*each || got.Rev != 1+n*each {
			t.Errorf("%d chunks, rev %d", got.Output, got.Rev)
		}
		var want []json.RawMessage
		for _, chunk := range offsets {
			want = append(want, json.RawMessage(chunk))
		}
		s.reads(t, r.Key, 0, 1000, want...)
	}},
	{"a write is read by the next reader", func(t *testing.T, s suite) {
		together(4, func(i int) {
			r := queued("acme", "ada", fmt.Sprint("r-", i), epoch)
			if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
				t.Error(err)
				return
			}
			for n := range 10 {
				if _, err := s.ChangeRequest(t.Context(), r.Key, request.Change{Set: request.Effects{AddRev: 1}}); err != nil {
					t.Error(err)
				}
				if got, err := s.LoadRequest(t.Context(), r.Key); err != nil || got.Rev != int64(n+2) {
					t.Errorf("after %d changes: %+v, %v", n+1, got, err)
				}
			}
		})
	}},
}

// together starts n calls at one instant and waits for them.
func together(n int, call func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			call(i)
		})
	}
	close(start)
	wg.Wait()
}
