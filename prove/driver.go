package prove

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/request"
)

const (
	sweepEvery = time.Minute
	maxSkew    = time.Second     // how wrong a process's clock is at most, against another's
	quiet      = 2 * time.Minute // in which nothing happened, so that all counts as quiescent

	// mostAtOnce is how much may happen before time passes, far more than in any
	// proof that ends.
	mostAtOnce = 100_000
)

// A driver decides what happens next. All of it belongs to one goroutine but
// what mu guards.
type driver struct {
	Config
	rng    *rand.Rand
	store  Store
	out    *bridge
	report Report
	digest interface {
		Write([]byte) (int, error)
		Sum64() uint64
	}

	began     time.Time
	jumped    time.Duration // how far the processes' clocks were set forward
	quiescing bool          // nothing is injected any more
	since     time.Time     // the last request was made, or all was left to itself
	lastMove  time.Time
	sweepAt   time.Time
	down      time.Time // the store answers nothing until then
	outages   []outage  // each behind the one before
	deployed  time.Time // a deploy is under way until then
	added     string    // the action that its old workers do not have

	processes  int
	messages   []message
	clients    []*client
	sockets    map[string]*client
	requests   []*tracked
	children   []*tracked // that requests have started
	byKey      map[request.Key]*tracked
	unnotified map[request.Key]bool
	scheduled  map[string]*scheduled // by name

	lastTick    time.Time // the last process began that might start what is due of schedules
	killedTicks int       // workers that died when they were to note what a schedule has started

	quietRequests int // of Config.Quiet
	limits        map[string]bool

	all         sync.WaitGroup // processes, dead ones too
	arrived     chan struct{}
	mu          sync.Mutex
	intercepted []*call
	answers     []answer
	running     int  // processes that are alive
	neighbours  int  // of those, the ones that run requests of Config.Quiet's neighbour
	ended       bool // nothing takes effect any more
}

func newDriver(c Config, out *bridge) *driver {
	d := &driver{
		Config: c, rng: rand.New(rand.NewPCG(c.Seed, 0x5eed)), store: c.Store, out: out,
		digest: fnv.New64a(), began: time.Now(), since: time.Now(), lastMove: time.Now(), sweepAt: time.Now().Add(sweepEvery),
		sockets: map[string]*client{}, byKey: map[request.Key]*tracked{}, unnotified: map[request.Key]bool{},
		limits: map[string]bool{}, arrived: make(chan struct{}, 1),
		report: Report{Seed: c.Seed, Ended: map[string]int{}, Kills: map[string]int{}, Injected: map[string]int{}},
	}
	d.clients = newClients()
	var err error
	if d.scheduled, err = c.schedules(); err != nil {
		panic(err) // Run has made them once; see withDefaults
	}
	return d
}

// epoch is when a proof begins, far enough ahead that no store's own clock
// takes what is kept for expired.
var epoch = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// now is a process's clock.
func (d *driver) now(p *process) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return epoch.Add(time.Since(d.began) + d.jumped + p.skew)
}

func (d *driver) wake() {
	select {
	case d.arrived <- struct{}{}:
	default:
	}
}

func (d *driver) run(ctx context.Context) {
	var began, ended, instant time.Time
	d.out.do(func(context.Context) { began = time.Now() })
	for at := 0; ; at++ {
		synctest.Wait()
		if now := time.Now(); now.After(instant) {
			instant, at = now, 0
		}
		d.collect()
		if !d.quiescing && len(d.requests) == d.Requests && (d.report.Killed() >= d.Kills || len(d.unnotified) == 0) && d.quietEnded() {
			d.quiescing, d.since, d.lastMove = true, time.Now(), time.Now()
			d.readAgain()
		}
		if d.quiescent() || ctx.Err() != nil {
			break
		}
		if time.Since(d.since) > d.Patience {
			d.find(&d.report.Stuck, nil, "after %v quiescent %s", d.Patience, d.busy())
			break
		}
		if at == mostAtOnce {
			d.find(&d.report.Stuck, nil, "no time passes: %d things happened in one instant, and %s", at, d.busy())
			break
		}
		d.step(ctx)
	}
	d.judge()
	d.out.do(func(context.Context) { ended = time.Now() })
	d.report.Took, d.report.Warped, d.report.Digest = ended.Sub(began), time.Since(d.began)+d.jumped, d.digest.Sum64()
}

// quiescent reports whether nothing is left to do.
func (d *driver) quiescent() bool {
	return d.quiescing && d.busy() == "" && time.Since(d.lastMove) > quiet
}

