package request

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// A Guard is one guard of a change, as a store reads it.
type Guard struct {
	Attribute Attribute
	Kind      GuardKind
	Member    string // of those kinds that say so
	Value     any
}

// A GuardKind says what must hold of a guard's attribute. A store refuses a kind
// that it does not know.
type GuardKind int

// The kinds of guards.
const (
	_           GuardKind = iota
	OneOf                 // it is one of Value, a []State
	Equals                // it is Value, an int64, a string or, to the millisecond, a time.Time; or, with a Member, its member is
	Absent                // it is empty
	NotAfter              // it is not later than Value, a time.Time, or there is none
	Within                // it is not later than Value, a time.Time, and there is one
	LacksMember           // it has no Member
	HasRoom               // it has the Member already, or fewer members than Value, an int
	Counts                // it has Value, an int, members

	guardKinds
)

// Guards yields each guard that is set: range over it, without a call, so that Go keeps
// what the loop uses on the stack.
func (c *Change) Guards(yield func(Guard) bool) {
	g := &c.If
	_ = (len(g.States) == 0 || yield(Guard{AttrState, OneOf, "", g.States})) &&
		(g.Fence == 0 || yield(Guard{AttrFence, Equals, "", g.Fence})) &&
		(g.DueBy.IsZero() || yield(Guard{AttrDueAt, NotAfter, "", g.DueBy})) &&
		(g.LookAt.IsZero() || yield(Guard{AttrLook, Equals, "", g.LookAt})) &&
		(g.LookBy.IsZero() || yield(Guard{AttrLook, Within, "", g.LookBy})) &&
		(g.UnchangedSince.IsZero() || yield(Guard{AttrUpdatedAt, NotAfter, "", g.UnchangedSince})) &&
		(g.Awaits == "" || yield(Guard{AttrAwait, Equals, "token", g.Awaits})) &&
		(g.ThrottledBy == "" || yield(Guard{AttrThrottledBy, Equals, "", g.ThrottledBy})) &&
		(g.LacksStep == "" || yield(Guard{AttrSteps, LacksMember, g.LacksStep, nil})) &&
		(g.Steps == nil || yield(Guard{AttrSteps, Counts, "", *g.Steps})) &&
		(g.Rev == 0 || yield(Guard{AttrRev, Equals, "", g.Rev})) &&
		(!g.Unaudited || yield(Guard{AttrAudit, Absent, "", nil})) &&
		(g.RoomFor == "" || yield(Guard{AttrSubscribers, HasRoom, g.RoomFor, MaxSubscribers})) &&
		(!g.Unsupported || yield(Guard{})) &&
		(g.OutputAt == nil || yield(Guard{AttrOutput, Equals, "", *g.OutputAt}))
}

func (g Guard) holds(r *Request) bool {
	switch g.Attribute {
	case AttrState:
		return slices.Contains(g.Value.([]State), r.State)
	case AttrFence:
		return r.Fence == g.Value
	case AttrDueAt:
		return !r.DueAt.After(g.Value.(time.Time))
	case AttrLook:
		if g.Kind == Within {
			return !r.Look.At.IsZero() && !r.Look.At.After(g.Value.(time.Time))
		}
		return r.Look.At.UnixMilli() == g.Value.(time.Time).UnixMilli()
	case AttrUpdatedAt:
		return !r.UpdatedAt.After(g.Value.(time.Time))
	case AttrAwait:
		return r.Await.Token == g.Value
	case AttrThrottledBy:
		return r.ThrottledBy == g.Value
	case AttrSteps:
		if g.Kind == Counts {
			return len(r.Steps) == g.Value
		}
		return r.Steps[g.Member] == nil
	case AttrSubscribers:
		return len(r.Subscribers) < g.Value.(int) || slices.Contains(r.Subscribers, g.Member)
	case AttrOutput:
		return r.Output == g.Value
	case AttrRev:
		return r.Rev == g.Value
	case AttrAudit:
		return len(r.Audit) == 0
	}
	return false
}

