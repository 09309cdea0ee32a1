// Package model is a request's life as a table: what each event does in each
// situation. The stores' suite executes every row with the domain's own code,
// and holds that whatever is not in the table changes nothing; the diagram and
// the table in docs/requests.md are made of it.
package model

import "github.com/pay-theory/streamer/request"

// A Situation is a state, and what sets the situation apart within it.
type Situation struct {
	State request.State // "" for a request that is not there
	When  string
}

// The situations.
var (
	Absent          = Situation{}
	Queued          = Situation{request.Queued, "due"}
	Later           = Situation{request.Queued, "due later"}
	Awaiting        = Situation{request.Queued, "waiting for a signal"}
	Family          = Situation{request.Queued, "waiting for its children"}
	Full            = Situation{request.Queued, "due, its limit full"}
	Throttled       = Situation{request.Queued, "in its limit's wait queue"}
	Running         = Situation{request.Running, "leased"}
	LastAttempt     = Situation{request.Running, "in its last attempt"}
	Stopping        = Situation{request.Running, "asked to stop"}
	Expired         = Situation{request.Running, "lease over"}
	ExpiredOften    = Situation{request.Running, "lease over once too often"}
	ExpiredStopping = Situation{request.Running, "asked to stop, lease over"}
	Succeeded       = Situation{request.Succeeded, ""}
	Failed          = Situation{request.Failed, ""}
	Cancelled       = Situation{request.Cancelled, ""}
)

// Situations returns all of them.
func Situations() []Situation {
	return []Situation{Absent, Queued, Later, Awaiting, Family, Full, Throttled, Running, LastAttempt, Stopping,
		Expired, ExpiredOften, ExpiredStopping, Succeeded, Failed, Cancelled}
}

// An Event is what a party does: a client, the worker that claimed the request
// (or once had), or the sweep.
type Event string

// The events.
const (
	Submit    Event = "submit"           // the client: the same message
	SubmitFor Event = "submit for later" // the client: the same message, with a time to start
	Tick      Event = "tick"             // of the schedule whose time it is: it may be doubled, or come again
	Cancel    Event = "cancel"           // the client
	Signal    Event = "signal"           // the client
	Redrive   Event = "redrive"          // the client
	Claim     Event = "claim"            // a worker
	Heartbeat Event = "heartbeat"        // the worker, as the rest down to Children
	Step      Event = "step"
	Succeed   Event = "succeed"
	Fail      Event = "fail"  // permanently
	Error     Event = "error" // transient
	Continue  Event = "continue"
	Snooze    Event = "snooze"
	Await     Event = "await"
	Children  Event = "await children"
	ChildEnds Event = "last child ends"
	Release   Event = "release" // of a permit of the limit, by another request
	Sweep     Event = "sweep"
)

// Events returns all of them.
func Events() []Event {
	return []Event{Submit, SubmitFor, Tick, Cancel, Signal, Redrive, Claim, Heartbeat, Step, Succeed, Fail, Error, Continue, Snooze,
		Await, Children, ChildEnds, Release, Sweep}
}

// OfWorker reports whether the event is one of the worker's that has claimed the
// request: it carries the fence of that claim.
func (e Event) OfWorker() bool {
	switch e {
	case Heartbeat, Step, Succeed, Fail, Error, Continue, Snooze, Await, Children:
		return true
	}
	return false
}

// A Row says that the event leads from any of the situations to one. To is Same
// where the situation stays and the request does not.
type Row struct {
	From   []Situation
	Event  Event
	To     Situation
	Effect string
}

// Same stands for the situation that was.
var Same = Situation{When: "same"}

