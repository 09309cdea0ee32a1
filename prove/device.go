package prove

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A device is a client as docs/protocol.md describes one: it sends a message
// again until it is answered, connects again when it has lost its socket,
// subscribes again to what it waits for, and goes by rev.
type device struct {
	name      string
	principal streamer.Principal
	sockets   int    // so far
	conn      string // ""; it has none
	back      time.Time
	views     map[string]*view
	watching  []string // the requests that it waits for, oldest first
	intents   []*intent
	messages  int
}

// A view is what a device knows of a request.
type view struct {
	rev    int64
	final  bool
	state  request.State
	result json.RawMessage
	err    *wire.Error
	chunks []json.RawMessage
	read   bool // chunks are all
}

// An intent is a message that a device sends until it is answered.
type intent struct {
	action  string // of the message; the request's own for a submission
	r       *tracked
	payload json.RawMessage
	token   string    // of a signal
	due     time.Time // not before then
	sent    time.Time // under way since; zero when it is not
	message string    // id of the message that is under way
}

// An answer is a router's, on its way to the device.
type answer struct {
	process int
	dev     *device
	conn    string
	in      *intent
	message string
	frame   []byte
}

const answerTimeout = 40 * time.Second

// newDevices are two devices each of two principals in each of two tenants.
func newDevices() []*device {
	var devices []*device
	for _, tenant := range []string{"acme", "globex"} {
		for _, subject := range []string{"ada", "bob"} {
			for _, kind := range []string{"laptop", "phone"} {
				devices = append(devices, &device{
					name:      tenant + "." + subject + "." + kind,
					principal: streamer.Principal{Tenant: tenant, Subject: subject, ExpiresAt: epoch.AddDate(50, 0, 0)},
					views:     map[string]*view{}, back: time.Now(),
				})
			}
		}
	}
	return devices
}

// eager is a device that wants to do something now, or nil.
func (d *driver) eager(now time.Time) *device {
	var eager []*device
	for _, dev := range d.devices {
		if at := dev.next(); !at.IsZero() && !now.Before(at) || len(d.requests) < d.Requests && len(d.unnotified) < d.Open && dev.conn != "" {
			eager = append(eager, dev)
		}
	}
	if len(eager) == 0 {
		return nil
	}
	return eager[d.rng.IntN(len(eager))]
}

