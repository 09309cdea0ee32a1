package streamer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A Child is a request that an action starts with [AwaitChildren].
type Child struct {
	// Name tells the child from the others of the request, in every run: 1 to
	// request.MaxChildName characters of A-Z a-z 0-9 _ . -
	Name string

	Action  string // a long one, of the same registry; its Scope is not asked for
	Payload any    // encoded with encoding/json, a json.RawMessage as it is; nil: none
}

// A ChildResult is how a child ended.
type ChildResult[T any] struct {
	Name  string
	ID    string // of its request
	Value T      // the action's result; zero where Err is not nil
	Err   error  // an [*Error] of a child that ended FAILED or CANCELLED
}

// How long [AwaitChildren] waits.
const (
	UntilAllEnd   = request.UntilAllEnd   // until each child has ended; those that failed have an Err
	UntilOneFails = request.UntilOneFails // until all have succeeded, or one has not: then the others are cancelled, and it fails
)

// AwaitChildren returns how the children ended, in their order. It starts those that the
// request has not started yet, as requests of the same tenant and subject. While some have
// not ended, the request waits if the action returns the error: no function runs, it holds
// no permit, and the action starts again when they have ended.
//
// A child is started once under its name, whatever the action or payload of a later run
// says, and a request has at most request.MaxChildren names; children may have children,
// request.MaxDepth deep. A redrive of the request starts those anew that have not
// succeeded. When the request ends, those still open are cancelled. Results are decoded
// with encoding/json; one that does not decode is taken for a worker that does not fit
// the request. With [UntilOneFails] the error names the child and is for good: a retry
// would find the same. See docs/children.md.
func AwaitChildren[T any](ctx context.Context, job *Job, until request.ChildMode, children ...Child) ([]ChildResult[T], error) {
	if job.family == nil {
		return nil, errors.New("a short action cannot start children: set Long in its ActionConfig")
	}
	ended, err := job.family.await(ctx, until, children)
	if err != nil {
		return nil, err
	}
	results := make([]ChildResult[T], len(ended))
	for n, r := range ended {
		result := &results[n]
		result.Name, result.ID = children[n].Name, r.ID
		if r.State != request.Succeeded {
			result.Err = childError(children[n].Name, r)
			continue
		}
		if result.Value, err = decodeStored[T](job, fmt.Sprintf("the result of the child %q", result.Name), r.Result); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// waitForChildrenError is the error by which an action waits for its children.
type waitForChildrenError struct{ request.Children }

func (w *waitForChildrenError) Error() string {
	return fmt.Sprintf("wait for children, of which %d of %d have ended", w.Ended, w.Total)
}

// childError is the public error of a child that did not succeed. Its own code may be
// CANCELLED, which its parent is not.
func childError(name string, r *request.Request) *Error {
	err := Errorf(wire.ProcessingFailed, "the child %q ended %s", name, r.State)
	details := map[string]string{"child": name, "child_id": r.ID}
	if r.Error != nil {
		err.Message += ": " + r.Error.Message
		details["code"] = string(r.Error.Code)
	}
	err.Details, _ = json.Marshal(details) // a map of strings always encodes
	err.Retryable, err.Cause = false, causeOfChild(r)
	return err
}

// startBatch is how many children are started before they are dispatched together.
const startBatch = 100

// reports is how many of the children of one wait move the progress of their parent with
// their ends, which costs a read and a write of it.
const reports = 20

// A family is a running request and its children.
type family struct {
	p      *Processor
	job    *Job
	parent *request.Request // as it was claimed, but for Children
	starts atomic.Bool      // this run has started children
}

// await returns the children that are wanted when all have ended, and otherwise an error
// to wait with.
func (f *family) await(ctx context.Context, until request.ChildMode, wanted []Child) ([]*request.Request, error) {
	drafts, err := f.drafts(wanted)
	if err != nil {
		return nil, err
	}
	started, err := f.started(ctx)
	if err != nil {
		return nil, f.later(ctx, err)
	}
	rows, missing := make([]*request.Request, len(drafts)), []*request.Request(nil)
	for n, draft := range drafts {
		rows[n] = started[wanted[n].Name]
		if r := rows[n]; r == nil || f.startsAnew(r) {
			rows[n], missing = draft, append(missing, draft)
		}
		delete(started, wanted[n].Name)
	}
	if total := len(wanted) + len(started); total > request.MaxChildren {
		return nil, Permanent(fmt.Errorf("the request would have %d children, %d are allowed: give each more of the work, or children of its own",
			total, request.MaxChildren))
	}
	children := request.Children{Total: len(wanted), First: until == UntilOneFails}
	var failed *request.Request
	for _, r := range rows {
		if r.State.Final() {
			children.Ended++
			failed = firstFailure(failed, r)
		}
	}
	if failed != nil && children.First {
		each(ctx, rows, func(ctx context.Context, r *request.Request) {
			f.p.aftermath().cancelChild(ctx, r, f.parent.CorrelationID)
		})
		name, _ := failed.ChildName()
		return nil, childError(name, failed)
	}
	if children.Ended == children.Total {
		return rows, nil
	}
	if err := f.start(ctx, missing, children); err != nil {
		return nil, f.later(ctx, err)
	}
	f.keep(ctx, rows)
	return nil, &waitForChildrenError{children}
}

// firstFailure is the first of two ended children that failed; nil: none. What was
// cancelled may have been for another's failure, which an earlier run found.
func firstFailure(a, b *request.Request) *request.Request {
	switch {
	case b.State == request.Succeeded:
		return a
	case a == nil, a.State == request.Cancelled && b.State == request.Failed, a.State == b.State && b.FinishedAt.Before(a.FinishedAt):
		return b
	}
	return a
}

// drafts are the requests that the children would be, in their order.
func (f *family) drafts(wanted []Child) ([]*request.Request, error) {
	if f.parent.Parent.Depth >= request.MaxDepth {
		return nil, Permanent(fmt.Errorf("the request is a child %d deep, and children of its own would be deeper than %d", f.parent.Parent.Depth,
			request.MaxDepth))
	}
	at, names := f.p.Now(), map[string]bool{}
	every := (len(wanted) + reports - 1) / reports
	drafts := make([]*request.Request, len(wanted))
	for n, child := range wanted {
		action, err := f.p.Actions.find(child.Action)
		if err != nil {
			return nil, lacksAction(child.Action)
		}
		payload, err := payloadOf(child)
		wrong := request.CheckChildName(child.Name)
		switch {
		case wrong != "":
		case names[child.Name]:
			wrong = "another child has it"
		case !action.Long():
			wrong = fmt.Sprintf("its action %q is short: set Long in its ActionConfig", child.Action)
		case err != nil:
			wrong = err.Error()
		default:
			if err := action.check(payload); err != nil {
				wrong = err.Error()
			}
		}
		if wrong != "" {
			return nil, Permanent(fmt.Errorf("the child %q: %s", child.Name, wrong))
		}
		names[child.Name] = true
		drafts[n] = &request.Request{
			Key: request.ChildKey(f.parent.Key, child.Name, f.parent.Redrives), Action: child.Action, Payload: payload,
			CorrelationID: f.parent.CorrelationID,
			State:         request.Queued, Rev: 1, Fence: 1, Attempt: 1,
			DueAt: at, CreatedAt: at, UpdatedAt: at, Look: request.QueuedLook(at, at, f.p.SweepEvery),
			Priority: action.config.Priority, Permits: []string{request.ChildPermit(f.parent.Key).Name},
			Parent: request.Parent{ID: f.parent.ID, Depth: f.parent.Parent.Depth + 1, Reports: n%every == 0},
		}
	}
	return drafts, nil
}

// payloadOf is a child's payload as it is stored.
func payloadOf(child Child) (json.RawMessage, error) {
	if child.Payload == nil {
		return nil, nil
	}
	payload, err := encodeOutput(child.Payload)
	if err != nil {
		return nil, fmt.Errorf("encode its payload: %w", err)
	}
	if len(payload) > request.MaxPayload {
		return nil, fmt.Errorf("its payload has %d bytes, %d are allowed: keep it elsewhere and pass a reference",
			len(payload), request.MaxPayload)
	}
	return payload, nil
}

// started are the request's children by name, each as it was started last.
func (f *family) started(ctx context.Context) (map[string]*request.Request, error) {
	started := map[string]*request.Request{}
	q := request.ChildQuery{Parent: f.parent.Key, Results: true, Limit: 1000}
	for more := f.parent.Children.Total > 0; more; more = q.Cursor != "" {
		page, next, err := f.p.Store.ListChildren(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			name, redrives := r.ChildName()
			if last := started[name]; last != nil {
				if _, before := last.ChildName(); before > redrives {
					continue
				}
			}
			started[name] = r
		}
		q.Cursor = next
	}
	return started, nil
}

// startsAnew reports whether a child did not succeed before the request was redriven.
func (f *family) startsAnew(r *request.Request) bool {
	_, redrives := r.ChildName()
	return r.State.Final() && r.State != request.Succeeded && redrives < f.parent.Redrives
}

// start stores the children and dispatches them. Before the first it is noted in the
// parent that there are some, so that its end looks for them. It stops with the context:
// another run starts the rest.
func (f *family) start(ctx context.Context, missing []*request.Request, children request.Children) error {
	if len(missing) == 0 {
		return nil
	}
	if err := f.job.persist(pendingStep{children: children}); err != nil {
		return fmt.Errorf("store that there are children: %w", err)
	}
	f.parent.Children = children
	f.starts.Store(true)
	for batch := range slices.Chunk(missing, startBatch) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var mu sync.Mutex
		var faults []error
		var dispatches []request.Dispatch
		each(ctx, batch, func(ctx context.Context, r *request.Request) {
			stored, _, err := f.p.Store.CreateRequest(ctx, r, request.ChildPermit(f.parent.Key))
			if err == nil && stored.Parent.ID != f.parent.ID {
				err = Permanent(fmt.Errorf("the id %q of a child is taken by another request", r.ID))
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				faults = append(faults, err)
				return
			}
			*r = *stored
			dispatches = append(dispatches, request.Dispatch{Key: r.Key, Due: r.DueAt})
		})
		for n, err := range f.p.Dispatch.DispatchAll(ctx, dispatches) {
			if err != nil {
				f.job.logger.WarnContext(ctx, "dispatch failed; the sweep will dispatch the request", "child_id", dispatches[n].Key.ID,
					"error", err.Error())
			}
		}
		if len(faults) > 0 {
			return faults[0]
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// cancelOrphans cancels children that this run, which has lost its lease, has started since the
// request ended: who saw that end knew none of them.
func (f *family) cancelOrphans(ctx context.Context) {
	if !f.starts.Load() {
		return
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), familyTimeout)
	defer cancel()
	parent, err := f.p.Store.LoadRequest(bounded, f.parent.Key)
	switch {
	case errors.Is(err, request.ErrNotFound):
	case err != nil:
		f.job.logger.WarnContext(ctx, "load request failed; children that it started after its end may run", "error", err.Error())
	case parent.State.Final():
		f.p.aftermath().cancelChildren(bounded, parent)
	}
}

// familyPause is how long a request waits whose children the store did not take.
const familyPause = 5 * time.Second

// later has the request go on after a pause where the store is at fault: that is no
// failure of the action.
func (f *family) later(ctx context.Context, err error) error {
	_, public := errors.AsType[*Error](err)
	_, permanent := errors.AsType[*permanentError](err)
	_, undecodable := errors.AsType[*request.UndecodableError](err)
	if public || permanent || undecodable || ctx.Err() != nil || errors.Is(err, ErrLeaseLost) {
		return err
	}
	f.job.logger.WarnContext(ctx, "start or read children failed; the request goes on later", "error", err.Error())
	return Snooze(familyPause)
}

// keep has the rows of ended children live as long as their parent may wait.
func (f *family) keep(ctx context.Context, rows []*request.Request) {
	at := f.p.Now()
	each(ctx, rows, func(ctx context.Context, r *request.Request) {
		if !r.State.Final() || r.ExpiresAt.Sub(at) > f.p.Retention/2 {
			return
		}
		if _, err := f.p.Store.ChangeRequest(ctx, r.Key, request.KeepChild(r, at.Add(f.p.Retention))); err != nil {
			f.job.logger.WarnContext(ctx, "keep child failed; the next look will", "child_id", r.ID, "error", err.Error())
		}
	})
}

// childrenLook is how long a request waits for its children at most before its action
// looks at them again: often enough to keep their rows.
func (p *Processor) childrenLook() time.Duration { return min(24*time.Hour, p.Retention/4) }
