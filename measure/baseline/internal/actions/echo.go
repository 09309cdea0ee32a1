package actions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// echo answers with its payload.
func echo(_ context.Context, job Job) (json.RawMessage, error) { return job.Payload, nil }

const (
	echoSteps       = 5
	defaultStepMS   = 200
	maxStepMS       = 60_000
	hashBytesAtOnce = 16 << 10 // between two looks at the clock
)

// stepTime reads how long a step of echo_async takes. The payload may be any
// JSON; an object may say it.
func stepTime(payload json.RawMessage) (time.Duration, error) {
	options := struct {
		StepMS int `json:"step_ms"`
	}{defaultStepMS}
	if bytes.HasPrefix(payload, []byte("{")) {
		if err := json.Unmarshal(payload, &options); err != nil {
			return 0, refuse("step_ms", "is not a whole number")
		}
	}
	if options.StepMS < 1 || options.StepMS > maxStepMS {
		return 0, refuse("step_ms", "%d is not between 1 and %d", options.StepMS, maxStepMS)
	}
	return time.Duration(options.StepMS) * time.Millisecond, nil
}

func checkEchoAsync(payload json.RawMessage) error {
	_, err := stepTime(payload)
	return err
}

// echoAsync answers with its payload after five steps of hashing it. The first
// digest is the payload's; each round replaces it by that of digest and payload,
// joined.
func echoAsync(ctx context.Context, job Job) (json.RawMessage, error) {
	payload := job.Payload
	if payload == nil {
		payload = json.RawMessage("null")
	}
	step, err := stepTime(payload)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(payload)
	input := append(digest[:], payload...)
	atOnce := 1 + hashBytesAtOnce/len(input)
	rounds := 0
	for n := 1; n <= echoSteps; n++ {
		for began := time.Now(); time.Since(began) < step; rounds += atOnce {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			for range atOnce {
				digest = sha256.Sum256(input)
				copy(input, digest[:])
			}
		}
		job.Progress(100*float64(n)/echoSteps, fmt.Sprintf("step %d of %d: %d rounds", n, echoSteps, rounds))
	}
	return fmt.Appendf(nil, `{"echo":%s,"rounds":%d,"digest":"%x"}`, payload, rounds, digest), nil
}