// next is when the device wants to do something; zero: it does not.
func (dev *device) next() time.Time {
	if dev.conn == "" {
		return dev.back
	}
	var next time.Time
	for _, in := range dev.intents {
		at := in.at()
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// at is when the intent's message is sent, or sent again.
func (in *intent) at() time.Time {
	if !in.sent.IsZero() {
		return in.sent.Add(answerTimeout)
	}
	return in.due
}

func (dev *device) act(ctx context.Context, d *driver, now time.Time) {
	if dev.conn == "" {
		dev.connect(d, now)
		return
	}
	for _, in := range dev.intents {
		if !now.Before(in.at()) {
			dev.send(ctx, d, in, now)
			return
		}
	}
	if len(d.requests) < d.Requests {
		d.submit(dev, now)
	}
}

func (dev *device) connect(d *driver, now time.Time) {
	dev.sockets++
	dev.conn = fmt.Sprintf("%s.%d", dev.name, dev.sockets)
	d.sockets[dev.conn] = dev
	d.out.do(func(ctx context.Context) {
		if err := d.store.SaveConnection(ctx, request.Connection{ID: dev.conn, Principal: dev.principal, ConnectedAt: epoch}); err != nil {
			d.find(&d.report.Wrong, nil, "save connection: %v", err)
		}
	})
	for _, in := range dev.intents {
		in.sent = time.Time{}
	}
	for _, id := range dev.watching {
		r := dev.request(d, id)
		if r.acked && !dev.views[id].final {
			dev.want(r, wire.ActionSubscribe, now)
		}
	}
}

func (dev *device) request(d *driver, id string) *tracked { return d.byKey[dev.principal.Key(id)] }

// cut ends a device's socket, if it has one.
func (d *driver) cut(dev *device) {
	if dev.conn == "" {
		return
	}
	conn := dev.conn
	delete(d.sockets, conn)
	dev.conn, dev.back = "", time.Now().Add(d.between(0, 30*time.Second))
	if d.rng.IntN(2) == 0 { // the function disconnect may come late, or never
		d.out.do(func(ctx context.Context) { _ = d.store.DeleteConnection(ctx, conn) })
	}
}

// submit makes a new request, and whatever its clients will do to it.
func (d *driver) submit(dev *device, now time.Time) {
	n := len(d.requests)
	r := &tracked{id: fmt.Sprintf("r-%d", n), c: &d.Cases[n%len(d.Cases)], owner: dev}
	r.key = dev.principal.Key(r.id)
	if r.c.Payload != nil {
		r.payload = r.c.Payload(d.rng)
	}
	d.requests, d.byKey[r.key], d.unnotified[r.key] = append(d.requests, r), r, true
	d.since = now
	dev.watch(r)
	dev.intents = append(dev.intents, &intent{action: r.c.Action.Name(), r: r, payload: r.payload, due: now})
	for _, token := range sortedKeys(r.c.Signals) {
		in := dev.want(r, wire.ActionSignal, now.Add(d.between(0, 5*time.Minute)))
		in.token = token
		in.payload = mustJSON(wire.Signal{RequestID: r.id, Token: token, Payload: r.c.Signals[token]})
	}
	if r.c.Cancel > 0 && d.rng.Float64() < r.c.Cancel {
		dev.want(r, wire.ActionCancel, now.Add(d.between(0, time.Minute)))
	}
	if d.rng.IntN(4) == 0 { // the principal's other device looks on
		for _, other := range d.devices {
			if other != dev && other.principal.Same(dev.principal) {
				other.watch(r)
				other.want(r, wire.ActionSubscribe, now.Add(d.between(time.Second, time.Minute)))
			}
		}
	}
}

func (dev *device) watch(r *tracked) {
	dev.views[r.id] = &view{}
	dev.watching = append(dev.watching, r.id)
	r.watchers = append(r.watchers, dev)
}

// want adds an intent about a request, in place of one of the same kind.
func (dev *device) want(r *tracked, action string, due time.Time) *intent {
	in := &intent{action: action, r: r, due: due, payload: mustJSON(wire.RequestRef{RequestID: r.id})}
	if action == wire.ActionOutput {
		in.payload = mustJSON(wire.OutputQuery{RequestID: r.id, From: int64(len(dev.views[r.id].chunks))})
	}
	if action != wire.ActionSignal {
		for n, other := range dev.intents {
			if other.r == r && other.action == action {
				dev.intents[n] = in
				return in
			}
		}
	}
	dev.intents = append(dev.intents, in)
	return in
}

func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types are ours
	}
	return raw
}

// send sends an intent's message to the router, which may die over it.
func (dev *device) send(ctx context.Context, d *driver, in *intent, now time.Time) {
	in.sent = now
	if in.message = in.r.id; !in.submission() {
		dev.messages++
		in.message = fmt.Sprintf("%s.m%d", dev.name, dev.messages)
	}
	if in.action == wire.ActionCancel {
		in.r.cancelled = true
	}
	message := wire.Message{ID: in.message, Action: in.action, Payload: in.payload}.Append(nil)
	conn, id := dev.conn, in.message
	d.spawn("message "+in.action, in.r.key, func(p *process) {
		router := d.router(p)
		frame, _ := router.Answer(ctx, conn, fmt.Sprintf("corr-%d", p.id), message)
		d.mu.Lock()
		defer d.mu.Unlock()
		if !p.dead {
			d.answers = append(d.answers, answer{process: p.id, dev: dev, conn: conn, in: in, message: id, frame: frame.Append(nil)})
		}
	})
}

