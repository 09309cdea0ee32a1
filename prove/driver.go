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

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

const (
	sweepEvery = time.Minute
	maxSkew    = time.Second     // how wrong a process's clock is at most, against another's
	quiet      = 2 * time.Minute // in which nothing happened, so that all counts as settled

	// mostAtOnce is how much may happen before time passes, far more than in any
	// proof that ends.
	mostAtOnce = 100_000
)

// A driver decides what happens next. All of it belongs to one goroutine but
// what mu guards.
type driver struct {
	Config
	rng      *rand.Rand
	store    Store
	out      *portal
	registry *streamer.Registry
	report   Report
	digest   interface {
		Write([]byte) (int, error)
		Sum64() uint64
	}

	began    time.Time
	jumped   time.Duration // how far the processes' clocks were set forward
	calm     bool          // nothing is injected any more
	since    time.Time     // the last request was made, or all was left in peace
	lastMove time.Time
	sweepAt  time.Time

	processes   int
	records     []request.Key
	invocations []request.Key
	devices     []*device
	sockets     map[string]*device
	requests    []*tracked
	byKey       map[request.Key]*tracked
	unnotified  map[request.Key]bool
	limits      map[string]bool

	all     sync.WaitGroup // processes, dead ones too
	arrived chan struct{}
	mu      sync.Mutex
	parked  []*call
	answers []answer
	running int  // processes that are alive
	ended   bool // nothing takes effect any more
}

func newDriver(c Config, out *portal) *driver {
	d := &driver{
		Config: c, rng: rand.New(rand.NewPCG(c.Seed, 0x5eed)), store: c.Store, out: out,
		digest: fnv.New64a(), began: time.Now(), since: time.Now(), lastMove: time.Now(), sweepAt: time.Now().Add(sweepEvery),
		sockets: map[string]*device{}, byKey: map[request.Key]*tracked{}, unnotified: map[request.Key]bool{},
		limits: map[string]bool{}, arrived: make(chan struct{}, 1),
		report: Report{Seed: c.Seed, Ended: map[string]int{}, Kills: map[string]int{}, Injected: map[string]int{}},
	}
	var actions []streamer.Action
	for _, one := range c.Cases {
		actions = append(actions, one.Action)
	}
	d.registry = streamer.NewRegistry(actions...)
	d.devices = newDevices()
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
		if !d.calm && len(d.requests) == d.Requests && (d.report.Killed() >= d.Kills || len(d.unnotified) == 0) {
			d.calm, d.since, d.lastMove = true, time.Now(), time.Now()
		}
		if d.settled() || ctx.Err() != nil {
			break
		}
		if time.Since(d.since) > d.Patience {
			d.find(&d.report.Stuck, nil, "after %v in peace %s", d.Patience, d.busy())
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

// settled reports whether nothing is left to do.
func (d *driver) settled() bool { return d.calm && d.busy() == "" && time.Since(d.lastMove) > quiet }

// busy says what is still to be done; "": nothing.
func (d *driver) busy() string {
	d.mu.Lock()
	parked, running := len(d.parked), d.running
	d.mu.Unlock()
	switch {
	case parked+running > 0:
		return fmt.Sprintf("%d processes run, %d calls are under way", running, parked)
	case len(d.unnotified) > 0:
		return fmt.Sprintf("%d requests have not ended", len(d.unnotified))
	case len(d.records)+len(d.invocations) > 0:
		return "records are on their way"
	}
	for _, dev := range d.devices {
		if dev.conn == "" {
			return dev.name + " has no connection"
		}
		for _, in := range dev.intents {
			return fmt.Sprintf("%s waits for an answer to %s of %s", dev.name, in.action, in.r.id)
		}
	}
	return ""
}

// end takes every process's world away and waits until all have noticed: time
// passes in a bubble only as long as its first goroutine is there.
func (d *driver) end() {
	d.mu.Lock()
	d.ended = true
	for _, c := range d.parked {
		c.out <- errDead
	}
	d.parked = nil
	d.mu.Unlock()
	d.all.Wait()
}

// step makes one thing happen.
func (d *driver) step(ctx context.Context) {
	if !d.calm {
		d.upset()
	}
	now := time.Now()
	if !now.Before(d.sweepAt) {
		d.sweepAt = now.Add(sweepEvery)
		d.sweep(ctx)
		if d.chance(0.2) {
			d.sweep(ctx) // two at once
		}
		return
	}
	ready := d.ready(now)
	dev := d.eager(now)
	weights := []int{8 * min(len(ready), 1), 3 * min(len(d.records), 1), 3 * min(len(d.invocations), 1), 3}
	if dev == nil {
		weights[3] = 0
	}
	switch d.weighted(weights) {
	case 0:
		c := ready[d.rng.IntN(len(ready))]
		if d.release(c); c.p.kind == "sweep" && !c.write {
			return // it only looks
		}
	case 1:
		d.streamRecord(ctx)
	case 2:
		d.invoke(ctx)
	case 3:
		dev.act(ctx, d, now)
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

func (d *driver) chance(p float64) bool { return !d.calm && d.Faults > 0 && d.rng.Float64() < p }

// ready are the calls that may go on, in an order that does not depend on which
// goroutine came first.
func (d *driver) ready(now time.Time) []*call {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.SortStableFunc(d.parked, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.p.id, b.p.id), cmp.Compare(a.kind, b.kind), cmp.Compare(a.what, b.what))
	})
	var ready []*call
	for _, c := range d.parked {
		if !now.Before(c.due()) {
			ready = append(ready, c)
		}
	}
	return ready
}

// pass lets time go on until something is due, or a process wants something.
func (d *driver) pass(now time.Time) {
	next := d.sweepAt
	earlier := func(at time.Time) {
		if at.After(now) && at.Before(next) {
			next = at
		}
	}
	d.mu.Lock()
	for _, c := range d.parked {
		earlier(c.due())
	}
	d.mu.Unlock()
	for _, dev := range d.devices {
		earlier(dev.next())
	}
	select { // an old ring
	case <-d.arrived:
	default:
	}
	timer := time.NewTimer(next.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.arrived:
	}
}

// upset makes the world worse: cut sockets, clocks that jump, sweeps out of turn,
// time that passes while calls are under way.
func (d *driver) upset() {
	switch {
	case d.chance(d.Faults / 10):
		d.cut(d.devices[d.rng.IntN(len(d.devices))])
		d.report.Injected["socket cut"]++
	case d.chance(d.Faults / 100):
		d.mu.Lock()
		d.jumped += d.between(time.Second, 2*time.Minute)
		d.mu.Unlock()
		d.report.Injected["clock jump"]++
	case d.chance(d.Faults / 10):
		d.sweepAt = time.Now()
		d.report.Injected["sweep out of turn"]++
	case d.chance(d.Faults):
		time.Sleep(d.between(time.Millisecond, 3*time.Second))
		synctest.Wait()
		d.collect()
	}
}

func (d *driver) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(d.rng.Int64N(int64(most-least)))).Truncate(time.Millisecond)
}

