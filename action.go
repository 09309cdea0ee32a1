package streamer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const (
	// ShortLimit is the longest Expected of a short action, whose client waits for
	// its answer.
	ShortLimit = 5 * time.Second

	// MaxShortLimit is the longest Limit of a short action: API Gateway waits 29 s
	// for the router, which also has to look up the connection and to answer.
	MaxShortLimit = 25 * time.Second
)

// An ActionConfig says how an action is run. Only the name is required.
type ActionConfig struct {
	// Name is what clients send as "action". It must not begin with "streamer.".
	Name string

	// Long makes the action durable: its messages become stored requests, which are
	// acknowledged at once, run in the processor, are retried and survive a crash.
	// A short action runs inside the router, and its answer is the reply; nothing of
	// it is stored.
	Long bool

	// Expected is how long the work usually takes. A long action's log lines have it as
	// expected_ms, beside ran_ms, which is what the run has cost; it decides nothing. It
	// is at most Limit, for a short action at most ShortLimit. 0: not known.
	Expected time.Duration

	// Limit is the longest it may work: for a short action in all, by default
	// and at most MaxShortLimit; for a long one over all attempts and slices
	// together, waiting not counted, by default one hour. Past it the request
	// fails with TIMEOUT.
	Limit time.Duration

	// Retry says how a long action's failures are retried. A short action, which
	// cannot have it, is never retried: its client is there to decide.
	Retry RetryPolicy

	// MaxSlices bounds how often a long action may be continued; 0: 1000.
	MaxSlices int

	// MaxRunning is how many of a long action's requests may run at a time, over
	// all tenants; the others wait. 0: no limit.
	MaxRunning int

	// Priority ranks a long action's requests among those that wait for one limit.
	Priority Priority

	// Scope is what a principal must hold to ask for the action; empty: nothing.
	Scope string

	// Description, Output and Errors tell clients of the action, as the types of its
	// payload and result do: in GET /actions and in what `streamer types` writes. They
	// decide nothing. Output is any value of the type that the chunks have which the
	// action emits; Errors are the codes that it fails with by its own decision.
	Description string
	Output      any
	Errors      []wire.Code
}

// checked is the config with its defaults. It panics on a wrong one.
func (c ActionConfig) checked() ActionConfig {
	switch {
	case c.Name == "":
		panic("streamer: an action needs a name")
	case strings.HasPrefix(c.Name, wire.ReservedPrefix):
		panic(fmt.Sprintf("streamer: action %q: names beginning with %q belong to the protocol", c.Name, wire.ReservedPrefix))
	case c.Expected < 0, c.Limit < 0, c.MaxSlices < 0, c.MaxRunning < 0,
		c.Retry.Attempts < 0, c.Retry.Base < 0, c.Retry.Cap < 0:
		panic(fmt.Sprintf("streamer: action %q: a negative setting", c.Name))
	}
	if !c.Long {
		c.checkShort()
	}
	if c.Limit == 0 {
		c.Limit = MaxShortLimit
		if c.Long {
			c.Limit = time.Hour
		}
	}
	if c.Limit < c.Expected {
		panic(fmt.Sprintf("streamer: action %q: Limit %v is below Expected %v: raise Limit", c.Name, c.Limit, c.Expected))
	}
	if c.MaxSlices == 0 {
		c.MaxSlices = 1000
	}
	c.Retry = c.Retry.withDefaults()
	return c
}

// checkShort panics on what a short action would ignore or cannot keep.
func (c ActionConfig) checkShort() {
	retry := c.Retry
	for _, setting := range []struct {
		name string
		set  bool
	}{
		{fmt.Sprintf("Expected %v, above %v,", c.Expected, ShortLimit), c.Expected > ShortLimit},
		{fmt.Sprintf("Limit %v, above %v,", c.Limit, MaxShortLimit), c.Limit > MaxShortLimit},
		{"Retry", retry.Attempts > 0 || retry.Base > 0 || retry.Cap > 0 || retry.Retryable != nil},
		{"MaxSlices", c.MaxSlices > 0},
		{"MaxRunning", c.MaxRunning > 0},
		{"Priority", c.Priority != Normal},
	} {
		if setting.set {
			panic(fmt.Sprintf("streamer: action %q: %s is for a long action, and this one is short: set Long, or leave it out",
				c.Name, setting.name))
		}
	}
}

