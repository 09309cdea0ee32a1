package prove_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/prove"
)

var stuck = flag.Bool("prove.stuck", false, "run the proof that TestWhatIsStuckIsTold looks at, which fails")

// A request that never ends is a finding, also when a worker is at it as the
// proof gives up.
func TestWhatIsStuckIsTold(t *testing.T) {
	t.Parallel()
	if !*stuck {
		out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-prove.stuck").CombinedOutput()
		if text := string(out); err == nil || strings.Contains(text, "panic") ||
			!strings.Contains(text, "seed 7: after 10m0s quiescent 1 processes run") ||
			!strings.Contains(text, "seed 7: r-0 (endless): it is RUNNING") {
			t.Errorf("%v: %s", err, text)
		}
		return
	}
	prove.Run(t, prove.Config{Store: openSQLite(t), Seed: 7, Requests: 1, Kills: -1, Faults: -1, Patience: 10 * time.Minute,
		Cases: []prove.Case{{
			Action: streamer.NewAction(streamer.ActionConfig{Name: "endless", Long: true, Limit: 24 * time.Hour},
				func(ctx context.Context, _ *streamer.Job, _ json.RawMessage) (any, error) {
					for ctx.Err() == nil {
						time.Sleep(time.Second)
					}
					return nil, streamer.Continue(nil)
				}),
			Want: func(json.RawMessage, prove.Outcome) error { return nil },
		}}})
}
