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

	Worker string                   // names this process in requests and logs; "": "worker"
	Redact func(text string) string // leaves secrets out of the causes of attempts, which operators see; nil: nothing is left out
	Logger *slog.Logger             // nil: slog.Default
	Now    func() time.Time         // stamps and leases; nil: time.Now

	Lease       time.Duration // how long a claim lasts without a heartbeat; 0: 60 s
	Heartbeat   time.Duration // how often it is renewed, below half the lease; 0: a quarter of the lease
	SaveEvery   time.Duration // how often at most progress is stored between heartbeats; 0: 2 s
	SliceMargin time.Duration // how long before the function's deadline a slice ends, at most half of what is left; 0: 60 s
	Grace       time.Duration // how long an action whose context ended may take to return; 0: 10 s
	Retention   time.Duration // how long a final request can be read; 0: DefaultRetention

	MaxLeaseExpirations int    // how many leases in a row may expire without a checkpoint or a step; 0: 5
	Limits              Limits // zero: none

	SweepEvery time.Duration // how often something calls Sweep; a queued request that is due for so long was not dispatched; 0: 1 min
	SweepTime  time.Duration // how long one sweep may take; 0: 50 s
	SweepPage  int           // how many requests a sweep reads at a time; 0: 1000
	Paused     bool          // sweeps dispatch no queued request and start no scheduled one

	Schedules *Schedules // whose requests sweeps start; nil: none
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
	setDefault(&c.SweepEvery, time.Minute)
	setDefault(&c.SweepTime, 50*time.Second)
	setDefault(&c.SweepPage, 1000)
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
		{"SweepEvery", c.SweepEvery},
		{"SweepTime", c.SweepTime},
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

// Run answers a dispatch: it claims the request and works on it until it is final,
// queued again, or taken away. A request that cannot be claimed is no error: another
// worker has it, or it was not due by the time that the dispatch was for; zero stands
// for any. A dispatch that comes early is sent again, and so is one whose request the
// store could not claim. An error means that the outcome could not be stored; the
// lease then expires and the sweep queues the request again.
func (p *Processor) Run(ctx context.Context, key request.Key, due time.Time) error {
	at, due := p.Now(), due.Truncate(time.Millisecond) // as stores keep it
	if due.After(at) {
		if err := p.Dispatch.Dispatch(ctx, key, due); err != nil {
			return fmt.Errorf("dispatch request again that is due in %v: %w", due.Sub(at), err)
		}
		return nil
	}
	r, err := p.claim(ctx, key, at, due)
	if full, throttled := errors.AsType[*request.LimitError](err); throttled {
		err = p.throttle(ctx, key, at, full.Permit)
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
		return p.claimLater(ctx, key, at, err)
	case r == nil:
		return nil // throttled
	}
	return newRun(p, r).work(ctx)
}

// claim claims the request if it was due by the time that the dispatch was for.
func (p *Processor) claim(ctx context.Context, key request.Key, at, due time.Time) (*request.Request, error) {
	permits, err := p.permits(ctx, key)
	if err != nil {
		return nil, err
	}
	claim := request.Claim(at, p.Lease, p.Worker, permits)
	if !due.IsZero() {
		claim.If.DueBy = due
	}
	r, err := p.Store.ChangeRequest(ctx, key, claim.KeepLook())
	if conflict, moved := errors.AsType[*request.ConflictError](err); moved && conflict.Request.State == request.Queued &&
		!conflict.Request.DueAt.After(claim.If.DueBy) {
		r, err = p.Store.ChangeRequest(ctx, key, claim) // which moves the look
	}
	if err != nil {
		return nil, fmt.Errorf("claim request: %w", err)
	}
	return r, nil
}

// claimPause is how long at least a request waits that could not be claimed.
const claimPause = 5 * time.Second

// claimLater dispatches a request again whose claim a fault of the store prevented. To
// fail the invocation would have the same effect later, and Lambda would run fewer
// requests of all tenants meanwhile (AWS Lambda Developer Guide, "Using Lambda with
// Amazon SQS", backoff on errors).
func (p *Processor) claimLater(ctx context.Context, key request.Key, at time.Time, fault error) error {
	wait := claimPause + RetryPolicy{Base: time.Minute, Cap: time.Minute}.delay(key, 1)
	p.Logger.WarnContext(ctx, "request could not be claimed; it is dispatched again", "request_id", key.ID, "wait_ms", wait.Milliseconds(),
		"error", fault.Error())
	if err := p.Dispatch.Dispatch(ctx, key, at.Add(wait)); err != nil {
		return errors.Join(fault, fmt.Errorf("dispatch request again: %w", err))
	}
	return nil
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
	r, err := p.Store.ChangeRequest(ctx, key, request.Throttle(at, full.Name).LookedAtEvery(p.SweepEvery))
	switch {
	case err == nil:
		send(ctx, p.Push, p.Logger, key, r.Subscribers, waitingFrame(r).Append(nil), 1)
	case !hasMoved(err):
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
