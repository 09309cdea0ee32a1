package streamer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A Dispatcher asks for a request to be run, at once and elsewhere: on AWS by an
// asynchronous invocation of the processor function. It returns when the asking
// is accepted. It may ask twice; only one run claims the request.
type Dispatcher interface {
	Dispatch(ctx context.Context, key request.Key) error
}

// A ProcessorConfig says how durable requests are run. Store, Actions, Push and
// Dispatch are required.
type ProcessorConfig struct {
	Store    request.Store
	Actions  *Registry
	Push     Pusher
	Dispatch Dispatcher

	// Connections, where it has a Store and a Closer, is swept too.
	Connections Connections

	Worker string           // names this process in requests and logs; "": "worker"
	Logger *slog.Logger     // nil: slog.Default
	Now    func() time.Time // stamps and leases; nil: time.Now

	Lease       time.Duration // how long a claim lasts without a heartbeat; 0: 60 s
	Heartbeat   time.Duration // how often it is renewed, below half the lease; 0: a quarter of the lease
	SaveEvery   time.Duration // how often at most progress is stored between heartbeats; 0: 2 s
	SliceMargin time.Duration // how long before the function's deadline a slice ends, at most half of what is left; 0: 60 s
	Grace       time.Duration // how long an action whose context ended may take to return; 0: 10 s
	Retention   time.Duration // how long a final request can be read; 0: DefaultRetention
	MaxLost     int           // how many leases in a row may be lost without a checkpoint; 0: 5
	Limits      Limits        // zero: none
	SweepLimit  int           // how many due requests one sweep takes up; 0: 1000
}

// A Processor rings, runs and recovers durable requests. It is safe for
// concurrent use, and several processors may work on one store.
type Processor struct {
	ProcessorConfig
}

