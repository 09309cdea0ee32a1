package sqlite

import (
	"errors"
	"path/filepath"
	"testing"
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
	sync := s.writer.sync
	s.writer.sync = func() error { syncs++; return errors.Join(fault, sync()) }
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
