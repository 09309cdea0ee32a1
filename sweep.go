package streamer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A SweepReport counts what a sweep did.
type SweepReport struct {
	Dispatched       int // due requests that were dispatched, some of them again
	LeaseExpirations int // expired leases that were taken away, their requests queued again
	Failed           int // requests given up because their leases expired too often
	Notified         int // final requests whose subscribers were notified again, all of them
	Unnotified       int // final requests of whose subscribers some could not be reached
	Undecodable      int // due requests that were left out since their rows do not decode

	Due    int           // requests that were due, at most SweepLimit
	Oldest time.Duration // how long the longest due of those that are queued has waited

	Closed int // connections whose token had expired
	Pruned int // connections that had closed without a $disconnect
}

// Sweep finds the work that no worker has: queued requests whose dispatch was
// lost or whose time has come, running ones whose lease has expired, final ones
// whose subscribers may not know, and connections that should be over. It goes
// on after a fault with one of them and returns what went wrong, joined.
func (p *Processor) Sweep(ctx context.Context) (SweepReport, error) {
	var report SweepReport
	at := p.Now()
	var faults []error
	var due []*request.Request
	for _, kind := range request.LookKinds() {
		page, _, err := p.Store.DueRequests(ctx, request.DueQuery{Kind: kind, Until: at, Limit: p.SweepLimit})
		if err != nil {
			faults = append(faults, fmt.Errorf("list due requests: %w", err))
		}
		undecodable, _ := logUndecodable(ctx, p.Logger, err)
		report.Undecodable += undecodable
		due = append(due, page...)
	}
	slices.SortStableFunc(due, func(a, b *request.Request) int { return a.Look.At.Compare(b.Look.At) })
	report.Due = len(due)
	oldest := slices.IndexFunc(due, func(r *request.Request) bool { return r.State == request.Queued })
	if oldest >= 0 {
		report.Oldest = at.Sub(due[oldest].DueAt)
	}
	var final []*request.Request
	for _, r := range due {
		if ctx.Err() != nil {
			faults = append(faults, ctx.Err())
			break
		}
		var err error
		switch {
		case r.State == request.Running:
			err = p.expireLease(ctx, r, &report)
		case r.State.Final():
			final = append(final, r) // behind the timers: a client that does not read holds up no other
			continue
		case !p.dispatchedLately(r):
			var dispatched bool
			dispatched, err = p.dispatchAgain(ctx, r)
			if dispatched {
				report.Dispatched++
			}
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	report.Notified, report.Unnotified = p.notifyAgain(ctx, final)
	if c := p.Connections; c.Store != nil && c.Closer != nil {
		var err error
		report.Closed, report.Pruned, err = c.Sweep(ctx, p.SweepLimit)
		faults = append(faults, err)
	}
	return report, errors.Join(faults...)
}

// logUndecodable names the rows that an answer of the store leaves out since they
// do not decode, and counts them. It returns any other error as it is.
func logUndecodable(ctx context.Context, logger *slog.Logger, err error) (int, error) {
	undecodable, some := errors.AsType[*request.UndecodableError](err)
	if !some {
		return 0, err
	}
	for _, row := range undecodable.Rows {
		logger.ErrorContext(ctx, "stored request does not decode", "tenant", row.Key.Tenant, "subject", row.Key.Subject,
			"request_id", row.Key.ID, "error", row.Err.Error())
	}
	return len(undecodable.Rows), nil
}

// notifyAgain tells the subscribers of final requests how they ended, a few requests
// at a time, and counts those that it reached and those that it did not.
func (p *Processor) notifyAgain(ctx context.Context, final []*request.Request) (notified, unnotified int) {
	const parallel = 16
	var (
		reached atomic.Int64
		wg      sync.WaitGroup
		free    = make(chan struct{}, parallel)
	)
	for _, r := range final {
		if ctx.Err() != nil {
			break
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			if notify(ctx, p.Store, p.Push, p.Logger, r) {
				reached.Add(1)
			}
		})
	}
	wg.Wait()
	notified = int(reached.Load())
	return notified, len(final) - notified
}

// dispatchAgainAfter is how long a due request waits at most for another dispatch.
// Lambda has given up the one before by then, as the template has it.
const dispatchAgainAfter = 5 * time.Minute

// dispatchedLately reports whether the last dispatch of a due request is likely to
// wait in its queue yet, behind all that are ahead of it. It may have waited as
// long again as the request had when it was dispatched: so the number of
// dispatches grows with the logarithm of the wait, and a backlog is not buried
// under them.
func (p *Processor) dispatchedLately(r *request.Request) bool {
	waited := r.UpdatedAt.Sub(r.DueAt) // below zero: it was due after it was queued, and was not dispatched yet
	return p.Now().Sub(r.UpdatedAt) < min(waited, dispatchAgainAfter)
}

// dispatchAgain dispatches a due request, and reports whether it did. Of several
// sweeps at a time one does: it notes the dispatch in the request's UpdatedAt
// first, without a new rev, and takes the note back when the dispatch fails.
func (p *Processor) dispatchAgain(ctx context.Context, r *request.Request) (bool, error) {
	at := p.Now()
	_, err := p.Store.ChangeRequest(ctx, r.Key, request.MarkDispatched(at, r.UpdatedAt))
	switch {
	case hasMoved(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("note dispatch: %w", err)
	}
	if err = p.Dispatch.Dispatch(ctx, r.Key, r.DueAt); err != nil {
		err = fmt.Errorf("dispatch request: %w", err)
		undo := request.MarkDispatched(at, at)
		undo.Set.UpdatedAt = r.UpdatedAt
		if _, fault := p.Store.ChangeRequest(ctx, r.Key, undo); fault != nil && !hasMoved(fault) {
			err = errors.Join(err, fmt.Errorf("take note of dispatch back: %w", fault))
		}
		return false, err
	}
	return true, nil
}

// expireLease takes away a lease that its worker let expire. The stream dispatches
// the request once it is queued again; the next sweep does where that is lost.
func (p *Processor) expireLease(ctx context.Context, r *request.Request, report *SweepReport) error {
	at := p.Now()
	change := request.ExpireLease(at)
	switch {
	case r.CancelRequested:
		change = request.Cancel(at, p.Retention, r.CorrelationID).AfterLease(at)
	case r.LeaseExpirations+1 >= p.MaxLeaseExpirations:
		err := Errorf(wire.InternalError, "the work stopped without a word %d times in a row", r.LeaseExpirations+1)
		change = request.Fail(at, p.Retention, request.WireError(err, r.CorrelationID)).AfterLease(at)
		change.Set.AddLeaseExpirations = 1
	}
	change.Set.History = request.EndAttempt(r, at, wire.LeaseLost)
	change.Set.Release = request.Releasable(r.Permits, change.Set.State)
	changed, err := p.Store.ChangeRequest(ctx, r.Key, change.ByWorker(r.Fence))
	switch {
	case hasMoved(err):
		return nil // its worker came back, or another sweep was here first
	case err != nil:
		return fmt.Errorf("expire lease: %w", err)
	}
	p.Logger.WarnContext(ctx, "lease expired", "request_id", r.ID, "action", r.Action, "correlation_id", r.CorrelationID,
		"worker", r.Worker, "fence", r.Fence, "state", changed.State)
	if changed.State == request.Failed {
		report.Failed++
	} else {
		report.LeaseExpirations++
	}
	if changed.State.Final() {
		notify(ctx, p.Store, p.Push, p.Logger, changed)
	}
	p.resumeNext(ctx, change.Set.Release)
	return nil
}
