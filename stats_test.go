package streamer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// statsAt is when the requests of these tests are counted.
var statsAt = time.Date(2096, 3, 4, 5, 6, 7, 0, time.UTC)

// mixed stores requests of several tenants, in every state, and returns them.
func mixed(tb testing.TB, store request.Store, n int) []*request.Request {
	tb.Helper()
	random := rand.New(rand.NewPCG(17, 3000))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	all := make([]*request.Request, n)
	for i := range all {
		at := statsAt.Add(-time.Duration(random.IntN(100_000)) * time.Second)
		r := &request.Request{
			Key:    request.Key{Tenant: one("acme", "acme", "globex"), Subject: fmt.Sprint("s-", random.IntN(150)), ID: fmt.Sprint("r-", i)},
			Action: one("ship", "report", "refund"), State: request.State(one("QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED")),
			Rev: 1, Fence: 1, Attempt: 1, CreatedAt: at, UpdatedAt: at,
		}
		switch r.State {
		case request.Queued:
			r.DueAt, r.Look = at, request.Look{Kind: request.LookDispatch, At: at}
			switch random.IntN(4) {
			case 0:
				r.ThrottledBy, r.Look = "action:"+r.Action, request.Look{}
			case 1:
				r.Await = request.Await{Token: "go", Until: at.Add(time.Hour)}
			case 2:
				r.DueAt, r.Error = at.Add(time.Hour), &wire.Error{Code: wire.Timeout, Message: "too long"}
			}
		case request.Running:
			r.Worker, r.ClaimedAt, r.Look = one("w-1", "w-2"), at.Add(time.Second), request.Look{Kind: request.LookLease, At: at.Add(time.Minute)}
			r.DueAt = r.Look.At
		default:
			r.FinishedAt, r.ExpiresAt = at.Add(time.Minute), statsAt.Add(time.Hour)
			if random.IntN(4) == 0 {
				r.ExpiresAt = statsAt // and not deleted yet
			}
		}
		if r.State == request.Failed {
			r.Error = &wire.Error{Code: wire.Code(one("PROCESSING_FAILED", "INTERNAL_ERROR")), Message: fmt.Sprint("no parcel ", i)}
			if r.Error.Code == wire.InternalError {
				r.Error.Message = "internal error"
				r.History = []wire.Attempt{{Number: 1, Code: wire.InternalError, Cause: wire.Cause{
					Message: fmt.Sprintf("dial tcp 10.0.0.%d:443: %s", i%200, one("refused", "timeout")), Kind: "*net.OpError"}}}
			}
		}
		stored, _, err := store.CreateRequest(tb.Context(), r)
		if err != nil {
			tb.Fatal(err)
		}
		all[i] = stored
	}
	return all
}

// statsCaller is an operator of acme; an owner of the stage is one of another tenant.
func statsCaller(scope string) streamer.Caller {
	p := streamer.Principal{Tenant: "acme", Subject: "olga", Scopes: []string{scope}, ExpiresAt: statsAt.Add(time.Hour)}
	if scope == request.OwnerScope {
		p.Tenant = "hosting"
	}
	return streamer.Caller{Principal: p}
}