// A RetryPolicy spaces the attempts of a long action: before attempt n+1 it
// waits a random time between zero and min(Cap, Base·2ⁿ⁻¹), known as
// exponential backoff with full jitter. The wait is stored with the request; no
// function waits it out.
type RetryPolicy struct {
	Attempts int           // in all; 0: 3
	Base     time.Duration // 0: 1 s
	Cap      time.Duration // 0: 5 min

	// Retryable decides on an internal error that is not
	// Permanent; nil: it is retried. It must not go by the error's text.
	Retryable func(error) bool
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.Attempts == 0 {
		p.Attempts = 3
	}
	if p.Base == 0 {
		p.Base = time.Second
	}
	if p.Cap == 0 {
		p.Cap = 5 * time.Minute
	}
	return p
}

// delay is the wait after the failed attempt, counted from 1. It comes from the
// request's key and the attempt: as spread out over many requests as chance is,
// and the same whenever one request's life is replayed.
func (p RetryPolicy) delay(key request.Key, attempt int) time.Duration {
	ceiling := p.Cap
	if shift := attempt - 1; shift < 32 {
		ceiling = min(ceiling, p.Base<<shift)
	}
	hash := fnv.New64a()
	for _, part := range []string{key.Tenant, key.Subject, key.ID} {
		hash.Write([]byte(part + "\x00"))
	}
	jitter := rand.New(rand.NewPCG(hash.Sum64(), uint64(attempt)))
	return time.Duration(jitter.Int64N(int64(ceiling) + 1))
}

// An Action is a named piece of work that clients can ask for. Make one with
// NewAction. It is immutable and safe for concurrent use.
type Action struct {
	config ActionConfig

	payload, result reflect.Type

	check func(payload json.RawMessage) error
	run   ActionFunc
}

// An ActionFunc is one run of an action: the payload is decoded, the work done,
// the result encoded.
type ActionFunc func(ctx context.Context, job *Job) (json.RawMessage, error)

// A Validator is an input that can tell what is wrong with it. NewAction calls
// Validate on every decoded input, before a request is stored; a returned
// *Error is the client's answer, the text of any other error becomes a
// VALIDATION_ERROR.
type Validator interface{ Validate() error }

// NewAction makes an action of a function. The payload is decoded into In with
// encoding/json before fn runs (a json.RawMessage gets it byte for byte, a
// missing payload leaves In zero), and Out is encoded for the client. A payload
// that does not decode is refused with VALIDATION_ERROR when it arrives.
//
// The context ends when the request is cancelled, when the action's limit is
// reached, when the function's time is nearly over, or when another worker has
// taken the request; context.Cause tells which: [ErrCancelled], [ErrLimit],
// [ErrSliceEnd], [ErrLeaseLost]. At ErrSliceEnd return [Continue] to go on in
// another invocation. See [Job] for what else fn may do.
//
// It panics on a wrong config, since that is a mistake in wiring.
func NewAction[In, Out any](config ActionConfig, fn func(ctx context.Context, job *Job, in In) (Out, error)) Action {
	config = config.checked()
	return Action{
		config:  config,
		payload: reflect.TypeFor[In](), result: reflect.TypeFor[Out](),
		check: func(payload json.RawMessage) error {
			_, err := decodeInput[In](payload)
			return err
		},
		run: func(ctx context.Context, job *Job) (json.RawMessage, error) {
			in, err := decodeInput[In](job.payload)
			if err != nil {
				return nil, job.mismatch("the payload", err)
			}
			out, err := fn(ctx, job, in)
			if err != nil {
				return nil, err
			}
			return encodeOutput(out)
		},
	}
}

