package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// squares starts a child for each number and returns their sum.
func squares(until request.ChildMode, began func(job *streamer.Job)) streamer.Action {
	config := streamer.ActionConfig{Name: "squares", Long: true, Retry: streamer.RetryPolicy{Attempts: 1}}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, numbers []int) (string, error) {
		if began != nil {
			began(job)
		}
		var children []streamer.Child
		for n, number := range numbers {
			children = append(children, streamer.Child{Name: fmt.Sprint("n", n), Action: "square", Payload: number})
		}
		results, err := streamer.AwaitChildren[int](ctx, job, until, children...)
		if err != nil {
			return "", err
		}
		total, failed := 0, ""
		for _, r := range results {
			total += r.Value
			if r.Err != nil {
				failed += " " + r.Name
			}
		}
		return fmt.Sprint(total, failed), nil
	})
}

// square fails for numbers below zero, but in a request that was redriven.
func square() streamer.Action {
	config := streamer.ActionConfig{Name: "square", Long: true, Retry: streamer.RetryPolicy{Attempts: 1}}
	return streamer.NewAction(config, func(_ context.Context, job *streamer.Job, number int) (int, error) {
		if number < 0 && !strings.HasSuffix(job.ID(), ":1") {
			return 0, streamer.Errorf(wire.ProcessingFailed, "no square of %d", number)
		}
		return number * number, nil
	})
}

// drain runs what is dispatched until nothing is, but for requests that spare names.
func (w *harness) drain(t *testing.T, spare ...string) {
	t.Helper()
	for n := 0; ; n++ {
		w.dispatches.mu.Lock()
		keys := w.dispatches.keys
		w.dispatches.keys, w.dispatches.due = nil, nil
		w.dispatches.mu.Unlock()
		if len(keys) == 0 {
			return
		}
		if n == 100 {
			t.Fatalf("got dispatches of %v without end", keys)
		}
		for _, key := range keys {
			if !strings.Contains(strings.Join(spare, " ")+" ", key.ID[strings.LastIndex(key.ID, ":")+1:]+" ") {
				w.run(t, key)
			}
		}
	}
}

func (w *harness) child(t *testing.T, name string) *request.Request {
	t.Helper()
	return w.load(t, request.ChildKey(ada.Key("r1"), name, 0))
}

func TestChildren(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		until     request.ChildMode
		numbers   string
		want      string // the result; "": it fails
		failure   string
		cancelled string // the children that are
		runs      int    // of the parent
	}{
		"all succeed":                    {streamer.UntilAllEnd, `[1,2,3]`, `"14"`, "", "", 2},
		"all succeed, and none may fail": {streamer.UntilOneFails, `[1,2,3]`, `"14"`, "", "", 2},
		"none":                           {streamer.UntilAllEnd, `[]`, `"0"`, "", "", 1},
		"some fail, and all are awaited": {streamer.UntilAllEnd, `[1,-2,3,-4]`, `"10 n1 n3"`, "", "", 2},
		"the first to fail ends it": {streamer.UntilOneFails, `[-1,2,3]`, "", `the child "n0" ended FAILED: no square of -1`,
			"n1 n2", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs := 0
			w := newHarness(t, squares(tt.until, func(*streamer.Job) { runs++ }), square())
			w.submit(t, w.connect(t, "c1", ada), "r1", "squares", tt.numbers)
			if tt.cancelled == "" {
				w.drain(t)
			} else { // the parent hears of the failure before the others run
				w.run(t, ada.Key("r1"))
				w.run(t, w.child(t, "n0").Key)
				w.run(t, ada.Key("r1"))
				w.drain(t)
			}
			r := w.load(t, ada.Key("r1"))
			if string(r.Result) != tt.want || runs != tt.runs {
				t.Errorf("got the result %s after %d runs (error %+v), want %s after %d", r.Result, runs, r.Error, tt.want, tt.runs)
			}
			if tt.failure != "" && (r.Error == nil || r.Error.Message != tt.failure || r.Error.Code != wire.ProcessingFailed) {
				t.Errorf("got the error %+v, want %s", r.Error, tt.failure)
			}
			for _, name := range strings.Fields(tt.cancelled) {
				wantState(t, w.child(t, name), request.Cancelled)
			}
			if open, err := w.store.PermitsHeld(t.Context(), request.ChildPermit(r.Key).Name); err != nil || open != 0 {
				t.Errorf("got %d open children, %v; want none", open, err)
			}
		})
	}
}

// While the children run no function does, and whoever watches sees how far they are.
func TestAParentWaitsAndShowsProgress(t *testing.T) {
	t.Parallel()
	w := newHarness(t, squares(streamer.UntilAllEnd, nil), square())
	w.Limits.RunningPerTenant, w.requests.Limits.OpenPerPrincipal = 1, 1 // which the parent alone has
	w.submit(t, w.connect(t, "c1", ada), "r1", "squares", `[1,2,3,4]`)
	w.run(t, ada.Key("r1"))
	r := w.load(t, ada.Key("r1"))
	if !r.WaitsForChildren() || len(r.Permits) != 1 {
		t.Fatalf("got %s with the permits %v, want it to wait with that of the principal", r.State, r.Permits)
	}
	if child := w.child(t, "n1"); child.Parent != (request.Parent{ID: "r1", Depth: 1, Reports: true}) || child.CorrelationID != "corr-c1" ||
		string(child.Payload) != "2" {
		t.Errorf("got the child %+v", child)
	}
	w.run(t, w.child(t, "n2").Key)
	w.run(t, w.child(t, "n0").Key)
	snapshot := w.ask(t, "c1", `{"id":"g","action":"streamer.why","payload":{"request_id":"r1"}}`).Request
	if snapshot.Waiting == nil || snapshot.Waiting.For != wire.WaitingChildren || snapshot.DueAt != nil ||
		cmp.Diff(snapshot.Children, &wire.Children{Total: 4, Ended: 2}) != "" {
		t.Errorf("why: got %s, want it to wait for 2 of 4 children", snapshot.Append(nil))
	}
	if s := w.ask(t, "c1", `{"id":"h","action":"streamer.get","payload":{"request_id":"`+w.child(t, "n1").ID+`"}}`).Request; s.Parent != "r1" {
		t.Errorf("got the parent %q of a child, want r1", s.Parent)
	}
	list := w.ask(t, "c1", `{"id":"l","action":"streamer.list","payload":{"parent":"r1","state":"QUEUED"}}`)
	var children wire.List
	if err := json.Unmarshal(list.Data, &children); err != nil || len(children.Requests) != 2 ||
		children.Requests[0].ID != w.child(t, "n1").ID {
		t.Errorf("got the list %s, %v; want n1 and n3", list.Append(nil), err)
	}
	w.drain(t)
	var shown []string
	frames := w.sockets.got("c1")
	wantRising(t, frames)
	for _, f := range frames {
		if f.Request != nil {
			f.Percentage, f.Message = f.Request.Percentage, f.Request.Message
		}
		shown = append(shown, fmt.Sprint(f.Type, " ", f.Percentage, " ", f.Message))
	}
	want := []string{"request 0 ", "request 25 1 of 4 children have ended", "request 50 2 of 4 children have ended",
		"request 75 3 of 4 children have ended",
		"request 100 4 of 4 children have ended", "complete 0 "}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("what the client sees (-want +got):\n%s", diff)
	}
}

// However many children there are, and wherever the worker that starts them dies, each
// runs once, and those that did not come to it are started by the next.
func TestAWorkerDiesWhileItStartsChildren(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 130
		ran := map[string]int{}
		counted := streamer.NewAction(streamer.ActionConfig{Name: "square", Long: true},
			func(_ context.Context, job *streamer.Job, number int) (int, error) {
				ran[job.ID()]++
				return number, nil
			})
		w := newHarness(t, squares(streamer.UntilAllEnd, nil), counted)
		numbers, err := json.Marshal(make([]int, many))
		if err != nil {
			t.Fatal(err)
		}
		w.submit(t, w.connect(t, "c1", ada), "r1", "squares", string(numbers))
		w.dispatches.err = errNetwork // and all its dispatches are lost
		w.store.setFault(func(c request.Change) (before, after error) {
			if c.Set.State == request.Queued {
				return errNetwork, nil
			}
			return nil, nil
		})
		_ = w.Run(t.Context(), ada.Key("r1"), time.Time{}) // it cannot store that it waits
		w.store.setFault(nil)
		w.dispatches.err = nil
		for range 5 {
			time.Sleep(time.Minute)
			w.sweep(t)
			w.drain(t)
		}
		wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
		if len(ran) != many {
			t.Errorf("got %d children that ran, want %d", len(ran), many)
		}
		for id, times := range ran {
			if times != 1 {
				t.Errorf("%s ran %d times, want once", id, times)
			}
		}
	})
}