// The statistics of 3,000 mixed requests are what counting them one by one gives.
func TestStatisticsAreWhatIsStored(t *testing.T) {
	t.Parallel()
	store := memory(t)
	all := mixed(t, store, 3000)
	requests := &streamer.Requests{Store: store, Now: func() time.Time { return statsAt }}
	theirs := statsCaller(request.OwnerScope)
	theirs.InTenant = "globex"
	for name, tt := range map[string]struct {
		who    streamer.Caller
		tenant string
		query  wire.StatsQuery
	}{
		"of the operator's tenant": {statsCaller(request.OperatorScope), "acme", wire.StatsQuery{}},
		"of a subject":             {statsCaller(request.OperatorScope), "acme", wire.StatsQuery{Subject: "s-7"}},
		"of an action":             {statsCaller(request.OperatorScope), "acme", wire.StatsQuery{Subject: "*", Action: "refund"}},
		"of some hours": {statsCaller(request.OperatorScope), "acme",
			wire.StatsQuery{Since: statsAt.Add(-20 * time.Hour), Until: statsAt.Add(-10 * time.Hour)}},
		"of another tenant, by an owner": {theirs, "globex", wire.StatsQuery{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			states, actions, waiting, workers, failures := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
			oldest := map[string]time.Time{}
			for _, r := range all {
				q := tt.query
				if r.Tenant != tt.tenant || q.Subject != "" && q.Subject != "*" && r.Subject != q.Subject || q.Action != "" && r.Action != q.Action ||
					r.Expired(statsAt) || r.CreatedAt.Before(q.Since) || !q.Until.IsZero() && !r.CreatedAt.Before(q.Until) {
					continue
				}
				state := string(r.State)
				states[state]++
				actions[r.Action+" "+state]++
				if old := oldest[state]; old.IsZero() || r.CreatedAt.Before(old) {
					oldest[state] = r.CreatedAt
				}
				switch {
				case r.State == request.Queued:
					waiting[r.Waiting().For+" "+r.ThrottledBy]++
				case r.State == request.Running:
					workers[r.Worker]++
				case r.State == request.Failed:
					failures[r.Action+" "+string(r.Error.Code)]++
				}
			}
			counted := map[string]int{}
			byAction := map[string]int{}
			first := map[string]time.Time{}
			sum := pagesOf(t, requests.States, tt.who, tt.query, (*wire.States).Add, func(s wire.States) string { return s.Cursor })
			for _, s := range sum.States {
				counted[s.State], first[s.State] = s.Count, s.Oldest
			}
			for _, a := range sum.Actions {
				for state, n := range a.States {
					byAction[a.Action+" "+state] = n
				}
			}
			same(t, "states", states, counted)
			same(t, "oldest", oldest, first)
			same(t, "actions", actions, byAction)
			queued, running := 0, 0
			for _, load := range sum.Subjects {
				queued, running = queued+load.Queued, running+load.Running
			}
			if len(sum.Subjects) < 100 && (queued != states["QUEUED"] || running != states["RUNNING"]) {
				t.Errorf("got %d queued and %d running of subjects, want %d and %d", queued, running, states["QUEUED"], states["RUNNING"])
			}

			open := pagesOf(t, requests.Waiting, tt.who, tt.query, (*wire.WaitingStats).Add, func(w wire.WaitingStats) string { return w.Cursor })
			reasons, held := map[string]int{}, map[string]int{}
			for _, w := range open.Waiting {
				reasons[w.For+" "+w.Limit] = w.Count
			}
			for _, w := range open.Workers {
				held[w.Worker] = w.Running
				if len(w.Requests) != min(w.Running, 20) || !w.Since.Equal(w.Requests[0].ClaimedAt) {
					t.Errorf("got %d of %d requests of %s since %v", len(w.Requests), w.Running, w.Worker, w.Since)
				}
			}
			same(t, "waiting", waiting, reasons)
			same(t, "workers", workers, held)

			failed := pagesOf(t, requests.Failures, tt.who, tt.query, (*wire.Failures).Add, func(f wire.Failures) string { return f.Cursor })
			total, byCode := 0, map[string]int{}
			for i, f := range failed.Failures {
				total += f.Count
				if i > 0 && f.Count > failed.Failures[i-1].Count {
					t.Errorf("got %d after %d, want the most frequent first", f.Count, failed.Failures[i-1].Count)
				}
				cause, ofDial := strings.CutPrefix(f.Message, "dial tcp #.#.#.#:#: ")
				if f.Code == wire.InternalError && (f.Kind != "*net.OpError" || !ofDial || cause != "refused" && cause != "timeout") {
					t.Errorf("got the internal error %+v, want one by its cause", f)
				}
				byCode[f.Action+" "+string(f.Code)] += f.Count
			}
			same(t, "failures", failures, byCode)
			if total != states["FAILED"] {
				t.Errorf("got %d failures, want %d", total, states["FAILED"])
			}
		})
	}
}

