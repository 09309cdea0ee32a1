package streamertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// A Job is one request for an action. The exported fields are read by the first run. Its
// methods but Heartbeat, Crash, EndSlice, Cancel and Signal belong to the test's own
// goroutine.
type Job struct {
	ID        string             // "": "job"
	Principal streamer.Principal // who asks; zero: ada of the tenant acme, with the action's scope
	Metadata  map[string]string  // of the message

	// OnReport is called with what the action reports, before the action goes on.
	OnReport func(streamer.Report)

	t         testing.TB
	action    streamer.Action
	payload   json.RawMessage
	store     *store
	requests  *streamer.Requests
	processor *streamer.Processor

	submitted bool
	answer    wire.Frame // of a short action

	mu      sync.Mutex
	skipped time.Duration
	err     error // what the last run returned
	running *running
	reports []streamer.Report
	beats   int

	children []request.Key // that were started, in order
}

// running is the run that is under way.
type running struct {
	ctx     context.Context // the action's
	job     *streamer.Job
	stop    context.CancelFunc // ends the function's time
	crashed bool
}

// New prepares a request for the action. The payload is encoded as JSON; a
// json.RawMessage is taken as it is. The children are the actions that it starts as such,
// or stand-ins of the same names. What an action logs goes to the test's log.
func New(t testing.TB, action streamer.Action, payload any, children ...streamer.Action) *Job {
	t.Helper()
	raw, err := encode(payload)
	if err != nil {
		t.Fatalf("streamertest: encode the payload: %v", err)
	}
	db, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatalf("streamertest: open the store: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	j := &Job{t: t, action: action, payload: raw}
	j.store = &store{Store: db, job: j}
	registry := streamer.NewRegistry(append(children, action)...).With(j.around)
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	dispatch := streamer.QueueFunc(j.dispatched)
	j.requests = &streamer.Requests{Store: j.store, Actions: registry, Push: nowhere{}, Dispatch: dispatch, Now: j.Now, Logger: logger}
	j.processor, err = streamer.NewProcessor(streamer.ProcessorConfig{
		Store: j.store, Actions: registry, Push: nowhere{}, Dispatch: dispatch, Now: j.Now, Logger: logger,
	})
	if err != nil {
		t.Fatalf("streamertest: %v", err)
	}
	return j
}

func encode(v any) (json.RawMessage, error) {
	if raw, ok := v.(json.RawMessage); ok {
		return raw, nil
	}
	return json.Marshal(v)
}

// nowhere is where frames go: no connection is open.
type nowhere struct{}

func (nowhere) Push(context.Context, string, []byte) error { return streamer.ErrGone }

// dispatched notes the children that a run has started.
func (j *Job) dispatched(_ context.Context, key request.Key, _ time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if key.ID != j.ID && !slices.Contains(j.children, key) {
		j.children = append(j.children, key)
	}
	return nil
}

// Run runs the action until the request is final: attempts, slices, children and what
// follows a crash. The clock skips what lies between. A signal that was not given does not
// come: its timeout passes.
func (j *Job) Run() {
	j.t.Helper()
	for j.RunOnce() {
	}
}

// RunOnce runs the action once, an attempt or a slice of one, from when it is due, and
// reports whether it is to run again. After a crash the lease expires first. Where the
// request waits for children, they run to their ends before, one after the other.
func (j *Job) RunOnce() (more bool) {
	j.t.Helper()
	if !j.submit() {
		return false
	}
	return j.run(j.key())
}

// run runs a request once and reports whether it is to run again.
func (j *Job) run(key request.Key) (more bool) {
	j.t.Helper()
	r := j.load(key)
	if r.State == request.Running {
		r = j.expire(key)
	}
	if r.State.Final() {
		return false
	}
	if r.WaitsForChildren() {
		j.runChildren(key)
		r = j.load(key)
	}
	j.Skip(max(r.DueAt.Sub(j.Now()), 0))
	ctx, stop := context.WithCancel(j.t.Context())
	defer stop()
	j.begin(&running{stop: stop})
	err := j.processor.Run(ctx, key, time.Time{})
	j.begin(nil)
	if err != nil {
		j.t.Fatalf("streamertest: %v", err)
	}
	return !j.load(key).State.Final()
}

// runChildren runs the children of a request to their ends.
func (j *Job) runChildren(parent request.Key) {
	for n := 0; n < len(j.children); n++ { //nolint:intrange // each may add its own
		child := j.children[n]
		if j.load(child).ParentKey() != parent {
			continue
		}
		for more := true; more && j.load(parent).WaitsForChildren(); {
			more = j.run(child)
		}
	}
}

// expire lets the lease of a crashed run end, and the sweep find that.
func (j *Job) expire(key request.Key) *request.Request {
	j.t.Helper()
	r := j.load(key)
	for tries := 0; r.State == request.Running; tries++ {
		if tries > 10 {
			j.t.Fatalf("streamertest: the sweep does not take up a request whose lease ended at %v; it is %v", r.DueAt, j.Now())
		}
		j.Skip(time.Minute)
		if _, err := j.processor.Sweep(j.t.Context()); err != nil {
			j.t.Fatalf("streamertest: sweep: %v", err)
		}
		r = j.load(key)
	}
	return r
}

// submit submits the request once and reports whether it is stored.
func (j *Job) submit() bool {
	if j.submitted {
		return j.action.Long() && j.Request() != nil
	}
	j.submitted = true
	if j.ID == "" {
		j.ID = "job"
	}
	if j.Principal.Subject == "" && j.Principal.Tenant == "" {
		j.Principal = streamer.Principal{Tenant: "acme", Subject: "ada", Scopes: []string{j.action.Scope()}}
	}
	j.begin(&running{})
	defer j.begin(nil)
	frame, err := j.requests.Submit(j.t.Context(), j.caller(),
		wire.Message{ID: j.ID, Action: j.action.Name(), Payload: j.payload, Metadata: j.Metadata})
	j.answer = frame
	if failed, ok := errors.AsType[*streamer.ActionError](err); ok {
		err = failed.Err
	}
	if err != nil {
		j.returned(err)
		return false
	}
	return j.action.Long()
}

func (j *Job) key() request.Key { return j.Principal.Key(j.ID) }

func (j *Job) caller() streamer.Caller { return streamer.Caller{Principal: j.Principal} }

func (j *Job) begin(r *running) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running = r
}

