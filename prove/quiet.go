package prove

import (
	"fmt"
	"time"

	"github.com/pay-theory/streamer/request"
)

// How Config.Quiet's neighbour behaves.
const (
	neighbourRuns = 4               // of its requests at a time: its other dispatches wait in the queue, visible
	neighbourPush = 5 * time.Second // until a push to one of its clients that do not read fails
	quietTime     = 6 * time.Hour   // that the quiet tenant's requests have at most

	// punctual is how late a request of the quiet tenant may be claimed: a lost
	// dispatch counts as lost after the time of a sweep, and the next one finds it.
	// The rest is what sweeps take themselves.
	punctual = 2*sweepEvery + 5*time.Second
)

// ofNeighbour reports whether a key belongs to the quiet tenant's neighbour.
func (d *driver) ofNeighbour(key request.Key) bool { return d.Quiet != "" && key.Tenant != d.Quiet }

// mayReceive reports whether a worker is free for a message.
func (d *driver) mayReceive(m message) bool {
	if d.quiescing || !d.ofNeighbour(m.key) {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.neighbours < neighbourRuns
}

// maySubmit reports whether a client makes one more request. Three of four are the
// neighbour's.
func (d *driver) maySubmit(cl *client) bool {
	if len(d.requests) >= d.Requests || len(d.unnotified) >= d.Open || cl.conn == "" {
		return false
	}
	return d.Quiet == "" || cl.principal.Tenant != d.Quiet || d.quietRequests < d.Requests/4
}

// quietEnded reports whether the quiet tenant has what it is to have.
func (d *driver) quietEnded() bool {
	if d.Quiet == "" || time.Since(d.since) > quietTime {
		return true
	}
	for key := range d.unnotified {
		if key.Tenant == d.Quiet {
			return false
		}
	}
	return true
}

// readAgain has the neighbour's clients come back: they are told then what they missed.
func (d *driver) readAgain() {
	for _, cl := range d.clients {
		if d.Quiet != "" && cl.principal.Tenant != d.Quiet {
			d.cut(cl)
		}
	}
}

// quietVerdict is what becomes of a call beside a quiet tenant: half of that tenant's
// dispatches are lost, but those of sweeps; and no client of its neighbour reads.
func (d *driver) quietVerdict(c *call) string {
	switch {
	case d.quiescing:
	case c.kind == "dispatch" && c.key.Tenant == d.Quiet && c.p.kind != "sweep" && d.rng.IntN(2) == 0:
		return "dispatch lost"
	case c.kind == "push" && d.sockets[c.what] != nil && d.sockets[c.what].principal.Tenant != d.Quiet:
		if c.until.IsZero() && d.rng.IntN(2) == 0 {
			return "slow"
		}
		return "refused"
	case c.p.kind == "run" && c.write && c.kind != "claim" && c.kind != "throttle" && d.ofNeighbour(c.key) && d.byKey[c.key].c.Deadly:
		return "killed before"
	}
	return "done"
}

// undecodable stands for rows of the neighbour's that do not decode.
func (d *driver) undecodable() error {
	if d.Quiet == "" || d.quiescing {
		return nil
	}
	return &request.UndecodableError{Rows: []*request.RowError{{
		Key: request.Key{Tenant: "neighbour", Subject: "of", ID: d.Quiet}, Err: fmt.Errorf("payload: not JSON")}}}
}

// punctual looks how late a request is claimed that waited for nothing but its time.
func (d *driver) punctual(r *tracked, was, row *request.Request) {
	if d.Quiet == "" || row.Tenant != d.Quiet {
		return
	}
	late := d.clock().Sub(was.DueAt)
	d.report.Latest = max(d.report.Latest, late)
	if late > punctual {
		d.find(&d.report.Late, r, "it was due at %v and is claimed %v later, want at most %v, whatever another tenant does",
			was.DueAt.Format(time.TimeOnly), late, punctual)
	}
}
