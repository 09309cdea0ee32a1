package functions

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/request"
)

// Parts are what the four functions are made of. An application sets the first
// group, in one value for every stack that it runs on; the stack adds the second:
// package deployed on AWS, package stack on one machine. A function uses some of
// the parts, and its constructor names those that are missing.
type Parts struct {
	// Actions makes the application's actions over the stored requests, which
	// they may read. Router and Processor need it.
	Actions func(requests request.Lister) ([]streamer.Action, error)

	// ActionMiddleware wraps each run of an action, the first outermost; see
	// [streamer.Registry.With].
	ActionMiddleware []func(next streamer.ActionFunc) streamer.ActionFunc

	// Middleware wraps each event of each function, the first outermost, inside
	// the functions' own: correlation, trace, metrics, log, recovery, deadline.
	Middleware []lift.Middleware

	// Routes adds HTTP routes to the router function. A route with authenticate
	// wants a token. Nil adds none.
	Routes func(app *lift.App, authenticate lift.Middleware)

	// Issuers are those whose tokens count, each with its keys, its audience or
	// clients, and the claim of the tenant; see [NewVerifier] for the defaults. They
	// count beside the stack's own: on AWS those of the environment, which win over
	// one of the same name here; on one machine the development key.
	Issuers []auth.Config

	// Verifier verifies the tokens of clients in the place of all issuers, the stack's
	// own included. It sets Tenant, Subject and Expiry of the claims, and their Scopes.
	Verifier auth.TokenVerifier

	// Schedules start requests of the actions at their times. Router and Processor check
	// them.
	Schedules []streamer.Schedule

	Limits    streamer.Limits  // zero: none
	Retention time.Duration    // how long a final request can be read; 0: streamer.DefaultRetention
	Lease     time.Duration    // how long a worker may be silent; 0: a minute, on stack.Dev 10 s
	Logger    *slog.Logger     // nil: the stack's
	Now       func() time.Time // nil: time.Now

	// All functions need Connections; Router and Processor need the others.
	Connections request.ConnectionStore
	Requests    request.Store
	Push        streamer.Pusher
	Close       streamer.Closer
	Dispatch    streamer.Queue

	SweepEvery time.Duration // how often the schedule fires; 0: a minute
	Paused     bool          // sweeps dispatch no queued request and start no scheduled one

	Telemetry Telemetry // of one function
	Worker    string    // names the processor's process in requests and logs; "": "worker"
}

// CheckApplication reports every part that is set although the stack adds it: a stack
// would not heed what an application puts there.
func (p *Parts) CheckApplication() error {
	var faults []error
	for _, part := range []struct {
		name string
		set  bool
	}{
		{"Connections", p.Connections != nil},
		{"Requests", p.Requests != nil},
		{"Push", p.Push != nil},
		{"Close", p.Close != nil},
		{"Dispatch", p.Dispatch != nil},
		{"SweepEvery", p.SweepEvery != 0},
		{"Paused", p.Paused},
		{"Telemetry", p.Telemetry != Telemetry{}},
		{"Worker", p.Worker != ""},
	} {
		if part.set {
			faults = append(faults, fmt.Errorf("functions: Parts.%s is set, of which the stack has its own: leave it empty", part.name))
		}
	}
	return errors.Join(faults...)
}

// A need is a part that a function cannot do without.
type need struct {
	name    string
	present bool
}

// check reports every part that is missing and every setting that is not valid,
// in a fixed order.
func (p *Parts) check(function string, needs ...need) error {
	var faults []error
	for _, n := range needs {
		if !n.present {
			faults = append(faults, fmt.Errorf("functions: %s needs Parts.%s", function, n.name))
		}
	}
	for _, setting := range []struct {
		name  string
		valid bool
	}{
		{"Limits.RunningPerTenant", p.Limits.RunningPerTenant >= 0},
		{"Limits.OpenPerPrincipal", p.Limits.OpenPerPrincipal >= 0},
		{"Retention", p.Retention >= 0},
		{"Lease", p.Lease >= 0},
		{"SweepEvery", p.SweepEvery >= 0},
	} {
		if !setting.valid {
			faults = append(faults, fmt.Errorf("functions: Parts.%s is negative; 0 stands for the default", setting.name))
		}
	}
	if p.Verifier != nil && len(p.Issuers) > 0 {
		faults = append(faults, errors.New("functions: Parts has both a Verifier and Issuers: "+
			"a Verifier takes the place of all issuers, so leave one of them empty"))
	}
	if p.Logger == nil {
		p.Logger = lift.NewLogger(lift.LogConfig{})
	}
	return errors.Join(faults...)
}

// needVerifier is what a function needs that looks at tokens.
func (p *Parts) needVerifier() need {
	return need{"Verifier", p.Verifier != nil || len(p.Issuers) > 0}
}

// verify makes the Verifier of the Issuers.
func (p *Parts) verify() (err error) {
	if p.Verifier == nil {
		p.Verifier, err = NewVerifier(p.Issuers...)
	}
	return err
}

// registry makes the actions, each run of which is part of its event's trace, and checks
// the schedules of them.
func (p *Parts) registry() (*streamer.Registry, *streamer.Schedules, error) {
	all, err := p.Actions(p.Requests)
	if err != nil {
		return nil, nil, fmt.Errorf("functions: make the actions: %w", err)
	}
	registry := streamer.NewRegistry(all...).With(p.ActionMiddleware...)
	if p.Telemetry.Tracer != nil {
		registry = registry.With(traced)
	}
	schedules, err := registry.Schedules(p.Schedules...)
	return registry, schedules, err
}

func (p *Parts) connections() streamer.Connections {
	return streamer.Connections{Store: p.Connections, Closer: p.Close, Now: p.Now}
}