// busy says what is still to be done; "": nothing.
func (d *driver) busy() string {
	d.mu.Lock()
	intercepted, running := len(d.intercepted), d.running
	d.mu.Unlock()
	switch {
	case intercepted+running > 0:
		return fmt.Sprintf("%d processes run, %d calls are under way", running, intercepted)
	case len(d.unnotified) > 0:
		return fmt.Sprintf("%d requests have not ended", len(d.unnotified))
	case len(d.messages) > 0:
		return fmt.Sprintf("%d dispatches are in the queue", len(d.messages))
	}
	for _, cl := range d.clients {
		if cl.conn == "" {
			return cl.name + " has no connection"
		}
		for _, in := range cl.intents {
			return fmt.Sprintf("%s waits for an answer to %s of %s", cl.name, in.action, in.r.id)
		}
	}
	return ""
}

// end takes every process's world away and waits until all have noticed: time
// passes in a bubble only as long as its first goroutine is there.
func (d *driver) end() {
	d.mu.Lock()
	d.ended = true
	for _, c := range d.intercepted {
		c.out <- errDead
	}
	d.intercepted = nil
	d.mu.Unlock()
	d.all.Wait()
}

// step makes one thing happen.
func (d *driver) step(ctx context.Context) {
	if !d.quiescing {
		d.injectFault()
	}
	now := time.Now()
	if !now.Before(d.sweepAt) {
		d.sweepAt = now.Add(sweepEvery)
		d.tick(ctx)
		return
	}
	ready := d.ready(now)
	cl := d.readyClient(now)
	visible := d.visible(now)
	weights := []int{8 * min(len(ready), 1), 6 * min(len(visible), 1), 3}
	if cl == nil {
		weights[2] = 0
	}
	switch d.weighted(weights) {
	case 0:
		c := ready[d.rng.IntN(len(ready))]
		if d.release(c); c.p.kind == "sweep" && !c.write {
			return // it only looks
		}
	case 1:
		d.receive(ctx, visible)
	case 2:
		cl.act(ctx, d, now)
	default:
		d.pass(now)
		return
	}
	d.lastMove = now
}

// weighted draws an index in proportion to the weights; -1 when all are zero.
func (d *driver) weighted(weights []int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	if total == 0 {
		return -1
	}
	n := d.rng.IntN(total)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return -1
}

func (d *driver) chance(p float64) bool { return !d.quiescing && d.Faults > 0 && d.rng.Float64() < p }

// ready are the calls that may go on, in an order that does not depend on which
// goroutine came first.
func (d *driver) ready(now time.Time) []*call {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.SortStableFunc(d.intercepted, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.p.id, b.p.id), cmp.Compare(a.kind, b.kind), cmp.Compare(a.what, b.what),
			cmp.Compare(a.key.ID, b.key.ID), cmp.Compare(a.text, b.text))
	})
	var ready []*call
	for _, c := range d.intercepted {
		if !now.Before(c.due()) {
			ready = append(ready, c)
		}
	}
	return ready
}

func (d *driver) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(d.rng.Int64N(int64(most-least)))).Truncate(time.Millisecond)
}

// note adds an event to the digest and to the request's own trace.
func (d *driver) note(what, kind string, key request.Key) {
	line := what + " " + kind
	fmt.Fprintf(d.digest, "%s %s\n", line, key.ID)
	if r := d.byKey[key]; r != nil {
		r.trace = append(r.trace, line)
	}
}

func pick(rng *rand.Rand, of ...string) string { return of[rng.IntN(len(of))] }

// group is what a fault is counted under.
func group(c *call) string {
	switch {
	case c.kind == "push", c.kind == "dispatch", c.kind == "backlog":
		return c.kind
	case c.write:
		return "write"
	}
	return "read"
}

func (d *driver) apply(c *call) (err error) {
	if !c.outside {
		return c.do(context.Background())
	}
	d.out.do(func(ctx context.Context) { err = c.do(ctx) })
	_, conflict := errors.AsType[*request.ConflictError](err)
	_, full := errors.AsType[*request.LimitError](err)
	switch {
	case conflict:
		d.note("conflict in", c.kind, c.key)
		if isNotice(c) {
			d.report.Injected["notice of a child doubled"]++
		}
	case full:
		d.note("no permit for", c.kind, c.key)
	case err == nil && c.after != nil:
		c.after()
	}
	return err
}

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
