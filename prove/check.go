package prove

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A tracked is a request as the driver knows it: what was asked, what the store
// said after the last write, and what clients were shown.
type tracked struct {
	id        string
	key       request.Key
	c         *Case
	payload   []byte
	notBefore time.Time // when it may start; zero: at once
	owner     *client
	watchers  []*client
	acked     bool
	cancelled bool // a cancel was sent
	redrives  int  // asked for
	reopened  []int64
	row       *request.Request
	claimed   wire.Attempt    // the last claim, as far as it has come
	past      []wire.Attempt  // claims that ended without success and do not go on
	views     map[int64]shown // what clients were shown at a rev
	orphan    bool            // a child that was created after its parent's end
	trace     []string
}

func sortBy[T any, K cmp.Ordered](of []T, key func(T) K) {
	slices.SortStableFunc(of, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

// find counts a fault and keeps what it is about.
func (d *driver) find(count *int, r *tracked, format string, args ...any) {
	*count++
	if len(d.report.Findings) == maxFindings {
		return
	}
	text := fmt.Sprintf(format, args...)
	if r != nil {
		text = fmt.Sprintf("%s (%s): %s\n\t%s", r.id, r.c.Action.Name(), text, strings.Join(r.trace[max(0, len(r.trace)-60):], "; "))
	}
	d.report.Findings = append(d.report.Findings, text)
}

// created sees a request that was just stored.
func (d *driver) created(row *request.Request) {
	d.report.Writes++
	d.took(row)
	r := d.byKey[row.Key]
	switch {
	case r != nil:
		d.report.Requests++
	case row.Parent.ID != "":
		d.report.Requests++
		r = d.adopt(row)
	default:
		r = d.scheduledFor(row)
	}
	if r != nil {
		r.row = row.Clone()
	}
}

// changed sees a change that took effect, and checks it against what was there.
func (d *driver) changed(p *process, key request.Key, c request.Change, row *request.Request) {
	d.report.Writes++
	r := d.byKey[key]
	if r == nil || r.row == nil {
		d.find(&d.report.Wrong, r, "%s was changed and never created", key.ID)
		return
	}
	was := r.row
	r.row = row.Clone()
	switch {
	case row.State == request.Running && c.Set.AddFence > 0:
		r.claimed = wire.Attempt{StartedAt: c.Set.UpdatedAt, Worker: c.Set.Worker}
	case was.State == request.Running && row.State != request.Running && row.State != request.Succeeded && row.Slices == was.Slices:
		r.claimed.EndedAt = c.Set.UpdatedAt
		r.past = append(r.past, r.claimed)
	}
	if c.Set.AddFence > 0 {
		p.claims[key] = row.Fence
		d.punctual(r, was, row)
		d.parented(r, row)
		if c.Set.ClaimedAt.Before(r.notBefore) {
			d.find(&d.report.Wrong, r, "it runs at %v and may start at %v", c.Set.ClaimedAt, r.notBefore)
		}
		d.report.Runs++
	} else if fence := p.claims[key]; fence > 0 && fence != row.Fence && c.If.ThrottledBy == "" {
		d.find(&d.report.Doubled, r, "%s wrote %q with the fence %d over a row of fence %d: its lease had expired", worker(p),
			changeWord(c), fence, row.Fence)
	}
	switch {
	case row.Rev < was.Rev || row.Fence < was.Fence:
		d.find(&d.report.Wrong, r, "rev or fence fell from %d, %d to %d, %d", was.Rev, was.Fence, row.Rev, row.Fence)
	case was.State.Final() && row.State != was.State && !isRedrive(c):
		d.find(&d.report.Doubled, r, "it was %s and became %s", was.State, row.State)
	case was.State == request.Running && row.State == request.Running && c.Set.AddFence > 0:
		d.find(&d.report.Doubled, r, "it was claimed while it ran")
	case row.State == request.Running && c.If.States != nil && c.Set.State == "" && !c.Set.UpdatedAt.IsZero() &&
		!row.DueAt.After(c.Set.UpdatedAt):
		d.find(&d.report.Wrong, r, "it is RUNNING after a %q of its worker and its lease has ended", changeWord(c))
	case !row.State.Final() && row.Look.At.IsZero() && row.ThrottledBy == "":
		d.find(&d.report.Wrong, r, "it is %s and has no look, so no sweep will find it", row.State)
	case row.Output < was.Output:
		d.find(&d.report.Wrong, r, "its output shrank from %d to %d chunks", was.Output, row.Output)
	}
	for name, result := range was.Steps {
		if notice := request.SignalStep(request.ChildrenToken); name != notice && !bytes.Equal(row.Steps[name], result) {
			d.find(&d.report.Doubled, r, "step %q was stored as %s and then as %s", name, result, row.Steps[name])
		}
		if at, kept := row.StepTimes[name]; row.Steps[name] != nil && (!kept || !at.Equal(was.StepTimes[name])) {
			d.find(&d.report.Doubled, r, "step %q was stored at %v and then at %v", name, was.StepTimes[name], at)
		}
	}
	if wrong := unaudited(was, row, c); wrong != "" {
		d.find(&d.report.Wrong, r, "the audit %v became %v: %s", was.Audit, row.Audit, wrong)
	}
	d.report.Steps += len(row.Steps) - len(was.Steps)
	d.report.Chunks += int(row.Output - was.Output)
	if isRedrive(c) {
		r.reopened = append(r.reopened, was.Rev)
		d.report.Redriven++
	}
	d.took(row)
}

// unaudited says what is wrong with the audit after a change: a redrive and a signal join
// it, and what was in it stays unless it is among the oldest of many.
func unaudited(was, row *request.Request, c request.Change) (wrong string) {
	signal := c.Set.Step != nil && strings.HasPrefix(c.Set.Step.Name, request.SignalPrefix) &&
		c.Set.Step.Name != request.SignalStep(request.ChildrenToken)
	if added := len(row.Audit) + len(c.Set.DropAudit) - len(was.Audit); added != len(c.Set.Audit) || (isRedrive(c) || signal) && added != 1 {
		return fmt.Sprintf("%d entries have joined it", added)
	}
	for key := range was.Audit {
		if _, kept := row.Audit[key]; !kept && (len(was.Audit) < wire.MaxAudit || !slices.Contains(c.Set.DropAudit, key)) {
			return fmt.Sprintf("%s is gone", key)
		}
	}
	return ""
}

// took keeps what follows from a row: whether its subscribers are notified, and which
// permits it holds.
func (d *driver) took(row *request.Request) {
	if row.State.Final() && row.Look.At.IsZero() {
		delete(d.unnotified, row.Key)
	} else {
		d.unnotified[row.Key] = true
	}
	for _, limit := range row.Permits {
		d.limits[limit] = true
	}
}

func worker(p *process) string { return fmt.Sprintf("%s %d", p.kind, p.id) }

// mayReopen reports whether a redrive took effect on the end at rev.
func (r *tracked) mayReopen(rev int64) bool { return slices.Contains(r.reopened, rev) }

// A shown is a request as a client is shown it: not every frame tells how far the
// work is.
type shown struct {
	state    request.State
	progress string
}

func (s shown) String() string { return strings.TrimSpace(string(s.state) + " " + s.progress) }

// show sees what any client is shown: one rev is the same for everybody.
func (r *tracked) show(d *driver, rev int64, now shown) {
	if r.views == nil {
		r.views = map[int64]shown{}
	}
	was := r.views[rev]
	if now.progress == "" {
		now.progress = was.progress
	}
	if now.state == "" {
		now.state = was.state
	}
	if was.state != "" && was.state != now.state || was.progress != "" && was.progress != now.progress {
		d.find(&d.report.Wrong, r, "rev %d was shown as %s and as %s", rev, was, now)
	}
	r.views[rev] = now
}

// judge looks at everything when all is quiescent.
func (d *driver) judge() {
	for _, r := range d.requests {
		if !r.acked {
			d.find(&d.report.Stuck, r, "it was never acknowledged")
			continue
		}
		row := d.judgeRow(r)
		if row == nil {
			continue
		}
		if row.State == request.Cancelled && !r.cancelled {
			d.find(&d.report.Wrong, r, "it is CANCELLED and no client asked for that")
		}
		for _, cl := range r.watchers {
			d.compare(r, row, cl)
		}
	}
	for _, r := range d.children {
		d.judgeChild(r)
	}
	d.judgeSchedules()
	for limit := range d.limits {
		var taken int
		var err error
		d.out.do(func(ctx context.Context) { taken, err = d.store.PermitsHeld(ctx, limit) })
		if err != nil || taken != 0 {
			d.find(&d.report.Stuck, nil, "%d permits of %s are held, and nothing runs: %v", taken, limit, err)
		}
	}
}

// judgeRow looks at what is stored of a request; it returns nil for one that has not ended.
func (d *driver) judgeRow(r *tracked) *request.Request {
	var row *request.Request
	var err error
	d.out.do(func(ctx context.Context) { row, err = d.store.LoadRequest(ctx, r.key) })
	if err != nil {
		d.find(&d.report.Lost, r, "it was acknowledged, and loading it says: %v", err)
		return nil
	}
	d.report.Ended[string(row.State)]++
	switch {
	case !row.State.Final():
		d.find(&d.report.Stuck, r, "it is %s, due %v, blocked %q, waits for %q", row.State, row.DueAt, row.ThrottledBy, row.Await.Token)
		return nil
	case !row.Look.At.IsZero():
		d.find(&d.report.Stuck, r, "it has ended as %s and its subscribers never count as notified", row.State)
	case len(row.Permits) > 0:
		d.find(&d.report.Stuck, r, "it has ended and holds permits of %v", row.Permits)
	}
	if wrong := r.remembers(row.History); wrong != "" {
		d.find(&d.report.Wrong, r, "its history is wrong: %s", wrong)
	}
	return row
}

// remembers says what is wrong with a request's history: each claim that ended
// without success is there, the newest of them, as long as it lasted.
func (r *tracked) remembers(history []wire.Attempt) (wrong string) {
	past := r.past[max(len(r.past)-request.MaxHistory, 0):]
	if len(history) != len(past) {
		return fmt.Sprintf("%d claims ended without success, and there are %d attempts", len(past), len(history))
	}
	for n, a := range history {
		began, ended := past[n].StartedAt, past[n].EndedAt
		switch {
		case a.StartedAt.UnixMilli() != began.UnixMilli() || a.EndedAt.UnixMilli() != ended.UnixMilli() || a.Worker != past[n].Worker ||
			a.Code == "":
			return fmt.Sprintf("%s worked from %v to %v, and attempt %d of it is %+v", past[n].Worker, began, ended, n, a)
		case (a.Cause == wire.Cause{}) != (a.Code == wire.Cancelled):
			return fmt.Sprintf("attempt %d ended as %s with the cause %+v", n, a.Code, a.Cause)
		case a.EndedAt.Before(a.StartedAt):
			return fmt.Sprintf("attempt %d ends before it begins: %+v", n, a)
		case n > 0 && a.StartedAt.Add(2*maxSkew).Before(history[n-1].EndedAt):
			return fmt.Sprintf("attempt %d begins before the one before it ends: %+v", n, history)
		}
	}
	return ""
}

// compare holds what a client has learned to what is stored, and asks whether
// that is right.
func (d *driver) compare(r *tracked, row *request.Request, cl *client) {
	v := cl.views[r.id]
	switch {
	case v.final && r.mayReopen(v.rev) && cl != r.owner:
		return // it knew an end, and another client began anew
	case !v.final:
		d.find(&d.report.Lost, r, "%s is subscribed and does not know that it has ended as %s at rev %d; it last saw %s at rev %d",
			cl.name, row.State, row.Rev, v.state, v.rev)
		return
	case v.state != row.State || v.rev != row.Rev || !bytes.Equal(v.result, row.Result):
		d.find(&d.report.Wrong, r, "%s knows %s at rev %d with %s; stored is %s at rev %d with %s",
			cl.name, v.state, v.rev, v.result, row.State, row.Rev, row.Result)
		return
	case !v.read || int64(len(v.chunks)) != row.Output:
		d.find(&d.report.Lost, r, "%s has %d chunks of output, stored are %d", cl.name, len(v.chunks), row.Output)
		return
	case row.State == request.Cancelled:
		return
	}
	got := Outcome{ID: r.id, State: v.state, Result: v.result, Error: v.err, Output: v.chunks, Steps: row.Steps}
	if err := r.c.Want(r.payload, got); err != nil {
		d.find(&d.report.Wrong, r, "the outcome is wrong: %v", err)
	}
}
