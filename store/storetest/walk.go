package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// The walks do the same to a store and to a model, which is Change.Apply over a
// map, and compare each answer; in the end they compare what is listed and due.
var walkTests = []test{
	{"seed 1", func(t *testing.T, s suite) { walk(t, s, 1) }},
	{"seed 2", func(t *testing.T, s suite) { walk(t, s, 2) }},
	{"seed 3", func(t *testing.T, s suite) { walk(t, s, 3) }},
}

func walk(t *testing.T, s suite, seed uint64) {
	const steps = 150
	rng := rand.New(rand.NewPCG(seed, 0))
	model := map[streamer.Key]*streamer.Request{}
	at := epoch
	for step := range steps {
		at = at.Add(time.Duration(rng.IntN(5_000)) * time.Millisecond)
		key := streamer.Key{Tenant: pick(rng, "acme", "globex"), Subject: pick(rng, "ada", "bob"), ID: pick(rng, "r-1", "r-2")}
		have := model[key]
		what := fmt.Sprintf("seed %d, step %d", seed, step)
		if rng.IntN(6) == 0 {
			r := queued(key.Tenant, key.Subject, key.ID, at)
			r.Worker = what
			stored, created, err := s.CreateRequest(t.Context(), r)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			free := have == nil || !have.ExpiresAt.IsZero() && !have.ExpiresAt.After(at)
			if created != free {
				t.Fatalf("%s: created %v over %+v", what, created, have)
			}
			if free {
				model[key] = r
			}
			same(t, what, stored, model[key])
			continue
		}
		c := randomChange(rng, at, have)
		got, err := s.ChangeRequest(t.Context(), key, c)
		if have == nil {
			if !errors.Is(err, streamer.ErrNotFound) {
				t.Fatalf("%s: %+v, %v; want ErrNotFound", what, got, err)
			}
			continue
		}
		what += fmt.Sprintf(", %+v of %+v", c, have)
		want := have.Clone()
		if c.Apply(want) != nil {
			var conflict *streamer.ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("%s: %v; want a conflict", what, err)
			}
			same(t, what, conflict.Request, have)
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		same(t, what, got, want)
		model[key] = canonical(want, true)
	}

	for key, want := range model {
		same(t, fmt.Sprintf("seed %d, in the end", seed), s.load(t, key), want)
	}
	requests := slices.Collect(maps.Values(model))
	slices.SortFunc(requests, func(a, b *streamer.Request) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	for _, tenant := range []string{"acme", "globex"} {
		s.lists(t, streamer.Query{Tenant: tenant, Limit: 100}, ids(where(requests, func(r *streamer.Request) bool { return r.Tenant == tenant })))
		for _, subject := range []string{"ada", "bob"} {
			s.lists(t, streamer.Query{Tenant: tenant, Subject: subject, Limit: 100},
				ids(where(requests, func(r *streamer.Request) bool { return r.Tenant == tenant && r.Subject == subject })))
		}
	}
	due := where(requests, func(r *streamer.Request) bool { return !r.DueAt.IsZero() && !r.DueAt.After(at) })
	slices.SortStableFunc(due, func(a, b *streamer.Request) int { return a.DueAt.Compare(b.DueAt) })
	settles(t, func() string {
		got, err := s.DueRequests(t.Context(), at, 100)
		if err != nil || len(got) != len(due) {
			return fmt.Sprintf("due are %s, %v; want %s", ids(got), err, ids(due))
		}
		for i := range got {
			if !got[i].DueAt.Equal(due[i].DueAt) {
				return fmt.Sprintf("due are %s; want %s", ids(got), ids(due))
			}
		}
		return ""
	})
}

func where(requests []*streamer.Request, keep func(*streamer.Request) bool) (kept []*streamer.Request) {
	for _, r := range requests {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// randomChange is any change at all, with guards that hold about every other
// time. A change to another state is made at a time, as Change asks.
func randomChange(rng *rand.Rand, at time.Time, have *streamer.Request) streamer.Change {
	var c streamer.Change
	maybe := func(of int) bool { return rng.IntN(of) == 0 }
	states := []streamer.State{streamer.Queued, streamer.Running, streamer.Succeeded, streamer.Failed, streamer.Cancelled}
	connections := []string{"c-1", "c-2", "c-3", "c-4"}
	raw := func() json.RawMessage {
		return []json.RawMessage{{}, json.RawMessage("null"), json.RawMessage(`{ "n": 9007199254740993 }`),
			json.RawMessage(fmt.Sprintf(`[%d, "<&>"]`, rng.IntN(1000)))}[rng.IntN(4)]
	}
	if have != nil {
		if maybe(2) {
			c.From = append(c.From, have.State)
		}
		if maybe(3) {
			c.Fence = have.Fence
		}
	}
	if maybe(4) {
		c.From = append(c.From, states[rng.IntN(len(states))])
	}
	if maybe(8) {
		c.Fence = int64(rng.IntN(5))
	}
	if maybe(3) {
		c.DueBy = at.Add(time.Duration(rng.IntN(4)-1) * time.Second)
	}
	if maybe(2) {
		c.At = at
	}
	if maybe(2) {
		c.At, c.To = at, states[rng.IntN(len(states))]
	}
	if maybe(3) {
		c.DueAt = at.Add(time.Duration(rng.IntN(60)-30) * time.Second)
	}
	c.Settled, c.Start, c.Cancel = maybe(8), maybe(4), maybe(6)
	if maybe(4) {
		c.AddFence = int64(rng.IntN(3))
	}
	if maybe(2) {
		c.AddRev = int64(rng.IntN(1_000_000))
	}
	if maybe(4) {
		c.AddAttempt, c.AddSlice = rng.IntN(2), rng.IntN(2)
	}
	if maybe(4) {
		c.AddLost, c.AddRan = rng.IntN(3), time.Duration(rng.Int64N(int64(time.Hour)))
	}
	if maybe(4) {
		c.Worker = fmt.Sprint("w-", rng.IntN(10))
	}
	if maybe(3) {
		c.Progress = &streamer.Progress{Percentage: 100 * rng.Float64(), Message: pick(rng, "", "half <way>", "☂")}
		if maybe(2) {
			c.Progress.Metadata = raw()
		}
	}
	if maybe(4) {
		c.Checkpoint = raw()
	}
	if maybe(4) {
		c.Result = raw()
	}
	if maybe(4) {
		c.Error = &wire.Error{Code: wire.Codes()[rng.IntN(len(wire.Codes()))], Message: pick(rng, "", "row <7>")}
		if maybe(2) {
			c.Error.Details, c.Error.Retry = json.RawMessage(`{ "a" : 1 }`), &wire.Retry{Retryable: maybe(2), After: rng.Float64()}
		}
	}
	if maybe(6) {
		c.ExpiresAt = at.Add(time.Duration(rng.IntN(20)) * time.Second)
	}
	if maybe(3) {
		c.Subscribe = connections[rng.IntN(len(connections))]
	}
	for maybe(4) {
		c.Unsubscribe = append(c.Unsubscribe, connections[rng.IntN(len(connections))])
	}
	return c
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }
