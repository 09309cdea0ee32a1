package streamer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A shop runs whatever is rung, as the processor function would.
type shop struct {
	*harness
	mu      sync.Mutex
	running map[string]int
	most    map[string]int
	order   []string
}

func newShop(t *testing.T, limits streamer.Limits, config streamer.ActionConfig, takes time.Duration) *shop {
	s := &shop{running: map[string]int{}, most: map[string]int{}}
	work := func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
		tenant := job.Principal().Tenant
		s.mu.Lock()
		s.running[tenant]++
		s.running[""]++
		s.most[tenant] = max(s.most[tenant], s.running[tenant])
		s.most[""] = max(s.most[""], s.running[""])
		s.order = append(s.order, job.ID())
		s.mu.Unlock()
		time.Sleep(takes)
		s.mu.Lock()
		s.running[tenant]--
		s.running[""]--
		s.mu.Unlock()
		return nil, nil
	}
	urgent := config
	urgent.Priority = streamer.High
	s.harness = newHarness(t, long("work", config, work), long("urgent", urgent, work))
	s.Limits, s.requests.Limits = limits, limits
	run := streamer.QueueFunc(func(_ context.Context, key request.Key, due time.Time) error {
		go func() {
			time.Sleep(time.Until(due))
			if err := s.Run(context.Background(), key, due); err != nil {
				t.Error(err)
			}
		}()
		return nil
	})
	s.Dispatch, s.requests.Dispatch = run, run
	return s
}

func TestATenantsBacklogWaitsInItsOwnLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, streamer.Limits{RunningPerTenant: 3}, streamer.ActionConfig{MaxRunning: 5}, time.Minute)
		acme, globex := s.connect(t, "c1", ada), s.connect(t, "c2", mallo)
		const n = 40
		for i := range n {
			s.submit(t, acme, fmt.Sprint("a", i), "work", `{}`)
			synctest.Wait() // so that the first of them run
		}
		time.Sleep(time.Second)
		s.submit(t, globex, "b", "work", `{}`)
		synctest.Wait()
		if r := s.load(t, mallo.Key("b")); r.State != request.Running {
			t.Errorf("another tenant's request is %s behind the backlog", r.State)
		}
		frame := s.ask(t, "c1", `{"id":"w","action":"streamer.why","payload":{"request_id":"a39"}}`)
		if wait := frame.Request.Waiting; wait == nil || wait.For != wire.WaitingLimit || wait.Limit != "tenant:acme" ||
			wait.Running != 3 || wait.Position < 30 {
			t.Errorf("why: %s", frame.Append(nil))
		}
		time.Sleep(n * time.Minute)
		synctest.Wait()
		for i := range n {
			wantState(t, s.load(t, ada.Key(fmt.Sprint("a", i))), request.Succeeded)
		}
		if s.most["acme"] != 3 {
			t.Errorf("%d requests of the tenant ran at a time", s.most["acme"])
		}
		for _, slot := range []string{"tenant:acme", "tenant:globex", "action:work"} {
			if taken, err := s.store.PermitsHeld(t.Context(), slot); err != nil || taken != 0 {
				t.Errorf("%d places of %s are still taken, %v", taken, slot, err)
			}
		}
	})
}

func TestAnActionsLimitHoldsForAllTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, streamer.Limits{}, streamer.ActionConfig{MaxRunning: 2}, time.Minute)
		acme, globex := s.connect(t, "c1", ada), s.connect(t, "c2", mallo)
		for i := range 10 {
			s.submit(t, acme, fmt.Sprint("r", i), "work", `{}`)
			s.submit(t, globex, fmt.Sprint("r", i), "work", `{}`)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(s.order) != 20 || s.most[""] != 2 {
			t.Errorf("%d ran, at most %d at a time", len(s.order), s.most[""])
		}
	})
}

func TestPriorityRanksThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, streamer.Limits{RunningPerTenant: 1}, streamer.ActionConfig{}, time.Minute)
		who := s.connect(t, "c1", ada)
		for i := range 3 {
			s.submit(t, who, fmt.Sprint("slow", i), "work", `{}`)
			synctest.Wait()
			time.Sleep(time.Second)
		}
		s.submit(t, who, "fast", "urgent", `{}`)
		synctest.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := fmt.Sprint(s.order); got != "[slow0 fast slow1 slow2]" {
			t.Errorf("ran in the order %v", got)
		}
	})
}

// The worker that gives a place back dies before it wakes the next.
func TestABlockedRequestIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, streamer.Limits{RunningPerTenant: 1}, streamer.ActionConfig{}, time.Minute)
		who := s.connect(t, "c1", ada)
		for i := range 2 {
			s.submit(t, who, fmt.Sprint("r", i), "work", `{}`)
			synctest.Wait()
		}
		s.store.setFault(func(c request.Change) (error, error) {
			if c.If.ThrottledBy != "" {
				return errNetwork, nil
			}
			return nil, nil
		})
		time.Sleep(2 * time.Minute)
		s.store.setFault(nil)
		wantState(t, s.load(t, ada.Key("r1")), request.Queued)
		if report := s.sweep(t); report.Resumed != 1 {
			t.Errorf("got %+v, want 1 resumed", report)
		}
		time.Sleep(2 * time.Minute)
		wantState(t, s.load(t, ada.Key("r1")), request.Succeeded)
	})
}

func TestOpenRequestsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return nil, streamer.Errorf(wire.ProcessingFailed, "no")
		}))
		w.requests.Limits = streamer.Limits{OpenPerPrincipal: 2}
		w.connect(t, "c1", ada)
		w.connect(t, "c2", mallo)
		ask := func(connection, id string) wire.Frame {
			return w.ask(t, connection, `{"id":"`+id+`","action":"work"}`)
		}
		wantLimited := func(f wire.Frame) {
			t.Helper()
			if f.Error == nil || f.Error.Code != wire.RateLimited || f.Error.Retry == nil || f.Error.Retry.After <= 0 {
				t.Errorf("answered %s", f.Append(nil))
			}
		}
		ask("c1", "a")
		ask("c1", "b")
		wantLimited(ask("c1", "c"))
		if f := ask("c1", "a"); f.Type != wire.TypeRequest {
			t.Errorf("the same again: %s", f.Append(nil))
		}
		if f := ask("c2", "a"); f.Type != wire.TypeAcknowledgment {
			t.Errorf("somebody else: %s", f.Append(nil))
		}
		w.ask(t, "c1", `{"id":"x","action":"streamer.cancel","payload":{"request_id":"b"}}`)
		if f := ask("c1", "c"); f.Type != wire.TypeAcknowledgment {
			t.Errorf("after a cancel: %s", f.Append(nil))
		}
		w.run(t, ada.Key("a"))
		wantState(t, w.load(t, ada.Key("a")), request.Failed)
		if f := ask("c1", "d"); f.Type != wire.TypeAcknowledgment {
			t.Errorf("after a failure: %s", f.Append(nil))
		}
		wantLimited(w.ask(t, "c1", `{"id":"x","action":"streamer.redrive","payload":{"request_id":"a"}}`))
	})
}
