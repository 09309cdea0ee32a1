package storetest

import (
	"cmp"
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
	"github.com/pay-theory/streamer/request"
)

// The walks do the same to a store and to a model, which is Change.Apply over a
// map, beside it the places taken and the output, and compare each answer; in the
// end they compare what is listed, due, blocked, taken and read.
var walkTests = []test{
	{"seed 1", func(t *testing.T, s suite) { walk(t, s, 1) }},
	{"seed 2", func(t *testing.T, s suite) { walk(t, s, 2) }},
	{"seed 3", func(t *testing.T, s suite) { walk(t, s, 3) }},
}

func walk(t *testing.T, s suite, seed uint64) {
	const steps = 150
	rng := rand.New(rand.NewPCG(seed, 0))
	model := map[request.Key]*request.Request{}
	taken := map[string]int{}
	output := map[request.Key][]request.Chunk{}
	at := epoch
	for step := range steps {
		at = at.Add(time.Duration(rng.IntN(5_000)) * time.Millisecond)
		key := request.Key{Tenant: pick(rng, "acme", "globex"), Subject: pick(rng, "ada", "bob"), ID: pick(rng, "r-1", "r-2")}
		have := model[key]
		what := fmt.Sprintf("seed %d, step %d", seed, step)
		if rng.IntN(6) == 0 {
			r := queued(key.Tenant, key.Subject, key.ID, at)
			r.Worker, r.Priority = what, pick(rng, streamer.Low, streamer.Normal, streamer.High)
			acquire := randomPermits(rng, nil)
			for _, limit := range acquire {
				r.Permits = append(r.Permits, limit.Name)
			}
			stored, created, err := s.CreateRequest(t.Context(), r, acquire...)
			free := have == nil || !have.ExpiresAt.IsZero() && !have.ExpiresAt.After(at)
			if full := take(taken, nil, acquire); free && full != nil {
				refused(t, what, err, *full)
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if created != free {
				t.Fatalf("%s: created %v over %+v", what, created, have)
			}
			if free {
				model[key] = r
				output[key] = nil
				count(taken, nil, r.Permits)
			}
			same(t, what, stored, model[key])
			continue
		}
		c := randomChange(rng, at, have)
		got, err := s.ChangeRequest(t.Context(), key, c)
		if have == nil {
			if !errors.Is(err, request.ErrNotFound) {
				t.Fatalf("%s: %+v, %v; want ErrNotFound", what, got, err)
			}
			continue
		}
		what += fmt.Sprintf(", %+v of %+v", c, have)
		want := have.Clone()
		if c.Apply(want) != nil {
			var conflict *request.ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("%s: %v; want a conflict", what, err)
			}
			same(t, what, conflict.Request, have)
			continue
		}
		if full := take(taken, released(have, c), c.Set.Acquire); full != nil {
			refused(t, what, err, *full)
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		same(t, what, got, want)
		model[key] = canonical(want, true)
		count(taken, have.Permits, want.Permits)
		for i, chunk := range c.Set.Output {
			output[key] = append(output[key], request.Chunk{Offset: *c.If.OutputAt + int64(i), Data: chunk})
		}
	}

	for key, want := range model {
		same(t, fmt.Sprintf("seed %d, in the end", seed), s.load(t, key), want)
		var chunks []json.RawMessage
		for _, chunk := range output[key] {
			chunks = append(chunks, chunk.Data)
		}
		s.reads(t, key, 0, 10_000, chunks...)
	}
	for _, limit := range limitNames {
		s.taken(t, limit, taken[limit])
		s.throttled(t, limit, 100, ids(waiting(model, limit)))
	}
	requests := slices.Collect(maps.Values(model))
	slices.SortFunc(requests, func(a, b *request.Request) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	for _, tenant := range []string{"acme", "globex"} {
		s.lists(t, request.Query{Tenant: tenant, Limit: 100}, ids(where(requests, func(r *request.Request) bool { return r.Tenant == tenant })))
		for _, subject := range []string{"ada", "bob"} {
			s.lists(t, request.Query{Tenant: tenant, Subject: subject, Limit: 100},
				ids(where(requests, func(r *request.Request) bool { return r.Tenant == tenant && r.Subject == subject })))
		}
	}
	var names []string
	for _, limit := range limitNames {
		if len(waiting(model, limit)) > 0 {
			names = append(names, limit)
		}
	}
	s.throttling(t, names...)
	for _, kind := range request.LookKinds() {
		s.looks(t, kind, at, requests)
	}
}

func where(requests []*request.Request, keep func(*request.Request) bool) (kept []*request.Request) {
	for _, r := range requests {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

var limitNames = []string{"a", "b", "c"}

// randomPermits are permits that are not held yet.
func randomPermits(rng *rand.Rand, held []string) []request.Permit {
	var permits []request.Permit
	for _, name := range limitNames {
		if rng.IntN(6) == 0 && !slices.Contains(held, name) {
			permits = append(permits, request.Permit{Name: name, Limit: rng.IntN(7)})
		}
	}
	return permits
}

// take is the first of the limits that has no permit left, or nil, once those that are
// given back are there again.
func take(taken map[string]int, back []string, acquire []request.Permit) *request.Permit {
	for _, limit := range acquire {
		n := taken[limit.Name]
		if slices.Contains(back, limit.Name) {
			n--
		}
		if n >= limit.Limit {
			return &limit
		}
	}
	return nil
}

// released are the places that a change gives back.
func released(r *request.Request, c request.Change) []string {
	var names []string
	for _, name := range r.Permits {
		if slices.Contains(c.Set.Release, name) {
			names = append(names, name)
		}
	}
	return names
}

func count(taken map[string]int, before, after []string) {
	for _, name := range before {
		taken[name]--
	}
	for _, name := range after {
		taken[name]++
	}
}

func refused(t *testing.T, what string, err error, full request.Permit) {
	t.Helper()
	var limit *request.LimitError
	if !errors.As(err, &limit) || limit.Permit != full {
		t.Fatalf("%s: %v; want that %+v is full", what, err, full)
	}
}

func waiting(model map[request.Key]*request.Request, limit string) []*request.Request {
	queue := where(slices.Collect(maps.Values(model)), func(r *request.Request) bool { return r.ThrottledBy == limit })
	slices.SortFunc(queue, func(a, b *request.Request) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return queue
}
