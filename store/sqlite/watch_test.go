package sqlite_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
)

func TestWatchHearsWhatIsQueued(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "streamer.db"))
	heard := make(chan *request.Request, 100)
	stop := s.Watch(func(r *request.Request) { heard <- r })

	r := create(t, s, "r-1")
	if _, created, err := s.CreateRequest(t.Context(), newRequest("r-1")); err != nil || created { // writes nothing
		t.Fatalf("created %v, %v", created, err)
	}
	change := func(c request.Change) {
		t.Helper()
		if _, err := s.ChangeRequest(t.Context(), r.Key, c); err != nil {
			t.Fatal(err)
		}
	}
	change(request.Change{If: request.Guards{RoomFor: "c-1"}, Set: request.Effects{Subscribe: "c-1"}})
	change(request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Running, AddRev: 1}})
	if _, err := s.ChangeRequest(t.Context(), r.Key, request.Change{If: request.Guards{States: []request.State{request.Queued}},
		Set: request.Effects{CancelRequested: true}}); err == nil {
		t.Fatal("a guard did not hold, but there is no error")
	}
	change(request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, AddRev: 1}})
	change(request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Cancelled, FinishedAt: epoch, AddRev: 1}})
	create(t, s, "r-2")

	for i, want := range []struct {
		id          string
		rev         int64
		subscribers int
	}{{"r-1", 1, 0}, {"r-1", 1, 1}, {"r-1", 3, 1}, {"r-2", 1, 0}} {
		got := <-heard
		if got.ID != want.id || got.Rev != want.rev || len(got.Subscribers) != want.subscribers || got.State != request.Queued {
			t.Errorf("heard as number %d: %+v, want %+v", i+1, got, want)
		}
	}
	stop()
	create(t, s, "r-3")
	if len(heard) != 0 {
		t.Errorf("heard %+v too", <-heard)
	}
}

func TestAWatchMayUseTheStore(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Memory)
	heard := make(chan error)
	defer s.Watch(func(r *request.Request) {
		got, err := s.LoadRequest(t.Context(), r.Key)
		if err == nil && got.State != request.Queued {
			err = fmt.Errorf("the write is not there yet: %+v", got)
		}
		heard <- err
	})()
	create(t, s, "r-1")
	if err := <-heard; err != nil {
		t.Error(err)
	}
}

// Parallel writers move one request on; what a watch hears must be every rev in
// its order, however slow it is.
func TestWatchHearsInTheOrderOfCommits(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 25
	s := open(t, sqlite.Memory)
	var (
		revs [2][]int64
		all  sync.WaitGroup
		gate = make(chan struct{})
	)
	all.Add(2 * (1 + writers*each))
	for i := range revs {
		defer s.Watch(func(r *request.Request) {
			<-gate // writers are done before the first is delivered
			revs[i] = append(revs[i], r.Rev)
			all.Done()
		})()
	}
	r := create(t, s, "r-1")
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if _, err := s.ChangeRequest(t.Context(), r.Key, request.Change{Set: request.Effects{AddRev: 1}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(gate)
	all.Wait()
	for i, got := range revs {
		if len(got) != 1+writers*each || !slices.IsSorted(got) {
			t.Errorf("watch %d heard %v", i, got)
		}
	}
}

func TestCloseEndsWatches(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	called := make(chan struct{}, 1)
	stop := s.Watch(func(*request.Request) { called <- struct{}{} })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stop()
	s.Watch(func(*request.Request) { called <- struct{}{} })()
	if len(called) != 0 {
		t.Error("a watch of a closed store was called")
	}
}
