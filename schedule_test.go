package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// nightly is a schedule of each day.
func nightly() streamer.Schedule {
	return streamer.Schedule{Name: "nightly", Cron: "30 2 * * *", Action: "report", Tenant: "acme", Subject: "system",
		Payload: map[string]any{"format": "csv"}, Metadata: map[string]string{"team": "books"}}
}

var (
	system   = streamer.Principal{Tenant: "acme", Subject: "system"}
	operator = streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: "olga", Scopes: []string{request.OperatorScope},
		ExpiresAt: ada.ExpiresAt}, CorrelationID: "corr-o"}
)

// scheduled is a harness with schedules of the action report.
func scheduled(t *testing.T, all ...streamer.Schedule) *harness {
	t.Helper()
	w := newHarness(t, long("report", streamer.ActionConfig{Scope: "reports"},
		func(_ context.Context, job *streamer.Job) (json.RawMessage, error) {
			return json.Marshal(job.Metadata())
		}))
	w.declare(t, all...)
	return w
}

// declare has the functions of the harness know these schedules, as after a deploy.
func (w *harness) declare(t *testing.T, all ...streamer.Schedule) {
	t.Helper()
	schedules, err := w.Actions.Schedules(all...)
	if err != nil {
		t.Fatal(err)
	}
	w.Schedules, w.requests.Schedules = schedules, schedules
}

// ticks sweeps every five minutes until a time of the bubble, at which it sweeps last.
func (w *harness) ticks(t *testing.T, until time.Time) {
	t.Helper()
	const every = 5 * time.Minute
	for next := time.Now().Truncate(every); !next.After(until); next = next.Add(every) {
		time.Sleep(time.Until(next))
		w.sweep(t)
	}
}

// started are the ids of the subject's requests, oldest first.
func (w *harness) started(t *testing.T) []string {
	t.Helper()
	page, _, err := w.store.ListRequests(t.Context(), request.Query{Tenant: "acme", Subject: "system", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, r := range slices.Backward(page) {
		ids = append(ids, r.ID)
	}
	return ids
}

func (w *harness) wantStarted(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), w.started(t)); diff != "" {
		t.Errorf("the requests that were started (-want +got):\n%s", diff)
	}
}

// at is a time of the bubble's first days.
func at(day, hour, minute int) time.Time {
	return time.Date(2000, 1, day, hour, minute, 0, 0, time.UTC)
}

func TestAScheduleStartsItsRequests(t *testing.T) {
	t.Parallel()
	withoutRace(t)
	synctest.Test(t, func(t *testing.T) {
		often := nightly()
		often.Overlap = true
		w := scheduled(t, often)
		w.ticks(t, at(3, 3, 0))
		w.wantStarted(t, "schedule:nightly:2000-01-01T02:30:00Z", "schedule:nightly:2000-01-02T02:30:00Z",
			"schedule:nightly:2000-01-03T02:30:00Z")

		key := system.Key("schedule:nightly:2000-01-02T02:30:00Z")
		w.run(t, key)
		r := w.load(t, key)
		wantState(t, r, request.Succeeded)
		want := `{"schedule":"nightly","scheduled_for":"2000-01-02T02:30:00Z","team":"books"}`
		if string(r.Result) != want || string(r.Payload) != `{"format":"csv"}` || !r.CreatedAt.Equal(at(2, 2, 30)) {
			t.Errorf("got the metadata %s, payload %s, created at %v; want %s, created at its time", r.Result, r.Payload, r.CreatedAt, want)
		}
	})
}

// Two ticks at once, those of two processors, and one that comes again find the request.
func TestDoubledTicksStartOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := scheduled(t, nightly())
		w.sweep(t)
		time.Sleep(time.Until(at(1, 2, 30)))
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { w.sweep(t) })
		}
		all.Wait()
		w.ticks(t, at(1, 2, 40))
		w.wantStarted(t, "schedule:nightly:2000-01-01T02:30:00Z")
	})
}

// unsavedStore cannot note what was started.
type unsavedStore struct {
	*faultyStore
	fails *bool
}

func (s unsavedStore) SaveSchedule(ctx context.Context, state request.ScheduleState) (bool, error) {
	if *s.fails {
		return false, errNetwork
	}
	return s.Store.SaveSchedule(ctx, state)
}

