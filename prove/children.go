package prove

import (
	"context"

	"github.com/pay-theory/streamer/request"
)

// adopt takes in a request that another one has started. No client sent or watches it.
func (d *driver) adopt(row *request.Request) *tracked {
	for n := range d.Cases {
		if d.Cases[n].Action.Name() == row.Action {
			r := &tracked{id: row.ID, key: row.Key, c: &d.Cases[n], payload: row.Payload, acked: true}
			d.children, d.byKey[row.Key] = append(d.children, r), r
			d.report.Children++
			return r
		}
	}
	d.find(&d.report.Wrong, nil, "%s was created with the action %q, which no case has", row.ID, row.Action)
	return nil
}

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
