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
	"github.com/pay-theory/streamer/wire"
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

// randomChange is any change at all, with guards that hold about every other
// time. A change to another state is made at a time, as Change asks.
func randomChange(rng *rand.Rand, at time.Time, have *request.Request) request.Change {
	var c request.Change
	maybe := func(of int) bool { return rng.IntN(of) == 0 }
	states := []request.State{request.Queued, request.Running, request.Succeeded, request.Failed, request.Cancelled}
	connections := []string{"c-1", "c-2", "c-3", "c-4"}
	raw := func() json.RawMessage {
		return []json.RawMessage{{}, json.RawMessage("null"), json.RawMessage(`{ "n": 9007199254740993 }`),
			json.RawMessage(fmt.Sprintf(`[%d, "<&>"]`, rng.IntN(1000)))}[rng.IntN(4)]
	}
	g, e := &c.If, &c.Set
	if have != nil {
		if maybe(2) {
			g.States = append(g.States, have.State)
		}
		if maybe(3) {
			g.Fence = have.Fence
		}
	}
	if maybe(4) {
		g.States = append(g.States, states[rng.IntN(len(states))])
	}
	if maybe(8) {
		g.Fence = int64(rng.IntN(5))
	}
	if maybe(3) {
		g.DueBy = at.Add(time.Duration(rng.IntN(4)-1) * time.Second)
	}
	if have != nil && maybe(8) {
		g.LookAt = have.Look.At.Add(time.Duration(rng.IntN(8)/7) * time.Second)
	}
	if maybe(6) {
		g.UnchangedSince = at.Add(time.Duration(rng.IntN(3)-1) * time.Second)
	}
	if maybe(2) {
		e.UpdatedAt = at
	}
	if maybe(2) {
		e.State = states[rng.IntN(len(states))]
	}
	if maybe(3) {
		e.DueAt = at.Add(time.Duration(rng.IntN(60)-30) * time.Second)
	}
	if maybe(3) {
		kinds := request.LookKinds()
		e.Look = request.Look{Kind: kinds[rng.IntN(len(kinds))], At: at.Add(time.Duration(rng.IntN(60)-30) * time.Second)}
	}
	if maybe(4) {
		e.ClaimedAt, e.StartedAt = at, at
	}
	if maybe(4) {
		e.FinishedAt = at
	}
	e.CancelRequested = maybe(6)
	if maybe(4) {
		e.AddFence = int64(rng.IntN(3))
	}
	if maybe(2) {
		e.AddRev = int64(rng.IntN(1_000_000))
	}
	if maybe(4) {
		e.AddAttempt, e.AddSlices = rng.IntN(2), rng.IntN(2)
	} else if maybe(8) {
		e.Attempt = 1
	}
	if maybe(4) {
		e.AddLeaseExpirations, e.AddRan = rng.IntN(3), time.Duration(rng.Int64N(int64(time.Hour)))
	}
	if maybe(4) {
		e.Worker = fmt.Sprint("w-", rng.IntN(10))
	}
	if maybe(3) {
		e.Progress = &request.Progress{Percentage: 100 * rng.Float64(), Message: pick(rng, "", "half <way>", "☂")}
		if maybe(2) {
			e.Progress.Metadata = raw()
		}
	}
	if maybe(4) {
		e.Checkpoint = raw()
	}
	if maybe(4) {
		e.Result = raw()
	}
	if maybe(4) {
		e.Error = &wire.Error{Code: wire.Codes()[rng.IntN(len(wire.Codes()))], Message: pick(rng, "", "row <7>")}
		if maybe(2) {
			e.Error.Details, e.Error.Retry = json.RawMessage(`{ "a" : 1 }`), &wire.Retry{Retryable: maybe(2), After: rng.Float64()}
		}
	}
	if maybe(6) {
		e.ExpiresAt = at.Add(time.Duration(rng.IntN(20)) * time.Second)
	}
	var held []string
	if have != nil {
		held = have.Permits
		if have.Await.Token != "" && maybe(4) {
			g.Awaits = have.Await.Token
		}
		if have.ThrottledBy != "" && maybe(4) {
			g.ThrottledBy = have.ThrottledBy
		}
	}
	if maybe(20) {
		g.Awaits, g.ThrottledBy = pick(rng, "", "ok"), pick(rng, "", "a")
	}
	if maybe(6) {
		g.LacksStep = pick(rng, "s-1", "s-2", "s-3", "s-4", "s-5")
	}
	if maybe(6) {
		e.DropStep = pick(rng, "s-4", "s-5")
	}
	if maybe(6) {
		e.Children, e.Redrives = request.Children{Total: 1 + rng.IntN(9), Ended: rng.IntN(3), First: maybe(2)}, rng.IntN(3)
	}
	if have != nil && maybe(8) {
		g.Rev = have.Rev
	}
	if maybe(4) {
		e.Step = &request.Step{Name: pick(rng, "s-1", "s-2", "s-3"), Result: raw()}
	}
	if maybe(4) {
		e.Await = request.Await{Token: pick(rng, "ok", "go"), Until: at.Add(time.Duration(rng.Int64N(int64(time.Hour))))}
	}
	if maybe(4) {
		e.ThrottledBy = pick(rng, limitNames...)
	}
	if maybe(4) {
		e.OutputMark = int64(rng.IntN(5))
	}
	for maybe(4) {
		e.History = append(e.History, wire.Attempt{Number: rng.IntN(5), StartedAt: at, EndedAt: at.Add(1234), Code: wire.Timeout, Worker: "w"})
	}
	if maybe(2) {
		e.Acquire = randomPermits(rng, held)
	}
	for maybe(3) {
		e.Release = append(e.Release, pick(rng, limitNames...))
	}
	for maybe(3) {
		e.Output = append(e.Output, raw())
	}
	if (len(e.Output) > 0 || maybe(8)) && have != nil {
		g.OutputAt = &have.Output
	}
	if len(e.Output) > 0 && (have == nil || maybe(20)) {
		g.OutputAt = new(int64(7))
	}
	if maybe(3) {
		e.Subscribe = connections[rng.IntN(len(connections))]
		g.RoomFor = e.Subscribe
	}
	for maybe(4) {
		if id := connections[rng.IntN(len(connections))]; id != e.Subscribe {
			e.Unsubscribe = append(e.Unsubscribe, id)
		}
	}
	// What may be emptied, unless it gets a value.
	for _, field := range []struct {
		attribute request.Attribute
		free      bool
	}{
		{request.AttrDueAt, e.DueAt.IsZero()},
		{request.AttrLook, e.Look == request.Look{}},
		{request.AttrFinishedAt, e.FinishedAt.IsZero()},
		{request.AttrExpiresAt, e.ExpiresAt.IsZero()},
		{request.AttrError, e.Error == nil},
		{request.AttrAwait, e.Await == request.Await{}},
		{request.AttrThrottledBy, e.ThrottledBy == ""},
		{request.AttrCancelRequested, !e.CancelRequested},
		{request.AttrSlices, e.AddSlices == 0},
		{request.AttrRan, e.AddRan == 0},
		{request.AttrLeaseExpirations, e.AddLeaseExpirations == 0},
		{request.AttrSubscribers, e.Subscribe == "" && len(e.Unsubscribe) == 0},
	} {
		if chosen := maybe(6); chosen && field.free {
			e.Clear = append(e.Clear, field.attribute)
		}
	}
	return c
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }
