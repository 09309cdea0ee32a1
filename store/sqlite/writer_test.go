package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/request"
)

// insert writes a connection with an id.
func insert(id string) func(t *tx) error {
	return func(t *tx) error {
		_, err := t.Exec("INSERT INTO connections ("+connectionColumns+") VALUES (?, '', '', '[]', 0, 0, 0, '', '')", id)
		return err
	}
}

// A write that came earlier is never behind one that came later, or some would
// wait until their callers give up.
func TestWritesAreDoneInTheirOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Memory)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var (
			order []int
			want  []int
			all   sync.WaitGroup
			gate  = make(chan struct{})
		)
		for n := range 2*maxTogether + 10 {
			want = append(want, n)
			all.Go(func() {
				err := s.inTx(t.Context(), func(*tx) error {
					<-gate
					order = append(order, n)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(gate)
		all.Wait()
		if !slices.Equal(order, want) {
			t.Errorf("done in the order %v", order)
		}
	})
}

func TestAWriteOutlivesItsNeighbours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Memory)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		broken := errors.New("broken")
		gate := make(chan struct{})
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		for i, w := range []struct {
			ctx  context.Context
			do   func(t *tx) error
			want error
		}{
			{ctx: t.Context(), do: func(t *tx) error { <-gate; return insert("c-0")(t) }},
			{ctx: t.Context(), do: func(t *tx) error {
				return errors.Join(broken, insert("c-1")(t))
			}, want: broken},
			{ctx: impatient, do: insert("c-2"), want: context.DeadlineExceeded},
			{ctx: t.Context(), do: insert("c-3")},
		} {
			all.Go(func() {
				if err := s.inTx(w.ctx, w.do); !errors.Is(err, w.want) {
					t.Errorf("write %d: %v, want %v", i, err, w.want)
				}
			})
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		close(gate)
		all.Wait()
		for i, there := range []bool{true, false, false, true} {
			_, err := s.LoadConnection(t.Context(), fmt.Sprint("c-", i))
			if errors.Is(err, request.ErrNotFound) == there {
				t.Errorf("c-%d: %v", i, err)
			}
		}
	})
}

// What runs once more because of a neighbour changes the row once.
func TestAChangeBesideOneThatIsTakenBack(t *testing.T) {
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
		broken := errors.New("broken")
		gate := make(chan struct{})
		change := func(want int64) func() error {
			return func() error {
				got, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{AddRev: 1}})
				if err == nil && got.Rev != want {
					t.Errorf("got the rev %d, want %d", got.Rev, want)
				}
				return err
			}
		}
		if _, _, err := s.CreateRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		again := func() error {
			_, created, err := s.CreateRequest(t.Context(), r)
			if created {
				t.Error("the request that is there is created once more")
			}
			return err
		}
		var all sync.WaitGroup
		for i, write := range []struct {
			do   func() error
			want error
		}{
			{func() error { return s.inTx(t.Context(), func(*tx) error { <-gate; return nil }) }, nil},
			{change(2), nil},
			{func() error {
				return s.inTx(t.Context(), func(t *tx) error { return errors.Join(broken, insert("c-1")(t)) })
			}, broken},
			{again, nil},
			{change(3), nil},
		} {
			all.Go(func() {
				if err := write.do(); !errors.Is(err, write.want) {
					t.Errorf("write %d: got %v, want %v", i, err, write.want)
				}
			})
			synctest.Wait()
		}
		close(gate)
		all.Wait()
		if got, err := s.LoadRequest(t.Context(), key); err != nil || got.Rev != 3 {
			t.Errorf("got %+v, %v; want the rev 3", got, err)
		}
	})
}

func TestAClosedStoreSaysSo(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Memory)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteConnection(t.Context(), "c"); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}
