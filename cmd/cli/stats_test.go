package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/wire"
)

// An operator sees how many requests there are, and why those that failed did.
func TestStatsAndFailures(t *testing.T) {
	t.Parallel()
	s, _ := startFlaky(t)
	for i, action := range []string{"ship", "ship", "bill"} {
		if code, _, errs := s.do(t, "", "call", action, "1", "--id", fmt.Sprint("r", i)); code != exitFailed {
			t.Fatalf("%s exited with %d, %s, want %d", action, code, errs, exitFailed)
		}
	}
	if code, _, errs := s.do(t, "", "call", "ship", "1", "--id", "later", "--in", "24h", "--no-wait"); code != exitDone {
		t.Fatalf("exited with %d, %s", code, errs)
	}
	_, ada, _ := s.do(t, "", "token", "--subject", "ada")
	for _, tt := range []struct {
		name     string
		args     []string
		code     int
		out, err string // contained; out "-": empty
	}{
		{"states", []string{"stats"}, 0, "FAILED  3      ", ""},
		{"what they wait for", []string{"stats"}, 0, "time       1      ", ""},
		{"who has the most", []string{"stats"}, 0, "you      1       0", ""},
		{"of an action", []string{"stats", "--action", "bill"}, 0, "bill    0       0        0          1       0", ""},
		{"of an old time", []string{"stats", "--older-than", "1h"}, 0, "no requests\n", ""},
		{"as JSON", []string{"stats", "-o", "json"}, 0, `{"states":{"states":[{"state":"QUEUED","count":1,`, ""},
		{"watched as JSON", []string{"stats", "-o", "json", "--watch"}, exitUsage, "-", "leave one of them out"},
		{"no operator", []string{"stats", "--token", strings.TrimSpace(ada)}, exitFailed, "-", "FORBIDDEN"},
		{"failures", []string{"failures"}, 0, "2      ship    TIMEOUT         ",
			"redrive --action ship --code TIMEOUT --message 'the carrier did not answer' --subject '*' --data "},
		{"the cause's message", []string{"failures", "-o", "wide"}, 0, "the ledger is away", ""},
		{"samples", []string{"failures", "-o", "name"}, 0, "r1\nr2\n", ""},
		{"why of one's own", []string{"why", "r2"}, 0, "FAILED with INTERNAL_ERROR", " why r2 --subject you --data "},
		{"where that leads", []string{"why", "r2", "--subject", "you"}, 0, "the ledger is away", ""},
		{"none", []string{"failures", "--subject", "ada"}, 0, "-", "no request has failed"},
		{"a tenant and no subject", []string{"list", "--tenant", "acme"}, exitUsage, "-", "--tenant acme needs --subject"},
		{"another tenant's", []string{"list", "--tenant", "acme", "--subject", "*"}, 0, "-", "no requests"},
		{"a tenant's request", []string{"get", "r1", "--tenant", "dev", "--subject", "you", "-o", "name"}, 0, "r1\n", ""},
		{"all tenants", []string{"stats", "--tenant", "*"}, 0, "TENANT  QUEUED  RUNNING\ndev     1       0", ""},
		{"all tenants, where none waits", []string{"stats", "--tenant", "*", "--action", "bill"}, 0, "no request waits or runs\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) { // one after the other: they are steps
			code, out, errs := s.do(t, "", tt.args...)
			wantRun(t, code, out, errs, tt.code, tt.out, tt.err)
		})
	}
	watching := start(t, t.Context(), s.env, "", "stats", "--watch", "--data", s.data)
	watching.out.await(t, "FAILED  3 ")
	watching.interrupts <- os.Interrupt
	if code := <-watching.exit; code != exitInterrupt {
		t.Errorf("exited with %d, %s, want %d", code, watching.err, exitInterrupt)
	}
}

func TestStatsTables(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	s := &statsFlags{env: &environment{getenv: func(string) string { return "" }}}
	held := wire.HeldRequest{RequestName: wire.RequestName{Tenant: "acme", Subject: "ada", ID: "r1"}, Action: "ship"}
	got := s.render(statistic{Waiting: wire.WaitingStats{
		Waiting:  []wire.WaitingCount{{For: wire.WaitingLimit, Limit: "tenant:acme", Count: 17, Oldest: now.Add(-3 * time.Hour)}},
		Workers:  []wire.WorkerLoad{{Worker: "w1", Running: 1, Since: now.Add(-12 * time.Second), Requests: []wire.HeldRequest{held}}},
		Tenants:  []wire.Load{{Tenant: "acme", Queued: 17, Running: 1}},
		Subjects: []wire.Load{{Tenant: "acme", Subject: "ada", Queued: 17, Running: 1}},
	}}, false, now)
	want := `WAITS FOR          COUNT  OLDEST
limit tenant:acme  17     3h00m

WORKER  RUNNING  SINCE  HOLDS
w1      1        12s    ship acme/ada/r1

TENANT  QUEUED  RUNNING
acme    17      1

SUBJECT   QUEUED  RUNNING
acme/ada  17      1
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