// Table returns the model.
func Table() []Row {
	in := func(s ...Situation) []Situation { return s }
	return []Row{
		{in(Absent), Submit, Queued, "stored and acknowledged; the sender watches it"},
		{in(Absent), SubmitFor, Later, "stored and acknowledged; it holds no permit until it runs"},
		{in(Absent), Tick, Queued, "stored, once for each time of its schedule"},
		{in(Queued), Claim, Running, "fence and rev rise, a lease begins, permits of limits are acquired"},
		{in(Full), Claim, Throttled, "it waits in the limit's queue"},
		{in(Throttled), Release, Queued, "the first in the queue is due"},
		{in(Queued, Later, Awaiting, Family, Full, Throttled), Cancel, Cancelled,
			"watchers are notified, permits are released, open children are cancelled"},
		{in(Awaiting), Signal, Queued, "stored, and due at once"},
		{in(Queued, Later, Family, Full, Throttled, Running, LastAttempt, Stopping, Expired, ExpiredOften, ExpiredStopping), Signal, Same,
			"stored for when it is asked for"},

		{in(Running, LastAttempt, Stopping), Heartbeat, Same,
			"the lease is renewed, progress and checkpoint are stored; a worker that should stop hears of it"},
		{in(Expired, ExpiredOften), Heartbeat, Running, "the lease is renewed: no sweep had taken it"},
		{in(ExpiredStopping), Heartbeat, Stopping, "the lease is renewed, and the worker hears that it should stop"},
		{in(Running, LastAttempt, Stopping), Step, Same, "the step's result is stored, the lease renewed"},
		{in(Expired, ExpiredOften), Step, Running, "the step's result is stored, the lease renewed"},
		{in(ExpiredStopping), Step, Stopping, "the step's result is stored, the lease renewed"},
		{in(Running, LastAttempt, Expired, ExpiredOften, Stopping, ExpiredStopping), Succeed, Succeeded,
			"the result is stored, watchers are notified"},
		{in(Running, LastAttempt, Expired, ExpiredOften, Stopping, ExpiredStopping), Fail, Failed,
			"the error is stored, the attempt joins the history, watchers are notified"},
		{in(Running, Expired, ExpiredOften), Error, Later, "the next attempt's time is stored, the attempt joins the history"},
		{in(LastAttempt), Error, Failed, "the attempts are used up; watchers are notified"},
		{in(Running, LastAttempt, Expired, ExpiredOften), Continue, Queued, "the checkpoint is stored; neither failure nor retry"},
		{in(Running, LastAttempt, Expired, ExpiredOften), Snooze, Later, "no function runs meanwhile"},
		{in(Running, LastAttempt, Expired, ExpiredOften), Await, Awaiting, "no function runs meanwhile; due when the wait has lasted too long"},
		{in(Running, LastAttempt, Expired, ExpiredOften), Children, Family,
			"each is started once, before; no function runs meanwhile"},
		{in(Family), ChildEnds, Queued, "due at once"},
		{in(Running, LastAttempt, Expired, ExpiredOften, Stopping, ExpiredStopping), ChildEnds, Same,
			"noted, so that it does not wait for that end"},
		{in(Stopping, ExpiredStopping), Error, Cancelled, "it does not run again; watchers are notified"},
		{in(Stopping, ExpiredStopping), Continue, Cancelled, "it does not run again; watchers are notified"},
		{in(Stopping, ExpiredStopping), Snooze, Cancelled, "it does not run again; watchers are notified"},
		{in(Stopping, ExpiredStopping), Await, Cancelled, "it does not run again; watchers are notified"},
		{in(Stopping, ExpiredStopping), Children, Cancelled, "it does not run again; watchers are notified, open children are cancelled"},
		{in(Running, LastAttempt), Cancel, Stopping, "the worker hears of it with its next heartbeat or step"},
		{in(Expired, ExpiredOften), Cancel, ExpiredStopping, "the worker, or the sweep, hears of it"},

		{in(Queued, Full), Sweep, Same, "it is dispatched again when its dispatch is taken as lost"},
		{in(Expired), Sweep, Queued, "the lease is taken away and joins the history; rev leaps over what the worker may have sent"},
		{in(ExpiredOften), Sweep, Failed, "given up, with the history; watchers are notified"},
		{in(ExpiredStopping), Sweep, Cancelled, "watchers are notified"},
		{in(Failed), Redrive, Queued, "a new first attempt, with the checkpoint and the steps that there are"},
	}
}

// Find returns the row of a situation and an event, and the situation that it
// leads to; without one nothing changes.
func Find(from Situation, event Event) (to Situation, effect string, ok bool) {
	for _, row := range Table() {
		if row.Event != event {
			continue
		}
		for _, s := range row.From {
			if s == from {
				if to = row.To; to == Same {
					to = from
				}
				return to, row.Effect, true
			}
		}
	}
	return from, "", false
}
