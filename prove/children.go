package prove

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// adopt takes in a request that another one has started. No client sent or watches it.
func (d *driver) adopt(row *request.Request) *tracked {
	r := &tracked{id: row.ID, key: row.Key, payload: row.Payload, acked: true}
	if parent := d.byKey[row.ParentKey()]; parent != nil && parent.row != nil { // or else by a worker that has lost its lease
		r.orphan = parent.row.State.Final()
	}
	if n := slices.IndexFunc(d.Cases, func(c Case) bool { return c.Action.Name() == row.Action }); n >= 0 {
		r.c = &d.Cases[n]
	} else { // an action of Config.Parts that no client asks for
		r.c = &Case{
			Action: streamer.NewAction(streamer.ActionConfig{Name: row.Action, Long: true},
				func(context.Context, *streamer.Job, json.RawMessage) (int, error) { return 0, nil }),
			Want: func(json.RawMessage, Outcome) error { return nil },
		}
	}
	d.children, d.byKey[row.Key] = append(d.children, r), r
	d.report.Children++
	return r
}

// parented looks at a child that is claimed: its parent has not ended, or its end is not
// done with.
func (d *driver) parented(r *tracked, row *request.Request) {
	parent := d.byKey[row.ParentKey()]
	if row.Parent.ID == "" || r.orphan || parent == nil || parent.row == nil {
		return
	}
	if parent.row.State.Final() && parent.row.Look.At.IsZero() && !row.CancelRequested {
		d.find(&d.report.Wrong, r, "it is claimed, and its parent %s has ended as %s, with all that follows", parent.id, parent.row.State)
	}
}

// killedOf counts a worker that dies over a parent or a child, and whether the notice of
// the child's end dies with it.
func (d *driver) killedOf(c *call, after bool) {
	r := d.byKey[c.p.key]
	if r == nil || r.row == nil {
		return
	}
	if r.row.Children.Total > 0 {
		d.report.Injected["worker of a parent killed"]++
	}
	if r.row.Parent.ID == "" {
		return
	}
	d.report.Injected["worker of a child killed"]++
	if c.kind == "end" && after || isNotice(c) && !after {
		d.report.Injected["notice of a child lost"]++
	}
}

// isNotice reports whether a call tells a parent of the end of a child.
func isNotice(c *call) bool { return c.kind == "resume parent" || c.kind == "notify parent" }

// judgeChild looks at a child when all is quiescent: only its parent's end cancels it,
// and its outcome is as right as if a client had asked.
func (d *driver) judgeChild(r *tracked) {
	row := d.judgeRow(r)
	if row == nil {
		return
	}
	var parent *request.Request
	var err error
	d.out.do(func(ctx context.Context) { parent, err = d.store.LoadRequest(ctx, row.ParentKey()) })
	_, redrives := row.ChildName()
	switch {
	case err != nil:
		d.find(&d.report.Lost, r, "loading its parent says: %v", err)
	case row.State == request.Cancelled && parent.State == request.Succeeded && redrives == parent.Redrives:
		d.find(&d.report.Wrong, r, "it is CANCELLED, and its parent has SUCCEEDED")
	case row.State != request.Cancelled:
		got := Outcome{ID: r.id, State: row.State, Result: row.Result, Error: row.Error, Steps: row.Steps}
		if err := r.c.Want(r.payload, got); err != nil {
			d.find(&d.report.Wrong, r, "the outcome of a child is wrong: %v", err)
		}
	}
}