func (in *intent) submission() bool { return in.action == in.r.c.Action.Name() }

func (d *driver) router(p *process) *streamer.Router {
	store, clock := nodeStore{d.store, d, p}, func() time.Time { return d.now(p) }
	return &streamer.Router{
		Connections: streamer.Connections{Store: store, Now: clock},
		Requests: &streamer.Requests{Store: store, Actions: d.registry, Push: nodePush{d, p}, Limits: d.Processor.Limits,
			Retention: d.Processor.Retention, Now: clock, Logger: d.Processor.Logger},
		Now: clock,
	}
}

// deliver is a push that reaches a connection.
func (d *driver) deliver(connection string, data []byte) error {
	dev := d.sockets[connection]
	if dev == nil {
		return streamer.ErrGone
	}
	d.report.Frames++
	f, err := wire.DecodeFrame(data)
	if err != nil {
		d.find(&d.report.Wrong, nil, "pushed %q: %v", data, err)
		return nil
	}
	r := dev.request(d, f.RequestID)
	if r == nil || dev.views[r.id] == nil {
		d.find(&d.report.Wrong, r, "%s got a frame of a request that it does not watch: %s", dev.name, data)
		return nil
	}
	dev.see(d, r, f)
	return nil
}

// see takes a live frame in.
func (dev *device) see(d *driver, r *tracked, f wire.Frame) {
	v := dev.views[r.id]
	switch f.Type {
	case wire.TypeProgress:
		dev.rise(d, r, f.Rev, shown{request.Running, progress(f.Percentage, f.Message)})
	case wire.TypeComplete:
		if dev.rise(d, r, f.Rev, shown{state: request.Succeeded}) {
			v.result = f.Result
			dev.ended(d, r)
		}
	case wire.TypeError:
		state := request.Failed
		if f.Error.Code == wire.Cancelled {
			state = request.Cancelled
		}
		if dev.rise(d, r, f.Rev, shown{state: state}) {
			v.err = f.Error
			dev.ended(d, r)
		}
	case wire.TypeOutput:
		dev.output(d, r, f.Offset, f.Chunks)
	default:
		d.find(&d.report.Wrong, r, "%s got a frame %s", dev.name, f.Append(nil))
	}
}

func progress(percentage float64, message string) string {
	return fmt.Sprintf("at %v %% %q", percentage, message)
}

// rise applies the rule of rev, and reports whether the frame is news.
func (dev *device) rise(d *driver, r *tracked, rev int64, now shown) bool {
	v, state := dev.views[r.id], now.state
	r.show(d, rev, now)
	if rev <= v.rev {
		return false
	}
	if v.final && !r.mayReopen(v.rev) {
		if state.Final() {
			d.find(&d.report.Doubled, r, "%s learned a second end, %s at rev %d after %s at rev %d", dev.name, state, rev, v.state, v.rev)
		} else {
			d.find(&d.report.Wrong, r, "%s saw %s at rev %d after the end, %s at rev %d", dev.name, state, rev, v.state, v.rev)
		}
	}
	v.rev, v.state, v.final, v.read = rev, state, state.Final(), v.read && state.Final()
	return true
}

// ended is what a device does when it learns of an end: it reads what it misses
// of the output, and may redrive.
func (dev *device) ended(d *driver, r *tracked) {
	v := dev.views[r.id]
	if v.state == request.Failed && dev == r.owner && r.redrives < r.c.Redrives {
		r.redrives++
		dev.want(r, wire.ActionRedrive, time.Now().Add(d.between(0, time.Minute)))
		return
	}
	if !v.read {
		dev.want(r, wire.ActionOutput, time.Now())
	}
}

func (dev *device) snapshot(d *driver, r *tracked, s *wire.Snapshot) {
	state := request.State(s.State)
	v := dev.views[r.id]
	if dev.rise(d, r, s.Rev, shown{state, progress(s.Percentage, s.Message)}) && state.Final() {
		v.result, v.err = s.Result, s.Error
		dev.ended(d, r)
	}
}

