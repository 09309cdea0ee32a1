package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/request"
)

// A runs is what a queue ran, each until it is let go.
type runs struct {
	mu    sync.Mutex
	began []string
	last  time.Time
	gate  chan struct{} // nil: each ends at once
}

func (r *runs) run(_ context.Context, d request.Dispatch) {
	r.mu.Lock()
	r.began = append(r.began, d.Key.Tenant+"/"+d.Key.ID)
	r.last = time.Now()
	r.mu.Unlock()
	if r.gate != nil {
		<-r.gate
	}
}

// take returns what began since it was asked last, sorted.
func (r *runs) take() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	began := r.began
	r.began = nil
	slices.Sort(began)
	return strings.Join(began, " ")
}

func dispatch(t *testing.T, q *devQueue, tenant string, id int, due time.Time) {
	t.Helper()
	if err := q.Dispatch(t.Context(), request.Key{Tenant: tenant, ID: fmt.Sprint(id)}, due); err != nil {
		t.Fatal(err)
	}
}

// A dispatch runs when it is due, to the nanosecond, in whatever order they came.
func TestDevQueueDelays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r runs
		q := newDevQueue(r.run)
		defer q.close()
		began := time.Now()
		for _, ms := range []int{1500, 20, 900, 0, -5} {
			dispatch(t, q, "a", ms, began.Add(time.Duration(ms)*time.Millisecond))
		}
		if got := r.take(); got != "a/-5 a/0" {
			t.Errorf("got %q at once, want what was due", got)
		}
		for _, ms := range []int{20, 900, 1500} {
			if n, err := q.Backlog(t.Context()); n != 0 || err != nil {
				t.Errorf("got a backlog of %d, %v; want 0, since the rest is delayed", n, err)
			}
			time.Sleep(time.Until(began.Add(time.Duration(ms) * time.Millisecond)))
			if got, want := r.take(), fmt.Sprint("a/", ms); got != want || !r.last.Equal(time.Now()) {
				t.Errorf("got %q at %v, want %q at %v", got, r.last, want, time.Now())
			}
		}
	})
}

// Tenants take turns, however long the backlog of one is, and none has more than a
// quarter of the workers.
func TestDevQueueTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := runs{gate: make(chan struct{})}
		q := newDevQueue(r.run)
		defer q.close()
		defer close(r.gate)
		for i := range 2000 {
			dispatch(t, q, "flood", i, time.Time{})
		}
		if got := strings.Fields(r.take()); len(got) != devTenantRunning {
			t.Errorf("got %d runs of a flood, want %d", len(got), devTenantRunning)
		}
		dispatch(t, q, "b", 1, time.Time{})
		if got := r.take(); got != "b/1" {
			t.Errorf("got %q beside the flood, want b/1 at once", got)
		}
		for _, tenant := range []string{"c", "d", "e"} { // which fill all workers
			for i := range devTenantRunning {
				dispatch(t, q, tenant, i, time.Time{})
			}
		}
		r.take()
		dispatch(t, q, "b", 2, time.Time{})
		if got := r.take(); got != "" {
			t.Errorf("got %q without a free worker, want nothing", got)
		}
		var next []string
		for range 4 {
			r.gate <- struct{}{}
			next = append(next, strings.Fields(r.take())...)
		}
		if !slices.Contains(next, "b/2") {
			t.Errorf("got %v as workers became free, want b/2 among the first four: its turn comes after each other tenant's", next)
		}
		if n, err := q.Backlog(t.Context()); n == 0 || err != nil {
			t.Errorf("got a backlog of %d, %v; want what waits", n, err)
		}
	})
}

// One tenant's dispatches are bounded, and another's are not touched by it.
func TestDevQueueBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r runs
		q := newDevQueue(r.run)
		defer q.close()
		later := time.Now().Add(time.Hour)
		for i := range devTenantWaiting {
			dispatch(t, q, "flood", i, later)
		}
		err := q.Dispatch(t.Context(), request.Key{Tenant: "flood", ID: "more"}, later)
		if !errors.Is(err, errTenantQueueFull) {
			t.Errorf("got %v above the bound, want %v", err, errTenantQueueFull)
		}
		dispatch(t, q, "b", 1, time.Time{})
		if got := r.take(); got != "b/1" {
			t.Errorf("got %q, want b/1", got)
		}
		time.Sleep(time.Hour)
		if got := len(strings.Fields(r.take())); got != devTenantWaiting {
			t.Errorf("got %d runs when they were due, want %d", got, devTenantWaiting)
		}
		dispatch(t, q, "flood", 1, time.Time{}) // there is room again
		if faults := q.DispatchAll(t.Context(), []request.Dispatch{{Key: request.Key{Tenant: "b", ID: "2"}}}); faults[0] != nil {
			t.Error(faults[0])
		}
		if got := r.take(); !strings.Contains(got, "flood/1") || !strings.Contains(got, "b/2") || len(q.tenants) != 0 {
			t.Errorf("got %q and %d tenants left, want both and none", got, len(q.tenants))
		}
	})
}

// A queue that closes waits for what runs and begins nothing more.
func TestDevQueueCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := runs{gate: make(chan struct{})}
		q := newDevQueue(r.run)
		for i := range devTenantRunning + 1 {
			dispatch(t, q, "a", i, time.Time{})
		}
		dispatch(t, q, "a", -1, time.Now().Add(time.Minute))
		r.take()
		closed := make(chan struct{})
		go func() {
			q.close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("it closed while a run was under way")
		default:
		}
		close(r.gate)
		<-closed
		dispatch(t, q, "a", 7, time.Time{})
		time.Sleep(time.Hour)
		if got := r.take(); got != "" {
			t.Errorf("got %q after the end, want nothing", got)
		}
	})
}

// From the dispatch to the beginning of the run.
func BenchmarkDevQueue(b *testing.B) {
	began := make(chan struct{})
	q := newDevQueue(func(context.Context, request.Dispatch) { began <- struct{}{} })
	defer q.close()
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "r1"}
	for b.Loop() {
		if err := q.Dispatch(b.Context(), key, time.Time{}); err != nil {
			b.Fatal(err)
		}
		<-began
	}
}
