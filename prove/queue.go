package prove

import (
	"context"
	"slices"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// A message is a dispatch in the queue.
type message struct {
	key request.Key
	due time.Time // that it names
	at  time.Time // when it becomes visible
}

// A nodeQueue is the queue as one process sees it.
type nodeQueue struct {
	d *driver
	p *process
}

var _ streamer.Queue = nodeQueue{}

// Dispatch implements [streamer.Queue].
func (n nodeQueue) Dispatch(ctx context.Context, key request.Key, due time.Time) error {
	return n.d.intercept(ctx, &call{p: n.p, kind: "dispatch", key: key, text: due.String(), do: func(context.Context) error {
		n.d.enqueue(key, due)
		return nil
	}})
}

// DispatchAll implements [streamer.Queue]. Each of a batch may fail by itself.
func (n nodeQueue) DispatchAll(ctx context.Context, dispatches []request.Dispatch) []error {
	faults := make([]error, len(dispatches))
	for i, one := range dispatches {
		faults[i] = n.Dispatch(ctx, one.Key, one.Due)
	}
	return faults
}

// Backlog implements [streamer.Queue].
func (n nodeQueue) Backlog(ctx context.Context) (visible int, err error) {
	err = n.d.intercept(ctx, &call{p: n.p, kind: "backlog", do: func(context.Context) error {
		for _, m := range n.d.messages {
			if !m.at.After(time.Now()) {
				visible++
			}
		}
		return nil
	}})
	return visible, err
}

// enqueue takes a dispatch in, which is visible once it is due, by whole seconds as the
// delays of SQS are.
func (d *driver) enqueue(key request.Key, due time.Time) {
	now := time.Now()
	wait := due.Sub(d.clock())
	delay := min(max(wait, 0), request.MaxDelay)
	if delay%time.Second > 0 {
		delay = delay.Truncate(time.Second) + time.Second
	}
	d.messages = append(d.messages, message{key, due, now.Add(delay)})
}

// clock is the time that the processes' clocks are about.
func (d *driver) clock() time.Time { return epoch.Add(time.Since(d.began) + d.jumped) }

// visible are the indexes of the messages that a worker may receive.
func (d *driver) visible(now time.Time) []int {
	var visible []int
	for n, m := range d.messages {
		if !m.at.After(now) && d.mayReceive(m) {
			visible = append(visible, n)
		}
	}
	return visible
}

// receive takes one of the visible messages, in any order, and has a worker run it. It
// may be lost, come twice, come late, or once more when it is stale; one that is not
// visible yet may come early.
func (d *driver) receive(ctx context.Context, visible []int) {
	n := visible[d.rng.IntN(len(visible))]
	if n != visible[0] {
		d.report.Injected["dispatch out of order"]++
	}
	if len(visible) < len(d.messages) && d.chance(d.Faults/2) {
		n = d.rng.IntN(len(d.messages))
		d.report.Injected["dispatch early"]++
	}
	m := d.messages[n]
	remove := func() { d.messages = slices.Delete(d.messages, n, n+1) }
	switch {
	case d.chance(2 * d.Faults):
		d.report.Injected["dispatch lost"]++
		remove()
		d.note("lost", "dispatch", m.key)
		return
	case d.chance(d.Faults):
		d.report.Injected["dispatch late"]++
		d.messages[n].at = time.Now().Add(d.between(time.Second, 5*time.Minute))
		d.note("late", "dispatch", m.key)
		return
	case d.chance(d.Faults):
		d.report.Injected["dispatch stale"]++
		d.messages[n].at = time.Now().Add(d.between(time.Minute, 2*time.Hour))
	case d.chance(d.Faults):
		d.report.Injected["dispatch doubled"]++
	default:
		remove()
	}
	d.spawn("run", m.key, func(p *process) {
		bounded, cancel := context.WithTimeout(ctx, d.Slice)
		defer cancel()
		_ = d.processor(p).Run(bounded, m.key, m.due) // its lease ends by itself
	})
}
