package actions

import (
	"context"
	"encoding/json"

	"github.com/pay-theory/streamer"
)

// echo answers with its payload, byte for byte.
func echo() streamer.Action {
	config := streamer.ActionConfig{Name: "echo", Description: "Answers with its payload, byte for byte."}
	return streamer.NewAction(config, func(_ context.Context, _ *streamer.Job, payload json.RawMessage) (json.RawMessage, error) {
		return payload, nil
	})
}