func memory(tb testing.TB) *sqlite.Store {
	tb.Helper()
	store, err := sqlite.Open(tb.Context(), sqlite.Memory)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { store.Close() })
	return store
}

func same[V comparable](t *testing.T, what string, want, got map[string]V) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// pagesOf adds all pages up.
func pagesOf[Page any](t *testing.T, read func(context.Context, streamer.Caller, wire.StatsQuery) (Page, error), who streamer.Caller,
	q wire.StatsQuery, add func(*Page, Page), cursor func(Page) string) (sum Page) {
	t.Helper()
	for {
		page, err := read(t.Context(), who, q)
		if err != nil {
			t.Fatal(err)
		}
		add(&sum, page)
		if q.Cursor = cursor(page); q.Cursor == "" {
			return sum
		}
	}
}

// An owner sees the open requests of every tenant at once, by tenant.
func TestAnOwnerSeesEveryTenant(t *testing.T) {
	t.Parallel()
	store := memory(t)
	want := map[string]int{}
	for _, r := range mixed(t, store, 300) {
		if r.State == request.Queued {
			want[r.Tenant]++
		}
	}
	requests := &streamer.Requests{Store: store, Now: func() time.Time { return statsAt }}
	everywhere := statsCaller(request.OwnerScope)
	everywhere.InTenant = wire.AllTenants
	sum := pagesOf(t, requests.Waiting, everywhere, wire.StatsQuery{}, (*wire.WaitingStats).Add,
		func(w wire.WaitingStats) string { return w.Cursor })
	got := map[string]int{}
	for _, load := range sum.Tenants {
		got[load.Tenant] = load.Queued
	}
	same(t, "tenants", want, got)
	everywhere.Scopes = []string{request.OperatorScope}
	_, err := requests.Waiting(t.Context(), everywhere, wire.StatsQuery{})
	if refusal, ok := errors.AsType[*streamer.Error](err); !ok || refusal.Code != wire.Forbidden {
		t.Errorf("got %v for an operator, want FORBIDDEN", err)
	}
}

// Messages that differ in numbers and ids are one group, and others are not.
func TestFailuresAreGroupedWithoutNumbers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ message, want string }{
		"nothing":            {"the line is busy", "the line is busy"},
		"digits":             {"row 17 of 4096", "row # of #"},
		"a decimal":          {"waited 1.5s", "waited #.#s"},
		"an address":         {"dial tcp 10.0.0.7:443: refused", "dial tcp #.#.#.#:#: refused"},
		"a hexadecimal":      {"commit 6efa51a at 0x1F", "commit # at #"},
		"a word of such":     {"a dead face", "a dead face"},
		"a UUID":             {"order aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee.", "order #."},
		"no UUID, too long":  {"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeeef", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeeef"},
		"a request's id":     {"req_mzxw6ytboi2gk3tfnzxw6ytboi failed", "req_# failed"},
		"a word with digits": {"sha256 of step-3 in line2", "sha256 of step-# in line2"},
		"a name with digits": {"s3cr3t, order17 and order_17", "s3cr3t, order17 and order_#"},
		"other letters":      {"größe 7 für 日本 5", "größe # für 日本 #"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memory(t)
			r := &request.Request{Key: request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}, Action: "ship", State: request.Failed, Rev: 1,
				CreatedAt: statsAt, UpdatedAt: statsAt, FinishedAt: statsAt, ExpiresAt: statsAt.Add(time.Hour),
				Error: &wire.Error{Code: wire.ProcessingFailed, Message: tt.message}}
			if _, _, err := store.CreateRequest(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			requests := &streamer.Requests{Store: store, Now: func() time.Time { return statsAt }}
			got, err := requests.Failures(t.Context(), statsCaller(request.OperatorScope), wire.StatsQuery{})
			want := wire.Failures{Failures: []wire.Failure{{Action: "ship", Code: wire.ProcessingFailed, Message: tt.want, Count: 1, First: statsAt,
				Last: statsAt, Sample: wire.RequestName{Subject: "ada", ID: "r-1"}}}}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v, (-want +got):\n%s", err, diff)
			}
		})
	}
}
