package sqlite

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/request"
)

// A row that a transaction has changed in vain is read again.
func TestARowOfATransactionThatFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Memory)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		at := time.UnixMilli(1_000_000).UTC()
		key := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
		r := &request.Request{Key: key, State: request.Queued, Rev: 1, CreatedAt: at, UpdatedAt: at}
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		gate := make(chan struct{})
		for _, write := range []func() error{
			func() error { return s.inTx(t.Context(), func(*tx) error { <-gate; return nil }) },
			func() error {
				_, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{AddRev: 1}})
				return err
			},
			func() error {
				return s.inTx(t.Context(), func(t *tx) error { _, err := t.Exec("ROLLBACK"); return err })
			},
		} {
			all.Go(func() {
				if err := write(); err == nil {
					t.Error("a write of a transaction that was rolled back succeeds")
				}
			})
			synctest.Wait()
		}
		close(gate)
		all.Wait()
		for want := int64(2); want < 4; want++ {
			got, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{AddRev: 1}})
			if err != nil || got.Rev != want {
				t.Errorf("got %+v, %v; want the rev %d", got, err, want)
			}
		}
	})
}

// What a caller does with the row that it got is not what the next write finds.
func TestARowIsItsCallersOwn(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.UnixMilli(1_000_000).UTC()
	key := request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
	if _, _, err := s.CreateRequest(t.Context(), &request.Request{Key: key, State: request.Queued, CreatedAt: at, UpdatedAt: at,
		Subscribers: []string{"c-1"}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{AddRev: 1}})
		if err != nil || len(got.Subscribers) != 1 || got.Subscribers[0] != "c-1" {
			t.Fatalf("got %+v, %v; want the subscriber c-1", got, err)
		}
		got.Subscribers[0] = "another"
	}
}
