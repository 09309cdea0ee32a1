package prove_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/prove"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Workers of parents and of children die more often than anything else happens, and the
// notices of ends are lost and doubled.
func TestFamilies(t *testing.T) {
	t.Parallel()
	killed := []string{"worker of a parent killed", "worker of a child killed"}
	for name, tt := range map[string]struct {
		open     func(*testing.T) prove.Store
		requests int
		injected []string // what so many requests bring with every seed
	}{
		"SQLite":   {func(t *testing.T) prove.Store { return openSQLite(t) }, 120, append(killed, "notice of a child lost", "notice of a child doubled")},
		"DynamoDB": {func(t *testing.T) prove.Store { return openDynamo(t) }, 40, killed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := proof(tt.open(t), tt.requests)
			c.Cases = []prove.Case{family(), strict(), nested(), renewed(), sums(), slow(), refused()}
			c.Kills, c.Parts.Schedules = 2*c.Requests, nil
			report := prove.Run(t, c)
			t.Logf("\n%s\nagain: %s", report, again(t, c))
			for _, injected := range tt.injected {
				if report.Injected[injected] == 0 && c.Requests >= tt.requests {
					t.Errorf("seed %d: got no %s, want some", c.Seed, injected)
				}
			}
		})
	}
}

// summed starts a child of the action for each number up to n, and returns the sum of their
// results.
func summed(ctx context.Context, job *streamer.Job, until request.ChildMode, action string, n int) (int, error) {
	var children []streamer.Child
	for k := range n {
		children = append(children, streamer.Child{Name: fmt.Sprint("k", k+1), Action: action, Payload: count{k + 1}})
	}
	results, err := streamer.AwaitChildren[int](ctx, job, until, children...)
	total := 0
	for _, r := range results {
		total += r.Value
		err = errors.Join(err, r.Err)
	}
	return total, err
}

// tetrahedral is the sum of the first n sums.
func tetrahedral(n int) int { return n * (n + 1) * (n + 2) / 6 }

// family waits for children that work once and for children that outlive their leases.
func family() prove.Case {
	return prove.Case{
		Payload: upTo(6), Cancel: 0.1,
		Action: action("family", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			return summed(ctx, job, streamer.UntilAllEnd, "sum", in.N)
		}),
		Want: succeeded(func(n int) any { return tetrahedral(n) }),
	}
}

// strict has a child that fails, of three requests in four, beside some that take their time.
func strict() prove.Case {
	type numbers struct{ Slow, Refused int }
	return prove.Case{
		Payload: func(rng *rand.Rand) json.RawMessage { return encoded(numbers{rng.IntN(4), rng.IntN(4)}) },
		Action: streamer.NewAction(streamer.ActionConfig{Name: "strict", Long: true, Retry: streamer.RetryPolicy{Attempts: 1}},
			func(ctx context.Context, job *streamer.Job, in numbers) (int, error) {
				var children []streamer.Child
				for n := range in.Slow {
					children = append(children, streamer.Child{Name: fmt.Sprint("slow", n), Action: "slow", Payload: count{n + 1}})
				}
				for n := range in.Refused {
					children = append(children, streamer.Child{Name: fmt.Sprint("refused", n), Action: "refused", Payload: count{1}})
				}
				results, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilOneFails, children...)
				return len(results), err
			}),
		Want: func(payload json.RawMessage, got prove.Outcome) error {
			var in numbers
			if err := json.Unmarshal(payload, &in); err != nil {
				return err
			}
			switch {
			case in.Refused == 0 && (got.State != request.Succeeded || string(got.Result) != fmt.Sprint(in.Slow)):
				return fmt.Errorf("%s, want %d", outcomeText(got), in.Slow)
			case in.Refused > 0 && (got.State != request.Failed || got.Error.Code != wire.ProcessingFailed ||
				!strings.Contains(got.Error.Message, `the child "refused`)):
				return fmt.Errorf("%s, want FAILED, and the child that is refused", outcomeText(got))
			}
			return nil
		},
	}
}

// nested has children that have children.
func nested() prove.Case {
	return prove.Case{
		Payload: upTo(3), Cancel: 0.3,
		Action: action("nested", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			return summed(ctx, job, streamer.UntilOneFails, "family", in.N)
		}),
		Want: succeeded(func(n int) any {
			total := 0
			for k := range n {
				total += tetrahedral(k + 1)
			}
			return total
		}),
	}
}

// renewed fails by a child until it is redriven, and then goes on with those that succeeded.
func renewed() prove.Case {
	return prove.Case{
		Payload: upTo(3), Redrives: 1,
		Action: action("again", nil, func(ctx context.Context, job *streamer.Job, in count) (any, error) {
			if strings.HasPrefix(job.ID(), "child_") { // it is its own child
				if strings.HasSuffix(job.ID(), ":1") {
					return in.N, nil
				}
				return nil, streamer.Errorf(wire.ProcessingFailed, "not this one")
			}
			results, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilOneFails, streamer.Child{Name: "self", Action: "again", Payload: in},
				streamer.Child{Name: "sum", Action: "sum", Payload: in})
			if err != nil {
				return nil, err
			}
			return []int{results[0].Value, results[1].Value}, nil
		}),
		Want: func(payload json.RawMessage, got prove.Outcome) error {
			n := count{}.of(payload).N
			right, wants := encoded([]int{n, n * (n + 1) / 2}), request.Succeeded
			if strings.HasPrefix(got.ID, "child_") {
				right = encoded(n)
				if !strings.HasSuffix(got.ID, ":1") {
					right, wants = nil, request.Failed
				}
			}
			if got.State != wants || !bytes.Equal(got.Result, right) {
				return fmt.Errorf("%s, want %s with %s", outcomeText(got), wants, right)
			}
			return nil
		},
	}
}