// As many children as there may be are started, run and read.
func TestAThousandChildren(t *testing.T) {
	t.Parallel()
	w := newHarness(t, squares(streamer.UntilAllEnd, nil), square())
	numbers := make([]int, request.MaxChildren)
	for n := range numbers {
		numbers[n] = 1
	}
	raw, err := json.Marshal(numbers)
	if err != nil {
		t.Fatal(err)
	}
	w.submit(t, w.connect(t, "c1", ada), "r1", "squares", string(raw))
	w.drain(t)
	if r := w.load(t, ada.Key("r1")); string(r.Result) != `"1000"` {
		t.Errorf("got %s %s, want 1000", r.State, r.Result)
	}
	if got := len(w.sockets.got("c1")); got > 23 {
		t.Errorf("got %d frames, want at most that it waits, 20 of progress and the end", got)
	}
}

// isOfChild reports whether a change is one that a child's end makes of its parent.
func isOfChild(c request.Change) bool {
	return c.If.Awaits == request.ChildrenToken || c.Set.Step != nil && c.Set.Step.Name == request.SignalStep(request.ChildrenToken)
}

// A worker that dies between the end of the last child and the change of the parent loses
// nothing: the sweep makes it. One more notice changes nothing.
func TestALostNoticeOfTheLastChild(t *testing.T) {
	t.Parallel()
	for name, until := range map[string]request.ChildMode{"of all": streamer.UntilAllEnd, "of one that failed": streamer.UntilOneFails} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				runs := 0
				w := newHarness(t, squares(until, func(*streamer.Job) { runs++ }), square())
				w.submit(t, w.connect(t, "c1", ada), "r1", "squares", `[-1]`)
				w.store.setFault(func(c request.Change) (before, after error) {
					if isOfChild(c) {
						return errNetwork, nil
					}
					return nil, nil
				})
				w.drain(t)
				time.Sleep(2 * time.Hour)
				w.sweep(t) // the store is still out of reach, for longer than a subscriber is tried
				if r := w.load(t, ada.Key("r1")); !r.WaitsForChildren() {
					t.Fatalf("got %s, want it to wait", r.State)
				}
				w.store.setFault(nil)
				time.Sleep(time.Hour)
				w.sweep(t)
				w.drain(t)
				if r := w.load(t, ada.Key("r1")); !r.State.Final() || runs != 2 {
					t.Errorf("got %s after %d runs, want its end after 2", r.State, runs)
				}
				before := w.load(t, ada.Key("r1"))
				time.Sleep(time.Hour)
				w.sweep(t)
				if after := w.load(t, ada.Key("r1")); after.Rev != before.Rev || runs != 2 {
					t.Errorf("got rev %d and %d runs an hour later, want %d and 2", after.Rev, runs, before.Rev)
				}
			})
		})
	}
}

// A child may end between the look at it and the wait for it.
func TestAChildEndsBeforeItsParentWaits(t *testing.T) {
	t.Parallel()
	runs := 0
	w := newHarness(t, squares(streamer.UntilAllEnd, func(*streamer.Job) { runs++ }), square())
	w.submit(t, w.connect(t, "c1", ada), "r1", "squares", `[3]`)
	w.store.setFault(func(c request.Change) (before, after error) {
		if c.Set.Await.Token == request.ChildrenToken && runs == 1 {
			w.store.setFault(nil)
			w.run(t, w.child(t, "n0").Key)
		}
		return nil, nil
	})
	w.run(t, ada.Key("r1"))
	if r := w.load(t, ada.Key("r1")); r.State != request.Queued || r.WaitsForChildren() || len(r.Steps) != 0 {
		t.Fatalf("got %s with the steps %v, want it due at once, and nothing left of the notice", r.State, r.Steps)
	}
	w.drain(t)
	if r := w.load(t, ada.Key("r1")); string(r.Result) != `"9"` || runs != 2 {
		t.Errorf("got %s after %d runs, want 9 after 2", r.Result, runs)
	}
}

// A run that is played again after it cancelled the others names the same child.
func TestTheFirstFailureIsTheSameInEachRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, squares(streamer.UntilOneFails, nil), square())
		w.submit(t, w.connect(t, "c1", ada), "r1", "squares", `[2,-3,-4]`)
		w.run(t, ada.Key("r1"))
		w.run(t, w.child(t, "n1").Key)
		w.store.setFault(func(c request.Change) (before, after error) {
			if c.Set.State == request.Failed {
				return errNetwork, nil
			}
			return nil, nil
		})
		_ = w.Run(t.Context(), ada.Key("r1"), time.Time{}) // whose outcome is lost
		wantState(t, w.child(t, "n0"), request.Cancelled)
		w.store.setFault(nil)
		time.Sleep(time.Minute)
		w.sweep(t)
		w.drain(t)
		if r := w.load(t, ada.Key("r1")); r.State != request.Failed || !strings.Contains(r.Error.Message, `"n1"`) {
			t.Errorf("got %s with %+v, want FAILED, and the child n1", r.State, r.Error)
		}
	})
}

// A worker that lost its lease while it started children, and the request its last chance,
// leaves none running in vain: not even those that it started after the end.
func TestALateWorkerCancelsTheChildrenThatItStarts(t *testing.T) {
	t.Parallel()
	const many = 150 // more than are started before the first are dispatched
	nothing := func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, nil }
	w := newHarness(t, long("child", streamer.ActionConfig{}, nothing),
		long("parent", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			var children []streamer.Child
			for n := range many {
				children = append(children, streamer.Child{Name: fmt.Sprint("n", n), Action: "child"})
			}
			_, err := streamer.AwaitChildren[json.RawMessage](ctx, job, streamer.UntilAllEnd, children...)
			return nil, err
		}))
	key := ada.Key("r1")
	var end sync.Once
	w.Dispatch = streamer.QueueFunc(func(ctx context.Context, _ request.Key, _ time.Time) error {
		end.Do(func() { // the lease is over, and the request with it; the sweep sees to the children
			ended := time.Now().Add(-time.Minute)
			cancel := request.Cancel(ended, time.Hour, "corr-1")
			cancel.Set.AddFence = 1
			if _, err := w.store.ChangeRequest(ctx, key, cancel); err != nil {
				t.Error(err)
			}
			w.sweep(t)
		})
		return nil
	})
	w.submit(t, streamer.Caller{Principal: ada}, key.ID, "parent", `{}`)
	w.run(t, key)
	states := map[request.State]int{}
	page, _, err := w.store.ListChildren(t.Context(), request.ChildQuery{Parent: key, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page {
		states[r.State]++
	}
	if states[request.Cancelled] != many || len(states) != 1 {
		t.Errorf("got children %v, want %d CANCELLED", states, many)
	}
}

// The end of a request, however it comes, is the end of its children and of theirs.
func TestTheEndOfAParentCancelsItsChildren(t *testing.T) {
	t.Parallel()
	nested := long("nested", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
		_, err := streamer.AwaitChildren[string](ctx, job, streamer.UntilAllEnd,
			streamer.Child{Name: "inner", Action: "squares", Payload: []int{1, 2}}, streamer.Child{Name: "other", Action: "square", Payload: 1})
		return nil, err
	})
	for name, lose := range map[string]bool{"at once": false, "by the sweep": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newHarness(t, nested, squares(streamer.UntilAllEnd, nil), square())
				who := w.connect(t, "c1", ada)
				w.submit(t, who, "r1", "nested", `{}`)
				w.run(t, ada.Key("r1"))
				inner := w.child(t, "inner")
				w.run(t, inner.Key)
				running := request.ChildKey(inner.Key, "n1", 0)
				if _, err := w.store.ChangeRequest(t.Context(), running, request.Claim(time.Now(), 3*time.Minute, "w", nil)); err != nil {
					t.Fatal(err)
				}
				if lose {
					w.store.setFault(func(c request.Change) (before, after error) {
						if c.Brief {
							return errNetwork, nil
						}
						return nil, nil
					})
				}
				if _, err := w.requests.Cancel(t.Context(), who, "r1"); err != nil {
					t.Fatal(err)
				}
				if lose {
					wantState(t, w.child(t, "other"), request.Queued)
					w.store.setFault(nil)
					time.Sleep(time.Minute)
					w.sweep(t)
				}
				wantState(t, w.child(t, "other"), request.Cancelled)
				wantState(t, w.load(t, inner.Key), request.Cancelled)
				wantState(t, w.load(t, request.ChildKey(inner.Key, "n0", 0)), request.Cancelled)
				if r := w.load(t, running); !r.CancelRequested {
					t.Errorf("got a running grandchild that was not asked to stop")
				}
				for range 3 {
					time.Sleep(2 * time.Minute)
					w.sweep(t)
				}
				wantState(t, w.load(t, running), request.Cancelled)
				if report := w.sweep(t); report.Due != 0 {
					t.Errorf("got %d due in the end, want none", report.Due)
				}
			})
		})
	}
}

