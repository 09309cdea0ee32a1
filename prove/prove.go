// Package prove shows that nothing is lost: it runs an application's own actions
// through the real domain code over a real store while it kills workers, fails
// the store, loses records, cuts sockets and makes the clock jump, lets things
// become quiescent, and checks what became of each request.
//
// It runs inside a testing/synctest bubble, so an action's own sleeps, timers and
// deadlines pass in no time, and a day of retries takes seconds. One seed is one
// order of events: every call to the store, every push and every dispatch stops
// until the driver, which alone draws random numbers, lets it go on.
//
// docs/prove.md says what is injected, what is checked and what is not.
package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A Store is what a proof runs over.
type Store interface {
	request.Store
	request.ConnectionStore
}

// A Case is one kind of request. Action and Want are required.
type Case struct {
	Action streamer.Action // a long one

	// Payload makes the payload of one more request; nil: there is none.
	Payload func(*rand.Rand) json.RawMessage

	// Signals are sent once to each request, by token, at a random time.
	Signals map[string]json.RawMessage

	// Cancel is the share of the requests, 0 to 1, that are cancelled at a
	// random time. Such a request may end CANCELLED, and then Want is not asked.
	Cancel float64

	// Later is the share of the requests, 0 to 1, that are submitted to start at a
	// random time, 40 minutes ahead at most. None may run before.
	Later float64

	// Redrives is how often a request that has FAILED is queued again before
	// the failure counts as its outcome.
	Redrives int

	// Deadly kills the worker of each run of Config.Quiet's neighbour at its first write:
	// such a request ends FAILED after Processor.MaxLeaseExpirations.
	Deadly bool

	// Want says what is wrong with the outcome of a request; nil: nothing. It
	// should compute the right one from the payload by other means than the
	// action does.
	Want func(payload json.RawMessage, got Outcome) error
}

// An Outcome is how a request ended, as its client has learned it.
type Outcome struct {
	ID     string
	State  request.State
	Result json.RawMessage
	Error  *wire.Error
	Output []json.RawMessage
	Steps  map[string]json.RawMessage // as recorded, signals under [request.SignalStep]
}

// A Config says what is run and what is injected. Store and Cases are required.
type Config struct {
	Store Store // empty, used by nothing else, and opened outside of the test's own bubble, if it has one
	Cases []Case

	Seed     uint64
	Requests int           // in all, the cases in equal shares; 0: 200
	Kills    int           // how many workers die; 0: a tenth of Requests; below zero: none
	Faults   float64       // how likely each call fails or is slow, 0 to 1; 0: 0.03; below zero: never
	Open     int           // how many requests are under way at a time; 0: 40
	Slice    time.Duration // how long one invocation of the processor may take; 0: 15 min

	// Quiet is one of the two tenants that the requests belong to, acme or globex. When it is
	// set, three of four requests are of the other one, whose clients do not read, whose
	// dispatches fill the queue and of which rows do not decode; and none of the quiet one's may
	// be claimed later than two sweeps after it is due, though half of its dispatches are
	// lost. Nothing else is injected, so Kills and Faults must be left out.
	Quiet string

	// Patience is how long, by the clock inside, what is left to itself may take
	// to become quiescent before it counts as stuck. 0: 24 h.
	Patience time.Duration

	// Parts are the application's own, the value that every stack takes. Of it a proof
	// runs Actions, ActionMiddleware, Limits, Retention, Lease and Schedules, and gives
	// Logger the processes' log, which is nowhere when it is nil; Middleware, Routes and
	// Verifier are of events, which it has none of. Schedules start requests beside those
	// that clients make; no client sends them signals or redrives them. Actions is called for each process, and makes
	// the actions of all Cases and those that they start; nil: the Cases' own are all.
	// What a stack adds to the parts must be left out.
	Parts functions.Parts

	// Processor has timings that an application's parts have not; what is zero has the
	// domain's default, but MaxLeaseExpirations, which is 100 so that kills alone fail no
	// request. What is the prover's must be left out, and what Parts has.
	Processor streamer.ProcessorConfig
}

// Run runs the requests of a proof and reports each fault that it finds as an
// error of t, with the seed. It returns when all is quiescent, or stuck.
func Run(t *testing.T, config Config) Report {
	t.Helper()
	c, err := config.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	out := newBridge(t.Context())
	defer out.close()
	var report Report
	defer func() { // also when an action that never returns makes the bubble panic
		t.Helper()
		for _, finding := range report.Findings {
			t.Errorf("seed %d: %s", c.Seed, finding)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		d := newDriver(c, out)
		d.run(t.Context())
		report = d.report
		d.end()
	})
	return report
}

