package stack

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
)

// How many requests a Dev runs at a time, in all and of one tenant, and how many
// dispatches of a tenant wait. What one tenant has waiting or running leaves room for
// the others.
const (
	devRunning       = 256
	devTenantRunning = devRunning / 4
	devTenantWaiting = 100_000
)

// errTenantQueueFull refuses a dispatch. The sweep makes it later.
var errTenantQueueFull = errors.New("the tenant has too many dispatches waiting; the sweep dispatches the request later")

// A devQueue implements [streamer.Queue] in this process, where a dispatch waits until
// it is due, to the millisecond, and then for its tenant's turn: tenants that have
// something to run take turns, whatever each has waiting. Close it to stop it; what
// waits then is in the store, and the next start dispatches it.
type devQueue struct {
	run  func(context.Context, request.Dispatch) // one dispatch; called from many goroutines
	ctx  context.Context                         // of the runs; it ends when the queue closes
	stop context.CancelFunc

	mu      sync.Mutex
	delayed dueHeap
	timer   *time.Timer // for the first of delayed; nil: none waits
	tenants map[string]*tenantQueue
	turns   []*tenantQueue // those that have a dispatch to run and room to run it, the next first
	running int
	ready   int
	workers sync.WaitGroup
}

// A tenantQueue is what a tenant has waiting and running.
type tenantQueue struct {
	ready   []request.Dispatch // those that are due
	held    int                // ready and delayed ones
	running int
	inTurns bool
}

func newDevQueue(run func(context.Context, request.Dispatch)) *devQueue {
	q := &devQueue{run: run, tenants: map[string]*tenantQueue{}}
	q.ctx, q.stop = context.WithCancel(context.Background())
	return q
}

// Dispatch implements [streamer.Queue].
func (q *devQueue) Dispatch(_ context.Context, key request.Key, due time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx.Err() != nil {
		return nil
	}
	t := q.tenants[key.Tenant]
	if t == nil {
		t = &tenantQueue{}
		q.tenants[key.Tenant] = t
	}
	if t.held >= devTenantWaiting {
		return errTenantQueueFull
	}
	t.held++
	d := request.Dispatch{Key: key, Due: due}
	if wait := time.Until(due); wait > 0 {
		first := len(q.delayed) == 0 || due.Before(q.delayed[0].Due)
		heap.Push(&q.delayed, d)
		if first {
			q.wakeIn(wait)
		}
		return nil
	}
	q.enqueue(t, d)
	q.start()
	return nil
}

// DispatchAll implements [streamer.Queue].
func (q *devQueue) DispatchAll(ctx context.Context, all []request.Dispatch) []error {
	return streamer.QueueFunc(q.Dispatch).DispatchAll(ctx, all)
}

// Backlog implements [streamer.Queue], and counts exactly.
func (q *devQueue) Backlog(context.Context) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ready, nil
}

// close drops what waits, ends the context of what runs, and waits for that.
func (q *devQueue) close() {
	q.mu.Lock()
	q.stop()
	q.delayed, q.turns = nil, nil
	if q.timer != nil {
		q.timer.Stop()
	}
	q.mu.Unlock()
	q.workers.Wait()
}

// The methods below need q.mu.

// wakeIn has fire called after a while, and not when it was to be called before.
func (q *devQueue) wakeIn(wait time.Duration) {
	if q.timer == nil {
		q.timer = time.AfterFunc(wait, q.fire)
		return
	}
	q.timer.Reset(wait)
}

// fire enqueues what has become due. It takes q.mu itself.
func (q *devQueue) fire() {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for len(q.delayed) > 0 && !q.delayed[0].Due.After(now) {
		d := heap.Pop(&q.delayed).(request.Dispatch)
		q.enqueue(q.tenants[d.Key.Tenant], d)
	}
	if len(q.delayed) > 0 {
		q.wakeIn(q.delayed[0].Due.Sub(now))
	}
	q.start()
}

func (q *devQueue) enqueue(t *tenantQueue, d request.Dispatch) {
	t.ready = append(t.ready, d)
	q.ready++
	q.takeTurns(t)
}

