package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// schedules fails unless these are the states of the schedules, in order.
func (s suite) schedules(t *testing.T, want ...request.ScheduleState) {
	t.Helper()
	names := make([]string, len(want))
	for i, state := range want {
		names[i] = state.Name
	}
	got, err := s.LoadSchedules(t.Context(), names)
	if err != nil || len(got) != len(want) {
		t.Fatalf("load %v: got %+v, %v", names, got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("schedule %q: got %+v, want %+v", names[i], got[i], want[i])
		}
	}
}

// saves fails unless a save of the state answers so.
func (s suite) saves(t *testing.T, state request.ScheduleState, want bool) {
	t.Helper()
	got, err := s.SaveSchedule(t.Context(), state)
	if err != nil || got != want {
		t.Fatalf("save %+v: got %v, %v, want %v", state, got, err, want)
	}
}

var scheduleTests = []test{
	{"one that is not stored has its name alone", func(t *testing.T, s suite) {
		s.schedules(t)
		s.schedules(t, request.ScheduleState{Name: "nightly"}, request.ScheduleState{Name: "hourly"})
	}},
	{"what is saved is loaded, to the millisecond", func(t *testing.T, s suite) {
		full := request.ScheduleState{Name: "nightly", Paused: true, Since: epoch.Add(123 * time.Microsecond), Fired: epoch.Add(time.Hour),
			Last: "schedule:nightly:2096-03-04T05:06:00Z"}
		s.saves(t, full, true)
		s.saves(t, request.ScheduleState{Name: "plain"}, true)
		full.Rev, full.Since = 1, kept(full.Since)
		plain := request.ScheduleState{Name: "plain", Rev: 1}
		s.schedules(t, plain, full, request.ScheduleState{Name: "other"})

		cleared := request.ScheduleState{Name: "nightly", Rev: 1}
		s.saves(t, cleared, true)
		cleared.Rev = 2
		s.schedules(t, cleared, plain)
	}},
	{"a save behind another changes nothing", func(t *testing.T, s suite) {
		first := request.ScheduleState{Name: "nightly", Last: "first"}
		s.saves(t, first, true)
		s.saves(t, request.ScheduleState{Name: "nightly", Last: "late"}, false)
		s.saves(t, request.ScheduleState{Name: "nightly", Rev: 2, Last: "ahead"}, false)
		first.Rev = 1
		s.schedules(t, first)
		s.saves(t, request.ScheduleState{Name: "gone", Rev: 3}, false)
		s.schedules(t, request.ScheduleState{Name: "gone"})
	}},
	{"names are apart, whatever is in them, and apart from requests", func(t *testing.T, s suite) {
		var want []request.ScheduleState
		for _, name := range []string{"a", "A", "a#b", "a%23b", "a b", "日本", "acme#ada"} {
			s.saves(t, request.ScheduleState{Name: name, Last: "of " + name}, true)
			want = append(want, request.ScheduleState{Name: name, Rev: 1, Last: "of " + name})
		}
		s.create(t, queued("acme", "ada", "state", epoch))
		s.schedules(t, want...)
	}},
	{"more than a page of them", func(t *testing.T, s suite) {
		var want []request.ScheduleState
		for n := range 130 {
			want = append(want, request.ScheduleState{Name: fmt.Sprint("s-", n)})
			if n%2 == 0 {
				s.saves(t, want[n], true)
				want[n].Rev = 1
			}
		}
		s.schedules(t, want...)
	}},
	{"of saves at once one takes effect", func(t *testing.T, s suite) {
		const writers = 8
		saved := make(chan string, writers)
		var all sync.WaitGroup
		for n := range writers {
			all.Go(func() {
				last := fmt.Sprint("writer-", n)
				ok, err := s.SaveSchedule(t.Context(), request.ScheduleState{Name: "nightly", Last: last})
				if err != nil {
					t.Errorf("save: %v", err)
				}
				if ok {
					saved <- last
				}
			})
		}
		all.Wait()
		close(saved)
		if len(saved) != 1 {
			t.Fatalf("got %d saves that took effect, want 1", len(saved))
		}
		s.schedules(t, request.ScheduleState{Name: "nightly", Rev: 1, Last: <-saved})
	}}, {"of ticks at once one starts the request", func(t *testing.T, s suite) {
		const ticks = 6
		at := epoch
		c := streamer.ProcessorConfig{Store: s.Store, Push: nowhere{}, Dispatch: busyQueue{},
			Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return at },
			Actions: streamer.NewRegistry(streamer.NewAction(streamer.ActionConfig{Name: "report", Long: true},
				func(context.Context, *streamer.Job, any) (int, error) { return 7, nil }))}
		var err error
		if c.Schedules, err = c.Actions.Schedules(streamer.Schedule{Name: "hourly", Every: time.Hour, Action: "report", Tenant: "acme",
			Subject: "system"}); err != nil {
			t.Fatal(err)
		}
		p, err := streamer.NewProcessor(c)
		if err != nil {
			t.Fatal(err)
		}
		tick := func(want, open int) {
			t.Helper()
			var started atomic.Int64
			var all sync.WaitGroup
			for range ticks {
				all.Go(func() {
					report, err := p.Sweep(t.Context())
					if err != nil {
						t.Errorf("sweep: %v", err)
					}
					started.Add(int64(report.Started))
				})
			}
			all.Wait()
			held, err := s.PermitsHeld(t.Context(), request.SchedulePermit("hourly").Name)
			if err != nil || int(started.Load()) != want || held != open {
				t.Fatalf("at %v: got %d started, %d open, %v, want %d, %d", at, started.Load(), held, err, want, open)
			}
		}
		key := request.Key{Tenant: "acme", Subject: "system", ID: "schedule:hourly:2096-03-04T06:00:00Z"}
		tick(0, 0)
		at = at.Add(time.Hour)
		tick(1, 1)
		at = at.Add(time.Hour) // the one before has not ended
		tick(0, 1)
		if err := p.Run(t.Context(), key, time.Time{}); err != nil || s.load(t, key).State != request.Succeeded {
			t.Fatalf("run: %v, and it is %s", err, s.load(t, key).State)
		}
		tick(0, 0) // that time was skipped
		at = at.Add(time.Hour)
		tick(1, 1)
	}},
}
