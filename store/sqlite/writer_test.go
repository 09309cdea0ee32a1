package sqlite

import (
	"context"
	"database/sql"
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
func insert(id string) func(tx *sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO connections ("+connectionColumns+") VALUES (?, '', '', '[]', 0, 0, 0, '', '')", id)
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
				err := s.inTx(t.Context(), func(*sql.Tx) error {
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
			do   func(tx *sql.Tx) error
			want error
		}{
			{ctx: t.Context(), do: func(tx *sql.Tx) error { <-gate; return insert("c-0")(tx) }},
			{ctx: t.Context(), do: func(tx *sql.Tx) error {
				return errors.Join(broken, insert("c-1")(tx))
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