// An Effect is one effect of a change, as a store reads it.
type Effect struct {
	Attribute Attribute
	Kind      EffectKind
	Member    string // of PutMember and DropMember
	Value     any
}

// An EffectKind says what becomes of an effect's attribute. A store refuses a
// kind that it does not know.
type EffectKind int

// The kinds of effects.
const (
	_          EffectKind = iota
	Assign                // it becomes Value, of the type of the Request's field; a zero one empties it
	AssignOnce            // it becomes Value, a time.Time, unless it has a value
	Increase              // it grows by Value, an int64
	PutMember             // its Member becomes Value, a Step or wire.AuditEntry; of Subscribers, nil
	DropMember            // it has no such Member any more
	Acquire               // permits join it: Value, a []Permit; see Effects
	Release               // permits leave it: Value, their names, a []string
	Append                // it grows by the length of Value, a []json.RawMessage, which is stored beside the row

	effectKinds
)

// Effects yields each effect that is set, Release before Acquire: range over it as over
// Guards.
func (c *Change) Effects(yield func(Effect) bool) {
	_ = c.Set.eachTime(yield) && c.Set.eachNumber(yield) && c.eachValue(yield) && c.eachMember(yield)
}

func (e *Effects) eachTime(yield func(Effect) bool) bool {
	return (e.DueAt.IsZero() || yield(Effect{AttrDueAt, Assign, "", e.DueAt})) &&
		(e.Look.At.IsZero() || yield(Effect{AttrLook, Assign, "", e.Look})) &&
		(e.UpdatedAt.IsZero() || yield(Effect{AttrUpdatedAt, Assign, "", e.UpdatedAt})) &&
		(e.ClaimedAt.IsZero() || yield(Effect{AttrClaimedAt, Assign, "", e.ClaimedAt})) &&
		(e.StartedAt.IsZero() || yield(Effect{AttrStartedAt, AssignOnce, "", e.StartedAt})) &&
		(e.FinishedAt.IsZero() || yield(Effect{AttrFinishedAt, Assign, "", e.FinishedAt})) &&
		(e.ExpiresAt.IsZero() || yield(Effect{AttrExpiresAt, Assign, "", e.ExpiresAt}))
}

func (e *Effects) eachNumber(yield func(Effect) bool) bool {
	return (e.AddFence == 0 || yield(Effect{AttrFence, Increase, "", e.AddFence})) &&
		(e.AddRev == 0 || yield(Effect{AttrRev, Increase, "", e.AddRev})) &&
		(e.Attempt == 0 || yield(Effect{AttrAttempt, Assign, "", e.Attempt})) &&
		(e.AddAttempt == 0 || yield(Effect{AttrAttempt, Increase, "", int64(e.AddAttempt)})) &&
		(e.AddSlices == 0 || yield(Effect{AttrSlices, Increase, "", int64(e.AddSlices)})) &&
		(e.AddLeaseExpirations == 0 || yield(Effect{AttrLeaseExpirations, Increase, "", int64(e.AddLeaseExpirations)})) &&
		(e.AddRan == 0 || yield(Effect{AttrRan, Increase, "", int64(e.AddRan)})) &&
		(e.OutputMark == 0 || yield(Effect{AttrOutputMark, Assign, "", e.OutputMark})) &&
		(e.Redrives == 0 || yield(Effect{AttrRedrives, Assign, "", e.Redrives}))
}

