package request

import (
	"encoding/json"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// The steps of a request's life, each one Change:
//
//	QUEUED  ── claim ──> RUNNING ── succeed, fail ──> SUCCEEDED, FAILED
//	QUEUED  ── cancel ─> CANCELLED <── cancel ── RUNNING
//	RUNNING ── keep ───> RUNNING       heartbeat: lease, progress, checkpoint
//	RUNNING ── retry, resume, lose, park ──> QUEUED
//	QUEUED  ── block, wake, signal ──> QUEUED, due later or now
//	QUEUED  ── ring ───> QUEUED        the sweep rang for it once more
//	FAILED  ── redrive ─> QUEUED
//	final   ── settle ─> the same: its subscribers were told
//
// A worker's steps carry the fence of its claim, so a worker that lost its
// lease can write nothing more, and the time of the write before them, so that
// they take effect in its order or not at all.

// revGap is added to rev when a lease is lost. The dead worker may have sent
// progress under revs that it never stored: at most ten a second, so the gap
// covers a day of them, and rev never falls for a client.
const RevGap = 1_000_000

// settleAfter is how long after a request became final its subscribers are told
// again, unless the one who ended it has settled that. A crash between the two
// leaves nobody waiting: the sweep tells them.
const settleAfter = 30 * time.Second

func (c Change) InState(states ...State) Change {
	c.From = states
	return c
}

// by makes c a step of the worker that holds the fence.
func (c Change) ByWorker(fence int64) Change {
	c.From, c.Fence = []State{Running}, fence
	return c
}

func Claim(at time.Time, lease time.Duration, worker string, acquire []Slot) Change {
	return Change{From: []State{Queued}, DueBy: at, At: at, To: Running, DueAt: at.Add(lease),
		Start: true, AddFence: 1, AddRev: 1, Worker: worker, Acquire: acquire}
}

// blocked keeps a request that could not have a place out of the way. Whoever
// gives a place back wakes the next; the due time is for the case that it dies
// before it does.
func Throttle(at time.Time, slot string) Change {
	return Change{From: []State{Queued}, DueBy: at, At: at, To: Queued, DueAt: at.Add(blockedFor), AddRev: 1, Blocked: slot}
}

const blockedFor = 5 * time.Minute

// woken makes a blocked request due.
func Resume(at time.Time, slot string) Change {
	return Change{From: []State{Queued}, Block: slot, At: at, To: Queued, DueAt: at, AddRev: 1}
}

// rung leaves a due request as the sweep saw it, but for UpdatedAt, which is
// after DueAt then. No other step comes to that.
func MarkDispatched(at, seen time.Time) Change {
	return Change{From: []State{Queued}, DueBy: at, UnchangedSince: seen, At: at}
}

func Succeed(at time.Time, retention time.Duration, result json.RawMessage, last string) Change {
	return Change{At: at, To: Succeeded, DueAt: at.Add(settleAfter), AddRev: 1, Result: result, ExpiresAt: at.Add(retention),
		Progress: &Progress{Percentage: 100, Message: last}}
}

func Fail(at time.Time, retention time.Duration, err *wire.Error) Change {
	return Change{At: at, To: Failed, DueAt: at.Add(settleAfter), AddRev: 1, Error: err, ExpiresAt: at.Add(retention)}
}

func Cancel(at time.Time, retention time.Duration, correlationID string) Change {
	err := WireError(Errorf(wire.Cancelled, "the request was cancelled"), correlationID)
	return Change{At: at, To: Cancelled, DueAt: at.Add(settleAfter), AddRev: 1, Error: err, ExpiresAt: at.Add(retention)}
}

// retried queues the next attempt for later.
func Retry(at time.Time, wait time.Duration, err *wire.Error) Change {
	return Change{At: at, To: Queued, DueAt: at.Add(wait), AddRev: 1, AddAttempt: 1, Error: err}
}

// resumed queues the next slice.
func Continue(at time.Time, wait time.Duration) Change {
	return Change{At: at, To: Queued, DueAt: at.Add(wait), AddRev: 1, AddSlice: 1}
}

// parked queues a request until a signal that has not arrived yet.
func Wait(at time.Time, await Await) Change {
	return Change{At: at, To: Queued, DueAt: await.Until, AddRev: 1, AddSlice: 1, Park: await, Lacks: SignalStep(await.Token)}
}

// signalled records a signal and wakes the request that waits for it.
func Deliver(at time.Time, signal Step, token string) Change {
	return Change{From: []State{Queued}, Await: token, Lacks: signal.Name, At: at, To: Queued, DueAt: at, AddRev: 1, Step: &signal}
}

// redriven queues a failed request for a new first attempt, from its last
// checkpoint.
func Redrive(at time.Time) Change {
	return Change{From: []State{Failed}, At: at, To: Queued, DueAt: at, AddRev: 1, Redrive: true}
}

// lost takes an expired lease away and queues the request again.
func ExpireLease(at time.Time) Change {
	return Change{DueBy: at, At: at, To: Queued, DueAt: at, AddRev: RevGap, AddLost: 1}
}
