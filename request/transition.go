package request

import (
	"encoding/json"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// The transitions of a request's life, each one Change:
//
//	QUEUED  ── Claim ───> RUNNING ── Succeed, Fail ──> SUCCEEDED, FAILED
//	QUEUED  ── Cancel ──> CANCELLED <── Cancel ── RUNNING
//	RUNNING ── Renew, AskToCancel ──> RUNNING
//	RUNNING ── Retry, PutBack, Continue, Wait, ExpireLease ──> QUEUED
//	QUEUED  ── Throttle, Resume, Deliver, ResumeParent ──> QUEUED, due later or now
//	any     ── LookAgain ──> the same
//	FAILED  ── Redrive ─> QUEUED
//	final   ── MarkNotified ──> the same
//
// A worker's transitions carry the fence of its claim, so a worker that lost its
// lease can write nothing more, and the time of the write before them, so that
// they take effect in its order or not at all.

// revGap is added to rev when a lease expires. The dead worker may have sent
// progress under revs that it never stored: at most ten a second, so the gap
// covers a day of them, and rev never falls for a client.
const revGap = 1_000_000

// notifyAgainAfter is how long after a request became final the sweep notifies
// its subscribers again, unless the worker that ended it noted that they know.
const notifyAgainAfter = 30 * time.Second

// throttledFor is how long a throttled request waits at most. A released permit
// resumes it sooner; the due time is for the case that whoever released the
// permit died before it did so.
const throttledFor = 5 * time.Minute

// ByWorker adds the guards of a transition by the worker that claimed the request
// with the fence.
func (c Change) ByWorker(fence int64) Change {
	c.If.States, c.If.Fence = []State{Running}, fence
	return c
}

// queued adds to effects those of a request that can be claimed from due on.
func queued(at, due time.Time, e Effects) Effects {
	e.State, e.UpdatedAt, e.DueAt, e.Look = Queued, at, due, Look{LookDispatch, due}
	return e
}

// Claim starts a run of a due request under a lease, with a permit of each limit.
func Claim(at time.Time, lease time.Duration, worker string, acquire []Permit) Change {
	return Change{
		If: Guards{States: []State{Queued}, DueBy: at},
		Set: Effects{State: Running, UpdatedAt: at, DueAt: at.Add(lease), Look: Look{LookLease, at.Add(lease)}, ClaimedAt: at, StartedAt: at,
			AddFence: 1, AddRev: 1, Worker: worker, Acquire: acquire, Clear: []Attribute{AttrThrottledBy}},
	}
}

// KeepLook makes of a claim one that does not move the look, which in DynamoDB's index is
// two writes. It holds for a request that is looked at before the lease ends, as
// one is that was dispatched lately; the sweep then finds it RUNNING, and moves the
// look to the end of the lease. Who claims tries this first, and the claim as it
// is where this meets a QUEUED request that is looked at later, or never.
func (c Change) KeepLook() Change {
	c.If.LookBy, c.Set.Look = c.Set.Look.At, Look{}
	return c
}

// LeaveLook makes of a worker's transition one that does not move the look where r,
// which it has claimed, is looked at by then in any case, or soon after. So a
// renewed lease moves no look, and the end leaves the one of the lease, which is
// removed once the subscribers know. A sweep that looks too early moves it on.
func (c Change) LeaveLook(r *Request) Change {
	if !r.Look.At.IsZero() && !r.Look.At.After(c.Set.Look.At.Add(notifyAgainAfter)) && c.Set.State != Queued {
		c.Set.Look = Look{}
	}
	return c
}

// Renew extends the lease of a running request.
func Renew(at time.Time, lease time.Duration) Change {
	return Change{Set: Effects{UpdatedAt: at, DueAt: at.Add(lease), Look: Look{LookLease, at.Add(lease)}}}
}

// Throttle has a due request that could not have a permit wait for one.
func Throttle(at time.Time, limit string) Change {
	return Change{
		Brief: true,
		If:    Guards{States: []State{Queued}, DueBy: at},
		Set:   queued(at, at.Add(throttledFor), Effects{AddRev: 1, ThrottledBy: limit}),
	}
}

// Resume makes a request due that the limit throttles.
func Resume(at time.Time, limit string) Change {
	return Change{
		Brief: true,
		If:    Guards{States: []State{Queued}, ThrottledBy: limit},
		Set:   queued(at, at, Effects{AddRev: 1, Clear: []Attribute{AttrThrottledBy}}),
	}
}

// LookAgain moves the next look at a request that is as it was seen, its look
// included. The zero look ends the looks.
func LookAgain(r *Request, next Look) Change {
	c := Change{Brief: true, If: Guards{States: []State{r.State}, Fence: r.Fence, LookAt: r.Look.At}, Set: Effects{Look: next}}
	if next == (Look{}) {
		c.Set.Clear = []Attribute{AttrLook}
	}
	return c
}

// Succeed ends a request with its result and the message of its last progress.
func Succeed(at time.Time, retention time.Duration, result json.RawMessage, last string) Change {
	c := finish(at, retention, Succeeded)
	c.Set.Result, c.Set.Progress = result, &Progress{Percentage: 100, Message: last}
	c.Set.Clear = append(c.Set.Clear, AttrError)
	return c
}

// Fail ends a request with an error.
func Fail(at time.Time, retention time.Duration, err *wire.Error) Change {
	c := finish(at, retention, Failed)
	c.Set.Error = err
	return c
}

// Cancel ends a request that was asked to stop.
func Cancel(at time.Time, retention time.Duration, correlationID string) Change {
	c := finish(at, retention, Cancelled)
	c.Set.Error = WireError(Errorf(wire.Cancelled, "the request was cancelled"), correlationID)
	return c
}

func finish(at time.Time, retention time.Duration, to State) Change {
	return Change{Set: Effects{State: to, UpdatedAt: at, FinishedAt: at, ExpiresAt: at.Add(retention),
		Look: Look{LookNotify, at.Add(notifyAgainAfter)}, AddRev: 1, Clear: []Attribute{AttrDueAt, AttrAwait, AttrThrottledBy}}}
}

// AskToCancel asks the worker of a running request to stop.
func AskToCancel() Change {
	return Change{If: Guards{States: []State{Running}}, Set: Effects{CancelRequested: true}}
}

// Retry queues the next attempt, due after the wait.
func Retry(at time.Time, wait time.Duration, err *wire.Error) Change {
	return Change{Set: queued(at, at.Add(wait), Effects{AddRev: 1, AddAttempt: 1, Error: err,
		Clear: []Attribute{AttrAwait}})}
}

// PutBack queues the same attempt again, due after the wait, with the signal that it
// waited for.
func PutBack(at time.Time, wait time.Duration, err *wire.Error) Change {
	return Change{Set: queued(at, at.Add(wait), Effects{AddRev: 1, Error: err})}
}

// Continue queues the next slice, due after the wait.
func Continue(at time.Time, wait time.Duration) Change {
	return Change{Set: queued(at, at.Add(wait), Effects{AddRev: 1, AddSlices: 1, Clear: []Attribute{AttrAwait}})}
}

// Wait queues a request until a signal that has not arrived yet.
func Wait(at time.Time, await Await) Change {
	return Change{
		If:  Guards{LacksStep: SignalStep(await.Token)},
		Set: queued(at, await.Until, Effects{AddRev: 1, AddSlices: 1, Await: await}),
	}
}

// Deliver stores a signal and makes the request due that waits for it.
func Deliver(at time.Time, signal Step, token string) Change {
	signal.At = at
	return Change{
		If:  Guards{States: []State{Queued}, Awaits: token, LacksStep: signal.Name},
		Set: queued(at, at, Effects{AddRev: 1, Step: &signal, Clear: []Attribute{AttrAwait, AttrThrottledBy}}),
	}
}

// Redrive queues a failed request for a new first attempt, from its last
// checkpoint and with its steps.
func Redrive(r *Request, at time.Time) Change {
	return Change{
		If: Guards{States: []State{Failed}, Fence: r.Fence},
		Set: queued(at, at, Effects{AddRev: 1, Attempt: 1, Redrives: r.Redrives + 1,
			Clear: []Attribute{AttrSlices, AttrLeaseExpirations, AttrRan, AttrCancelRequested, AttrError, AttrFinishedAt, AttrExpiresAt}}),
	}
}

// ExpireLease takes an expired lease away and queues the request again.
func ExpireLease(at time.Time) Change {
	return Change{Brief: true, If: Guards{DueBy: at}, Set: queued(at, at, Effects{AddRev: revGap, AddLeaseExpirations: 1})}
}

// AfterLease makes of a transition to a final state one that ends a request whose
// lease has expired.
func (c Change) AfterLease(at time.Time) Change {
	c.If.DueBy, c.Set.AddRev, c.Brief = at, revGap, true
	return c
}

// MarkNotified notes that every subscriber of a final request knows how it ended.
func MarkNotified(r *Request) Change {
	return Change{
		Brief: true,
		If:    Guards{States: []State{r.State}, Fence: r.Fence},
		Set:   Effects{Clear: []Attribute{AttrLook, AttrSubscribers}},
	}
}

// Subscribe adds a connection to those that get the request's live frames, unless
// MaxSubscribers others do.
func Subscribe(connection string) Change {
	return Change{If: Guards{RoomFor: connection}, Set: Effects{Subscribe: connection}}
}

// Unsubscribe removes a connection.
func Unsubscribe(connection string) Change {
	return Change{Set: Effects{Unsubscribe: []string{connection}}}
}

// StoreStep adds a step or a signal that the request has not got yet.
func StoreStep(at time.Time, step Step) Change {
	step.At = at
	return Change{If: Guards{LacksStep: step.Name}, Set: Effects{Step: &step}}
}
