package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/request"
)

// What a client has heard of has to survive a power cut, so the disk is waited for; what
// a worker notes for itself has not.
func TestWhatWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "streamer.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var syncs int
	var fault error
	flush := s.writer.disk.sync
	s.writer.disk.sync = func() error { syncs++; return errors.Join(fault, flush()) }
	at := time.UnixMilli(1_000_000).UTC()
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
	change := func(c request.Change) func() error {
		return func() error { _, err := s.ChangeRequest(t.Context(), key, c); return err }
	}
	step := request.Renew(at, time.Minute)
	step.Brief, step.Set.Step = true, &request.Step{Name: "charge", Result: []byte("1")}
	heartbeat := request.Renew(at, time.Minute)
	heartbeat.Brief = true
	ended := request.Succeed(at, time.Hour, []byte("1"), "")
	ended.Brief = true
	for _, tt := range []struct {
		name string
		do   func() error
		want int
	}{
		{"create", func() error {
			_, _, err := s.CreateRequest(t.Context(), &request.Request{Key: key, State: request.Queued, DueAt: at, CreatedAt: at, UpdatedAt: at})
			return err
		}, 1},
		{"claim", change(request.Claim(at, time.Minute, "worker", nil)), 1},
		{"step", change(step.ByWorker(1)), 0},
		{"heartbeat", change(heartbeat.ByWorker(1)), 0},
		{"signal", change(request.StoreStep(at, request.Step{Name: request.SignalStep("ok"), Result: []byte("1")})), 1},
		{"cancel of what runs", change(request.AskToCancel()), 1},
		{"notice of a child's end", change(request.NotifyParent(at)), 0},
		{"subscription", change(request.Subscribe("c-1")), 1},
		{"outcome", change(ended.ByWorker(1)), 1},
		{"notified", change(request.MarkNotified(&request.Request{State: request.Succeeded, Fence: 1})), 0},
		{"connection", func() error { return s.SaveConnection(t.Context(), request.Connection{ID: "c-1"}) }, 1},
		{"conflict", func() error {
			if _, conflict := errors.AsType[*request.ConflictError](change(request.Claim(at, time.Minute, "worker", nil))()); !conflict {
				return errors.New("no conflict")
			}
			return nil
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			syncs = 0
			if err := tt.do(); err != nil {
				t.Fatal(err)
			}
			if syncs != tt.want {
				t.Errorf("got %d waits for the disk, want %d", syncs, tt.want)
			}
		})
	}
	fault = errors.New("the disk is gone")
	if err := change(request.Unsubscribe("c-1"))(); !errors.Is(err, fault) {
		t.Errorf("got %v of a disk that fails, want its error", err)
	}
}

// An eager store's writes return while the disk is busy, and Sync waits for it.
func TestAnEagerWriteDoesNotWaitForTheDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Memory)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		busy := make(chan struct{})
		s.writer.disk.sync = func() error { <-busy; return nil }
		if err := s.Eager().SaveConnection(t.Context(), request.Connection{ID: "c-1"}); err != nil {
			t.Fatal(err)
		}
		var told, stored bool
		go func() { told = s.Sync() == nil }()
		go func() { stored = s.SaveConnection(t.Context(), request.Connection{ID: "c-2"}) == nil }()
		synctest.Wait()
		if told || stored {
			t.Errorf("got Sync %v and a write %v while the disk is busy, want both to wait", told, stored)
		}
		if _, err := s.LoadConnection(t.Context(), "c-2"); err != nil {
			t.Errorf("got %v of a write behind a disk that is busy, want it committed", err)
		}
		close(busy)
		synctest.Wait()
		if !told || !stored {
			t.Errorf("got Sync %v and a write %v when the disk is done, want both", told, stored)
		}
	})
}

// One wait for the disk does for all that was committed before it began, and none is
// needed when nothing was.
func TestWaitsForTheDiskAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Memory)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var syncs atomic.Int64
		busy := make(chan struct{})
		s.writer.disk.sync = func() error { syncs.Add(1); <-busy; return nil }
		var all sync.WaitGroup
		save := func(n int) {
			all.Go(func() {
				if err := s.SaveConnection(t.Context(), request.Connection{ID: fmt.Sprint("c-", n)}); err != nil {
					t.Error(err)
				}
			})
		}
		save(0)
		synctest.Wait()
		for n := range 50 {
			save(n + 1)
		}
		synctest.Wait()
		close(busy)
		all.Wait()
		if err := s.Sync(); err != nil {
			t.Error(err)
		}
		if got := syncs.Load(); got != 2 {
			t.Errorf("got %d waits for the disk, want 2: the first write's, and one for the 50 that came meanwhile", got)
		}
	})
}

// After a sync that failed nothing is acknowledged, whatever the next sync would say.
func TestADiskThatFailedIsNotTrustedAgain(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fault := errors.New("input/output error")
	s.writer.disk.sync = func() error { return fault }
	if err := s.Eager().SaveConnection(t.Context(), request.Connection{ID: "c-1"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); !errors.Is(err, fault) {
		t.Errorf("got %v, want the disk's error", err)
	}
	s.writer.disk.sync = func() error { return nil }
	if err := s.Sync(); !errors.Is(err, fault) {
		t.Errorf("got %v of a second Sync, want the disk's error: what the first one lost is lost", err)
	}
	if err := s.SaveConnection(t.Context(), request.Connection{ID: "c-2"}); !errors.Is(err, fault) {
		t.Errorf("got %v of a write, want the disk's error", err)
	}
}

// What was told survives a power cut at any moment: what is in the log behind the last
// sync is gone then.
func TestAPowerCutLosesNothingThatWasTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "streamer.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var onDisk int64
	flush := s.writer.disk.sync
	s.writer.disk.sync = func() error {
		info, err := os.Stat(path + "-wal")
		if err == nil {
			onDisk = info.Size()
		}
		return errors.Join(err, flush())
	}
	eager, at := s.Eager(), time.UnixMilli(1_000_000).UTC()
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "told"}
	for _, id := range []string{"told", "not-told"} {
		r := &request.Request{Key: request.Key{Tenant: "acme", Subject: "ada", ID: id}, State: request.Queued, Fence: 1, DueAt: at,
			CreatedAt: at, UpdatedAt: at}
		if _, _, err := eager.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if id == "told" {
			if err := s.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := eager.ChangeRequest(t.Context(), key, request.Claim(at, time.Minute, "worker", nil)); err != nil {
		t.Fatal(err)
	}
	after := filepath.Join(t.TempDir(), "streamer.db")
	for suffix, size := range map[string]int64{"": -1, "-wal": onDisk} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if size >= 0 {
			content = content[:size]
		}
		if err := os.WriteFile(after+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	recovered, err := Open(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	defer recovered.Close()
	got, err := recovered.LoadRequest(t.Context(), key)
	if err != nil || got.State != request.Queued {
		t.Errorf("got %+v, %v of the request that was told, want it queued", got, err)
	}
	key.ID = "not-told"
	if _, err := recovered.LoadRequest(t.Context(), key); !errors.Is(err, request.ErrNotFound) {
		t.Errorf("got %v of the one that was not, want that the log's end is lost: or else this test proves nothing", err)
	}
}
