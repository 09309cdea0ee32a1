package wire

import (
	"encoding/json"
	"time"
)

// A Detail is what a snapshot leaves out: for the person who looks into one
// request.
type Detail struct {
	Payload       json.RawMessage   `json:"payload,omitempty"`  // as sent, byte for byte
	Metadata      map[string]string `json:"metadata,omitempty"` // of the message
	NotBefore     *time.Time        `json:"not_before,omitempty"`
	CorrelationID string            `json:"correlation_id"`  // by which the logs have it
	Steps         []Step            `json:"steps,omitempty"` // by name
	Checkpoint    json.RawMessage   `json:"checkpoint,omitempty"`
	Slices        int               `json:"slices"` // how often it was continued in another invocation
	Lost          int               `json:"lost"`   // workers that vanished since the last checkpoint
	RanMS         int64             `json:"ran_ms"` // time spent working, in all
	Fence         int64             `json:"fence"`  // how often it was claimed
	Worker        string            `json:"worker,omitempty"`
	ClaimedAt     *time.Time        `json:"claimed_at,omitempty"`  // by the worker
	LeaseUntil    *time.Time        `json:"lease_until,omitempty"` // when RUNNING
	Priority      int               `json:"priority"`              // -1 low, 0 normal, 1 high
	Slots         []string          `json:"slots,omitempty"`       // the limits under which it holds a place
	Subscribers   int               `json:"subscribers"`           // connections that watch it
	ExpiresAt     *time.Time        `json:"expires_at,omitempty"`  // when a final one may be forgotten
	Audit         []AuditEntry      `json:"audit,omitempty"`       // the newest MaxAudit, oldest first; only operators are shown it
}

// MaxAudit is how many entries the audit of a request has at the most.
const MaxAudit = 20

// What an AuditEntry tells of.
const (
	EventCancel  = "cancel"
	EventRedrive = "redrive"
	EventSignal  = "signal"
)

// An AuditEntry says who changed a request, and when. A call that did not change anything
// leaves none.
type AuditEntry struct {
	Event  string    `json:"event"`
	By     string    `json:"by"`               // the caller's own subject, also where it acts for another
	Tenant string    `json:"tenant,omitempty"` // the caller's, where that is not the request's
	At     time.Time `json:"at"`
}

// A Step is a recorded result. A signal that arrived is one under the name
// "signal:" and its token.
type Step struct {
	Name   string          `json:"name"`
	Result json.RawMessage `json:"result"`
	At     *time.Time      `json:"at,omitempty"` // when it was stored; nil: by a version that kept no times
}

// append copies payload, checkpoint and results byte for byte.
func (d *Detail) append(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open()
	w.raw("payload", d.Payload)
	if len(d.Metadata) > 0 {
		w.value("metadata", d.Metadata)
	}
	if d.NotBefore != nil {
		w.time("not_before", *d.NotBefore)
	}
	w.string("correlation_id", d.CorrelationID)
	if len(d.Steps) > 0 {
		w.object("steps", func(dst []byte) []byte { return appendArray(dst, d.Steps, Step.append) })
	}
	w.raw("checkpoint", d.Checkpoint)
	w.value("slices", d.Slices)
	w.value("lost", d.Lost)
	w.value("ran_ms", d.RanMS)
	w.value("fence", d.Fence)
	if d.Worker != "" {
		w.string("worker", d.Worker)
	}
	if d.ClaimedAt != nil {
		w.time("claimed_at", *d.ClaimedAt)
	}
	if d.LeaseUntil != nil {
		w.time("lease_until", *d.LeaseUntil)
	}
	w.value("priority", d.Priority)
	if len(d.Slots) > 0 {
		w.value("slots", d.Slots)
	}
	w.value("subscribers", d.Subscribers)
	if d.ExpiresAt != nil {
		w.time("expires_at", *d.ExpiresAt)
	}
	if len(d.Audit) > 0 {
		w.value("audit", d.Audit)
	}
	return w.close()
}

func (s Step) append(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open()
	w.string("name", s.Name)
	w.raw("result", orNull(s.Result))
	if s.At != nil {
		w.time("at", *s.At)
	}
	return w.close()
}