// A processor that dies between the start and the note of it leaves the time to the next
// tick, which starts no second request, also when a deploy has changed the payload.
func TestATickThatDiesInBetweenStartsOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := scheduled(t, nightly())
		fails := false
		w.Store = unsavedStore{w.store, &fails}
		w.sweep(t)
		time.Sleep(time.Until(at(1, 2, 30)))
		fails = true
		if _, err := w.Sweep(t.Context()); !errors.Is(err, errNetwork) {
			t.Errorf("the sweep returned %v, want the fault", err)
		}
		fails = false
		changed := nightly()
		changed.Payload = nil
		w.declare(t, changed)
		w.ticks(t, at(1, 3, 0))
		w.wantStarted(t, "schedule:nightly:2000-01-01T02:30:00Z")
		if !strings.Contains(w.logs.String(), "exists with another action or payload") {
			t.Errorf("got the log %s, want a line of the payload", w.logs)
		}
		if r := w.load(t, system.Key("schedule:nightly:2000-01-01T02:30:00Z")); string(r.Payload) != `{"format":"csv"}` {
			t.Errorf("got the payload %s, want that of the first", r.Payload)
		}
		list, err := w.requests.ListSchedules(t.Context(), operator)
		if err != nil || list.Schedules[0].Last == nil || list.Schedules[0].Last.RequestID != "schedule:nightly:2000-01-01T02:30:00Z" {
			t.Errorf("got %+v, %v, want the request as the last", list, err)
		}
	})
}

// After an outage the latest of the times that were missed is started, if it is not too
// late for it.
func TestMissedTimes(t *testing.T) {
	t.Parallel()
	hourly := streamer.Schedule{Name: "hourly", Every: time.Hour, Action: "report", Tenant: "acme", Subject: "system",
		CatchUp: 30 * time.Minute}
	for _, tt := range []struct {
		name string
		back time.Time // when ticks come again after 00:00
		want []string
	}{
		{"of several the latest", at(1, 5, 10), []string{"schedule:hourly:2000-01-01T05:00:00Z", "schedule:nightly:2000-01-01T02:30:00Z"}},
		{"one that is too late is not", at(1, 5, 40), []string{"schedule:nightly:2000-01-01T02:30:00Z"}},
		{"by default a day", at(3, 2, 29), []string{"schedule:hourly:2000-01-03T02:00:00Z", "schedule:nightly:2000-01-02T02:30:00Z"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := scheduled(t, nightly(), hourly)
				w.sweep(t)
				time.Sleep(time.Until(tt.back))
				for range 3 {
					w.sweep(t)
				}
				if got := w.started(t); !slices.Equal(slices.Sorted(slices.Values(got)), tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// What was declared just now has missed nothing.
func TestANewScheduleBeginsNow(t *testing.T) {
	t.Parallel()
	withoutRace(t)
	synctest.Test(t, func(t *testing.T) {
		w := scheduled(t)
		time.Sleep(time.Until(at(1, 2, 31)))
		w.declare(t, nightly())
		w.ticks(t, at(1, 23, 59))
		w.wantStarted(t)
		w.declare(t)
		w.ticks(t, at(2, 3, 0))
		w.wantStarted(t)
	})
}

// While the request before has not ended, a schedule without Overlap skips its times,
// and one with it does not.
func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, overlap := range []bool{false, true} {
		t.Run(fmt.Sprint("overlap ", overlap), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := scheduled(t, streamer.Schedule{Name: "often", Every: 10 * time.Minute, Action: "report", Tenant: "acme", Subject: "system",
					Overlap: overlap})
				w.ticks(t, at(1, 0, 35))
				first := system.Key("schedule:often:2000-01-01T00:10:00Z")
				w.run(t, first)
				w.ticks(t, at(1, 0, 45))
				want := []string{first.ID, "schedule:often:2000-01-01T00:40:00Z"}
				if overlap {
					want = []string{first.ID, "schedule:often:2000-01-01T00:20:00Z", "schedule:often:2000-01-01T00:30:00Z", want[1]}
				}
				w.wantStarted(t, want...)
			})
		})
	}
}

// Also a redrive leaves a schedule with one open request, unless they may overlap.
func TestARedriveOfAScheduledRequest(t *testing.T) {
	t.Parallel()
	for _, overlap := range []bool{false, true} {
		t.Run(fmt.Sprint("overlap ", overlap), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newHarness(t, long("report", streamer.ActionConfig{Retry: streamer.RetryPolicy{Attempts: 1}},
					func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, errNetwork }))
				w.declare(t, streamer.Schedule{Name: "often", Every: 10 * time.Minute, Action: "report", Tenant: "acme", Subject: "system",
					Overlap: overlap})
				caller := streamer.Caller{Principal: system}
				w.ticks(t, at(1, 0, 15))
				first, second := system.Key("schedule:often:2000-01-01T00:10:00Z"), system.Key("schedule:often:2000-01-01T00:20:00Z")
				w.run(t, first)
				if _, err := w.requests.Redrive(t.Context(), caller, first.ID); err != nil {
					t.Fatal(err)
				}
				w.ticks(t, at(1, 0, 25))
				if !overlap {
					w.wantStarted(t, first.ID) // which is open again
				}
				w.run(t, first)
				w.ticks(t, at(1, 0, 35))
				_, err := w.requests.Redrive(t.Context(), caller, first.ID)
				if overlap {
					if err != nil {
						t.Errorf("redrive beside %s: got %v, want none", second.ID, err)
					}
					return
				}
				wantCode(t, err, wire.RateLimited)
				if want := `the last request of schedule "often" has not ended`; !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q", err, want)
				}
				if got := len(w.load(t, first).Audit); got != 1 {
					t.Errorf("the audit has %d entries, want that of the redrive that did something", got)
				}
			})
		})
	}
}