func (c Config) withDefaults() (Config, error) {
	var wrong []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("prove: "+format, args...))
		}
	}
	check(c.Store != nil, "Store is required")
	check(len(c.Cases) > 0, "Cases are required")
	for n, one := range c.Cases {
		check(one.Want != nil, "case %d has no Want", n)
		check(one.Action.Long(), "case %d: the action %q is short; nothing of it is stored", n, one.Action.Name())
		check(one.Later >= 0 && one.Later <= 1, "case %d: Later is %v, want 0 to 1", n, one.Later)
		check(one.Cancel >= 0 && one.Cancel <= 1, "case %d: Cancel is %v, want 0 to 1", n, one.Cancel)
	}
	p := &c.Processor
	check(p.Store == nil && p.Actions == nil && p.Push == nil && p.Dispatch == nil && p.Worker == "" && p.Now == nil,
		"Store, Actions, Push, Dispatch, Worker and Now of Processor are the prover's")
	check(p.Limits == (streamer.Limits{}) && p.Retention == 0 && p.Lease == 0 && p.Logger == nil,
		"Limits, Retention, Lease and Logger of Processor are set, which are of Parts")
	own := c.Parts
	if err := own.CheckApplication(); err != nil {
		check(false, "%w", err)
	}
	check(own.Now == nil, "Now of Parts is the prover's")
	if all, err := c.actions(c.Store); err != nil {
		check(false, "make the actions: %w", err)
	} else {
		names := streamer.NewRegistry(all...).Names()
		for n, one := range c.Cases {
			name := one.Action.Name()
			check(slices.Contains(names, name), "case %d: the action %q is not one of Parts, which makes %v", n, name, names)
		}
	}
	p.Limits, p.Retention, p.Lease, p.Logger = own.Limits, own.Retention, own.Lease, own.Logger
	check(c.Faults <= 0.5, "Faults is %v: above 0.5 nothing gets done", c.Faults)
	check(c.Quiet == "" || c.Quiet == "acme" || c.Quiet == "globex", "Quiet is %q, want acme or globex", c.Quiet)
	check(c.Quiet == "" || c.Kills == 0 && c.Faults == 0, "Kills and Faults are set beside Quiet, which leaves no room for them")
	if c.Quiet != "" {
		c.Kills, c.Faults = -1, -1
	}
	check(c.Requests >= 0 && c.Open >= 0 && c.Slice >= 0 && c.Patience >= 0, "Requests, Open, Slice and Patience must not be negative")
	setDefault(&c.Requests, 200)
	setDefault(&c.Kills, c.Requests/10)
	setDefault(&c.Faults, 0.03)
	setDefault(&c.Open, 40)
	setDefault(&c.Slice, 15*time.Minute)
	setDefault(&c.Patience, 24*time.Hour)
	setDefault(&p.MaxLeaseExpirations, 100)
	setDefault(&p.Retention, 10*365*24*time.Hour)
	if p.Logger == nil {
		p.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	c.Kills, c.Faults = max(c.Kills, 0), max(c.Faults, 0)
	if len(wrong) == 0 {
		return c, c.checkSchedules()
	}
	return c, errors.Join(wrong...)
}

// actions makes the actions over a store.
func (c Config) actions(store request.Lister) ([]streamer.Action, error) {
	if c.Parts.Actions != nil {
		return c.Parts.Actions(store)
	}
	var all []streamer.Action
	for _, one := range c.Cases {
		all = append(all, one.Action)
	}
	return all, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// A bridge runs functions on a goroutine outside of the bubble: a store has
// connections and timers of its own, which must see the real time.
type bridge struct {
	ctx   context.Context
	calls chan func(context.Context)
	done  chan struct{}
}

func newBridge(ctx context.Context) *bridge {
	p := &bridge{ctx: ctx, calls: make(chan func(context.Context)), done: make(chan struct{})}
	go func() {
		for call := range p.calls {
			call(p.ctx)
			p.done <- struct{}{}
		}
	}()
	return p
}

// do returns when f has. It is for one goroutine.
func (p *bridge) do(f func(context.Context)) {
	p.calls <- f
	<-p.done
}

func (p *bridge) close() { close(p.calls) }
