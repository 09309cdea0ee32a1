package wire

import (
	"encoding/json"
	"time"
)

// The states of a request, as a snapshot spells them.
const (
	StateQueued    = "QUEUED"
	StateRunning   = "RUNNING"
	StateSucceeded = "SUCCEEDED"
	StateFailed    = "FAILED"
	StateCancelled = "CANCELLED"
)

// What a queued request waits for.
const (
	WaitingWorker = "worker" // nothing: a worker is about to take it
	WaitingRetry  = "retry"  // the next attempt, at Until
	WaitingTime   = "time"   // Until, as the action asked, or before its first run the message
	WaitingSignal = "signal" // the signal Token, at most Until
	WaitingLimit  = "limit"  // a place under Limit

	WaitingChildren = "children" // the snapshot's Children
)

// Waiting says why a queued request does not run yet.
type Waiting struct {
	For   string     `json:"for"`
	Token string     `json:"token,omitempty"`
	Until *time.Time `json:"until,omitempty"`

	Limit    string `json:"limit,omitempty"`
	Running  int    `json:"running,omitempty"`  // how many hold a place under Limit; only where somebody asks why
	Position int    `json:"position,omitempty"` // in the line, from 1; only where somebody asks why
}

// Children are requests that a request started and waits for.
type Children struct {
	Total int `json:"total"`
	Ended int `json:"ended"` // may be behind by a few, but where somebody asks why the request waits
}

// An Attempt is a claim of a request that ended without success. Claims whose
// worker stopped without a word have the code LEASE_LOST, and the number of the
// claim after them.
type Attempt struct {
	Number    int       `json:"number"`
	StartedAt time.Time `json:"started_at"` // when the worker claimed it
	EndedAt   time.Time `json:"ended_at"`
	Code      Code      `json:"code"`
	Worker    string    `json:"worker"`
	Cause     Cause     `json:"cause,omitzero"` // zero where it is not known; only operators are shown it
}

// A Cause says to operators why an attempt ended: what a client hears of an internal error
// does not. Its three texts have MaxCause bytes together at the most.
type Cause struct {
	Message string `json:"message"` // the error's text, without what the log leaves out too; cut at the end of a character
	Kind    string `json:"kind"`    // the Go type of the innermost error, or KindPanic
	Frame   string `json:"frame"`   // of a panic, the place in the action's own code, "ship.go:12 shop.Ship"; empty where none is known
}

// MaxCause is how many bytes a Cause has at the most.
const MaxCause = 1 << 10

// KindPanic is the kind of the Cause of an attempt whose action panicked.
const KindPanic = "panic"

// A Snapshot is a request as it stands at Rev: the answer to get, subscribe and
// cancel, and an element of a [List].
type Snapshot struct {
	ID         string          `json:"id"`
	Subject    string          `json:"subject,omitempty"` // whose it is; only where the sender named a subject
	Action     string          `json:"action"`
	State      string          `json:"state"`
	Percentage float64         `json:"percentage"`
	Message    string          `json:"message,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`   // of the last progress
	Result     json.RawMessage `json:"result,omitempty"`     // when SUCCEEDED, unless by reference
	ResultRef  string          `json:"result_ref,omitempty"` // the HTTP path of a result too large for a frame
	Error      *Error          `json:"error,omitempty"`      // when FAILED or CANCELLED; when QUEUED, why the last attempt failed
	Attempts   int             `json:"attempts"`             // the current attempt, from 1
	Rev        int64           `json:"rev"`
	Cancelling bool            `json:"cancelling,omitempty"` // RUNNING, and asked to stop
	CreatedAt  time.Time       `json:"created_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
	StartedAt  *time.Time      `json:"started_at,omitempty"`  // of the first attempt
	FinishedAt *time.Time      `json:"finished_at,omitempty"` // when it became final
	DueAt      *time.Time      `json:"due_at,omitempty"`      // when QUEUED for later
	Waiting    *Waiting        `json:"waiting,omitempty"`     // when QUEUED
	History    []Attempt       `json:"history,omitempty"`     // attempts that failed, the newest, oldest first; left out of a List
	Output     int64           `json:"output,omitempty"`      // how many chunks of output there are
	Parent     string          `json:"parent,omitempty"`      // the id of the request that started it, of the same subject
	Children   *Children       `json:"children,omitempty"`    // the requests that it started
	Changed    *bool           `json:"changed,omitempty"`     // whether the call did anything; only in answers to cancel, redrive and signal
	Detail     *Detail         `json:"detail,omitempty"`      // only where somebody asks for it
}

// Final reports whether the request has ended: nothing but a redrive changes it.
func (s Snapshot) Final() bool {
	return s.State == StateSucceeded || s.State == StateFailed || s.State == StateCancelled
}

// Append encodes the snapshot onto dst; metadata, result and details are copied
// byte for byte.
func (s *Snapshot) Append(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open()
	w.string("id", s.ID)
	if s.Subject != "" {
		w.string("subject", s.Subject)
	}
	w.string("action", s.Action)
	w.string("state", s.State)
	w.value("percentage", s.Percentage)
	if s.Message != "" {
		w.string("message", s.Message)
	}
	w.raw("metadata", s.Metadata)
	w.raw("result", s.Result)
	if s.ResultRef != "" {
		w.string("result_ref", s.ResultRef)
	}
	if s.Error != nil {
		w.object("error", s.Error.append)
	}
	w.value("attempts", s.Attempts)
	w.value("rev", s.Rev)
	if s.Cancelling {
		w.value("cancelling", true)
	}
	w.time("created_at", s.CreatedAt)
	w.time("updated_at", s.UpdatedAt)
	for _, t := range []struct {
		key string
		at  *time.Time
	}{{"started_at", s.StartedAt}, {"finished_at", s.FinishedAt}, {"due_at", s.DueAt}} {
		if t.at != nil {
			w.time(t.key, *t.at)
		}
	}
	if s.Waiting != nil {
		w.value("waiting", s.Waiting)
	}
	if len(s.History) > 0 {
		w.value("history", s.History)
	}
	if s.Output > 0 {
		w.value("output", s.Output)
	}
	if s.Parent != "" {
		w.string("parent", s.Parent)
	}
	if s.Children != nil {
		w.value("children", s.Children)
	}
	if s.Changed != nil {
		w.value("changed", *s.Changed)
	}
	if s.Detail != nil {
		w.object("detail", s.Detail.append)
	}
	return w.close()
}

// Append encodes the list onto dst.
func (l List) Append(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open()
	w.object("requests", func(dst []byte) []byte {
		return appendArray(dst, l.Requests, func(s Snapshot, dst []byte) []byte { return s.Append(dst) })
	})
	if l.Cursor != "" {
		w.string("cursor", l.Cursor)
	}
	return w.close()
}

// Append encodes the piece onto dst.
func (o Output) Append(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open()
	w.value("offset", o.Offset)
	w.array("chunks", o.Chunks)
	w.value("final", o.Final)
	return w.close()
}