// A start that a limit refuses is tried again with each tick.
func TestALimitDelaysAScheduledRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := scheduled(t, nightly())
		w.Limits.OpenPerPrincipal, w.requests.Limits.OpenPerPrincipal = 1, 1
		who := streamer.Caller{Principal: system}
		who.Scopes = []string{"reports"}
		w.submit(t, who, "other", "report", `{}`)
		w.ticks(t, at(1, 2, 35))
		w.wantStarted(t, "other")
		w.run(t, system.Key("other"))
		w.ticks(t, at(1, 2, 40))
		w.wantStarted(t, "other", "schedule:nightly:2000-01-01T02:30:00Z")
	})
}

func TestAPausedStageStartsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := scheduled(t, nightly())
		w.sweep(t)
		w.Paused = true
		w.ticks(t, at(1, 4, 0))
		w.wantStarted(t)
		w.Paused = false
		w.sweep(t)
		w.wantStarted(t, "schedule:nightly:2000-01-01T02:30:00Z")
	})
}

// An operator pauses a schedule, for however many deploys, resumes it, and runs it by hand.
func TestOperatorsOfSchedules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := scheduled(t, nightly())
		send := func(message string) wire.Frame {
			t.Helper()
			return w.ask(t, w.connect(t, "c-o", operator.Principal).Connection, message)
		}
		ask := func(message string) (s wire.Schedule) {
			t.Helper()
			frame := send(message)
			if frame.Error != nil {
				t.Fatalf("%s: %+v", message, frame.Error)
			}
			if err := json.Unmarshal(frame.Data, &s); err != nil {
				t.Fatalf("%s: %s: %v", message, frame.Data, err)
			}
			return s
		}
		want := wire.Schedule{Name: "nightly", Cron: "30 2 * * *", TimeZone: "UTC", Action: "report", Tenant: "acme", Subject: "system",
			Next: []time.Time{}}
		same := func(what string, got wire.Schedule) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}

		who := streamer.Caller{Principal: system}
		who.Scopes = []string{"reports"}
		w.submit(t, who, "taken", "report", `{}`)
		w.sweep(t)
		for range 2 {
			want.Paused = true
			same("paused", ask(`{"action":"streamer.schedule.pause","payload":{"name":"nightly"}}`))
		}
		w.declare(t, nightly())
		w.ticks(t, at(1, 3, 0))
		w.wantStarted(t, "taken")

		want.Last = &wire.ScheduledRun{RequestID: "by-hand", State: "QUEUED"}
		run := `{"action":"streamer.schedule.run","payload":{"name":"nightly","request_id":"by-hand"}}`
		for range 2 {
			same("run by hand", ask(run))
		}
		other := send(`{"action":"streamer.schedule.run","payload":{"name":"nightly","request_id":"taken"}}`)
		if other.Error == nil || other.Error.Code != wire.DuplicateRequest {
			t.Errorf("run under an id of another request: got %+v, want DUPLICATE_REQUEST", other.Error)
		}
		refused := send(`{"action":"streamer.schedule.run","payload":{"name":"nightly"}}`)
		if refused.Error == nil || refused.Error.Code != wire.RateLimited || !strings.Contains(refused.Error.Message, "has not ended") {
			t.Errorf("run while it runs: got %+v, want RATE_LIMITED", refused.Error)
		}
		w.run(t, system.Key("by-hand"))

		want.Paused, want.Last.State, want.Next = false, "SUCCEEDED", []time.Time{at(2, 2, 30), at(3, 2, 30), at(4, 2, 30)}
		same("resumed", ask(`{"action":"streamer.schedule.resume","payload":{"name":"nightly"}}`))
		w.ticks(t, at(2, 2, 30))
		w.wantStarted(t, "taken", "by-hand", "schedule:nightly:2000-01-02T02:30:00Z")

		when := at(2, 2, 30)
		want.Next = []time.Time{at(3, 2, 30), at(4, 2, 30), at(5, 2, 30)}
		want.Last = &wire.ScheduledRun{RequestID: "schedule:nightly:2000-01-02T02:30:00Z", ScheduledFor: &when, State: "QUEUED"}
		var list wire.ScheduleList
		if err := json.Unmarshal(send(`{"action":"streamer.schedules"}`).Data, &list); err != nil || len(list.Schedules) != 1 {
			t.Fatalf("got %+v, %v, want one", list, err)
		}
		same("listed", list.Schedules[0])
	})
}