// spawn starts a process.
func (d *driver) spawn(kind string, key request.Key, do func(*process)) {
	d.processes++
	p := &process{id: d.processes, kind: kind, claims: map[request.Key]int64{}}
	if d.chance(0.5) {
		p.skew = d.between(-maxSkew, maxSkew)
	}
	d.note("start", kind, key)
	d.mu.Lock()
	d.running++
	d.mu.Unlock()
	d.all.Go(func() {
		do(p)
		d.mu.Lock()
		if p.over = true; !p.dead {
			d.running--
		}
		d.mu.Unlock()
		d.wake()
	})
}

// kill ends a process: nothing of it takes effect from now on.
func (d *driver) kill(p *process, doing string) {
	d.report.Kills[doing]++
	d.mu.Lock()
	defer d.mu.Unlock()
	p.dead = true
	d.running--
	d.parked = slices.DeleteFunc(d.parked, func(c *call) bool {
		if c.p == p {
			c.out <- errDead
		}
		return c.p == p
	})
}

// note adds an event to the digest and to the request's own trace.
func (d *driver) note(what, kind string, key request.Key) {
	line := what + " " + kind
	fmt.Fprintf(d.digest, "%s %s\n", line, key.ID)
	if r := d.byKey[key]; r != nil {
		r.trace = append(r.trace, line)
	}
}

func (d *driver) processor(p *process) *streamer.Processor {
	c := d.Processor
	c.Store, c.Actions, c.Push, c.Dispatch = nodeStore{d.store, d, p}, d.registry, nodePush{d, p}, nodeDispatch{d, p}
	c.Worker, c.Now = fmt.Sprintf("worker-%d", p.id), func() time.Time { return d.now(p) }
	made, err := streamer.NewProcessor(c)
	if err != nil {
		panic(err) // Run has checked what the user set; see withDefaults
	}
	return made
}

func (d *driver) sweep(ctx context.Context) {
	d.spawn("sweep", request.Key{}, func(p *process) {
		_, _ = d.processor(p).Sweep(ctx) // a fault that was injected; the next sweep goes on
	})
}

