package storetest

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
	"github.com/pay-theory/streamer/internal/model"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// RunModel puts a request into every situation of internal/model, lets every
// event happen by the domain's own code, and holds that it does what the table
// says and nothing where the table says nothing. One store serves all of it.
func RunModel(t *testing.T, store Store) {
	s := suite{store}
	for i, from := range model.Situations() {
		for j, event := range model.Events() {
			if from == model.Absent && event.OfWorker() {
				continue // no worker can have claimed it
			}
			t.Run(fmt.Sprint(event, " when ", from), func(t *testing.T) {
				t.Parallel()
				newLifecycle(t, s, fmt.Sprintf("tenant-%d-%d", i, j), from).check(event)
			})
		}
	}
}

// A lifecycle is one request on its way through the model.
type lifecycle struct {
	t     *testing.T
	s     suite
	from  model.Situation
	key   request.Key
	who   streamer.Caller
	lease time.Duration

	mu  sync.Mutex
	now time.Time

	requests  *streamer.Requests
	processor *streamer.Processor
	schedules *streamer.Schedules // one, whose time the request's id is of
	begun     chan *attempt
	worker    *attempt // the last that claimed it
	blocker   *attempt // holds the only place of a limit
	all       []*attempt
}

// An attempt is a claim whose action does as it is told.
type attempt struct {
	orders chan func(context.Context, *streamer.Job) (end bool, err error)
	ctx    context.Context
	done   chan error // what Run returned
}

// Errors of an action that fails on purpose.
var (
	errForGood = streamer.Errorf(wire.ProcessingFailed, "no such parcel")
	errForNow  = errors.New("the line is busy")
)

