package streamer

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
//	RUNNING ── retry, resume, lose ──> QUEUED
//	final   ── settle ─> the same: its subscribers were told
//
// A worker's steps carry the fence of its claim, so a worker that lost its
// lease can write nothing more.

// revGap is added to rev when a lease is lost. The dead worker may have sent
// progress under revs that it never stored: at most ten a second, so the gap
// covers a day of them, and rev never falls for a client.
const revGap = 1_000_000

func (c Change) from(states ...State) Change {
	c.From = states
	return c
}

// by makes c a step of the worker that holds the fence.
func (c Change) by(fence int64) Change {
	c.From, c.Fence = []State{Running}, fence
	return c
}

func claim(at time.Time, lease time.Duration, worker string) Change {
	return Change{From: []State{Queued}, DueBy: at, At: at, To: Running, DueAt: at.Add(lease),
		Start: true, AddFence: 1, AddRev: 1, Worker: worker}
}

func succeeded(at time.Time, retention time.Duration, result json.RawMessage, last string) Change {
	return Change{At: at, To: Succeeded, DueAt: at.Add(settleAfter), AddRev: 1, Result: result, ExpiresAt: at.Add(retention),
		Progress: &Progress{Percentage: 100, Message: last}}
}

func failed(at time.Time, retention time.Duration, err *wire.Error) Change {
	return Change{At: at, To: Failed, DueAt: at.Add(settleAfter), AddRev: 1, Error: err, ExpiresAt: at.Add(retention)}
}

func cancelled(at time.Time, retention time.Duration, correlationID string) Change {
	err := WireError(Errorf(wire.Cancelled, "the request was cancelled"), correlationID)
	return Change{At: at, To: Cancelled, DueAt: at.Add(settleAfter), AddRev: 1, Error: err, ExpiresAt: at.Add(retention)}
}

// retried queues the next attempt for later.
func retried(at time.Time, wait time.Duration, err *wire.Error) Change {
	return Change{At: at, To: Queued, DueAt: at.Add(wait), AddRev: 1, AddAttempt: 1, Error: err}
}

// resumed queues the next slice for now.
func resumed(at time.Time, checkpoint json.RawMessage) Change {
	return Change{At: at, To: Queued, DueAt: at, AddRev: 1, AddSlice: 1, Checkpoint: checkpoint}
}

// lost takes an expired lease away and queues the request again.
func lost(at time.Time) Change {
	return Change{DueBy: at, At: at, To: Queued, DueAt: at, AddRev: revGap, AddLost: 1}
}
