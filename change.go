package streamer

import (
	"encoding/json"
	"fmt"
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

	// Effects. A zero effect leaves its field alone, unless said otherwise.
	At          time.Time       // becomes UpdatedAt; required with To, where a final one makes it FinishedAt
	To          State           // a final state clears DueAt unless the change sets it; QUEUED clears FinishedAt and ExpiresAt
	DueAt       time.Time       //
	Settled     bool            // clears DueAt and Subscribers: they were told
	Start       bool            // sets StartedAt to At unless it has a value
	AddFence    int64           //
	AddRev      int64           //
	AddAttempt  int             //
	AddSlice    int             //
	AddLost     int             //
	AddRan      time.Duration   //
	Worker      string          //
	Cancel      bool            // sets CancelRequested
	Progress    *Progress       // replaces all of it
	Checkpoint  json.RawMessage // also sets Lost to 0: the work moves
	Result      json.RawMessage //
	Error       *wire.Error     // To SUCCEEDED clears it
	ExpiresAt   time.Time       //
	Subscribe   string          // adds a connection id; a guard too: there are fewer than MaxSubscribers others
	Unsubscribe []string        // removes connection ids
}

// A ConflictError says that a guard of a Change did not hold. Request is the row
// as it is.
type ConflictError struct {
	Request *Request
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("request is %s at fence %d", e.Request.State, e.Request.Fence)
}

// Apply changes r when every guard holds, and otherwise leaves it alone and
// returns a *ConflictError with a copy of it.
func (c Change) Apply(r *Request) error {
	if !c.holds(r) {
		return &ConflictError{Request: r.Clone()}
	}
	if !c.At.IsZero() {
		r.UpdatedAt = c.At
	}
	if c.To != "" {
		r.State = c.To
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
	if c.Start && r.StartedAt.IsZero() {
		r.StartedAt = c.At
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
		r.Checkpoint = c.Checkpoint
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
		c.Subscribe != "" && len(r.Subscribers) >= MaxSubscribers && !slices.Contains(r.Subscribers, c.Subscribe):
		return false
	}
	return true
}
