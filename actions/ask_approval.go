package actions

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// approvalToken is the signal that ask_approval waits for.
const approvalToken = "approval"

type askInput struct {
	Lines   []string `json:"lines,omitempty"`
	Timeout int      `json:"timeout_s,omitempty"`
}

// UnmarshalJSON refuses fields that there are not.
func (in *askInput) UnmarshalJSON(data []byte) error {
	type plain askInput
	return strict(data, (*plain)(in))
}

// Validate implements [streamer.Validator].
func (in *askInput) Validate() error {
	switch {
	case len(in.Lines) > 100:
		return refuse("lines", "at most 100, there are %d", len(in.Lines))
	case in.Timeout < 0 || in.Timeout > 86_400:
		return refuse("timeout_s", "%d is not 1 to 86400", in.Timeout)
	case in.Timeout == 0:
		in.Timeout = 3600
	}
	return nil
}

// askApproval emits lines and waits, without a function running, for the signal
// "approval".
func askApproval() streamer.Action {
	config := streamer.ActionConfig{
		Name:        "ask_approval",
		Description: "Emits lines, and waits for the signal approval.",
		Long:        true,
		Output:      "",
		Errors:      []wire.Code{wire.Timeout},
	}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, in askInput) (json.RawMessage, error) {
		var said bool
		if _, err := job.Checkpoint(&said); err != nil {
			return nil, err
		}
		if !said {
			for _, line := range in.Lines {
				if err := job.Emit(line); err != nil {
					return nil, err
				}
			}
			if err := job.SetCheckpoint(true); err != nil {
				return nil, err
			}
		}
		answer, err := streamer.AwaitSignal[json.RawMessage](ctx, job, approvalToken, time.Duration(in.Timeout)*time.Second)
		if err != nil {
			return nil, err
		}
		return json.RawMessage(`{"approval":` + string(answer) + `}`), nil // its bytes as they came
	})
}