// output takes chunks in from an offset on, live or read.
func (dev *device) output(d *driver, r *tracked, offset int64, chunks []json.RawMessage) {
	v := dev.views[r.id]
	for n, chunk := range chunks {
		switch place := int(offset) + n; {
		case place == len(v.chunks):
			v.chunks = append(v.chunks, chunk)
		case place < len(v.chunks) && string(v.chunks[place]) != string(chunk):
			d.find(&d.report.Wrong, r, "%s: chunk %d was %s and is %s", dev.name, place, v.chunks[place], chunk)
		}
	}
}

// collect delivers the answers of routers that are done.
func (d *driver) collect() {
	d.mu.Lock()
	answers := d.answers
	d.answers = nil
	d.mu.Unlock()
	sortBy(answers, func(a answer) int { return a.process })
	for _, a := range answers {
		switch {
		case a.dev.conn != a.conn:
			d.report.Injected["answer lost"]++
		case d.chance(d.Faults):
			d.cut(a.dev)
			d.report.Injected["answer lost"]++
		default:
			a.dev.answered(d, a)
		}
	}
}

// answered takes a router's answer in.
func (dev *device) answered(d *driver, a answer) {
	d.report.Frames++
	f, err := wire.DecodeFrame(a.frame)
	if err != nil {
		d.find(&d.report.Wrong, a.in.r, "answered %q: %v", a.frame, err)
		return
	}
	in, r, now := a.in, a.in.r, time.Now()
	current := in.message == a.message && !in.sent.IsZero()
	switch f.Type {
	case wire.TypeAcknowledgment:
		r.acked = true
		dev.rise(d, r, f.Rev, shown{state: request.Queued})
		dev.drop(in)
	case wire.TypeRequest:
		r.acked = true
		dev.snapshot(d, r, f.Request)
		dev.drop(in)
	case wire.TypeResponse:
		var out struct {
			Offset int64             `json:"offset"`
			Chunks []json.RawMessage `json:"chunks"`
			Final  bool              `json:"final"`
		}
		if err := json.Unmarshal(f.Data, &out); err != nil {
			d.find(&d.report.Wrong, r, "answered %s: %v", f.Data, err)
		}
		dev.output(d, r, out.Offset, out.Chunks)
		dev.drop(in)
		if v := dev.views[r.id]; out.Final {
			v.read = true
		} else if v.final {
			dev.want(r, wire.ActionOutput, now)
		}
	case wire.TypeError:
		dev.refused(d, in, f, current, now)
	}
}

// refused is what a device does about an error: again later, or never.
func (dev *device) refused(d *driver, in *intent, f wire.Frame, current bool, now time.Time) {
	again := f.Error.Code == wire.ServiceUnavailable || f.Error.Code == wire.RateLimited ||
		f.Error.Code == wire.NotFound && !in.r.acked && !in.submission()
	switch {
	case f.Rev > 0: // it ends the request
		dev.see(d, in.r, f)
	case again && current:
		after := time.Second
		if f.Error.Retry != nil {
			after = max(after, time.Duration(f.Error.Retry.After*float64(time.Second)))
		}
		in.sent, in.due = time.Time{}, now.Add(after)
	case again:
	case in.action == wire.ActionSignal && f.Error.Code == wire.ValidationError:
		dev.drop(in) // it has ended, cancelled perhaps
	case f.Error.Code == wire.NotFound:
		d.find(&d.report.Lost, in.r, "%s asked %s: there is no such request", dev.name, in.action)
		dev.drop(in)
	default:
		d.find(&d.report.Wrong, in.r, "%s asked %s: %s", dev.name, in.action, f.Append(nil))
		dev.drop(in)
	}
}

func (dev *device) drop(done *intent) {
	for n, in := range dev.intents {
		if in == done {
			dev.intents = append(dev.intents[:n:n], dev.intents[n+1:]...)
			return
		}
	}
}
