package app

import (
	"context"
	"time"

	"github.com/pay-theory/streamer"
)

// A decision is the payload of the signal that an approval waits for.
type decision struct {
	Approved bool   `json:"approved"`
	By       string `json:"by"`
}

// approve waits until somebody has decided, for a day at most.
var approve = streamer.NewAction(
	streamer.ActionConfig{Name: "approve", Long: true},
	func(ctx context.Context, job *streamer.Job, what string) (string, error) {
		job.Progress(50, "waiting for a decision on "+what)
		d, err := streamer.AwaitSignal[decision](ctx, job, "decision", 24*time.Hour)
		if err != nil {
			return "", err
		}
		if !d.Approved {
			return what + " was declined by " + d.By, nil
		}
		return what + " was approved by " + d.By, nil
	})
