package prove

import (
	"slices"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
)

// injectFault injects a fault: cut sockets, clocks that jump, sweeps out of turn,
// time that passes while calls are under way.
func (d *driver) injectFault() {
	switch {
	case d.chance(d.Faults / 10):
		d.cut(d.clients[d.rng.IntN(len(d.clients))])
		d.report.Injected["socket cut"]++
	case d.chance(d.Faults / 100):
		d.mu.Lock()
		d.jumped += d.between(time.Second, 2*time.Minute)
		d.mu.Unlock()
		d.report.Injected["clock jump"]++
	case d.chance(d.Faults/100) && time.Since(d.deployed) > time.Hour:
		d.deploy()
	case d.chance(d.Faults / 10):
		d.sweepAt = time.Now()
		d.report.Injected["sweep out of turn"]++
	case d.chance(d.Faults):
		time.Sleep(d.between(time.Millisecond, 3*time.Second))
		synctest.Wait()
		d.collect()
	}
}

// deploy begins a deploy of a version with one more action, which workers of the old
// version do not have for up to five minutes.
func (d *driver) deploy() {
	d.added = d.Cases[d.rng.IntN(len(d.Cases))].Action.Name()
	d.deployed = time.Now().Add(d.between(10*time.Second, 5*time.Minute))
	d.report.Injected["deploy under way"]++
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
	for _, c := range d.intercepted {
		earlier(c.due())
	}
	d.mu.Unlock()
	for _, cl := range d.clients {
		earlier(cl.next())
	}
	for _, m := range d.messages {
		earlier(m.at)
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

// release lets one call go on, to whatever end.
func (d *driver) release(c *call) {
	verdict := d.verdict(c)
	if verdict == "store down" {
		d.report.Injected["store down at "+c.kind]++
		lasts := d.between(time.Second, 10*time.Minute)
		d.down, verdict = time.Now().Add(lasts), "refused"
		d.outages = append(d.outages, outage{d.clock(), d.clock().Add(lasts)})
	}
	d.note(verdict, c.kind, c.key)
	if verdict == "slow" {
		d.report.Injected["slow "+group(c)]++
		c.until = time.Now().Add(d.between(100*time.Millisecond, 20*time.Second))
		if d.Quiet != "" {
			c.until = time.Now().Add(neighbourPush)
		}
		return
	}
	if verdict == "cut off" {
		d.report.Injected["worker cut off"]++
		c.p.until = time.Now().Add(d.between(30*time.Second, 3*time.Minute))
		return
	}
	if verdict == "store away" { // the worker pushes on, while its lease ends
		d.report.Injected["worker cut off from the store"]++
		c.p.away = time.Now().Add(d.between(30*time.Second, 3*time.Minute))
		return
	}
	d.mu.Lock()
	d.intercepted = slices.DeleteFunc(d.intercepted, func(other *call) bool { return other == c })
	d.mu.Unlock()
	switch verdict {
	case "killed before":
		d.killedOf(c, false)
		d.kill(c.p, c.kind+", before")
		c.out <- errDead
	case "killed after":
		d.apply(c)
		d.killedOf(c, true)
		d.kill(c.p, c.kind+", after")
		c.out <- errDead
	case "unanswered":
		d.report.Injected["call while the store was down"]++
		c.out <- errFault
	case "dispatch lost":
		d.report.Injected[verdict]++
		c.out <- nil
	case "refused":
		d.report.Injected[group(c)+" refused"]++
		c.out <- errFault
	case "unknown outcome":
		d.report.Injected[group(c)+" with unknown outcome"]++
		d.apply(c)
		c.out <- errFault
	case "socket gone", "frame lost":
		d.report.Injected[verdict]++
		if cl := d.sockets[c.what]; cl != nil {
			d.cut(cl)
		}
		if verdict == "socket gone" {
			c.out <- streamer.ErrGone
		} else {
			c.out <- nil
		}
	default:
		c.out <- d.apply(c)
	}
}

// verdict draws what becomes of a call.
func (d *driver) verdict(c *call) string {
	switch {
	case d.Quiet != "":
		return d.quietVerdict(c)
	case c.outside && time.Now().Before(d.down):
		return "unanswered"
	case d.quiescing:
		return "done"
	}
	if c.kind == "save schedule" && d.Kills > 0 && d.rng.IntN(4) == 0 {
		d.killedTicks++
		return pick(d.rng, "killed before", "killed after")
	}
	// The kills keep pace with the requests, so that they come all along.
	owed := d.Kills*len(d.requests)/d.Requests - (d.report.Killed() - d.killedTicks)
	if (c.write || c.kind == "dispatch") && owed > 0 && !d.over(c.p) && d.rng.IntN(10) == 0 {
		return pick(d.rng, "killed before", "killed after")
	}
	if c.write && d.Faults > 0 && d.report.Injected["store down at "+c.kind] == 0 {
		return "store down" // once at each kind of write, and sometimes more
	}
	if !d.chance(d.Faults) {
		return "done"
	}
	switch {
	case c.write && d.rng.IntN(20) == 0:
		return "store down"
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
