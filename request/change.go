package request

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// A Change is one conditional write to a request: guards that must hold, and
// effects that happen all together or not at all. Every step of a request's
// life is a Change, so a store needs no other write. Apply is its meaning; a
// store that computes it in its own language, such as a DynamoDB update
// expression, must come to the same row.
type Change struct {
	// Guards. A zero guard holds always.
	From  []State   // the state is one of these
	Fence int64     // the fence is this
	DueBy time.Time // DueAt is not later than this
	Await string    // the request waits for this signal
	Lacks string    // no step of this name is recorded
	Block string    // the request is blocked by this slot

	UnchangedSince time.Time // UpdatedAt is not later than this

	// Effects. A zero effect leaves its field alone, unless said otherwise.
	At          time.Time         // becomes UpdatedAt; required with To, where a final one makes it FinishedAt
	To          State             // a final state clears DueAt unless the change sets it; QUEUED clears FinishedAt and ExpiresAt
	DueAt       time.Time         //
	Settled     bool              // clears DueAt and Subscribers: they were told
	Start       bool              // sets ClaimedAt to At, and StartedAt unless it has a value
	AddFence    int64             //
	AddRev      int64             //
	AddAttempt  int               //
	AddSlice    int               //
	AddLost     int               //
	AddRan      time.Duration     //
	Worker      string            //
	Cancel      bool              // sets CancelRequested
	Progress    *Progress         // replaces all of it
	Checkpoint  json.RawMessage   // sets OutputMark too, and Lost to 0: the work moves
	OutputMark  int64             // with Checkpoint
	Result      json.RawMessage   //
	Error       *wire.Error       // To SUCCEEDED clears it
	ExpiresAt   time.Time         //
	Step        *Step             // records a step's result
	Park        Await             // with To: sets Await, which every other To but RUNNING clears
	Blocked     string            // with To: sets Blocked, which every other To clears
	History     []wire.Attempt    // replaces all of it, when not nil
	Redrive     bool              // sets Attempt to 1 and Slices and Lost and Ran to 0, clears CancelRequested and Error
	Acquire     []Slot            // takes a place of each; a guard too: there is one, or else *LimitError
	Release     []string          // gives places back
	Output      []json.RawMessage // appends chunks of output; a guard too: Output is OutputAt
	OutputAt    int64
	Subscribe   string   // adds a connection id; a guard too: there are fewer than MaxSubscribers others
	Unsubscribe []string // removes connection ids
}

// A Step is a result that is recorded under a name.
type Step struct {
	Name   string
	Result json.RawMessage
}

// A ConflictError says that a guard of a Change did not hold. Request is the row
// as it is.
type ConflictError struct {
	Request *Request
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("request is %s at fence %d", e.Request.State, e.Request.Fence)
}

// A LimitError says that a Change could not have a place: all of the slot's are
// taken. Every other guard held.
type LimitError struct {
	Slot Slot
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("all %d places of %s are taken", e.Slot.Limit, e.Slot.Name)
}

// Apply changes r when every guard holds, and otherwise leaves it alone and
// returns a *ConflictError with a copy of it. Places are the store's to count
// and chunks are the store's to keep: Apply only notes them in r.
func (c Change) Apply(r *Request) error {
	if !c.holds(r) {
		return &ConflictError{Request: r.Clone()}
	}
	if !c.At.IsZero() {
		r.UpdatedAt = c.At
	}
	if c.To != "" {
		r.State = c.To
		r.Blocked = c.Blocked
		if c.To != Running {
			r.Await = c.Park
		}
		switch {
		case c.To.Final():
			r.DueAt = time.Time{}
			r.FinishedAt = c.At
			if c.To == Succeeded {
				r.Error = nil
			}
		case c.To == Queued:
			r.FinishedAt = time.Time{}
			r.ExpiresAt = time.Time{}
		}
	}
	if !c.DueAt.IsZero() {
		r.DueAt = c.DueAt
	}
	if c.Settled {
		r.DueAt, r.Subscribers = time.Time{}, nil
	}
	if c.Start {
		r.ClaimedAt = c.At
		if r.StartedAt.IsZero() {
			r.StartedAt = c.At
		}
	}
	if c.Redrive {
		r.Attempt, r.Slices, r.Lost, r.Ran = 1, 0, 0, 0
		r.CancelRequested, r.Error = false, nil
	}
	r.Fence += c.AddFence
	r.Rev += c.AddRev
	r.Attempt += c.AddAttempt
	r.Slices += c.AddSlice
	r.Lost += c.AddLost
	r.Ran += c.AddRan
	if c.Worker != "" {
		r.Worker = c.Worker
	}
	if c.Cancel {
		r.CancelRequested = true
	}
	if c.Progress != nil {
		r.Progress = *c.Progress
	}
	if c.Checkpoint != nil {
		r.Checkpoint, r.OutputMark = c.Checkpoint, c.OutputMark
		r.Lost = 0
	}
	if c.Result != nil {
		r.Result = c.Result
	}
	if c.Error != nil {
		r.Error = c.Error
	}
	if !c.ExpiresAt.IsZero() {
		r.ExpiresAt = c.ExpiresAt
	}
	if c.Step != nil {
		r.Steps = maps.Clone(r.Steps)
		if r.Steps == nil {
			r.Steps = map[string]json.RawMessage{}
		}
		r.Steps[c.Step.Name] = c.Step.Result
	}
	if c.History != nil {
		r.History = c.History
	}
	if len(c.Release) > 0 {
		r.Slots = slices.DeleteFunc(slices.Clone(r.Slots), func(name string) bool { return slices.Contains(c.Release, name) })
	}
	for _, slot := range c.Acquire {
		r.Slots = append(slices.Clone(r.Slots), slot.Name)
	}
	r.Output += int64(len(c.Output))
	if c.Subscribe != "" && !slices.Contains(r.Subscribers, c.Subscribe) {
		r.Subscribers = append(slices.Clone(r.Subscribers), c.Subscribe)
	}
	if len(c.Unsubscribe) > 0 {
		r.Subscribers = slices.DeleteFunc(slices.Clone(r.Subscribers), func(id string) bool {
			return slices.Contains(c.Unsubscribe, id)
		})
	}
	return nil
}

func (c Change) holds(r *Request) bool {
	switch {
	case len(c.From) > 0 && !slices.Contains(c.From, r.State),
		c.Fence != 0 && c.Fence != r.Fence,
		!c.DueBy.IsZero() && r.DueAt.After(c.DueBy),
		!c.UnchangedSince.IsZero() && r.UpdatedAt.After(c.UnchangedSince),
		c.Await != "" && c.Await != r.Await.Token,
		c.Lacks != "" && r.Steps[c.Lacks] != nil,
		c.Block != "" && c.Block != r.Blocked,
		len(c.Output) > 0 && c.OutputAt != r.Output,
		c.Subscribe != "" && len(r.Subscribers) >= MaxSubscribers && !slices.Contains(r.Subscribers, c.Subscribe):
		return false
	}
	return true
}