// streamRecord takes a record from the stream: any, perhaps twice, perhaps none.
func (d *driver) streamRecord(ctx context.Context) {
	key := d.draw(&d.records, "stream record")
	if key == (request.Key{}) {
		return
	}
	d.spawn("stream", key, func(p *process) {
		_ = d.processor(p).Dispatch.Dispatch(ctx, key) // lost then, as far as the stream can tell
	})
}

// invoke runs an invocation that was asked for.
func (d *driver) invoke(ctx context.Context) {
	key := d.draw(&d.invocations, "invocation")
	if key == (request.Key{}) {
		return
	}
	d.spawn("run", key, func(p *process) {
		bounded, cancel := context.WithTimeout(ctx, d.Slice)
		defer cancel()
		_ = d.processor(p).Run(bounded, key) // its lease ends by itself
	})
}

// draw takes one of a queue's keys out of turn. It may leave it there too, or
// lose it.
func (d *driver) draw(queue *[]request.Key, what string) request.Key {
	n := d.rng.IntN(len(*queue))
	key := (*queue)[n]
	switch {
	case d.chance(2 * d.Faults):
		d.report.Injected[what+" lost"]++
		*queue = slices.Delete(*queue, n, n+1)
		d.note("lost", what, key)
		return request.Key{}
	case d.chance(2 * d.Faults):
		d.report.Injected[what+" doubled"]++
	default:
		*queue = slices.Delete(*queue, n, n+1)
	}
	if n > 0 {
		d.report.Injected[what+" out of order"]++
	}
	return key
}

// release lets one call go on, to whatever end.
func (d *driver) release(c *call) {
	fate := d.fate(c)
	d.note(fate, c.kind, c.key)
	if fate == "slow" {
		d.report.Injected["slow "+group(c)]++
		c.until = time.Now().Add(d.between(100*time.Millisecond, 20*time.Second))
		return
	}
	if fate == "cut off" {
		d.report.Injected["worker cut off"]++
		c.p.until = time.Now().Add(d.between(30*time.Second, 3*time.Minute))
		return
	}
	if fate == "store away" { // the worker pushes on, while its lease ends
		d.report.Injected["worker cut off from the store"]++
		c.p.away = time.Now().Add(d.between(30*time.Second, 3*time.Minute))
		return
	}
	d.mu.Lock()
	d.parked = slices.DeleteFunc(d.parked, func(other *call) bool { return other == c })
	d.mu.Unlock()
	switch fate {
	case "killed before":
		d.kill(c.p, c.kind+", before")
		c.out <- errDead
	case "killed after":
		d.apply(c)
		d.kill(c.p, c.kind+", after")
		c.out <- errDead
	case "refused":
		d.report.Injected[group(c)+" refused"]++
		c.out <- errFault
	case "unknown outcome":
		d.report.Injected[group(c)+" with unknown outcome"]++
		d.apply(c)
		c.out <- errFault
	case "socket gone", "frame lost":
		d.report.Injected[fate]++
		if dev := d.sockets[c.what]; dev != nil {
			d.cut(dev)
		}
		if fate == "socket gone" {
			c.out <- streamer.ErrGone
		} else {
			c.out <- nil
		}
	default:
		c.out <- d.apply(c)
	}
}

// fate draws what becomes of a call.
func (d *driver) fate(c *call) string {
	if d.calm {
		return "done"
	}
	// The kills keep pace with the requests, so that they come all along.
	owed := d.Kills*len(d.requests)/d.Requests - d.report.Killed()
	if c.write && owed > 0 && !d.over(c.p) && d.rng.IntN(10) == 0 {
		return pick(d.rng, "killed before", "killed after")
	}
	if !d.chance(d.Faults) {
		return "done"
	}
	switch {
	case c.p.kind == "run" && d.rng.IntN(5) == 0:
		return pick(d.rng, "cut off", "store away")
	case c.kind == "push":
		return pick(d.rng, "refused", "unknown outcome", "socket gone", "frame lost", "slow")
	case c.write || c.kind == "dispatch":
		return pick(d.rng, "refused", "unknown outcome", "slow")
	}
	return pick(d.rng, "refused", "slow")
}

// over reports whether a process has returned; what it left under way may still
// take effect.
func (d *driver) over(p *process) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return p.over
}

func pick(rng *rand.Rand, of ...string) string { return of[rng.IntN(len(of))] }

// group is what a fault is counted under.
func group(c *call) string {
	switch {
	case c.kind == "push", c.kind == "dispatch":
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
	var conflict *request.ConflictError
	var full *request.LimitError
	switch {
	case errors.As(err, &conflict):
		d.note("conflict in", c.kind, c.key)
	case errors.As(err, &full):
		d.note("no place for", c.kind, c.key)
	case err == nil && c.after != nil:
		c.after()
	}
	return err
}

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
