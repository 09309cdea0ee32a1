package streamer

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// What one request may hold. Together they stay below the 400 KB of a DynamoDB
// item (Amazon DynamoDB Developer Guide, "Constraints").
const (
	MaxPayload     = 128 << 10 // bytes of a payload
	MaxResult      = 192 << 10 // bytes of a result
	MaxCheckpoint  = 32 << 10  // bytes of a checkpoint
	MaxMetadata    = 4 << 10   // bytes of metadata, of the request and of a progress
	MaxMessageText = 1 << 10   // bytes of a progress message
	MaxSubscribers = 100       // connections that watch one request
)

// A Key names a request. Tenant and subject are part of it, so no principal can
// so much as name another's.
type Key struct {
	Tenant  string `json:"tenant"`
	Subject string `json:"subject"`
	ID      string `json:"id"`
}

// A State is where a request stands. See Change for the steps between them.
type State string

// The states. The last three are final.
const (
	Queued    State = wire.StateQueued
	Running   State = wire.StateRunning
	Succeeded State = wire.StateSucceeded
	Failed    State = wire.StateFailed
	Cancelled State = wire.StateCancelled
)

// Final reports whether a request in this state has ended.
func (s State) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// ParseState returns the state that s spells.
func ParseState(s string) (State, error) {
	switch state := State(s); state {
	case Queued, Running, Succeeded, Failed, Cancelled:
		return state, nil
	}
	return "", Errorf(wire.ValidationError, "unknown state %q: use QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED", s)
}

// A Request is a long action's durable record: the truth about it. The worker
// that holds its lease is the only one that changes it while it is RUNNING,
// except for CancelRequested and Subscribers.
type Request struct {
	Key
	Action        string
	Payload       json.RawMessage // as sent, byte for byte
	Metadata      map[string]string
	CorrelationID string // of the message that created it; in every log line and error of it

	State State
	Rev   int64 // rises with every change that a client can see
	Fence int64 // rises with every claim; a write must name the one it claimed

	// DueAt is when somebody may act: when QUEUED, the time from which it may be
	// claimed; when RUNNING, the time at which the lease ends; when final, the
	// time from which its subscribers are told again, and zero once they know.
	DueAt time.Time

	Attempt         int           // the current attempt, from 1
	Slices          int           // how often it was continued in another invocation
	Lost            int           // leases that ended without a word since the last checkpoint
	Ran             time.Duration // time spent working, all attempts and slices together
	Worker          string        // who claimed it last, for operators
	CancelRequested bool

	Progress   Progress
	Checkpoint json.RawMessage // what the action left for its next slice or attempt
	Result     json.RawMessage // byte for byte, when SUCCEEDED
	Error      *wire.Error     // the last failure; nil when SUCCEEDED

	Subscribers []string // connection ids that get live frames

	CreatedAt  time.Time
	UpdatedAt  time.Time
	StartedAt  time.Time // of the first attempt; zero before
	FinishedAt time.Time // zero until final
	ExpiresAt  time.Time // when a final request may be forgotten; zero until final
}

// Progress is how far a request is.
type Progress struct {
	Percentage float64         // 0 to 100
	Message    string          // for a person
	Metadata   json.RawMessage // a JSON object for a program, or nil
}

// Clone returns a copy that shares nothing that a Change could alter.
func (r *Request) Clone() *Request {
	c := *r
	c.Subscribers = slices.Clone(r.Subscribers)
	return &c
}

// expired reports whether the retention time of a final request is over. A store
// may keep the row a while longer.
func (r *Request) expired(now time.Time) bool {
	return !r.ExpiresAt.IsZero() && !now.Before(r.ExpiresAt)
}

// Snapshot is the request as its owner sees it. A result that no frame can carry
// is given by reference when byRef is set, and in full otherwise.
func (r *Request) Snapshot(byRef bool) *wire.Snapshot {
	s := &wire.Snapshot{
		ID:         r.ID,
		Action:     r.Action,
		State:      string(r.State),
		Percentage: r.Progress.Percentage,
		Message:    r.Progress.Message,
		Metadata:   r.Progress.Metadata,
		Result:     r.Result,
		Error:      r.Error,
		Attempts:   r.Attempt,
		Rev:        r.Rev,
		Cancelling: r.State == Running && r.CancelRequested,
		CreatedAt:  r.CreatedAt,
		UpdatedAt:  r.UpdatedAt,
		StartedAt:  optionalTime(r.StartedAt),
		FinishedAt: optionalTime(r.FinishedAt),
	}
	if r.State == Queued && r.DueAt.After(r.UpdatedAt) {
		s.DueAt = optionalTime(r.DueAt)
	}
	if byRef && len(r.Result) > maxInFrame {
		s.Result, s.ResultRef = nil, ResultPath(r.ID)
	}
	return s
}

// summary is the request as an element of a list: without its result.
func (r *Request) summary() wire.Snapshot {
	s := r.Snapshot(false)
	s.Result = nil
	return *s
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// maxInFrame leaves 8 KiB of the 128 KiB that one @connections message may have
// for what surrounds the result (API Gateway quotas, "WebSocket message payload
// size").
const maxInFrame = 120 << 10

// ResultPath is the path, below the HTTP API's root, where a request is read.
func ResultPath(id string) string { return "/requests/" + id }
