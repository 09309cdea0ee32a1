package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/store/storetest"
)

// BenchmarkCreateRequest is so many clients that submit at once.
func BenchmarkCreateRequest(b *testing.B) {
	for _, clients := range []int{1, 16, 500} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "streamer.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range clients {
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						if _, _, err := s.CreateRequest(b.Context(), newRequest(fmt.Sprint("r-", n))); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// BenchmarkLoad is what the router and the processor read most.
func BenchmarkLoad(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "streamer.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	r := newRequest("r-1")
	if _, _, err := s.CreateRequest(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	if err := s.SaveConnection(b.Context(), request.Connection{ID: "c-1"}); err != nil {
		b.Fatal(err)
	}
	for name, load := range map[string]func() error{
		"request":    func() error { _, err := s.LoadRequest(b.Context(), r.Key); return err },
		"connection": func() error { _, err := s.LoadConnection(b.Context(), "c-1"); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := load(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkJob is the writes of a job of five steps, one after another.
func BenchmarkJob(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "streamer.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	change := func(key request.Key, c request.Change) *request.Request {
		r, err := s.ChangeRequest(b.Context(), key, c)
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
	for n := 0; b.Loop(); n++ {
		at := epoch.Add(time.Duration(n) * time.Second)
		r := newRequest(fmt.Sprint("r-", n))
		r.DueAt, r.CreatedAt, r.UpdatedAt, r.Look.At = at, at, at, at.Add(time.Minute)
		r.Payload, r.Subscribers = []byte(`{"order":"o-1"}`), []string{"L0SM9cOFvHcCIhw="}
		if _, _, err := s.CreateRequest(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		claimed := change(r.Key, request.Claim(at, time.Minute, "worker", nil).KeepLook())
		byWorker := func(c request.Change) *request.Request {
			c.Brief = true
			return change(r.Key, c.LeaveLook(claimed).ByWorker(claimed.Fence))
		}
		for i := range 5 {
			at = at.Add(10 * time.Millisecond)
			c := request.Renew(at, time.Minute)
			c.Set.Step = &request.Step{Name: fmt.Sprint("step-", i), Result: []byte(`{"id":"ch_1"}`)}
			byWorker(c)
		}
		change(r.Key, request.MarkNotified(byWorker(request.Succeed(at, time.Hour, []byte(`"done"`), ""))))
	}
}

// BenchmarkBacklog is a lost lease beside many requests of another tenant.
func BenchmarkBacklog(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "streamer.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	storetest.Backlog(b, s, 50_000)
}

// BenchmarkCounts is what an overview of 100,000 requests reads: the counts of one page, the
// open ones and those that failed.
func BenchmarkCounts(b *testing.B) {
	path := filepath.Join(b.TempDir(), "streamer.db")
	s, err := sqlite.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var all sync.WaitGroup
	for writer := range 100 {
		all.Go(func() {
			for n := range 1000 {
				r := newRequest(fmt.Sprintf("r-%d-%d", writer, n))
				r.Subject, r.Action = fmt.Sprint("s-", n%50), fmt.Sprint("a-", n%7)
				switch n % 20 {
				case 0:
					r.State = request.Failed
				case 1:
				case 2:
					r.State = request.Running
				default:
					r.State = request.Succeeded
				}
				if _, _, err := s.CreateRequest(b.Context(), r); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	of := request.Query{Tenant: newRequest("").Tenant, Limit: 100_000}
	page := of
	page.Limit = 1000
	failed := page
	failed.State = request.Failed
	for name, read := range map[string]func() error{
		"states":   func() error { _, _, err := s.CountRequests(b.Context(), of); return err },
		"waiting":  func() error { _, _, err := s.OpenRequests(b.Context(), page); return err },
		"failures": func() error { _, _, err := s.ListRequests(b.Context(), failed); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
