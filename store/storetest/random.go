package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

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
		e.Step = &request.Step{Name: pick(rng, "s-1", "s-2", "s-3"), Result: raw(), At: pick(rng, time.Time{}, at.Add(1234)),
			Output: pick(rng, 0, int64(7))}
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
		e.History = append(e.History, wire.Attempt{Number: rng.IntN(5), StartedAt: at, EndedAt: at.Add(1234), Code: wire.Timeout, Worker: "w",
			Cause: wire.Cause{Message: pick(rng, "", "half <way> ☂"), Kind: pick(rng, "", wire.KindPanic)}})
	}
	g.Unaudited = maybe(8)
	if g.Unaudited && maybe(2) || have != nil && len(have.Audit) > 0 && maybe(6) {
		e.Audit = request.Audit{pick(rng, "1", "2", "3"): {Event: wire.EventSignal, By: pick(rng, "ada", "<o&o>"), Tenant: pick(rng, "", "ops"),
			At: at.Add(1234)}}
		if !g.Unaudited && maybe(2) {
			e.DropAudit = []string{pick(rng, "4", "never-there")}
		}
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
	if maybe(8) && have != nil {
		g.Steps = new(len(have.Steps) + rng.IntN(2))
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
