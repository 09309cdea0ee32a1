// Package app has the project's actions, and what else the project brings.
package app

import (
	"context"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
)

// Greet greets each name, one after the other, and goes on where it was when
// its function's time is over.
var Greet = streamer.NewAction(
	streamer.ActionConfig{Name: "greet", Long: true},
	func(ctx context.Context, job *streamer.Job, names []string) (greetings []string, err error) {
		if _, err := job.Checkpoint(&greetings); err != nil {
			return nil, err
		}
		for i := len(greetings); i < len(names); i++ {
			if ctx.Err() != nil {
				return nil, streamer.Continue(greetings)
			}
			greetings = append(greetings, "Hello, "+names[i]+"!")
			job.Progress(100*float64(i+1)/float64(len(names)), "greeted "+names[i])
		}
		return greetings, nil
	})

// Parts are what the project brings, for every main: its actions, and whatever else is
// set here, such as limits, middleware and routes.
var Parts = functions.Parts{
	Actions: func(request.Lister) ([]streamer.Action, error) {
		return []streamer.Action{Greet}, nil
	},
}