// takeTurns puts a tenant at the end of the turns, if it has something to run and
// room to run it.
func (q *devQueue) takeTurns(t *tenantQueue) {
	if !t.inTurns && len(t.ready) > 0 && t.running < devTenantRunning {
		t.inTurns = true
		q.turns = append(q.turns, t)
	}
}

// start runs as many dispatches as there is room for.
func (q *devQueue) start() {
	for q.ctx.Err() == nil && q.running < devRunning && len(q.turns) > 0 {
		t := q.turns[0]
		q.turns = q.turns[1:]
		d := t.ready[0]
		t.ready, t.inTurns = t.ready[1:], false
		q.ready--
		t.held--
		t.running++
		q.running++
		q.takeTurns(t)
		q.workers.Go(func() {
			q.run(q.ctx, d)
			q.finish(d.Key.Tenant, t)
		})
	}
}

// finish makes room for the next dispatch. It takes q.mu itself.
func (q *devQueue) finish(tenant string, t *tenantQueue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t.running--
	q.running--
	q.takeTurns(t)
	if t.running == 0 && t.held == 0 {
		delete(q.tenants, tenant)
	}
	q.start()
}

// A dueHeap has the dispatch that is due first at its top.
type dueHeap []request.Dispatch

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].Due.Before(h[j].Due) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(d any)        { *h = append(*h, d.(request.Dispatch)) }
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = request.Dispatch{}
	*h = (*h)[:last]
	return d
}

// run has the processor function take a dispatch. What fails is the sweep's.
func (s *Dev) run(ctx context.Context, processor *lambda.InProcess, d request.Dispatch) {
	payload, err := functions.NewRunInvocation(d.Key, d.Due).Payload()
	if err == nil {
		_, err = processor.Invoke(ctx, payload)
	}
	if err != nil && ctx.Err() == nil {
		s.config.Parts.Logger.WarnContext(ctx, "run failed; the sweep goes on with the request", "request_id", d.Key.ID, "error", err.Error())
	}
}

// endLeases ends the leases of an earlier process. Only one can have the file, so its
// workers are gone, and the first sweep queues again what they ran.
func (s *Dev) endLeases(ctx context.Context) {
	at := time.Now()
	if s.config.Parts.Now != nil {
		at = s.config.Parts.Now()
	}
	end := func(r *request.Request) error {
		if r.State != request.Running {
			return nil
		}
		ended := request.Renew(at, 0).ByWorker(r.Fence)
		ended.Brief = true
		_, err := s.store.ChangeRequest(ctx, r.Key, ended)
		return err
	}
	for _, kind := range []request.LookKind{request.LookDispatch, request.LookLease} { // a claim may leave the look as it was
		s.stored(ctx, kind, "running requests are left until their leases end", end)
	}
}

// dispatchStored dispatches every queued request: the queue of the process that
// queued it ended with that.
func (s *Dev) dispatchStored(ctx context.Context) {
	s.stored(ctx, request.LookDispatch, "queued requests are left to the sweep", func(r *request.Request) error {
		if r.State == request.Queued && r.ThrottledBy == "" {
			_ = s.queue.Dispatch(ctx, r.Key, r.DueAt) // refused: too many of the tenant wait
		}
		return nil
	})
}

// stored calls f with every request that is looked at for a kind, now or later. After a
// fault it logs what becomes of the rest.
func (s *Dev) stored(ctx context.Context, kind request.LookKind, rest string, f func(*request.Request) error) {
	query := request.DueQuery{Kind: kind, Until: time.Now().AddDate(100, 0, 0), Limit: 1000}
	for {
		page, next, err := s.store.DueRequests(ctx, query)
		if _, undecodable := errors.AsType[*request.UndecodableError](err); undecodable { // which the sweep reports
			err = nil
		}
		for _, r := range page {
			if err == nil {
				err = f(r)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.config.Parts.Logger.WarnContext(ctx, rest, "error", err.Error())
		}
		if query.Cursor = next; next == "" || err != nil {
			return
		}
	}
}