func (c *Change) eachValue(yield func(Effect) bool) bool {
	e := &c.Set
	return (e.State == "" || yield(Effect{AttrState, Assign, "", e.State})) &&
		(e.Worker == "" || yield(Effect{AttrWorker, Assign, "", e.Worker})) &&
		(!e.CancelRequested || yield(Effect{AttrCancelRequested, Assign, "", true})) &&
		(e.Checkpoint == nil || yield(Effect{AttrCheckpoint, Assign, "", e.Checkpoint})) &&
		(e.Result == nil || yield(Effect{AttrResult, Assign, "", e.Result})) &&
		(e.Error == nil || yield(Effect{AttrError, Assign, "", e.Error})) &&
		(e.Await == (Await{}) || yield(Effect{AttrAwait, Assign, "", e.Await})) &&
		(e.ThrottledBy == "" || yield(Effect{AttrThrottledBy, Assign, "", e.ThrottledBy})) &&
		(e.Children == (Children{}) || yield(Effect{AttrChildren, Assign, "", e.Children})) &&
		(len(e.History) == 0 || yield(Effect{AttrHistory, Assign, "", e.History})) &&
		(len(e.Audit) == 0 || !c.If.Unaudited || yield(Effect{AttrAudit, Assign, "", e.Audit})) &&
		(e.Subscribe == "" || yield(Effect{AttrSubscribers, PutMember, e.Subscribe, nil})) &&
		(len(e.Release) == 0 || yield(Effect{AttrPermits, Release, "", e.Release})) &&
		(len(e.Acquire) == 0 || yield(Effect{AttrPermits, Acquire, "", e.Acquire})) &&
		(len(e.Output) == 0 || yield(Effect{AttrOutput, Append, "", e.Output})) &&
		(!e.Unsupported || yield(Effect{})) &&
		(e.Progress == nil || yield(Effect{AttrProgress, Assign, "", *e.Progress})) &&
		(e.Step == nil || yield(Effect{AttrSteps, PutMember, e.Step.Name, *e.Step})) &&
		(e.DropStep == "" || yield(Effect{AttrSteps, DropMember, e.DropStep, nil}))
}

// eachMember is what may be several of an attribute, and what is emptied.
func (c *Change) eachMember(yield func(Effect) bool) bool {
	e := &c.Set
	for key, entry := range e.Audit {
		if !c.If.Unaudited && !yield(Effect{AttrAudit, PutMember, key, entry}) {
			return false
		}
	}
	for _, key := range e.DropAudit {
		if !yield(Effect{AttrAudit, DropMember, key, nil}) {
			return false
		}
	}
	gone := slices.Clone(e.Unsubscribe)
	slices.Sort(gone)
	for _, id := range slices.Compact(gone) {
		if id != "" && !yield(Effect{AttrSubscribers, DropMember, id, nil}) {
			return false
		}
	}
	for _, attribute := range e.Clear {
		if !yield(cleared(attribute)) {
			return false
		}
	}
	return true
}

// cleared is the effect that empties an attribute. One that cannot be emptied
// gives an effect of no kind.
func cleared(attribute Attribute) Effect {
	e := Effect{Attribute: attribute, Kind: Assign}
	switch attribute {
	case AttrDueAt, AttrFinishedAt, AttrExpiresAt:
		e.Value = time.Time{}
	case AttrLook:
		e.Value = Look{}
	case AttrSlices, AttrLeaseExpirations:
		e.Value = 0
	case AttrRan:
		e.Value = time.Duration(0)
	case AttrCancelRequested:
		e.Value = false
	case AttrError:
		e.Value = (*wire.Error)(nil)
	case AttrAwait:
		e.Value = Await{}
	case AttrThrottledBy:
		e.Value = ""
	case AttrSubscribers:
		e.Value = []string(nil)
	default:
		e.Kind = 0
	}
	return e
}

