package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// A Change is one conditional write to a request: when all guards of If hold, all
// effects of Set happen together, otherwise none. Each transition of a request's
// life is a Change, so a store needs no other write, and nothing happens that Set
// does not name. Apply is its meaning; a store that computes it in its own
// language, such as a DynamoDB update expression, must come to the same row. Such
// a store goes by [Change.Guards] and [Change.Effects], and refuses what it does
// not know.
type Change struct {
	If  Guards
	Set Effects

	// Brief says that who makes the change needs neither the payload nor the result:
	// a store that has them apart from the row may leave out of its answer, and of a
	// ConflictError's, what it would have to read for it.
	Brief bool
}

// Guards are what must hold of the row as it is. A zero guard holds always.
type Guards struct {
	States         []State   // the state is one of these
	Fence          int64     // the fence is this
	DueBy          time.Time // DueAt is not later than this
	LookAt         time.Time // the next look is at this time, to the millisecond
	LookBy         time.Time // there is a look, and it is not later than this
	UnchangedSince time.Time // UpdatedAt is not later than this
	Awaits         string    // the request waits for this signal
	ThrottledBy    string    // the request waits for a permit of this limit
	LacksStep      string    // no step of this name is stored
	Steps          *int      // this many steps and signals are stored
	OutputAt       *int64    // this many chunks are stored; required with Effects.Output
	Rev            int64     // rev is this
	Unaudited      bool      // there is no audit
	RoomFor        string    // this connection subscribes already, or fewer than MaxSubscribers others do

	// Unsupported is a guard that no store knows. The conformance suite holds with
	// it that a store refuses such a change instead of leaving the guard out.
	Unsupported bool
}

// Effects are what becomes of the row. A zero effect leaves its field alone; to
// empty a field, Clear names it. No field may have two effects.
type Effects struct {
	State      State
	DueAt      time.Time
	Look       Look
	UpdatedAt  time.Time
	ClaimedAt  time.Time
	StartedAt  time.Time // unless it has a value
	FinishedAt time.Time
	ExpiresAt  time.Time

	AddFence            int64
	AddRev              int64
	Attempt             int
	AddAttempt          int
	AddSlices           int
	AddLeaseExpirations int
	AddRan              time.Duration

	Worker          string
	CancelRequested bool
	Progress        *Progress
	Checkpoint      json.RawMessage
	OutputMark      int64
	Result          json.RawMessage
	Error           *wire.Error
	Await           Await
	ThrottledBy     string
	History         []wire.Attempt

	Children Children
	Redrives int

	Audit     Audit    // joins the audit, of which there must be one unless the guard Unaudited holds
	DropAudit []string // keys that are removed from it

	Step        *Step    // is added to Steps, or takes the place of the one with its name
	DropStep    string   // is removed from Steps
	Subscribe   string   // a connection id is added to Subscribers
	Unsubscribe []string // connection ids are removed from Subscribers

	// Acquire takes a permit of each limit, after Release has given permits back.
	// Where one has none left the change fails with a *LimitError, and where a guard
	// does not hold either, with a *ConflictError.
	Acquire []Permit
	Release []string
	Output  []json.RawMessage // chunks that are appended at the offset of Guards.OutputAt

	Clear []Attribute // become empty, or zero

	// Unsupported is an effect that no store knows, see Guards.
	Unsupported bool
}

// A Step is a result that is stored under a name.
type Step struct {
	Name   string
	Result json.RawMessage
	At     time.Time // when it was first handed to the store; zero: no time is kept
	Output int64     // how many chunks the run had emitted behind it, if some of them in it; else 0
}

// A ConflictError says that a guard of a Change did not hold. Request is the row
// as it is.
type ConflictError struct {
	Request *Request
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("request is %s at fence %d", e.Request.State, e.Request.Fence)
}

// A LimitError says that a Change could not have a permit: all of the limit's are
// held. Every guard held.
type LimitError struct {
	Permit Permit
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("all %d permits of %s are held", e.Permit.Limit, e.Permit.Name)
}

// Apply changes r when every guard holds, and otherwise leaves it alone and
// returns a *ConflictError with a copy of it. The store counts permits and keeps
// chunks: Apply only notes them in r. It returns the error of Check for a change
// that is not valid.
func (c *Change) Apply(r *Request) error {
	if err := c.Check(); err != nil {
		return err
	}
	for guard := range c.Guards {
		if !guard.holds(r) {
			return &ConflictError{Request: r.Clone()}
		}
	}
	for effect := range c.Effects {
		effect.apply(r)
	}
	return nil
}

// Check returns an error for a change that no store may make: one with a guard or
// an effect of a kind that this version does not know ([errors.ErrUnsupported]),
// with two effects on one field, or with output whose offset is not guarded.
func (c *Change) Check() error {
	for guard := range c.Guards {
		if guard.Kind <= 0 || guard.Kind >= guardKinds {
			return fmt.Errorf("guard of kind %d: %w", guard.Kind, errors.ErrUnsupported)
		}
	}
	if len(c.Set.Output) > 0 && c.If.OutputAt == nil {
		return errors.New("a change with output needs the guard OutputAt")
	}
	type field struct {
		attribute Attribute
		member    string
	}
	seen := make([]field, 0, 16) // more than a change has
	for effect := range c.Effects {
		if effect.Kind <= 0 || effect.Kind >= effectKinds {
			return fmt.Errorf("effect of kind %d: %w", effect.Kind, errors.ErrUnsupported)
		}
		if effect.Kind == Acquire || effect.Kind == Release {
			continue
		}
		clash := func(f field) bool {
			return f.attribute == effect.Attribute && (f.member == "" || effect.Member == "" || f.member == effect.Member)
		}
		if slices.ContainsFunc(seen, clash) {
			return fmt.Errorf("a change has two effects on %s %s", effect.Attribute, effect.Member)
		}
		seen = append(seen, field{effect.Attribute, effect.Member})
	}
	return nil
}
