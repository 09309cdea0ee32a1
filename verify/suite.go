// Package verify is one black-box suite for every stage on which Streamer runs: in
// one process, on the staging stack, on AWS. It sees what a client sees, two
// URLs and a token, and nothing else.
package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Target is a stage under test. It is safe for concurrent use, and not to be copied.
type Target struct {
	WebSocketURL string // as in ws://127.0.0.1:8700/dev
	HTTPURL      string // root of the HTTP API; "": checks over HTTP are skipped
	Token        string // of a principal; required

	// OtherToken is one of another tenant, whose subject may be the same. "":
	// the checks of isolation are skipped.
	OtherToken string

	// OperatorToken is one of the same tenant with the scope streamer:operator.
	// "": one that Sign makes, or the checks of operators are skipped.
	OperatorToken string

	// Sign signs claims with the stage's own key, on top of those that make a
	// good token; nil as a value removes a claim. A nil Sign skips the checks
	// that need tokens with a flaw under a good signature.
	Sign func(claims map[string]any) (string, error)

	// Timeout bounds each check. 0: [DefaultTimeout].
	Timeout time.Duration

	mu      sync.Mutex
	offered map[string]bool // by name, of the example actions that were asked for
}

// DefaultTimeout is how long a check may take.
const DefaultTimeout = 10 * time.Second

// A Check is one thing that a stage must do. Run returns nil, an error that
// says what was seen instead, or ErrSkipped wrapped with the reason.
type Check struct {
	Group string
	Name  string
	Run   func(ctx context.Context, t *Target) error
}

// ErrSkipped says that the target lacks what a check needs.
var ErrSkipped = errors.New("skipped")

func skip(reason string) error { return fmt.Errorf("%w: %s", ErrSkipped, reason) }

// Checks returns the suite, in the order in which it reads best.
func Checks() []Check {
	var all []Check
	for _, group := range [][]Check{
		handshakeChecks, messageChecks, requestChecks, httpChecks, isolationChecks, signalChecks, tokenChecks, operatorChecks,
	} {
		all = append(all, group...)
	}
	return all
}

// A Result is the outcome of a check. Err is nil for one that passed.
type Result struct {
	Check
	Err  error
	Took time.Duration
}

// Skipped reports whether the target lacks what the check needs.
func (r Result) Skipped() bool { return errors.Is(r.Err, ErrSkipped) }

// Run runs the checks, one after another, and hands each result to report as it
// is known. It ends early when ctx does.
func Run(ctx context.Context, t *Target, checks []Check, report func(Result)) {
	for _, check := range checks {
		if ctx.Err() != nil {
			return
		}
		report(check.run(ctx, t))
	}
}

func (c Check) run(ctx context.Context, t *Target) Result {
	limit := t.Timeout
	if limit == 0 {
		limit = DefaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	err := c.Run(limited, t)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("it took longer than %v: %w", limit, err)
	}
	return Result{Check: c, Err: err, Took: time.Since(start)}
}