func newLifecycle(t *testing.T, s suite, tenant string, from model.Situation) *lifecycle {
	t.Helper()
	l := &lifecycle{t: t, s: s, from: from, lease: time.Minute, now: epoch, begun: make(chan *attempt)}
	l.key = request.Key{Tenant: tenant, Subject: "ada", ID: "schedule:" + tenant + ":2096-03-04T05:00:00Z"}
	l.who = streamer.Caller{Principal: streamer.Principal{Tenant: tenant, Subject: "ada", ExpiresAt: epoch.Add(1000 * time.Hour)}}
	// A retry waits at most this long, and nearly always longer than the tests.
	config := streamer.ActionConfig{Name: "obey", Long: true, Limit: 1000 * time.Hour,
		Retry: streamer.RetryPolicy{Attempts: 3, Base: 1000 * time.Hour, Cap: 1000 * time.Hour}}
	if from == model.LastAttempt {
		config.Retry.Attempts = 1
	}
	registry := streamer.NewRegistry(streamer.NewAction(config, l.obey))
	logger := slog.New(slog.DiscardHandler)
	clock := func() time.Time { l.mu.Lock(); defer l.mu.Unlock(); return l.now }
	c := streamer.ProcessorConfig{Store: ofTenant{s.Store, tenant}, Actions: registry, Push: l, Dispatch: streamer.QueueFunc(l.Dispatch),
		Logger: logger, Now: clock, Lease: l.lease, SweepEvery: 1} // a dispatch that does not act at once is lost
	if from == model.ExpiredOften {
		c.MaxLeaseExpirations = 1
	}
	if from == model.Full || from == model.Throttled {
		c.Limits.RunningPerTenant = 1
	}
	var err error
	if l.processor, err = streamer.NewProcessor(c); err != nil {
		t.Fatal(err)
	}
	if l.schedules, err = registry.Schedules(streamer.Schedule{Name: tenant, Cron: "0 5 4 3 *", Action: "obey", Tenant: tenant,
		Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	l.requests = &streamer.Requests{Store: c.Store, Actions: registry, Push: l, Dispatch: streamer.QueueFunc(l.Dispatch),
		Logger: logger, Now: clock, SweepEvery: c.SweepEvery}
	t.Cleanup(func() {
		for _, a := range l.all {
			close(a.orders)
			<-a.done
		}
	})
	return l
}

// ofTenant is a store in which a sweep finds one tenant's requests alone.
type ofTenant struct {
	Store
	tenant string
}

func (s ofTenant) DueRequests(ctx context.Context, q request.DueQuery) ([]*request.Request, string, error) {
	due, cursor, err := s.Store.DueRequests(ctx, q)
	return slices.DeleteFunc(due, func(r *request.Request) bool { return r.Tenant != s.tenant }), cursor, err
}

func (s ofTenant) ThrottlingLimits(ctx context.Context, n int, cursor string) ([]string, string, error) {
	names, next, err := s.Store.ThrottlingLimits(ctx, n, cursor)
	return slices.DeleteFunc(names, func(name string) bool { return name != request.TenantPermit(s.tenant, 0).Name }), next, err
}

// Push and Dispatch lead nowhere.
func (l *lifecycle) Push(context.Context, string, []byte) error                     { return streamer.ErrGone }
func (l *lifecycle) Dispatch(_ context.Context, key request.Key, _ time.Time) error { return nil }

// obey is the action.
func (l *lifecycle) obey(ctx context.Context, job *streamer.Job, _ json.RawMessage) (string, error) {
	a := &attempt{orders: make(chan func(context.Context, *streamer.Job) (bool, error)), ctx: ctx}
	l.begun <- a
	for order := range a.orders {
		if end, err := order(ctx, job); end {
			return "done", err
		}
	}
	return "", context.Canceled
}

// named is another request of the same subject.
func (l *lifecycle) named(id string) request.Key {
	return request.Key{Tenant: l.key.Tenant, Subject: l.key.Subject, ID: id}
}

func (l *lifecycle) advance(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

// row is the request as it is stored; nil when it is not there.
func (l *lifecycle) row() *request.Request {
	l.t.Helper()
	r, err := l.s.LoadRequest(l.t.Context(), l.key)
	if err != nil && !errors.Is(err, request.ErrNotFound) {
		l.t.Fatal(err)
	}
	return r
}

// claim runs a request. It returns nil where there was nothing to claim.
func (l *lifecycle) claim(key request.Key) *attempt {
	l.t.Helper()
	done := make(chan error, 1)
	go func() { done <- l.processor.Run(context.WithoutCancel(l.t.Context()), key, time.Time{}) }()
	select {
	case a := <-l.begun:
		a.done = done
		l.all = append(l.all, a)
		return a
	case err := <-done:
		if err != nil {
			l.t.Fatalf("run: %v", err)
		}
		return nil
	}
}

// order has the action do something, and waits until its run is over where that
// ends it.
func (a *attempt) order(t *testing.T, do func(context.Context, *streamer.Job) (bool, error)) {
	t.Helper()
	ended := make(chan bool, 1)
	a.orders <- func(ctx context.Context, job *streamer.Job) (bool, error) {
		end, err := do(ctx, job)
		ended <- end
		return end, err
	}
	if <-ended {
		if err := <-a.done; err != nil {
			t.Fatalf("run: %v", err)
		}
		a.done <- nil // for what waits for its end
	}
}

// arrange brings the request into its situation. Where no worker has it, one had
// it before and does not know that its lease was taken away.
func (l *lifecycle) arrange(event model.Event) {
	l.t.Helper()
	if l.from == model.Absent {
		return
	}
	l.happen(model.Submit)
	if l.from.State != request.Running && event.OfWorker() {
		l.happen(model.Claim)
		l.advance(l.lease)
		l.happen(model.Sweep)
	}
	stale := l.worker
	if l.from == model.Full || l.from == model.Throttled {
		l.submit("blocker")
		l.blocker = l.claim(l.named("blocker"))
	}
	for _, event := range map[model.Situation][]model.Event{
		model.Later:           {model.Claim, model.Snooze},
		model.Awaiting:        {model.Claim, model.Await},
		model.Family:          {model.Claim, model.Children},
		model.Throttled:       {model.Claim},
		model.Running:         {model.Claim},
		model.LastAttempt:     {model.Claim},
		model.Stopping:        {model.Claim, model.Cancel},
		model.Expired:         {model.Claim},
		model.ExpiredOften:    {model.Claim},
		model.ExpiredStopping: {model.Claim, model.Cancel},
		model.Succeeded:       {model.Claim, model.Succeed},
		model.Failed:          {model.Claim, model.Fail},
		model.Cancelled:       {model.Cancel},
	}[l.from] {
		l.happen(event)
	}
	switch l.from {
	case model.Expired, model.ExpiredOften, model.ExpiredStopping:
		l.advance(l.lease)
	}
	if l.from.State != request.Running {
		l.worker = stale
	}
	if got := l.situation(); got != l.from {
		l.t.Fatalf("the request is %v, want %v", got, l.from)
	}
}

// check lets the event happen and looks at what it did.
func (l *lifecycle) check(event model.Event) {
	l.t.Helper()
	l.arrange(event)
	l.advance(time.Second)
	before := l.row()
	want, effect, known := model.Find(l.from, event)
	l.happen(event)
	if event == model.Sweep && known { // it may see the write before it a little later
		settles(l.t, func() string {
			if got := l.situation(); got == want {
				return ""
			}
			l.happen(event)
			return fmt.Sprint("no sweep brings it to ", want)
		})
	}
	after := l.row()
	if before != nil && before.State == request.Running && after.State != request.Running {
		l.joins(event, before, after)
	}
	switch got := l.situation(); {
	case known && got != want:
		l.t.Errorf("it leads to %v; the model says %v, %s", got, want, effect)
	case known && before != nil && difference(after, before) == "":
		l.t.Errorf("nothing has changed; the model says: %s", effect)
	case !known && before == nil && after != nil:
		l.t.Errorf("the model has no such event, and it makes %+v", after)
	case !known && before != nil:
		after.Look = before.Look // a sweep may move it, since looks may come early
		same(l.t, "the model has no such event, and it changes the request", after, before)
	}
}

// joins holds that a claim that has ended is in the history, from its own start
// on, unless it succeeded or goes on later.
func (l *lifecycle) joins(event model.Event, before, after *request.Request) {
	l.t.Helper()
	want := slices.Clone(before.History)
	if after.State != request.Succeeded && after.Slices == before.Slices {
		ended := wire.Attempt{Number: before.Attempt, StartedAt: before.ClaimedAt, EndedAt: after.UpdatedAt, Code: wire.LeaseLost,
			Worker: before.Worker}
		if n := len(after.History); event != model.Sweep && n > 0 && after.History[n-1].Code != wire.LeaseLost {
			ended.Code = after.History[n-1].Code // why it failed, or that it was cancelled
		}
		want = append(want, ended)
	}
	history := slices.Clone(after.History)
	for n := range history {
		cause := &history[n].Cause
		if got, want := *cause == (wire.Cause{}), history[n].Code == wire.Cancelled; got != want {
			l.t.Errorf("attempt %d of the history has no cause: got %v, want %v: %+v", n, got, want, history[n])
		}
		*cause = wire.Cause{}
	}
	if !slices.Equal(history, want) {
		l.t.Errorf("the history is %+v, want %+v", history, want)
	}
}

func (l *lifecycle) submit(id string) {
	l.t.Helper()
	if _, err := l.requests.Submit(l.t.Context(), l.who, wire.Message{ID: id, Action: "obey"}); err != nil {
		l.t.Fatalf("submit: %v", err)
	}
}
