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

// A client behaves as docs/protocol.md describes one: it sends a message
// again until it is answered, connects again when it has lost its socket,
// subscribes again to what it waits for, and goes by rev.
type client struct {
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

// A view is what a client knows of a request.
type view struct {
	rev    int64
	final  bool
	state  request.State
	result json.RawMessage
	err    *wire.Error
	chunks []json.RawMessage
	read   bool // chunks are all
}

// An intent is a message that a client sends until it is answered.
type intent struct {
	action   string // of the message; the request's own for a submission
	r        *tracked
	payload  json.RawMessage
	token    string    // of a signal
	due      time.Time // not before then
	sent     time.Time // under way since; zero when it is not
	message  string    // id of the message that is under way
	refusals int       // so far: each doubles the wait
}

// An answer is a router's, on its way to the client.
type answer struct {
	process int
	cl      *client
	conn    string
	in      *intent
	message string
	frame   []byte
}

const answerTimeout = 40 * time.Second

// newClients are two clients each of two principals in each of two tenants.
func newClients() []*client {
	var clients []*client
	for _, tenant := range []string{"acme", "globex"} {
		for _, subject := range []string{"ada", "bob"} {
			for _, kind := range []string{"laptop", "phone"} {
				clients = append(clients, &client{
					name:      tenant + "." + subject + "." + kind,
					principal: streamer.Principal{Tenant: tenant, Subject: subject, ExpiresAt: epoch.AddDate(50, 0, 0)},
					views:     map[string]*view{}, back: time.Now(),
				})
			}
		}
	}
	return clients
}

// readyClient is a client that wants to do something now, or nil.
func (d *driver) readyClient(now time.Time) *client {
	var ready []*client
	for _, cl := range d.clients {
		if at := cl.next(); !at.IsZero() && !now.Before(at) || d.maySubmit(cl) {
			ready = append(ready, cl)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	return ready[d.rng.IntN(len(ready))]
}

// next is when the client wants to do something; zero: it does not.
func (cl *client) next() time.Time {
	if cl.conn == "" {
		return cl.back
	}
	var next time.Time
	for _, in := range cl.intents {
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

func (cl *client) act(ctx context.Context, d *driver, now time.Time) {
	if cl.conn == "" {
		cl.connect(d, now)
		return
	}
	for _, in := range cl.intents {
		if !now.Before(in.at()) {
			cl.send(ctx, d, in, now)
			return
		}
	}
	if d.maySubmit(cl) {
		d.submit(cl, now)
	}
}

func (cl *client) connect(d *driver, now time.Time) {
	cl.sockets++
	cl.conn = fmt.Sprintf("%s.%d", cl.name, cl.sockets)
	d.sockets[cl.conn] = cl
	d.out.do(func(ctx context.Context) {
		if err := d.store.SaveConnection(ctx, request.Connection{ID: cl.conn, Principal: cl.principal, ConnectedAt: epoch}); err != nil {
			d.find(&d.report.Wrong, nil, "save connection: %v", err)
		}
	})
	for _, in := range cl.intents {
		in.sent = time.Time{}
	}
	for _, id := range cl.watching {
		r := cl.request(d, id)
		if r.acked && !cl.views[id].final {
			cl.want(r, wire.ActionSubscribe, now)
		}
	}
}

func (cl *client) request(d *driver, id string) *tracked { return d.byKey[cl.principal.Key(id)] }

// cut ends a client's socket, if it has one.
func (d *driver) cut(cl *client) {
	if cl.conn == "" {
		return
	}
	conn := cl.conn
	delete(d.sockets, conn)
	cl.conn, cl.back = "", time.Now().Add(d.between(0, 30*time.Second))
	if d.rng.IntN(2) == 0 { // the function disconnect may come late, or never
		d.out.do(func(ctx context.Context) { _ = d.store.DeleteConnection(ctx, conn) })
	}
}

// submit makes a new request, and whatever its clients will do to it.
func (d *driver) submit(cl *client, now time.Time) {
	n := len(d.requests)
	r := &tracked{id: fmt.Sprintf("r-%d", n), c: &d.Cases[n%len(d.Cases)], owner: cl}
	r.key = cl.principal.Key(r.id)
	if r.c.Payload != nil {
		r.payload = r.c.Payload(d.rng)
	}
	if r.c.Later > 0 && d.rng.Float64() < r.c.Later {
		r.notBefore = d.clock().Add(d.between(0, 40*time.Minute))
		d.report.Injected["later start"]++
	}
	d.requests, d.byKey[r.key], d.unnotified[r.key] = append(d.requests, r), r, true
	d.since = now
	if cl.principal.Tenant == d.Quiet {
		d.quietRequests++
	}
	cl.watch(r)
	cl.intents = append(cl.intents, &intent{action: r.c.Action.Name(), r: r, payload: r.payload, due: now})
	for _, token := range sortedKeys(r.c.Signals) {
		in := cl.want(r, wire.ActionSignal, now.Add(d.between(0, 5*time.Minute)))
		in.token = token
		in.payload = mustJSON(wire.Signal{RequestID: r.id, Token: token, Payload: r.c.Signals[token]})
	}
	if r.c.Cancel > 0 && d.rng.Float64() < r.c.Cancel {
		cl.want(r, wire.ActionCancel, now.Add(d.between(0, time.Minute)))
	}
	if d.rng.IntN(4) == 0 { // the principal's other client looks on
		for _, other := range d.clients {
			if other != cl && other.principal.Same(cl.principal) {
				other.watch(r)
				other.want(r, wire.ActionSubscribe, now.Add(d.between(time.Second, time.Minute)))
			}
		}
	}
}

func (cl *client) watch(r *tracked) {
	cl.views[r.id] = &view{}
	cl.watching = append(cl.watching, r.id)
	r.watchers = append(r.watchers, cl)
}

// want adds an intent about a request, in place of one of the same kind.
func (cl *client) want(r *tracked, action string, due time.Time) *intent {
	in := &intent{action: action, r: r, due: due, payload: mustJSON(wire.RequestRef{RequestID: r.id})}
	if action == wire.ActionOutput {
		in.payload = mustJSON(wire.OutputQuery{RequestID: r.id, From: int64(len(cl.views[r.id].chunks))})
	}
	if action != wire.ActionSignal {
		for n, other := range cl.intents {
			if other.r == r && other.action == action {
				cl.intents[n] = in
				return in
			}
		}
	}
	cl.intents = append(cl.intents, in)
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
func (cl *client) send(ctx context.Context, d *driver, in *intent, now time.Time) {
	in.sent = now
	if in.message = in.r.id; !in.submission() {
		cl.messages++
		in.message = fmt.Sprintf("%s.m%d", cl.name, cl.messages)
	}
	if in.action == wire.ActionCancel {
		in.r.cancelled = true
	}
	message := wire.Message{ID: in.message, Action: in.action, Payload: in.payload}
	if in.submission() {
		message.NotBefore = in.r.notBefore
	}
	encoded := message.Append(nil)
	conn, id := cl.conn, in.message
	d.spawn("message "+in.action, in.r.key, func(p *process) {
		router := d.router(p)
		frame, _ := router.Answer(ctx, conn, fmt.Sprintf("corr-%d", p.id), encoded)
		d.mu.Lock()
		defer d.mu.Unlock()
		if !p.dead {
			d.answers = append(d.answers, answer{process: p.id, cl: cl, conn: conn, in: in, message: id, frame: frame.Append(nil)})
		}
	})
}

func (in *intent) submission() bool { return in.action == in.r.c.Action.Name() }

func (d *driver) router(p *process) *streamer.Router {
	store, clock := nodeStore{d.store, d, p}, func() time.Time { return d.now(p) }
	return &streamer.Router{
		Connections: streamer.Connections{Store: store, Now: clock},
		Requests: &streamer.Requests{Store: store, Actions: d.version(p), Push: nodePush{d, p}, Dispatch: nodeQueue{d, p},
			Limits:    d.Processor.Limits,
			Retention: d.Processor.Retention, Now: clock, Logger: d.Processor.Logger},
		Now: clock,
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
		case a.cl.conn != a.conn:
			d.report.Injected["answer lost"]++
		case d.chance(d.Faults):
			d.cut(a.cl)
			d.report.Injected["answer lost"]++
		default:
			a.cl.answered(d, a)
		}
	}
}

// answered takes a router's answer in.
func (cl *client) answered(d *driver, a answer) {
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
		cl.rise(d, r, f.Rev, shown{state: request.Queued})
		cl.drop(in)
	case wire.TypeRequest:
		r.acked = true
		cl.snapshot(d, r, f.Request)
		cl.drop(in)
	case wire.TypeResponse:
		var out struct {
			Offset int64             `json:"offset"`
			Chunks []json.RawMessage `json:"chunks"`
			Final  bool              `json:"final"`
		}
		if err := json.Unmarshal(f.Data, &out); err != nil {
			d.find(&d.report.Wrong, r, "answered %s: %v", f.Data, err)
		}
		cl.output(d, r, out.Offset, out.Chunks)
		cl.drop(in)
		if v := cl.views[r.id]; out.Final {
			v.read = true
		} else if v.final {
			cl.want(r, wire.ActionOutput, now.Add(time.Second)) // it was redriven since
		}
	case wire.TypeError:
		cl.refused(d, in, f, current, now)
	}
}

// refused is what a client does about an error: again later, or never.
func (cl *client) refused(d *driver, in *intent, f wire.Frame, current bool, now time.Time) {
	again := f.Error.Code == wire.ServiceUnavailable || f.Error.Code == wire.RateLimited ||
		f.Error.Code == wire.NotFound && !in.r.acked && !in.submission()
	switch {
	case f.Rev > 0: // it ends the request
		cl.see(d, in.r, f)
	case again && current:
		in.refusals++
		after := min(time.Second<<min(in.refusals, 6), 30*time.Second)
		if f.Error.Retry != nil {
			after = max(after, time.Duration(f.Error.Retry.After*float64(time.Second)))
		}
		in.sent, in.due = time.Time{}, now.Add(after)
	case again:
	case in.action == wire.ActionSignal && f.Error.Code == wire.ValidationError:
		cl.drop(in) // it has ended, cancelled perhaps
	case f.Error.Code == wire.NotFound:
		d.find(&d.report.Lost, in.r, "%s asked %s: there is no such request", cl.name, in.action)
		cl.drop(in)
	default:
		d.find(&d.report.Wrong, in.r, "%s asked %s: %s", cl.name, in.action, f.Append(nil))
		cl.drop(in)
	}
}

func (cl *client) drop(done *intent) {
	for n, in := range cl.intents {
		if in == done {
			cl.intents = append(cl.intents[:n:n], cl.intents[n+1:]...)
			return
		}
	}
}
