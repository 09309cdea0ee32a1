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
	d.intercepted = slices.DeleteFunc(d.intercepted, func(c *call) bool {
		if c.p == p {
			c.out <- errDead
		}
		return c.p == p
	})
}

func (d *driver) processor(p *process) *streamer.Processor {
	c := d.Processor
	c.Store, c.Actions, c.Push, c.Dispatch = nodeStore{d.store, d, p}, d.registry, nodePush{d, p}, streamer.QueueFunc(nodeDispatch{d, p}.Dispatch)
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
		_ = d.processor(p).Dispatch.Dispatch(ctx, key, time.Time{}) // lost then, as far as the stream can tell
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
		_ = d.processor(p).Run(bounded, key, time.Time{}) // its lease ends by itself
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