// A redrive starts anew what has not succeeded, and keeps what has.
func TestARedriveOfAParent(t *testing.T) {
	t.Parallel()
	w := newHarness(t, squares(streamer.UntilOneFails, nil), square())
	who := w.connect(t, "c1", ada)
	w.submit(t, who, "r1", "squares", `[2,-3,4]`)
	w.run(t, ada.Key("r1"))
	w.run(t, w.child(t, "n0").Key)
	w.run(t, w.child(t, "n1").Key)
	w.drain(t, "n2")
	wantState(t, w.load(t, ada.Key("r1")), request.Failed)
	wantState(t, w.child(t, "n2"), request.Cancelled)
	if _, err := w.requests.Redrive(t.Context(), who, "r1"); err != nil {
		t.Fatal(err)
	}
	w.drain(t)
	r := w.load(t, ada.Key("r1"))
	if wantState(t, r, request.Succeeded); string(r.Result) != `"29"` {
		t.Errorf("got %s, want 29", r.Result)
	}
	for name, want := range map[string]int64{"n0": 2, "n1": 2} { // claimed once, ever
		if got := w.child(t, name).Fence; got != want {
			t.Errorf("got fence %d of %s, want %d", got, name, want)
		}
	}
}

// What follows a parent's end may still be under way when the parent is redriven. It
// cancels what that end left open, and not what the redrive has started.
func TestARedriveBesideTheEndOfItsParent(t *testing.T) {
	t.Parallel()
	w := newHarness(t, squares(streamer.UntilOneFails, nil), square())
	who := w.connect(t, "c1", ada)
	w.submit(t, who, "r1", "squares", `[2,-3]`)
	w.run(t, ada.Key("r1"))
	w.run(t, w.child(t, "n1").Key)
	w.store.setFault(func(c request.Change) (before, after error) {
		if c.Set.State == request.Cancelled { // n0 stays open beyond the end of its parent
			w.store.setFault(nil)
			return errNetwork, nil
		}
		return nil, nil
	})
	ends := 0
	w.store.listsChildren = func() {
		if w.load(t, ada.Key("r1")).State != request.Failed {
			return
		}
		if ends++; ends == 1 {
			if _, err := w.requests.Redrive(t.Context(), who, "r1"); err != nil {
				t.Error(err)
			}
			w.run(t, ada.Key("r1"))
		}
	}
	w.run(t, ada.Key("r1"))
	if ends != 1 {
		t.Fatalf("got %d redrives beside the end, want 1", ends)
	}
	wantState(t, w.load(t, request.ChildKey(ada.Key("r1"), "n1", 1)), request.Queued)
	w.drain(t)
	r := w.load(t, ada.Key("r1"))
	if wantState(t, r, request.Succeeded); string(r.Result) != `"13"` {
		t.Errorf("got %s, want 13", r.Result)
	}
}

// A child that is redriven while its parent waits is waited for again.
func TestARedriveOfAChild(t *testing.T) {
	t.Parallel()
	w := newHarness(t, squares(streamer.UntilAllEnd, nil), square())
	who := w.connect(t, "c1", ada)
	w.submit(t, who, "r1", "squares", `[-1,2]`)
	w.run(t, ada.Key("r1"))
	w.run(t, w.child(t, "n0").Key)
	if _, err := w.requests.Redrive(t.Context(), who, w.child(t, "n0").ID); err != nil {
		t.Fatal(err)
	}
	w.run(t, w.child(t, "n1").Key)
	if r := w.load(t, ada.Key("r1")); !r.WaitsForChildren() {
		t.Fatalf("got %s while a redriven child is open, want it to wait", r.State)
	}
	w.drain(t)
	if r := w.load(t, ada.Key("r1")); string(r.Result) != `"4 n0"` {
		t.Errorf("got %s, want 4 n0", r.Result)
	}
}

