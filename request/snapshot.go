package request

import (
	"maps"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// Snapshot is the request as its owner sees it: without the causes in its history, which
// are for operators. A result that no frame can carry
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
		Waiting:    r.Waiting(),
		History:    withoutCauses(r.History),
		Output:     r.Output,
		Parent:     r.Parent.ID,
		CreatedAt:  r.CreatedAt,
		UpdatedAt:  r.UpdatedAt,
		StartedAt:  optionalTime(r.StartedAt),
		FinishedAt: optionalTime(r.FinishedAt),
	}
	if r.Children.Total > 0 {
		s.Children = &wire.Children{Total: r.Children.Total, Ended: r.Children.Ended}
	}
	if r.State == Queued && r.DueAt.After(r.UpdatedAt) && !r.WaitsForChildren() {
		s.DueAt = optionalTime(r.DueAt)
	}
	if byRef && len(r.Result) > MaxInFrame {
		s.Result, s.ResultRef = nil, ResultPath(r.ID)
	}
	return s
}

// Waiting says why a queued request is not running, or nil.
func (r *Request) Waiting() *wire.Waiting {
	switch {
	case r.State != Queued:
		return nil
	case r.ThrottledBy != "":
		return &wire.Waiting{For: wire.WaitingLimit, Limit: r.ThrottledBy}
	case r.WaitsForChildren():
		return &wire.Waiting{For: wire.WaitingChildren}
	case r.Await.Token != "":
		return &wire.Waiting{For: wire.WaitingSignal, Token: r.Await.Token, Until: optionalTime(r.Await.Until)}
	case r.DueAt.After(r.UpdatedAt) && r.Error != nil:
		return &wire.Waiting{For: wire.WaitingRetry, Until: optionalTime(r.DueAt)}
	case r.DueAt.After(r.UpdatedAt):
		return &wire.Waiting{For: wire.WaitingTime, Until: optionalTime(r.DueAt)}
	}
	return &wire.Waiting{For: wire.WaitingWorker}
}

// Detail is what Snapshot leaves out, as the request's owner sees it: without the audit,
// which is for operators.
func (r *Request) Detail() *wire.Detail {
	d := &wire.Detail{
		Payload:       r.Payload,
		Metadata:      r.Metadata,
		NotBefore:     optionalTime(r.NotBefore),
		CorrelationID: r.CorrelationID,
		Checkpoint:    r.Checkpoint,
		Slices:        r.Slices,
		Lost:          r.LeaseExpirations,
		RanMS:         r.Ran.Milliseconds(),
		Fence:         r.Fence,
		Worker:        r.Worker,
		ClaimedAt:     optionalTime(r.ClaimedAt),
		Priority:      int(r.Priority),
		Slots:         r.Permits,
		Subscribers:   len(r.Subscribers),
		ExpiresAt:     optionalTime(r.ExpiresAt),
	}
	if r.State == Running {
		d.LeaseUntil = optionalTime(r.DueAt)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Steps)) {
		d.Steps = append(d.Steps, wire.Step{Name: name, Result: r.Steps[name], At: optionalTime(r.StepTimes[name])})
	}
	return d
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// MaxInFrame leaves 8 KiB of the 128 KiB that one @connections message may have
// for what surrounds the result (API Gateway quotas, "WebSocket message payload
// size").
const MaxInFrame = 120 << 10

// ResultPath is the path, below the HTTP API's root, where a request is read.
func ResultPath(id string) string { return "/requests/" + id }