// Name is what clients send as "action".
func (a Action) Name() string { return a.config.Name }

// Long reports whether the action's messages become durable requests.
func (a Action) Long() bool { return a.config.Long }

// Scope is what a principal must hold to ask for the action; empty: nothing.
func (a Action) Scope() string { return a.config.Scope }

func decodeInput[In any](payload json.RawMessage) (In, error) {
	var in In
	if err := unmarshalInput(payload, &in); err != nil {
		return in, err
	}
	v, ok := any(in).(Validator)
	if !ok {
		v, ok = any(&in).(Validator)
	}
	if !ok {
		return in, nil
	}
	err := validate(v)
	return in, err
}

// unmarshalInput and validate have one code for all inputs.
func unmarshalInput(payload json.RawMessage, into any) error {
	if raw, ok := into.(*json.RawMessage); ok {
		*raw = payload
		return nil
	}
	if len(payload) == 0 {
		return nil
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return decodeError(err)
	}
	return nil
}

func validate(v Validator) error {
	err := v.Validate()
	if err == nil {
		return nil
	}
	if public, ok := errors.AsType[*Error](err); ok {
		return public
	}
	return Errorf(wire.ValidationError, "%s", err.Error())
}

// encodeOutput leaves <, > and & and every byte of a json.RawMessage as they are.
func encodeOutput(out any) (json.RawMessage, error) {
	if raw, ok := out.(json.RawMessage); ok {
		if len(raw) == 0 {
			return json.RawMessage("null"), nil
		}
		if !json.Valid(raw) || !utf8.Valid(raw) {
			return nil, errors.New("the action's result is not valid JSON")
		}
		return raw, nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("encode the action's result: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// A Registry holds the actions of an application, by name. It is immutable.
type Registry struct {
	actions map[string]Action
	limited bool // some action has MaxRunning
}

// NewRegistry gathers actions. It panics when two have one name.
func NewRegistry(actions ...Action) *Registry {
	r := &Registry{actions: make(map[string]Action, len(actions))}
	for _, a := range actions {
		if _, taken := r.actions[a.Name()]; taken {
			panic(fmt.Sprintf("streamer: two actions are named %q", a.Name()))
		}
		r.actions[a.Name()] = a
		r.limited = r.limited || a.config.MaxRunning > 0
	}
	return r
}

// With returns a registry of the same actions inside a middleware, the first one
// given the outermost. It wraps every run of every action: of a short one in the
// router, of a long one each attempt and slice in the processor. [Job.Action]
// tells which action it is.
//
//	logged := registry.With(func(next streamer.ActionFunc) streamer.ActionFunc {
//		return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
//			start := time.Now()
//			out, err := next(ctx, job)
//			job.Logger().Info("ran", "took", time.Since(start), "failed", streamer.IsFailure(ctx, err))
//			return out, err
//		}
//	})
//
// What a middleware returns is the run's outcome, so it should hand on next's
// error as it is: [Continue], [Snooze] and [AwaitSignal] are errors too, and
// [IsFailure] tells them from failures. A panic of the action passes through it. It
// runs for a request that was accepted, and is no place for access control: that
// is ActionConfig.Scope.
func (r *Registry) With(middleware ...func(next ActionFunc) ActionFunc) *Registry {
	wrapped := &Registry{actions: make(map[string]Action, len(r.actions)), limited: r.limited}
	for name, a := range r.actions {
		for _, wrap := range slices.Backward(middleware) {
			a.run = wrap(a.run)
		}
		wrapped.actions[name] = a
	}
	return wrapped
}

// Names returns the actions' names in order.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.actions))
	for name := range r.actions {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (r *Registry) find(name string) (Action, error) {
	a, ok := r.actions[name]
	if !ok {
		return Action{}, Errorf(wire.InvalidAction, "there is no action %q", name)
	}
	return a, nil
}
