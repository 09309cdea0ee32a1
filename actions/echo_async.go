package actions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pay-theory/streamer"
)

const (
	echoSteps       = 5
	defaultStepMS   = 200
	maxStepMS       = 60_000
	hashBytesAtOnce = 16 << 10 // between two looks at the clock
)

// An asyncEcho is the payload of echo_async: any JSON, of which an object may
// say how long a step takes.
type asyncEcho struct {
	payload json.RawMessage
	stepMS  int
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *asyncEcho) UnmarshalJSON(data []byte) error {
	options := struct {
		StepMS int `json:"step_ms"`
	}{defaultStepMS}
	if bytes.HasPrefix(data, []byte("{")) {
		if err := json.Unmarshal(data, &options); err != nil {
			return err
		}
	}
	e.payload, e.stepMS = bytes.Clone(data), options.StepMS
	return nil
}

// Validate implements [streamer.Validator].
func (e asyncEcho) Validate() error {
	if e.payload != nil && (e.stepMS < 1 || e.stepMS > maxStepMS) {
		return refuse("step_ms", "%d is not between 1 and %d", e.stepMS, maxStepMS)
	}
	return nil
}

// A hashChain is the work of echo_async and its checkpoint. The first digest is
// the payload's; each round replaces it by that of digest and payload, joined.
type hashChain struct {
	Steps  int           `json:"steps"` // that are done
	Spent  time.Duration `json:"spent"` // on the step after them
	Rounds uint64        `json:"rounds"`
	Digest []byte        `json:"digest"`
}

// echoAsync answers with its payload after five steps of hashing it.
func echoAsync() streamer.Action {
	config := streamer.ActionConfig{
		Name:        "echo_async",
		Description: "Answers with its payload, after five steps of hashing it.",
		Long:        true,
		Limit:       2 * echoSteps * maxStepMS * time.Millisecond,
	}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, in asyncEcho) (json.RawMessage, error) {
		if in.payload == nil {
			in.payload, in.stepMS = json.RawMessage("null"), defaultStepMS
		}
		first := sha256.Sum256(in.payload)
		chain := hashChain{Digest: first[:]}
		if _, err := job.Checkpoint(&chain); err != nil {
			return nil, err
		}
		for chain.Steps < echoSteps {
			if !chain.work(ctx, in.payload, time.Duration(in.stepMS)*time.Millisecond) {
				return nil, stopped(ctx, chain)
			}
			chain.Steps, chain.Spent = chain.Steps+1, 0
			if err := job.SetCheckpoint(chain); err != nil {
				return nil, err
			}
			job.Progress(100*float64(chain.Steps)/echoSteps, fmt.Sprintf("step %d of %d: %d rounds", chain.Steps, echoSteps, chain.Rounds))
		}
		// By hand, since encoding/json would take the spaces out of the payload.
		return fmt.Appendf(nil, `{"echo":%s,"rounds":%d,"digest":"%x"}`, in.payload, chain.Rounds, chain.Digest), nil
	})
}

// work hashes until the step has taken its time and reports whether it has; it
// has not when ctx ended first.
func (c *hashChain) work(ctx context.Context, payload []byte, step time.Duration) bool {
	rounds := 1 + hashBytesAtOnce/(sha256.Size+len(payload))
	input := append(bytes.Clone(c.Digest), payload...)
	before, began := c.Spent, time.Now()
	for c.Spent < step && ctx.Err() == nil {
		for range rounds {
			digest := sha256.Sum256(input)
			copy(input, digest[:])
		}
		c.Rounds += uint64(rounds)
		c.Spent = before + time.Since(began)
	}
	c.Digest = bytes.Clone(input[:sha256.Size])
	return c.Spent >= step
}
