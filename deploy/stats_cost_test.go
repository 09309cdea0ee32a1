package deploy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// The table of README.md is what a page of each of the operators' counts reads.
func TestWhatCountsCost(t *testing.T) {
	t.Parallel()
	const ended, failed, open = 400, 50, 50
	w, ctx := newWorld(t), t.Context()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Minute)
	store := func(n int, state request.State) error {
		r := &request.Request{Key: w.who.Key(fmt.Sprintf("req_%026d", n)), Action: "generate_report", Payload: []byte(`{"step_ms":200}`),
			State: state, Rev: 1, Fence: 1, Attempt: 1, CreatedAt: at, UpdatedAt: at, CorrelationID: "0f8fad5b-d9cb-469f-a165-70867728950e"}
		switch {
		case state == request.Failed:
			r.Error = &wire.Error{Code: wire.ProcessingFailed, Message: "no such parcel"}
			fallthrough
		case state.Final():
			r.FinishedAt, r.ExpiresAt = at, at.Add(time.Hour)
		default:
			r.DueAt, r.Look = at, request.Look{At: at}
		}
		_, _, err := w.requests.Store.CreateRequest(ctx, r)
		return err
	}
	work := make(chan error)
	const writers = 16
	for first := range writers {
		go func() {
			for n := first; n < ended+failed+open; n += writers {
				state := request.Succeeded
				switch {
				case n < open:
					state = request.Queued
				case n < open+failed:
					state = request.Failed
				}
				work <- store(n, state)
			}
		}()
	}
	for range ended + failed + open {
		if err := <-work; err != nil {
			t.Fatal(err)
		}
	}
	everywhere := w.owner()
	everywhere.InTenant = wire.AllTenants
	for _, step := range []struct {
		what string
		do   func(who streamer.Caller) error
		who  streamer.Caller
	}{
		{"`/stats/states`", func(who streamer.Caller) error {
			got, err := w.requests.States(ctx, who, wire.StatsQuery{})
			if err == nil && len(got.States) != 3 {
				err = fmt.Errorf("got the states %v, want three", got.States)
			}
			return err
		}, w.owner()},
		{"`/stats/waiting`", func(who streamer.Caller) error {
			got, err := w.requests.Waiting(ctx, who, wire.StatsQuery{})
			if err == nil && (len(got.Waiting) != 1 || got.Waiting[0].Count != open) {
				err = fmt.Errorf("got waiting %v, want %d", got.Waiting, open)
			}
			return err
		}, w.owner()},
		{"`/stats/waiting?tenant=*`", func(who streamer.Caller) error {
			got, err := w.requests.Waiting(ctx, who, wire.StatsQuery{})
			if err == nil && (len(got.Waiting) != 1 || got.Waiting[0].Count != open) {
				err = fmt.Errorf("got waiting %v, want %d", got.Waiting, open)
			}
			return err
		}, everywhere},
		{"`/stats/failures`", func(who streamer.Caller) error {
			got, err := w.requests.Failures(ctx, who, wire.StatsQuery{})
			if err == nil && (len(got.Failures) != 1 || got.Failures[0].Count != failed) {
				err = fmt.Errorf("got failures %v, want %d", got.Failures, failed)
			}
			return err
		}, w.owner()},
	} {
		t.Run(step.what, func(t *testing.T) {
			w.Take()
			if err := step.do(step.who); err != nil {
				t.Fatal(err)
			}
			used := w.Take()
			if used.Written != 0 {
				t.Errorf("got %v units written, want none", used.Written)
			}
			row := fmt.Sprintf("| %s | %.0f | %d |\n", step.what, used.Read, len(used.Calls))
			if !strings.Contains(string(page), row) {
				t.Errorf("README.md lacks the row\n%s", row)
			}
		})
	}
}
