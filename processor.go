package streamer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pay-theory/streamer/request"
)

// A ProcessorConfig says how durable requests are run. Store, Actions, Push and
// Dispatch are required.
type ProcessorConfig struct {
	Store    request.Store
	Actions  *Registry
	Push     Pusher
	Dispatch Queue

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

	MaxLeaseExpirations int    // how many leases in a row may expire without a checkpoint; 0: 5
	Limits              Limits // zero: none
	SweepLimit          int    // how many due requests one sweep looks at; 0: 1000
}

// A Processor runs and recovers durable requests. It is safe for concurrent use,
// and several processors may work on one store.
type Processor struct {
	ProcessorConfig
}

// NewProcessor checks the config and fills in its defaults. Its error names every
// setting that is wrong, in the order of ProcessorConfig.
func NewProcessor(config ProcessorConfig) (*Processor, error) {
	c := config
	setDefault(&c.Worker, "worker")
	setDefault(&c.Lease, time.Minute)
	setDefault(&c.Heartbeat, c.Lease/4)
	setDefault(&c.SaveEvery, 2*time.Second)
	setDefault(&c.SliceMargin, time.Minute)
	setDefault(&c.Grace, 10*time.Second)
	setDefault(&c.Retention, DefaultRetention)
	setDefault(&c.MaxLeaseExpirations, 5)
	setDefault(&c.SweepLimit, 1000)
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	clock := c.Now
	c.Now = func() time.Time { return now(clock) }
	if c.Connections.Now == nil {
		c.Connections.Now = clock
	}
	return &Processor{c}, nil
}

func (c ProcessorConfig) check() error {
	var faults []error
	for _, required := range []struct {
		name   string
		absent bool
	}{
		{"Store", c.Store == nil},
		{"Actions", c.Actions == nil},
		{"Push", c.Push == nil},
		{"Dispatch", c.Dispatch == nil},
	} {
		if required.absent {
			faults = append(faults, fmt.Errorf("processor config: %s is required", required.name))
		}
	}
	for _, setting := range []struct {
		name  string
		value time.Duration
	}{
		{"Lease", c.Lease},
		{"Heartbeat", c.Heartbeat},
		{"SaveEvery", c.SaveEvery},
		{"SliceMargin", c.SliceMargin},
		{"Grace", c.Grace},
		{"Retention", c.Retention},
	} {
		if setting.value < 0 {
			faults = append(faults, fmt.Errorf("processor config: %s is %v; it must not be negative", setting.name, setting.value))
		}
	}
	if c.Heartbeat >= 0 && c.Lease >= 0 && c.Heartbeat >= c.Lease/2 {
		faults = append(faults, fmt.Errorf("processor config: Heartbeat %v must be below half of Lease %v", c.Heartbeat, c.Lease))
	}
	return errors.Join(faults...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Run claims the request and works on it until it is final, queued again, or
// taken away. A request that cannot be claimed is no error: another worker has
// it, or it is not due. An error means that the outcome could not be stored; the
// lease then expires and the sweep queues the request again.
func (p *Processor) Run(ctx context.Context, key request.Key) error {
	permits, err := p.permits(ctx, key)
	if err != nil {
		return err
	}
	at := p.Now()
	r, err := p.Store.ChangeRequest(ctx, key, request.Claim(at, p.Lease, p.Worker, permits))
	if full, throttled := errors.AsType[*request.LimitError](err); throttled {
		return p.throttle(ctx, key, at, full.Permit)
	}
	conflict, moved := errors.AsType[*request.ConflictError](err)
	switch {
	case moved:
		p.Logger.DebugContext(ctx, "nothing to claim", "request_id", key.ID, "state", conflict.Request.State)
		return nil
	case errors.Is(err, request.ErrNotFound):
		p.Logger.WarnContext(ctx, "dispatched request not found", "request_id", key.ID)
		return nil
	case err != nil:
		return fmt.Errorf("claim request: %w", err)
	}
	return newRun(p, r).work(ctx)
}

// permits are those that a run of the request must hold. Only where an action has
// a limit of its own does it cost a read.
func (p *Processor) permits(ctx context.Context, key request.Key) ([]request.Permit, error) {
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

// throttle has a request wait that could not have a permit.
func (p *Processor) throttle(ctx context.Context, key request.Key, at time.Time, full request.Permit) error {
	p.Logger.InfoContext(ctx, "request throttled", "request_id", key.ID, "limit", full.Name, "permits", full.Limit)
	_, err := p.Store.ChangeRequest(ctx, key, request.Throttle(at, full.Name))
	if err != nil && !hasMoved(err) {
		return fmt.Errorf("throttle request: %w", err)
	}
	// A permit may have been released between the two writes, when this request
	// was not in the wait queue yet.
	held, err := p.Store.PermitsHeld(ctx, full.Name)
	if err != nil {
		return fmt.Errorf("count permits: %w", err)
	}
	if held < full.Limit {
		p.resumeNext(ctx, []string{full.Name})
	}
	return nil
}
