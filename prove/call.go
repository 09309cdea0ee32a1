package prove

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
)

// A process is one invocation of a function. When it is dead nothing that it
// does takes effect any more, though its goroutines may take a while to notice.
type process struct {
	id        int
	kind      string
	key       request.Key // that it is started for
	dead      bool        // under driver.mu
	over      bool        // it has returned; under driver.mu
	skew      time.Duration
	until     time.Time             // it is cut off from the world: until then none of its calls gets through
	away      time.Time             // the store is out of its reach: until then none of its calls of the store does
	claims    map[request.Key]int64 // the fences that it holds
	neighbour bool                  // it runs a request of Config.Quiet's neighbour
	ticks     bool                  // it starts what is due of schedules
	lacks     string                // the action that its version does not have; "": it has all
}

// A call is something that a process wants to do to the world. It waits until
// the driver lets it go on.
type call struct {
	p       *process
	kind    string
	key     request.Key
	what    string
	text    string // tells apart calls that are alike in all above
	write   bool
	outside bool // it is the store's: do goes through the bridge
	do      func(context.Context) error
	after   func() // in the driver, when do took effect
	out     chan error
	until   time.Time // it is slow: not before then
}

// due is when the driver may let the call go on.
func (c *call) due() time.Time {
	due := later(c.until, c.p.until)
	if c.outside {
		due = later(due, c.p.away)
	}
	return due
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

var (
	errFault = errors.New("prove: injected fault")
	errDead  = errors.New("prove: this process is dead")
)

// intercept waits until the driver decides what becomes of the call. A caller whose
// context ends goes away; the call may still take effect, as a write on its way
// may.
func (d *driver) intercept(ctx context.Context, c *call) error {
	c.out = make(chan error, 1)
	d.mu.Lock()
	if c.p.dead || d.ended {
		d.mu.Unlock()
		return errDead
	}
	d.intercepted = append(d.intercepted, c)
	d.mu.Unlock()
	d.wake()
	select {
	case err := <-c.out:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// behalf tells apart calls of one process that ask the same for several requests.
func behalf(ctx context.Context) string {
	key := request.KeyFrom(ctx)
	return key.Tenant + "/" + key.Subject + "/" + key.ID
}

// A nodeStore is the store as one process sees it.
type nodeStore struct {
	request.ConnectionStore // of the real store; what a process uses of it is below
	d                       *driver
	p                       *process
}

// get parks a read.
func get[T any](ctx context.Context, s nodeStore, kind string, key request.Key, what string,
	do func(context.Context) (T, error)) (T, error) {
	var got, none T
	c := &call{p: s.p, kind: kind, key: key, what: what, text: behalf(ctx), outside: true, do: func(ctx context.Context) (err error) {
		got, err = do(ctx)
		return err
	}}
	err := s.d.intercept(ctx, c)
	if err != nil {
		return none, err
	}
	return got, nil
}

func (s nodeStore) CreateRequest(ctx context.Context, r *request.Request, acquire ...request.Permit) (*request.Request, bool, error) {
	var stored *request.Request
	var created bool
	err := s.d.intercept(ctx, &call{p: s.p, kind: "create", key: r.Key, write: true, outside: true,
		do: func(ctx context.Context) (err error) {
			stored, created, err = s.d.store.CreateRequest(ctx, r.Clone(), acquire...)
			return err
		},
		after: func() {
			if created {
				s.d.created(stored)
			}
		}})
	if err != nil {
		return nil, false, err
	}
	return stored, created, nil
}

func (s nodeStore) ChangeRequest(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	var changed *request.Request
	err := s.d.intercept(ctx, &call{p: s.p, kind: changeWord(c), key: key, text: behalf(ctx), write: true, outside: true,
		do: func(ctx context.Context) (err error) {
			changed, err = s.d.store.ChangeRequest(ctx, key, c)
			return err
		},
		after: func() { s.d.changed(s.p, key, c, changed) }})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// changeWord names a change for reports.
func changeWord(c request.Change) string {
	switch {
	case c.Set.AddFence > 0:
		return "claim"
	case slices.Contains(c.Set.Clear, request.AttrSubscribers):
		return "mark notified"
	case isRedrive(c):
		return "redrive"
	case c.Set.AddLeaseExpirations > 0:
		return "expire lease"
	case c.Set.State.Final():
		return "end"
	case c.Set.Await.Token == request.ChildrenToken:
		return "await children"
	case c.If.Awaits == request.ChildrenToken && c.Set.State == request.Queued:
		return "resume parent"
	case c.If.Awaits == request.ChildrenToken:
		return "report children"
	case c.If.LacksStep == request.SignalStep(request.ChildrenToken):
		return "notify parent"
	case c.Set.Children.Total > 0:
		return "note children"
	case c.Set.AddAttempt > 0:
		return "retry"
	case c.Set.Await.Token != "":
		return "await"
	case c.Set.AddSlices > 0:
		return "continue"
	case c.Set.ThrottledBy != "":
		return "throttle"
	case c.If.ThrottledBy != "":
		return "resume"
	case c.Set.Subscribe != "":
		return "subscribe"
	case c.Set.CancelRequested:
		return "cancel"
	case c.If.LacksStep != "":
		return "signal"
	case c.Set.Step != nil:
		return "step"
	case len(c.Set.Output) > 0:
		return "output"
	}
	return "heartbeat"
}

// isRedrive reports whether a change gives a request a new first attempt.
func isRedrive(c request.Change) bool { return c.Set.Attempt > 0 }

func (s nodeStore) LoadRequest(ctx context.Context, key request.Key) (*request.Request, error) {
	return get(ctx, s, "load", key, "", func(ctx context.Context) (*request.Request, error) { return s.d.store.LoadRequest(ctx, key) })
}

func (s nodeStore) ReadOutput(ctx context.Context, key request.Key, from int64, limit int) ([]request.Chunk, error) {
	return get(ctx, s, "read output", key, "", func(ctx context.Context) ([]request.Chunk, error) {
		return s.d.store.ReadOutput(ctx, key, from, limit)
	})
}

func (s nodeStore) ListRequests(ctx context.Context, q request.Query) (page []*request.Request, cursor string, err error) {
	page, err = get(ctx, s, "list", request.Key{}, q.Cursor, func(ctx context.Context) (page []*request.Request, err error) {
		page, cursor, err = s.d.store.ListRequests(ctx, q)
		return page, err
	})
	if err != nil {
		return nil, "", err
	}
	return page, cursor, nil
}

func (s nodeStore) ListChildren(ctx context.Context, q request.ChildQuery) (page []*request.Request, cursor string, err error) {
	page, err = get(ctx, s, "children", q.Parent, q.Cursor, func(ctx context.Context) (page []*request.Request, err error) {
		page, cursor, err = s.d.store.ListChildren(ctx, q)
		return page, err
	})
	return page, cursor, err
}

// DueRequests passes the page on beside the error that names what is missing in it.
func (s nodeStore) DueRequests(ctx context.Context, q request.DueQuery) (page []*request.Request, cursor string, err error) {
	var undecodable error
	page, err = get(ctx, s, "due", request.Key{}, q.Kind.String()+q.Cursor, func(ctx context.Context) (page []*request.Request, err error) {
		page, cursor, err = s.d.store.DueRequests(ctx, q)
		undecodable = s.d.undecodable()
		return page, err
	})
	return page, cursor, cmp.Or(err, undecodable)
}

func (s nodeStore) CountRequests(ctx context.Context, q request.Query) (counts []request.Count, cursor string, err error) {
	counts, err = get(ctx, s, "count", request.Key{Tenant: q.Tenant}, q.Cursor, func(ctx context.Context) (counts []request.Count, err error) {
		counts, cursor, err = s.d.store.CountRequests(ctx, q)
		return counts, err
	})
	return counts, cursor, err
}

func (s nodeStore) OpenRequests(ctx context.Context, q request.Query) (page []*request.Request, cursor string, err error) {
	page, err = get(ctx, s, "open", request.Key{Tenant: q.Tenant}, q.Cursor, func(ctx context.Context) (page []*request.Request, err error) {
		page, cursor, err = s.d.store.OpenRequests(ctx, q)
		return page, err
	})
	return page, cursor, err
}

func (s nodeStore) ThrottlingLimits(ctx context.Context, n int, cursor string) (names []string, next string, err error) {
	names, err = get(ctx, s, "throttling", request.Key{}, cursor, func(ctx context.Context) (names []string, err error) {
		names, next, err = s.d.store.ThrottlingLimits(ctx, n, cursor)
		return names, err
	})
	return names, next, err
}

func (s nodeStore) ThrottledRequests(ctx context.Context, limit string, n int) ([]*request.Request, error) {
	return get(ctx, s, "throttled", request.Key{}, limit, func(ctx context.Context) ([]*request.Request, error) {
		return s.d.store.ThrottledRequests(ctx, limit, n)
	})
}

func (s nodeStore) PermitsHeld(ctx context.Context, limit string) (int, error) {
	return get(ctx, s, "permits held", request.Key{}, limit, func(ctx context.Context) (int, error) {
		return s.d.store.PermitsHeld(ctx, limit)
	})
}

func (s nodeStore) LoadSchedules(ctx context.Context, names []string) ([]request.ScheduleState, error) {
	return get(ctx, s, "load schedules", request.Key{}, strings.Join(names, " "), func(ctx context.Context) ([]request.ScheduleState, error) {
		return s.d.store.LoadSchedules(ctx, names)
	})
}

func (s nodeStore) SaveSchedule(ctx context.Context, state request.ScheduleState) (saved bool, err error) {
	err = s.d.intercept(ctx, &call{p: s.p, kind: "save schedule", what: state.Name, write: true, outside: true,
		do: func(ctx context.Context) (err error) {
			saved, err = s.d.store.SaveSchedule(ctx, state)
			return err
		},
		after: func() {
			if saved {
				s.d.noted(state)
			}
		}})
	return saved && err == nil, err
}

func (s nodeStore) LoadConnection(ctx context.Context, id string) (request.Connection, error) {
	return get(ctx, s, "load connection", request.Key{}, id, func(ctx context.Context) (request.Connection, error) {
		return s.d.store.LoadConnection(ctx, id)
	})
}

// A nodePush is the sockets as one process sees them.
type nodePush struct {
	d *driver
	p *process
}

func (n nodePush) Push(ctx context.Context, connection string, frame []byte) error {
	return n.d.intercept(ctx, &call{p: n.p, kind: "push", what: connection, text: string(frame), do: func(context.Context) error {
		return n.d.deliver(connection, frame)
	}})
}
