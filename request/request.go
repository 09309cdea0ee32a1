package request

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// What one request may hold. Together they stay below the 400 KB of a DynamoDB
// item (Amazon DynamoDB Developer Guide, "Constraints").
const (
	MaxPayload      = 128 << 10 // bytes of a payload
	MaxResult       = 192 << 10 // bytes of a result
	MaxCheckpoint   = 32 << 10  // bytes of a checkpoint
	MaxMetadata     = 4 << 10   // bytes of metadata, of the request and of a progress
	MaxMessageText  = 1 << 10   // bytes of a progress message
	MaxErrorText    = 1 << 10   // bytes of an error's message
	MaxErrorDetails = 4 << 10   // bytes of an error's details
	MaxSubscribers  = 100       // connections that watch one request
	MaxStepResult   = 16 << 10  // bytes of one step's result or signal
	MaxSteps        = 24 << 10  // bytes of all of a request's step names and results
	MaxHistory      = 20        // ended attempts that are remembered, the newest
	MaxChunk        = 16 << 10  // bytes of one chunk of output
	MaxOutput       = 10_000    // chunks of output
)

// MaxAhead is how far ahead a message may ask a request to start.
const MaxAhead = 365 * 24 * time.Hour

// A Key names a request. Tenant and subject are part of it, so no principal can
// so much as name another's.
type Key struct {
	Tenant  string `json:"tenant"`
	Subject string `json:"subject"`
	ID      string `json:"id"`
}

// NewID makes a request id that cannot be guessed.
func NewID() string { return "req_" + strings.ToLower(rand.Text()) }

// A State is where a request stands; transition.go has the ways between them.
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
	NotBefore     time.Time // when it may start, as its message said; zero when it did not
	CorrelationID string    // of the message that created it; in every log line and error of it

	State State
	Rev   int64 // rises with every change that a client can see
	Fence int64 // 1 at first, and rises with every claim; a write must name the one it claimed

	DueAt time.Time // from when a QUEUED request may be claimed, and when the lease of a RUNNING one ends; zero when final
	Look  Look      // when the sweep looks at it next

	Attempt          int           // the current attempt, from 1; a redrive begins anew
	Slices           int           // how often it was continued in another invocation
	LeaseExpirations int           // leases that expired since the last checkpoint
	Ran              time.Duration // time spent working, all attempts and slices together
	Worker           string        // who claimed it last, for operators
	CancelRequested  bool

	Progress   Progress
	Checkpoint json.RawMessage // what the action left for its next slice or attempt

	// Steps are the results of finished steps, by name, and the signals that
	// arrived, under SignalStep. Each is written once.
	Steps      map[string]json.RawMessage
	StepTimes  map[string]time.Time // when each was stored; one that an earlier version stored has none
	StepOutput map[string]int64     // how much output there was behind each that emitted some
	Await      Await                // the signal that a queued request waits for; zero when there is none
	History    []wire.Attempt       // ended attempts, oldest first, at most MaxHistory
	Audit      Audit                // who cancelled, redrove and signalled it
	Output     int64                // how many chunks of output are stored
	OutputMark int64                // how many the action had emitted at Checkpoint

	Parent   Parent   // the request that started it; zero for one that a client did
	Children Children // those that it started last
	Redrives int      // how often it was redriven

	Priority    Priority // among those that wait for one limit
	Permits     []string // those that it holds, by name
	ThrottledBy string   // the limit whose permit a queued request waits for, or ""

	Result json.RawMessage // byte for byte, when SUCCEEDED
	Error  *wire.Error     // the last failure; nil when SUCCEEDED

	Subscribers []string // connection ids that get live frames

	CreatedAt  time.Time
	UpdatedAt  time.Time
	StartedAt  time.Time // of the first attempt; zero before
	ClaimedAt  time.Time // by Worker; zero before
	FinishedAt time.Time // zero until final
	ExpiresAt  time.Time // when a final request may be deleted; zero until final
}

// A Priority is a request's rank among those that wait for the same limit.
type Priority int

// The priorities.
const (
	Low    Priority = -1
	Normal Priority = 0
	High   Priority = 1
)

// A Chunk is a piece of a request's output.
type Chunk struct {
	Offset int64           // its place, from 0
	Data   json.RawMessage // byte for byte
}

// Await is a signal that a request waits for.
type Await struct {
	Token string
	Until time.Time // when the waiting ends without it
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
	c.Permits = slices.Clone(r.Permits)
	c.Steps = maps.Clone(r.Steps)
	c.StepTimes = maps.Clone(r.StepTimes)
	c.StepOutput = maps.Clone(r.StepOutput)
	c.Audit = maps.Clone(r.Audit)
	return &c
}

// StepBytes is how many bytes of MaxSteps the names and results of steps and signals have.
func (r *Request) StepBytes() int {
	size := 0
	for name, result := range r.Steps {
		size += len(name) + len(result)
	}
	return size
}

// Expired reports whether the retention time of a final request is over. A store
// may keep the row a while longer.
func (r *Request) Expired(now time.Time) bool {
	return !r.ExpiresAt.IsZero() && !now.Before(r.ExpiresAt)
}
