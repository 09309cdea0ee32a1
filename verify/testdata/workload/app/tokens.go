package app

import (
	"context"
	"fmt"
	"time"

	"github.com/pay-theory/streamer"
)

// A tokensInput asks for a stream as a language model gives one.
type tokensInput struct {
	Count   int `json:"count"`
	PauseMS int `json:"pause_ms"` // between two tokens
}

// A token is a chunk of the output of tokens.
type token struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

// tokens emits numbered tokens and returns how many. It goes on where it was, from its
// checkpoint, when its function's time is over or another worker takes over.
var tokens = streamer.NewAction(
	streamer.ActionConfig{Name: "tokens", Long: true, Output: token{}},
	func(ctx context.Context, job *streamer.Job, in tokensInput) (int, error) {
		next := 0
		if _, err := job.Checkpoint(&next); err != nil {
			return 0, err
		}
		for ; next < in.Count; next++ {
			if err := job.Emit(token{N: next, Text: fmt.Sprintf("word %d, “quoted” ", next)}); err != nil {
				return 0, err
			}
			if err := job.SetCheckpoint(next + 1); err != nil {
				return 0, err
			}
			job.Progress(100*float64(next+1)/float64(in.Count), fmt.Sprintf("%d of %d tokens", next+1, in.Count))
			select {
			case <-ctx.Done():
				return 0, streamer.Continue(next + 1)
			case <-time.After(time.Duration(in.PauseMS) * time.Millisecond):
			}
		}
		return in.Count, nil
	})
