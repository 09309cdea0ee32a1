package prove_test

import (
	"cmp"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/prove"
	"github.com/pay-theory/streamer/store/sqlite"
)

var (
	seed     = flag.Uint64("prove.seed", 1, "the seed of the proof of the mix")
	requests = flag.Int("prove.requests", 0, "how many requests it has; 0: a few hundred, fewer over DynamoDB")
	kills    = flag.Int("prove.kills", 0, "how many workers die; 0: a tenth of the requests")
)

// proof is the mix over a store, with limits that requests wait for.
func proof(store prove.Store, few int) prove.Config {
	return prove.Config{
		Store: store, Cases: mix(), Seed: *seed, Requests: cmp.Or(*requests, few/slower), Kills: *kills, Patience: 6 * time.Hour,
		Parts: functions.Parts{Schedules: schedules(), Limits: streamer.Limits{RunningPerTenant: 8, OpenPerPrincipal: 30}},
	}
}

// again is how to run a proof of the mix once more.
func again(t *testing.T, c prove.Config) string {
	return fmt.Sprintf("go test ./prove -run '^%s$' -prove.seed=%d -prove.requests=%d -prove.kills=%d", t.Name(), c.Seed, c.Requests, c.Kills)
}

func openSQLite(t *testing.T) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func TestMixOverSQLite(t *testing.T) {
	t.Parallel()
	c := proof(openSQLite(t), 240)
	report := prove.Run(t, c)
	t.Logf("\n%s\nagain: %s", report, again(t, c))
	if c.Requests < 240 {
		return
	}
	for _, write := range []string{"create", "claim", "heartbeat", "step", "output", "continue", "retry", "await", "end", "mark notified",
		"expire lease", "throttle", "resume", "signal", "cancel", "redrive", "subscribe", "note children", "await children", "report children",
		"resume parent"} {
		if report.Injected["store down at "+write] == 0 {
			t.Errorf("seed %d: the store was down at no %q, want at each kind of write", c.Seed, write)
		}
	}
}

// Beside the fixed seeds there is one that no one has chosen: the day's. The log names
// it, and how to run it again.
func TestMixOfTheDay(t *testing.T) {
	t.Parallel()
	if slower > 1 {
		t.Skip("TestMixOverSQLite looks for races, and make test runs this without their detector")
	}
	c := proof(openSQLite(t), 240)
	year, month, day := time.Now().UTC().Date()
	c.Seed = uint64(year*10_000 + int(month)*100 + day)
	t.Logf("\n%s\nagain: go test ./prove -run '^TestMixOverSQLite$' -prove.seed=%d", prove.Run(t, c), c.Seed)
}