// The row of a child that ended long ago is there when its parent needs it.
func TestChildrenAreKeptForTheirParent(t *testing.T) {
	t.Parallel()
	withoutRace(t)
	synctest.Test(t, func(t *testing.T) {
		parent := long("parent", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			results, err := streamer.AwaitChildren[json.RawMessage](ctx, job, streamer.UntilAllEnd,
				streamer.Child{Name: "n0", Action: "square", Payload: 7}, streamer.Child{Name: "wait", Action: "approval"})
			if err != nil {
				return nil, err
			}
			return results[0].Value, nil
		})
		runs := 0
		patient := long("approval", streamer.ActionConfig{}, awaits("go", 1000*time.Hour))
		counted := streamer.NewAction(streamer.ActionConfig{Name: "square", Long: true}, func(context.Context, *streamer.Job, int) (int, error) {
			runs++
			return 49, nil
		})
		w := newHarness(t, parent, patient, counted)
		who := w.connect(t, "c1", ada)
		w.submit(t, who, "r1", "parent", `{}`)
		w.drain(t)
		for range 30 { // days, of which a final request is kept seven
			for range 24 {
				time.Sleep(time.Hour)
				w.sweep(t)
				w.drain(t)
			}
			if _, err := w.store.PurgeExpired(t.Context(), time.Now(), 100); err != nil {
				t.Fatal(err)
			}
		}
		signal := wire.Signal{RequestID: w.child(t, "wait").ID, Token: "go", Payload: json.RawMessage("1")}
		if _, err := w.requests.Signal(t.Context(), who, signal); err != nil {
			t.Fatal(err)
		}
		w.drain(t)
		if r := w.load(t, ada.Key("r1")); string(r.Result) != "49" || runs != 1 {
			t.Errorf("got %s %s, and a child that ran %d times; want 49, and once", r.State, r.Result, runs)
		}
	})
}

func TestChildrenThatCannotBe(t *testing.T) {
	t.Parallel()
	many := make([]streamer.Child, request.MaxChildren+1)
	for n := range many {
		many[n] = streamer.Child{Name: fmt.Sprint(n), Action: "square", Payload: n}
	}
	for name, tt := range map[string]struct {
		children []streamer.Child
		want     string
	}{
		"a name that no id can have": {[]streamer.Child{{Name: "a:b", Action: "square", Payload: 1}}, `the child "a:b": want 1 to 64 characters`},
		"a name twice": {[]streamer.Child{{Name: "a", Action: "square", Payload: 1}, {Name: "a", Action: "square", Payload: 2}},
			`the child "a": another child has it`},
		"a short action":     {[]streamer.Child{{Name: "a", Action: "quick"}}, `its action "quick" is short: set Long`},
		"an invalid payload": {[]streamer.Child{{Name: "a", Action: "square", Payload: "x"}}, "the payload is a JSON string: it must be"},
		"a payload that does not encode": {[]streamer.Child{{Name: "a", Action: "square", Payload: func() {}}},
			`the child "a": encode its payload`},
		"a payload that is too large": {[]streamer.Child{{Name: "a", Action: "square", Payload: strings.Repeat("x", request.MaxPayload)}},
			"are allowed: keep it elsewhere"},
		"too many": {many, "would have 1001 children, 1000 are allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got error
			w := newHarness(t, square(), streamer.NewAction(streamer.ActionConfig{Name: "quick"},
				func(context.Context, *streamer.Job, int) (int, error) { return 0, nil }),
				long("parent", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
					_, got = streamer.AwaitChildren[int](ctx, job, streamer.UntilAllEnd, tt.children...)
					return nil, got
				}))
			w.submit(t, w.connect(t, "c1", ada), "r1", "parent", `{}`)
			w.run(t, ada.Key("r1"))
			if got == nil || !strings.Contains(got.Error(), tt.want) {
				t.Errorf("got %v, want it to say %s", got, tt.want)
			}
			wantState(t, w.load(t, ada.Key("r1")), request.Failed)
			if left, _, err := w.store.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10}); err != nil || len(left) != 1 {
				t.Errorf("got %d requests, %v; want none but the parent", len(left), err)
			}
		})
	}
}

