package prove

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// deliver is a push that reaches a connection.
func (d *driver) deliver(connection string, data []byte) error {
	cl := d.sockets[connection]
	if cl == nil {
		return streamer.ErrGone
	}
	d.report.Frames++
	f, err := wire.DecodeFrame(data)
	if err != nil {
		d.find(&d.report.Wrong, nil, "pushed %q: %v", data, err)
		return nil
	}
	r := cl.request(d, f.RequestID)
	if r == nil || cl.views[r.id] == nil {
		d.find(&d.report.Wrong, r, "%s got a frame of a request that it does not watch: %s", cl.name, data)
		return nil
	}
	cl.see(d, r, f)
	return nil
}

// see takes a live frame in.
func (cl *client) see(d *driver, r *tracked, f wire.Frame) {
	v := cl.views[r.id]
	switch f.Type {
	case wire.TypeProgress:
		cl.rise(d, r, f.Rev, shown{request.Running, progress(f.Percentage, f.Message)})
	case wire.TypeComplete:
		if cl.rise(d, r, f.Rev, shown{state: request.Succeeded}) {
			v.result = f.Result
			cl.ended(d, r)
		}
	case wire.TypeError:
		state := request.Failed
		if f.Error.Code == wire.Cancelled {
			state = request.Cancelled
		}
		if cl.rise(d, r, f.Rev, shown{state: state}) {
			v.err = f.Error
			cl.ended(d, r)
		}
	case wire.TypeRequest:
		waits := f.Request.Waiting != nil && (f.Request.Waiting.For != wire.WaitingWorker || f.Request.Children != nil)
		if f.Request.State != wire.StateQueued || !waits {
			d.find(&d.report.Wrong, r, "%s got the request as one that waits: %s", cl.name, f.Append(nil))
		}
		cl.snapshot(d, r, f.Request)
	case wire.TypeOutput:
		cl.output(d, r, f.Offset, f.Chunks)
	default:
		d.find(&d.report.Wrong, r, "%s got a frame %s", cl.name, f.Append(nil))
	}
}

func progress(percentage float64, message string) string {
	return fmt.Sprintf("at %v %% %q", percentage, message)
}

// rise applies the rule of rev, and reports whether the frame is news.
func (cl *client) rise(d *driver, r *tracked, rev int64, now shown) bool {
	v, state := cl.views[r.id], now.state
	r.show(d, rev, now)
	if rev <= v.rev {
		return false
	}
	if v.final && !r.mayReopen(v.rev) {
		if state.Final() {
			d.find(&d.report.Doubled, r, "%s learned a second end, %s at rev %d after %s at rev %d", cl.name, state, rev, v.state, v.rev)
		} else {
			d.find(&d.report.Wrong, r, "%s saw %s at rev %d after the end, %s at rev %d", cl.name, state, rev, v.state, v.rev)
		}
	}
	v.rev, v.state, v.final, v.read = rev, cmp.Or(state, v.state), state.Final(), v.read && state.Final()
	return true
}

// ended is what a client does when it learns of an end: it reads what it misses
// of the output, and may redrive.
func (cl *client) ended(d *driver, r *tracked) {
	v := cl.views[r.id]
	if v.state == request.Failed && cl == r.owner && r.redrives < r.c.Redrives {
		r.redrives++
		cl.want(r, wire.ActionRedrive, time.Now().Add(d.between(0, time.Minute)))
		return
	}
	if !v.read {
		cl.want(r, wire.ActionOutput, time.Now())
	}
}

func (cl *client) snapshot(d *driver, r *tracked, s *wire.Snapshot) {
	state := request.State(s.State)
	v := cl.views[r.id]
	if cl.rise(d, r, s.Rev, shown{state, progress(s.Percentage, s.Message)}) && state.Final() {
		v.result, v.err = s.Result, s.Error
		cl.ended(d, r)
	}
}

// output takes chunks in from an offset on, live or read.
func (cl *client) output(d *driver, r *tracked, offset int64, chunks []json.RawMessage) {
	v := cl.views[r.id]
	for n, chunk := range chunks {
		switch at := int(offset) + n; {
		case at == len(v.chunks):
			v.chunks = append(v.chunks, chunk)
		case at < len(v.chunks) && string(v.chunks[at]) != string(chunk):
			d.find(&d.report.Wrong, r, "%s: chunk %d was %s and is %s", cl.name, at, v.chunks[at], chunk)
		}
	}
}
