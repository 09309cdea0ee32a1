// Package app is a project as a user of Streamer writes one: an order that is fulfilled in
// five steps, a sum over children, a stream of tokens, an approval, a CSV that is profiled,
// and a job of every minute. It imports what is public, and being a module of its own it
// cannot do otherwise.
package app

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions/profilecsv"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/request"
)

// Parts are what the project brings. Its variables are WORKLOAD_BACKEND, the URL of the service
// that keeps stock and charges cards, WORKLOAD_FILES, the folder of CSV files, and WORKLOAD_CLOCK,
// a file that says how far its clock is ahead. They are read when the actions are made or run:
// on AWS the template's Environment is there by then.
func Parts(getenv func(name string) string) functions.Parts {
	return functions.Parts{
		Actions: func(request.Lister) ([]streamer.Action, error) {
			profile, err := profilecsv.New(getenv("WORKLOAD_FILES"))
			if err != nil {
				return nil, err
			}
			return []streamer.Action{quote, order(getenv("WORKLOAD_BACKEND")), square, sumOfSquares, tokens, approve, tidy, profile}, nil
		},
		Now:       clock(getenv),
		Schedules: []streamer.Schedule{{Name: "tidy", Every: time.Minute, Action: "tidy", Tenant: "acme", Subject: "janitor"}},
		Routes: func(app *lift.App, authenticate lift.Middleware) {
			app.HTTP("GET /runtime", lift.HandlerFunc(runtimeFigures), authenticate)
		},
	}
}

// A quoted is the answer of quote.
type quoted struct {
	Cents int `json:"cents"`
}

// quote is short: its answer is the reply, and nothing of it is stored.
var quote = streamer.NewAction(
	streamer.ActionConfig{Name: "quote", Description: "Price of a number of items"},
	func(_ context.Context, _ *streamer.Job, in struct {
		Items int `json:"items"`
	}) (quoted, error) {
		return quoted{Cents: 250 * in.Items}, nil
	})

var square = streamer.NewAction(
	streamer.ActionConfig{Name: "square", Long: true, Retry: streamer.RetryPolicy{Base: 50 * time.Millisecond}},
	func(_ context.Context, _ *streamer.Job, n int) (int, error) { return n * n, nil })

// sumOfSquares starts a child for each number up to the payload's, and adds their results.
var sumOfSquares = streamer.NewAction(
	streamer.ActionConfig{Name: "sum_of_squares", Long: true},
	func(ctx context.Context, job *streamer.Job, upTo int) (int, error) {
		children := make([]streamer.Child, upTo)
		for i := range children {
			children[i] = streamer.Child{Name: fmt.Sprintf("n%d", i+1), Action: "square", Payload: i + 1}
		}
		squares, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilAllEnd, children...)
		if err != nil {
			return 0, err
		}
		sum := 0
		for _, s := range squares {
			if s.Err != nil {
				return 0, fmt.Errorf("child %s: %w", s.Name, s.Err)
			}
			sum += s.Value
		}
		return sum, nil
	})

// tidy is what the schedule starts.
var tidy = streamer.NewAction(
	streamer.ActionConfig{Name: "tidy", Long: true},
	func(context.Context, *streamer.Job, struct{}) (string, error) { return "tidied", nil })

// runtimeFigures tells how large the process is that answers.
func runtimeFigures(context.Context, *lift.Event) (*lift.Response, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return lift.JSON(http.StatusOK, map[string]uint64{"goroutines": uint64(runtime.NumGoroutine()), "heap_bytes": m.HeapAlloc})
}