// Children may have children, so deep and no deeper.
func TestTheDepthOfChildrenIsBounded(t *testing.T) {
	t.Parallel()
	var deepest error
	w := newHarness(t, long("down", streamer.ActionConfig{}, func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
		results, err := streamer.AwaitChildren[json.RawMessage](ctx, job, streamer.UntilAllEnd, streamer.Child{Name: "a", Action: "down"})
		if err != nil {
			if !streamer.IsFailure(ctx, err) {
				return nil, err
			}
			deepest = err
			return json.RawMessage("1"), nil
		}
		return json.RawMessage(string(results[0].Value) + "1"), nil
	}))
	w.submit(t, w.connect(t, "c1", ada), "r1", "down", `{}`)
	w.drain(t)
	if r := w.load(t, ada.Key("r1")); len(r.Result) != request.MaxDepth+1 || deepest == nil ||
		!strings.Contains(deepest.Error(), "deeper than 4") {
		t.Errorf("got %s, and %v; want %d levels", r.Result, deepest, request.MaxDepth+1)
	}
}

// A worker of an older version, which lacks the action of a child, leaves the request to
// one that has it. A store that is out of reach costs no attempt.
func TestChildrenCostNoAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, squares(streamer.UntilAllEnd, nil), square())
		old := newHarness(t, squares(streamer.UntilAllEnd, nil))
		old.Store = w.store
		w.submit(t, w.connect(t, "c1", ada), "r1", "squares", `[5]`)
		old.run(t, ada.Key("r1"))
		if r := w.load(t, ada.Key("r1")); r.State != request.Queued || r.Attempt != 1 {
			t.Fatalf("got %s in attempt %d, want it put back", r.State, r.Attempt)
		}
		time.Sleep(time.Minute)
		w.Store = creating{w.store, errNetwork}
		w.run(t, ada.Key("r1"))
		if r := w.load(t, ada.Key("r1")); r.State != request.Queued || r.Attempt != 1 {
			t.Fatalf("got %s in attempt %d, want it to go on later", r.State, r.Attempt)
		}
		w.Store = w.store
		time.Sleep(time.Minute)
		w.run(t, ada.Key("r1"))
		w.drain(t)
		wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
	})
}

// creating is a store that creates nothing.
type creating struct {
	request.Store
	err error
}

func (s creating) CreateRequest(context.Context, *request.Request, ...request.Permit) (*request.Request, bool, error) {
	return nil, false, s.err
}

func TestNoSignalIsForChildren(t *testing.T) {
	t.Parallel()
	var got error
	w := newHarness(t, squares(streamer.UntilAllEnd, nil), square(), long("await", streamer.ActionConfig{},
		func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			_, got = streamer.AwaitSignal[int](ctx, job, request.ChildrenToken, time.Hour)
			return nil, got
		}), streamer.NewAction(streamer.ActionConfig{Name: "quick"}, func(ctx context.Context, job *streamer.Job,
		_ json.RawMessage) (int, error) {
		_, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilAllEnd, streamer.Child{Name: "a", Action: "square"})
		return 0, err
	}))
	who := w.connect(t, "c1", ada)
	w.submit(t, who, "r1", "squares", `[5]`)
	w.run(t, ada.Key("r1"))
	_, err := w.requests.Signal(t.Context(), who, wire.Signal{RequestID: "r1", Token: request.ChildrenToken})
	wantCode(t, err, wire.ValidationError)
	w.submit(t, who, "r2", "await", `{}`)
	if w.run(t, ada.Key("r2")); got == nil || !strings.Contains(got.Error(), "want a token") {
		t.Errorf("got %v, want the token refused", got)
	}
	_, err = w.requests.Submit(t.Context(), who, wire.Message{ID: "r3", Action: "quick"})
	if failed, ok := errors.AsType[*streamer.ActionError](err); !ok || !strings.Contains(failed.Error(), "set Long") {
		t.Errorf("got %v of a short action, want it to say what to set", err)
	}
}
