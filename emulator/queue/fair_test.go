package queue_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/emulator/queue"
)

// order receives everything and returns the groups in the order in which they came.
func order(t *testing.T, q *queue.Queue, n int) string {
	t.Helper()
	var groups []string
	for range n {
		groups = append(groups, receive(t, q).GroupID)
	}
	return strings.Join(groups, " ")
}

// Below the thresholds a queue is first in, first out, however much each group has.
func TestQuietGroupsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{})
		for range 29 {
			send(t, q, "x", "a")
		}
		send(t, q, "x", "b")
		if got := order(t, q, 30); !strings.HasSuffix(got, "a a b") {
			t.Errorf("got %s, want b last: 29 in flight are not noisy", got)
		}
	})
}

// A group with 30 messages in flight and more than a tenth of all comes last, and
// nothing caps it: it goes on when the others have nothing.
func TestANoisyGroupComesLast(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		inFlight map[string]int // before
		want     string
	}{
		"28 in flight":       {map[string]int{"a": 28}, "a a b a a"},
		"29 in flight":       {map[string]int{"a": 29}, "a b a a a"},
		"30 in flight":       {map[string]int{"a": 30}, "b a a a a"},
		"a tenth of them":    {map[string]int{"a": 40, "c": 400}, "a a a b a"},
		"more than a tenth":  {map[string]int{"a": 50, "c": 400}, "b a a a a"},
		"the quieter of two": {map[string]int{"a": 60, "b": 40}, "b a a a a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t, queue.Config{Visibility: time.Hour})
				for group, n := range tt.inFlight {
					for range n {
						send(t, q, "before", group)
						receive(t, q)
					}
				}
				for _, group := range []string{"a", "a", "a", "b", "a"} {
					send(t, q, "x", group)
				}
				if got := order(t, q, 5); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// Of several noisy groups the one with the fewest messages in flight comes first.
func TestNoisyGroupsAreBalanced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{Visibility: time.Hour})
		groups := []string{"a", "b", "c", "d", "e"}
		for i, group := range groups {
			for range 80 - 10*i {
				send(t, q, "before", group)
				receive(t, q)
			}
		}
		for _, group := range groups {
			send(t, q, "x", group)
		}
		if got, want := order(t, q, 5), "e d c b a"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A group is quiet again once its backlog is gone.
func TestAGroupWithoutABacklogIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{Visibility: time.Hour})
		send(t, q, "x", "a")
		send(t, q, "x", "a")
		m := receive(t, q)
		time.Sleep(time.Minute)
		if err := q.Delete(m.Receipt); err != nil { // all the time of late is a's
			t.Fatal(err)
		}
		receive(t, q) // and this its backlog
		send(t, q, "x", "a")
		send(t, q, "x", "b")
		if got, want := order(t, q, 2), "a b"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A group that is slow is noisy too, with few messages in flight; five minutes
// after its last message it is not.
func TestASlowGroupComesLast(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pause time.Duration
		want  string
	}{
		"at once":      {0, "b a"},
		"later":        {4 * time.Minute, "b a"},
		"five minutes": {5 * time.Minute, "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t, queue.Config{Visibility: time.Hour})
				for i := range 20 { // groups that are quick, and a that is slow
					send(t, q, "x", fmt.Sprint("quick", i))
				}
				for range 20 {
					m := receive(t, q)
					time.Sleep(time.Second)
					if err := q.Delete(m.Receipt); err != nil {
						t.Fatal(err)
					}
				}
				send(t, q, "x", "a")
				send(t, q, "x", "a") // its backlog
				m := receive(t, q)
				time.Sleep(20 * time.Second)
				if err := q.Delete(m.Receipt); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.pause - min(tt.pause, 20*time.Second))
				send(t, q, "x", "b")
				if got := order(t, q, 2); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// Messages without a group are tenants of their own, so none is noisy.
func TestMessagesWithoutAGroupAreQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{})
		for range 100 {
			send(t, q, "x", "")
		}
		order(t, q, 50)
		send(t, q, "x", "b")
		if got := order(t, q, 51); !strings.HasSuffix(got, "b") {
			t.Errorf("got %q, want b last", got)
		}
	})
}