// Schedules are for operators, and each sees those of its own tenant.
func TestSchedulesAreTheirTenants(t *testing.T) {
	t.Parallel()
	w := scheduled(t, nightly())
	stranger := operator
	stranger.Tenant = "globex"
	for _, tt := range []struct {
		name   string
		caller streamer.Caller
		code   wire.Code
	}{
		{"without the scope", streamer.Caller{Principal: ada}, wire.Forbidden},
		{"of another tenant", stranger, wire.NotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, paused := w.requests.PauseSchedule(t.Context(), tt.caller, "nightly")
			_, resumed := w.requests.ResumeSchedule(t.Context(), tt.caller, "nightly")
			_, ran := w.requests.RunSchedule(t.Context(), tt.caller, "nightly", "")
			for what, err := range map[string]error{"pause": paused, "resume": resumed, "run": ran} {
				if public, ok := errors.AsType[*streamer.Error](err); !ok || public.Code != tt.code {
					t.Errorf("%s: got %v, want %s", what, err, tt.code)
				}
			}
			list, err := w.requests.ListSchedules(t.Context(), tt.caller)
			if len(list.Schedules) != 0 || (err != nil) != (tt.code == wire.Forbidden) {
				t.Errorf("list: got %+v, %v", list, err)
			}
		})
	}
	if _, err := w.requests.PauseSchedule(t.Context(), operator, "nightly2"); err == nil {
		t.Error("a schedule that is not there was paused")
	}
}