func (e Effect) apply(r *Request) {
	switch e.Attribute {
	case AttrState:
		r.State = e.Value.(State)
	case AttrDueAt:
		r.DueAt = e.Value.(time.Time)
	case AttrLook:
		r.Look = e.Value.(Look)
	case AttrUpdatedAt:
		r.UpdatedAt = e.Value.(time.Time)
	case AttrClaimedAt:
		r.ClaimedAt = e.Value.(time.Time)
	case AttrStartedAt:
		if r.StartedAt.IsZero() {
			r.StartedAt = e.Value.(time.Time)
		}
	case AttrFinishedAt:
		r.FinishedAt = e.Value.(time.Time)
	case AttrExpiresAt:
		r.ExpiresAt = e.Value.(time.Time)
	case AttrFence:
		r.Fence += e.Value.(int64)
	case AttrRev:
		r.Rev += e.Value.(int64)
	case AttrAttempt:
		move(&r.Attempt, e)
	case AttrSlices:
		move(&r.Slices, e)
	case AttrLeaseExpirations:
		move(&r.LeaseExpirations, e)
	case AttrRan:
		move(&r.Ran, e)
	case AttrWorker:
		r.Worker = e.Value.(string)
	case AttrCancelRequested:
		r.CancelRequested = e.Value.(bool)
	case AttrProgress:
		r.Progress = e.Value.(Progress)
	case AttrCheckpoint:
		r.Checkpoint = e.Value.(json.RawMessage)
	case AttrOutputMark:
		r.OutputMark = e.Value.(int64)
	case AttrResult:
		r.Result = e.Value.(json.RawMessage)
	case AttrError:
		r.Error = e.Value.(*wire.Error)
	case AttrAwait:
		r.Await = e.Value.(Await)
	case AttrThrottledBy:
		r.ThrottledBy = e.Value.(string)
	case AttrHistory:
		r.History = e.Value.([]wire.Attempt)
	case AttrAudit:
		r.Audit = e.audit(r.Audit)
	case AttrOutput:
		r.Output += int64(len(e.Value.([]json.RawMessage)))
	case AttrChildren:
		r.Children = e.Value.(Children)
	case AttrRedrives:
		r.Redrives = e.Value.(int)
	case AttrSteps:
		e.steps(r)
	case AttrSubscribers:
		r.Subscribers = e.subscribers(r.Subscribers)
	case AttrPermits:
		r.Permits = e.permits(r.Permits)
	}
}

// move assigns to a counter or increases it.
func move[N int | time.Duration](counter *N, e Effect) {
	if e.Kind == Increase {
		*counter += N(e.Value.(int64))
		return
	}
	*counter = e.Value.(N)
}

func (e Effect) subscribers(now []string) []string {
	switch {
	case e.Kind == Assign:
		return e.Value.([]string)
	case e.Kind == DropMember:
		return slices.DeleteFunc(slices.Clone(now), func(id string) bool { return id == e.Member })
	case slices.Contains(now, e.Member):
		return now
	}
	return append(slices.Clone(now), e.Member)
}

func (e Effect) steps(r *Request) {
	r.Steps, r.StepTimes, r.StepOutput = maps.Clone(r.Steps), maps.Clone(r.StepTimes), maps.Clone(r.StepOutput)
	delete(r.Steps, e.Member)
	delete(r.StepTimes, e.Member)
	delete(r.StepOutput, e.Member)
	if e.Kind == DropMember {
		return
	}
	step := e.Value.(Step)
	put(&r.Steps, e.Member, step.Result)
	if !step.At.IsZero() {
		put(&r.StepTimes, e.Member, step.At)
	}
	if step.Output > 0 {
		put(&r.StepOutput, e.Member, step.Output)
	}
}

// put sets a member of a map, which it makes if there is none.
func put[V any](members *map[string]V, name string, value V) {
	if *members == nil {
		*members = map[string]V{}
	}
	(*members)[name] = value
}

func (e Effect) audit(now Audit) Audit {
	if e.Kind == Assign {
		return e.Value.(Audit)
	}
	if now = maps.Clone(now); now == nil {
		now = Audit{}
	}
	if e.Kind == DropMember {
		delete(now, e.Member)
	} else {
		now[e.Member] = e.Value.(wire.AuditEntry)
	}
	return now
}

func (e Effect) permits(held []string) []string {
	held = slices.Clone(held)
	if e.Kind == Release {
		return slices.DeleteFunc(held, func(name string) bool { return slices.Contains(e.Value.([]string), name) })
	}
	return append(held, PermitNames(e.Value.([]Permit))...)
}