// NewProcessor checks the config and fills in its defaults.
func NewProcessor(config ProcessorConfig) (*Processor, error) {
	c := config
	var missing []error
	for name, absent := range map[string]bool{"Store": c.Store == nil, "Actions": c.Actions == nil,
		"Push": c.Push == nil, "Dispatch": c.Dispatch == nil} {
		if absent {
			missing = append(missing, fmt.Errorf("processor config: %s is required", name))
		}
	}
	setDefault(&c.Worker, "worker")
	setDefault(&c.Lease, time.Minute)
	setDefault(&c.Heartbeat, c.Lease/4)
	setDefault(&c.SaveEvery, 2*time.Second)
	setDefault(&c.SliceMargin, time.Minute)
	setDefault(&c.Grace, 10*time.Second)
	setDefault(&c.Retention, DefaultRetention)
	setDefault(&c.MaxLost, 5)
	setDefault(&c.SweepLimit, 1000)
	if c.Heartbeat < 0 || c.Heartbeat >= c.Lease/2 {
		missing = append(missing, fmt.Errorf("processor config: Heartbeat %v must be below half of Lease %v", c.Heartbeat, c.Lease))
	}
	for name, d := range map[string]time.Duration{"Lease": c.Lease, "SaveEvery": c.SaveEvery,
		"SliceMargin": c.SliceMargin, "Grace": c.Grace, "Retention": c.Retention} {
		if d < 0 {
			missing = append(missing, fmt.Errorf("processor config: %s is negative", name))
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	clock := c.Now
	c.Now = func() time.Time { return now(clock) }
	if c.Connections.Now == nil {
		c.Connections.Now = clock
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	return &Processor{c}, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Ring asks for a run of a request that was seen to be queued. The caller may
// ring as often as it likes.
func (p *Processor) Ring(ctx context.Context, key request.Key) error {
	if err := p.Dispatch.Dispatch(ctx, key); err != nil {
		return fmt.Errorf("dispatch request: %w", err)
	}
	return nil
}

// Run claims the request and works on it until it is final, queued again, or
// taken away. A request that cannot be claimed is no error: somebody else has
// it, or it is not due. An error means that the outcome could not be stored; the
// lease then ends by itself and the sweep takes the request up.
func (p *Processor) Run(ctx context.Context, key request.Key) error {
	slots, err := p.slots(ctx, key)
	if err != nil {
		return err
	}
	at := p.Now()
	r, err := p.Store.ChangeRequest(ctx, key, request.Claim(at, p.Lease, p.Worker, slots))
	var conflict *request.ConflictError
	var full *request.LimitError
	switch {
	case errors.As(err, &full):
		return p.block(ctx, key, at, full.Slot)
	case errors.As(err, &conflict):
		p.Logger.DebugContext(ctx, "nothing to claim", "request_id", key.ID, "state", conflict.Request.State)
		return nil
	case errors.Is(err, request.ErrNotFound):
		p.Logger.WarnContext(ctx, "asked to run a request that is not there", "request_id", key.ID)
		return nil
	case err != nil:
		return fmt.Errorf("claim request: %w", err)
	}
	return newRun(p, r).work(ctx)
}

// slots are those that a run of the request must have. Only where an action has
// a limit of its own does it cost a read.
func (p *Processor) slots(ctx context.Context, key request.Key) ([]request.Slot, error) {
	var action ActionConfig
	if p.Actions.limited {
		r, err := p.Store.LoadRequest(ctx, key)
		if err != nil && !errors.Is(err, request.ErrNotFound) {
			return nil, fmt.Errorf("load request: %w", err)
		}
		if err == nil {
			if a, err := p.Actions.find(r.Action); err == nil {
				action = a.config
			}
		}
	}
	return p.Limits.running(key.Tenant, action), nil
}

// block puts a request that could not have a place into the slot's line.
func (p *Processor) block(ctx context.Context, key request.Key, at time.Time, slot request.Slot) error {
	p.Logger.InfoContext(ctx, "request waits for a place", "request_id", key.ID, "slot", slot.Name, "limit", slot.Limit)
	_, err := p.Store.ChangeRequest(ctx, key, request.Throttle(at, slot.Name))
	var conflict *request.ConflictError
	if err != nil && !errors.As(err, &conflict) && !errors.Is(err, request.ErrNotFound) {
		return fmt.Errorf("block request: %w", err)
	}
	// A place may have been given back between the two writes, when this request
	// was not in the line yet.
	taken, err := p.Store.PlacesTaken(ctx, slot.Name)
	if err != nil {
		return fmt.Errorf("count places: %w", err)
	}
	if taken < slot.Limit {
		p.wakeNext(ctx, []string{slot.Name})
	}
	return nil
}

// A SweepReport counts what a sweep did.
type SweepReport struct {
	Rung   int // due requests for which a run was asked, some of them again
	Lost   int // leases taken away, their requests queued again
	Failed int // requests given up because their lease was lost too often
	Told   int // final requests whose subscribers were told again

	Due    int           // requests that were due, at most SweepLimit
	Oldest time.Duration // how long the longest due of those that are queued has waited

	Closed    int // connections whose token had ended
	Forgotten int // connections that had closed without a word
}

// Sweep finds the work that nobody does: queued requests whose doorbell was
// lost or whose time has come, running ones whose lease has ended, final ones
// whose subscribers may not know, and connections that should be over. It goes
// on after a fault with one of them and returns what went wrong, joined.
func (p *Processor) Sweep(ctx context.Context) (SweepReport, error) {
	var report SweepReport
	at := p.Now()
	due, err := p.Store.DueRequests(ctx, at, p.SweepLimit)
	if err != nil {
		return report, fmt.Errorf("list due requests: %w", err)
	}
	report.Due = len(due)
	if i := slices.IndexFunc(due, func(r *request.Request) bool { return r.State == request.Queued }); i >= 0 {
		report.Oldest = at.Sub(due[i].DueAt)
	}
	var faults []error
	for _, r := range due {
		if ctx.Err() != nil {
			faults = append(faults, ctx.Err())
			break
		}
		switch {
		case r.State == request.Running:
			err = p.takeBack(ctx, r, &report)
		case r.State.Final():
			announce(ctx, p.Store, p.Push, p.Logger, r)
			report.Told++
		case !p.rungLately(r):
			var rang bool
			if rang, err = p.ringAgain(ctx, r); rang {
				report.Rung++
			}
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	if c := p.Connections; c.Store != nil && c.Closer != nil {
		report.Closed, report.Forgotten, err = c.Sweep(ctx, p.SweepLimit)
		faults = append(faults, err)
	}
	return report, errors.Join(faults...)
}

// ringAtLeast is how long a due request waits at most for another ring. Lambda
// has given up the one before by then, as the template has it.
const ringAtLeast = 5 * time.Minute

// rungLately reports whether the last ring for a due request is likely to stand
// in line yet, behind all who are ahead of it. It may have waited as long again
// as the request had when it was rung for: so the number of rings grows with the
// logarithm of the wait, and a backlog is not buried under them.
func (p *Processor) rungLately(r *request.Request) bool {
	waited := r.UpdatedAt.Sub(r.DueAt) // below zero: it was due after it was queued, and nobody rang yet
	return p.Now().Sub(r.UpdatedAt) < min(waited, ringAtLeast)
}

// ringAgain rings for a due request, and reports whether it did. Of several
// sweeps at a time one does: it notes the ring in the request's UpdatedAt first,
// without a new rev, and takes the note back when the ring fails.
func (p *Processor) ringAgain(ctx context.Context, r *request.Request) (bool, error) {
	at := p.Now()
	_, err := p.Store.ChangeRequest(ctx, r.Key, request.MarkDispatched(at, r.UpdatedAt))
	var conflict *request.ConflictError
	switch {
	case errors.As(err, &conflict), errors.Is(err, request.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("note ring: %w", err)
	}
	if err = p.Ring(ctx, r.Key); err != nil {
		undo := request.MarkDispatched(at, at)
		undo.At = r.UpdatedAt
		if _, fault := p.Store.ChangeRequest(ctx, r.Key, undo); fault != nil && !errors.As(fault, &conflict) && !errors.Is(fault, request.ErrNotFound) {
			err = errors.Join(err, fmt.Errorf("take note of ring back: %w", fault))
		}
		return false, err
	}
	return true, nil
}

// takeBack ends a lease that its worker let run out. The stream rings for the
// request once it is queued again; the next sweep does where that is lost.
func (p *Processor) takeBack(ctx context.Context, r *request.Request, report *SweepReport) error {
	at := p.Now()
	change := request.ExpireLease(at)
	change.Park = r.Await
	switch {
	case r.CancelRequested:
		change = request.Cancel(at, p.Retention, r.CorrelationID)
	case r.Lost+1 >= p.MaxLost:
		err := Errorf(wire.InternalError, "the work stopped without a word %d times in a row", r.Lost+1)
		change = request.Fail(at, p.Retention, request.WireError(err, r.CorrelationID))
		change.AddLost = 1
	}
	change.AddRev, change.DueBy = request.RevGap, at
	change.History = request.EndAttempt(r, at, wire.LeaseLost)
	change.Release = request.Releasable(r.Slots, change.To)
	changed, err := p.Store.ChangeRequest(ctx, r.Key, change.ByWorker(r.Fence))
	var conflict *request.ConflictError
	switch {
	case errors.As(err, &conflict), errors.Is(err, request.ErrNotFound):
		return nil // its worker came back, or another sweep was here first
	case err != nil:
		return fmt.Errorf("take lease back: %w", err)
	}
	p.Logger.WarnContext(ctx, "lease lost", "request_id", r.ID, "action", r.Action, "correlation_id", r.CorrelationID,
		"worker", r.Worker, "fence", r.Fence, "state", changed.State)
	if changed.State == request.Failed {
		report.Failed++
	} else {
		report.Lost++
	}
	if changed.State.Final() {
		announce(ctx, p.Store, p.Push, p.Logger, changed)
	}
	p.wakeNext(ctx, change.Release)
	return nil
}