func TestSchedulesAreChecked(t *testing.T) {
	t.Parallel()
	type sized struct {
		Rows int `json:"rows"`
	}
	registry := streamer.NewRegistry(long("report", streamer.ActionConfig{}, nil),
		streamer.NewAction(streamer.ActionConfig{Name: "echo"}, func(context.Context, *streamer.Job, int) (int, error) { return 0, nil }),
		streamer.NewAction(streamer.ActionConfig{Name: "sized", Long: true},
			func(context.Context, *streamer.Job, sized) (int, error) { return 0, nil }))
	for _, tt := range []struct {
		name string
		edit func(*streamer.Schedule)
		want string
	}{
		{"no name", func(s *streamer.Schedule) { s.Name = "" }, `schedule "": the name must have 1 to 64 characters`},
		{"a name with a colon", func(s *streamer.Schedule) { s.Name = "a:b" }, "the name must have"},
		{"a long name", func(s *streamer.Schedule) { s.Name = strings.Repeat("n", 65) }, "the name must have"},
		{"no tenant", func(s *streamer.Schedule) { s.Tenant = "" }, "the Tenant is empty"},
		{"no subject", func(s *streamer.Schedule) { s.Subject = "" }, `the Subject is ""`},
		{"every subject", func(s *streamer.Schedule) { s.Subject = "*" }, `the Subject is "*"`},
		{"an action that is not there", func(s *streamer.Schedule) { s.Action = "repotr" }, `there is no action "repotr"`},
		{"a short action", func(s *streamer.Schedule) { s.Action = "echo" }, `action "echo" is short`},
		{"a payload that the action refuses", func(s *streamer.Schedule) { s.Action, s.Payload = "sized", json.RawMessage(`{"rows":"many"}`) },
			`refuses the Payload: VALIDATION_ERROR: the payload's field "rows" is a JSON string: it must be a whole number`},
		{"a payload that does not encode", func(s *streamer.Schedule) { s.Payload = func() {} }, "the Payload is not JSON"},
		{"a large payload", func(s *streamer.Schedule) { s.Payload = strings.Repeat("x", request.MaxPayload) }, "bytes, 131072 are allowed"},
		{"metadata of its own", func(s *streamer.Schedule) { s.Metadata = map[string]string{"schedule": "x"} }, `the Metadata has "schedule"`},
		{"large metadata", func(s *streamer.Schedule) {
			s.Metadata = map[string]string{"x": strings.Repeat("x", request.MaxMetadata)}
		},
			"the Metadata has 4097 bytes"},
		{"neither Cron nor Every", func(s *streamer.Schedule) { s.Cron = "" }, "it needs either Cron or Every"},
		{"Cron and Every", func(s *streamer.Schedule) { s.Every = time.Hour }, "it needs either Cron or Every"},
		{"a bad Cron", func(s *streamer.Schedule) { s.Cron = "61 * * * *" }, `the minute "61"`},
		{"a long Cron", func(s *streamer.Schedule) { s.Cron = strings.Repeat("1,", 200) + "2 * * * *" }, "Cron has"},
		{"below the tick", func(s *streamer.Schedule) { s.Cron, s.Every = "", 30*time.Second }, "Every is 30s, want whole minutes"},
		{"no whole minutes", func(s *streamer.Schedule) { s.Cron, s.Every = "", 90*time.Second }, "Every is 1m30s, want whole minutes"},
		{"Every by a zone", func(s *streamer.Schedule) { s.Cron, s.Every, s.TimeZone = "", time.Hour, "Europe/Berlin" },
			"Every takes no TimeZone"},
		{"no such zone", func(s *streamer.Schedule) { s.TimeZone = "Europe/Atlantis" }, `TimeZone "Europe/Atlantis" is not known here`},
		{"the machine's zone", func(s *streamer.Schedule) { s.TimeZone = "Local" }, `TimeZone "Local" is not known here`},
		{"a negative CatchUp", func(s *streamer.Schedule) { s.CatchUp = -1 }, "CatchUp is -1ns"},
		{"a long CatchUp", func(s *streamer.Schedule) { s.CatchUp = 32 * 24 * time.Hour }, "CatchUp is 768h0m0s, want at most 744h0m0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := nightly()
			tt.edit(&s)
			if _, err := registry.Schedules(s); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	t.Run("all faults at once", func(t *testing.T) {
		t.Parallel()
		bad := nightly()
		bad.Tenant, bad.Cron = "", "?"
		_, err := registry.Schedules(nightly(), bad)
		for _, want := range []string{"another one has this name", "the Tenant is empty", "has 1 fields"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q, too", err, want)
			}
		}
	})
	t.Run("too many", func(t *testing.T) {
		t.Parallel()
		var all []streamer.Schedule
		for n := range 101 {
			s := nightly()
			s.Name = fmt.Sprint("s-", n)
			all = append(all, s)
		}
		if _, err := registry.Schedules(all...); err == nil || !strings.Contains(err.Error(), "101 schedules, 100 are allowed") {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}

// Where TZ is set, as on Lambda to :UTC, the machine's zone has the name of that zone, which a
// schedule may name all the same. It is not parallel, since it changes time.Local.
func TestAScheduleInTheMachinesZone(t *testing.T) {
	registry := streamer.NewRegistry(long("report", streamer.ActionConfig{}, nil))
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	was := time.Local
	t.Cleanup(func() { time.Local = was })
	for _, tt := range []struct {
		name    string
		machine *time.Location
		edit    func(*streamer.Schedule)
	}{
		{"no zone, on Lambda", time.UTC, func(s *streamer.Schedule) { s.TimeZone = "" }},
		{"an interval, on Lambda", time.UTC, func(s *streamer.Schedule) { s.TimeZone, s.Cron, s.Every = "", "", time.Hour }},
		{"the zone of a machine in Berlin", berlin, func(s *streamer.Schedule) { s.TimeZone = "Europe/Berlin" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			time.Local = tt.machine
			s := nightly()
			tt.edit(&s)
			if _, err := registry.Schedules(s); err != nil {
				t.Errorf("got %v, want a schedule", err)
			}
		})
	}
}