func (j *Job) returned(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = err
}

// around is the middleware of each run.
func (j *Job) around(next streamer.ActionFunc) streamer.ActionFunc {
	return func(ctx context.Context, job *streamer.Job) (out json.RawMessage, err error) {
		j.mu.Lock()
		run := j.running
		run.ctx, run.job = ctx, job
		j.mu.Unlock()
		own := job.ID() == j.ID // and not a child's
		if own {
			job.Observe(j.report)
		}
		defer func() {
			if !j.hasCrashed() {
				return
			}
			_ = recover()                          // which came from Crash
			out, err = nil, streamer.Continue(nil) // which the store does not take
		}()
		out, err = next(ctx, job)
		if own {
			j.returned(err)
		}
		return out, err
	}
}

func (j *Job) report(r streamer.Report) {
	if isHeartbeat(r.Step) {
		return
	}
	j.mu.Lock()
	j.reports = append(j.reports, r)
	j.mu.Unlock()
	if j.OnReport != nil {
		j.OnReport(r)
	}
}

// Err is what the action returned in its last run, or why its payload was refused. A run
// that crashed returned nothing.
func (j *Job) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// Request is the request as it is stored: its state, attempt, slices, steps, checkpoint,
// progress, result or public error, and since when it waits for what. It is nil for a short
// action and for a payload that was refused.
func (j *Job) Request() *request.Request {
	j.t.Helper()
	return j.load(j.key())
}

// load is a request as it is stored; nil for one that is not there.
func (j *Job) load(key request.Key) *request.Request {
	j.t.Helper()
	r, err := j.store.Store.LoadRequest(context.WithoutCancel(j.t.Context()), key)
	if err != nil && !errors.Is(err, request.ErrNotFound) {
		j.t.Fatalf("streamertest: %v", err)
	}
	return r
}

// Output is the request's output, as it is stored.
func (j *Job) Output() []json.RawMessage {
	j.t.Helper()
	chunks, err := j.store.ReadOutput(j.t.Context(), j.key(), 0, request.MaxOutput)
	if err != nil {
		j.t.Fatalf("streamertest: %v", err)
	}
	output := make([]json.RawMessage, 0, len(chunks))
	for _, chunk := range chunks {
		output = append(output, chunk.Data)
	}
	return output
}

// Reports are what the action has reported in all runs so far, in order.
func (j *Job) Reports() []streamer.Report {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]streamer.Report(nil), j.reports...)
}

// Result decodes the action's result. The test ends there when the action has none.
func Result[T any](j *Job) T {
	j.t.Helper()
	var result T
	raw := j.answer.Data
	if j.action.Long() {
		r := j.Request()
		switch {
		case r == nil:
			j.t.Fatalf("streamertest: the request was not stored, and so has no result: %v", j.Err())
		case r.State != request.Succeeded:
			j.t.Fatalf("streamertest: the request is %s and has no result: the action returned the error %v", r.State, j.Err())
		}
		raw = r.Result
	}
	if raw == nil {
		j.t.Fatalf("streamertest: the action has no result: %v", j.Err())
	}
	if asIs, ok := any(&result).(*json.RawMessage); ok {
		*asIs = raw
		return result
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		j.t.Fatalf("streamertest: the result %s does not decode into %T: %v", raw, result, err)
	}
	return result
}

// Now is the clock: it runs as the real one does, and skips what the request waits. It is
// safe for concurrent use.
func (j *Job) Now() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return time.Now().Add(j.skipped)
}

// Skip moves the clock on.
func (j *Job) Skip(d time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.skipped += d
}

// mustBeLong panics with what a test asks of a short action in vain.
func (j *Job) mustBeLong(what string) {
	if !j.action.Long() {
		panic(fmt.Sprintf("streamertest: the short action %s has no %s: it is not stored and runs once", j.action.Name(), what))
	}
}
