package prove

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// spawn starts a process.
func (d *driver) spawn(kind string, key request.Key, do func(*process)) {
	d.processes++
	p := &process{id: d.processes, kind: kind, key: key, claims: map[request.Key]int64{}}
	if d.chance(0.5) {
		p.skew = d.between(-maxSkew, maxSkew)
	}
	if time.Now().Before(d.deployed) && kind == "run" && d.rng.IntN(2) == 0 {
		p.lacks = d.added
	}
	if kind == "sweep" {
		if p.ticks = !d.onlyScheduled(); p.ticks {
			d.lastTick = d.clock()
		}
	}
	d.note("start", kind, key)
	d.mu.Lock()
	d.running++
	p.neighbour = kind == "run" && d.ofNeighbour(key)
	if p.neighbour {
		d.neighbours++
	}
	d.mu.Unlock()
	d.all.Go(func() {
		do(p)
		d.mu.Lock()
		if p.over = true; !p.dead {
			d.left(p)
		}
		d.mu.Unlock()
		d.wake()
	})
}

// left counts a process as gone. It needs d.mu.
func (d *driver) left(p *process) {
	d.running--
	if p.neighbour {
		d.neighbours--
	}
}

// kill ends a process: nothing of it takes effect from now on.
func (d *driver) kill(p *process, doing string) {
	d.report.Kills[doing]++
	d.mu.Lock()
	defer d.mu.Unlock()
	p.dead = true
	d.left(p)
	d.intercepted = slices.DeleteFunc(d.intercepted, func(c *call) bool {
		if c.p == p {
			c.out <- errDead
		}
		return c.p == p
	})
}

func (d *driver) processor(p *process) *streamer.Processor {
	c := d.Processor
	c.Store, c.Actions, c.Push, c.Dispatch = nodeStore{d.store, d, p}, d.version(p), nodePush{d, p}, nodeQueue{d, p}
	if p.ticks {
		c.Schedules = d.schedulesOf(p, c.Actions)
	}
	c.Worker, c.Now = fmt.Sprintf("worker-%d", p.id), func() time.Time { return d.now(p) }
	made, err := streamer.NewProcessor(c)
	if err != nil {
		panic(err) // Run has checked what the user set; see withDefaults
	}
	return made
}

// version are the actions that a process has: while a deploy is under way some lack one.
func (d *driver) version(p *process) *streamer.Registry {
	all, err := d.actions(nodeStore{d.store, d, p})
	if err != nil {
		panic(err) // Run has made them once; see withDefaults
	}
	all = slices.DeleteFunc(slices.Clone(all), func(a streamer.Action) bool { return a.Name() == p.lacks })
	return streamer.NewRegistry(all...).With(d.Parts.ActionMiddleware...)
}

// tick is one of the stage's schedule: it may be lost, and start two sweeps at once.
func (d *driver) tick(ctx context.Context) {
	switch {
	case d.chance(0.1):
		d.report.Injected["tick lost"]++
		return
	case d.chance(0.2):
		d.report.Injected["tick doubled"]++
		d.sweep(ctx)
	}
	d.sweep(ctx)
}

func (d *driver) sweep(ctx context.Context) {
	d.spawn("sweep", request.Key{}, func(p *process) {
		_, _ = d.processor(p).Sweep(ctx) // a fault that was injected; the next sweep goes on
	})
}
