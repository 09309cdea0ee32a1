package streamertest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/streamertest"
)

// An approval is what the signal of that name carries.
type approval struct{ By string }

// publish charges for a page, waits for an approval and answers with a receipt.
func publish(charge func(page, key string) (string, error)) streamer.Action {
	config := streamer.ActionConfig{Name: "publish", Long: true}
	return streamer.NewAction(config, func(ctx context.Context, job *streamer.Job, page string) (string, error) {
		receipt, err := streamer.RunStep(ctx, job, "charge", func(context.Context) (string, error) {
			return charge(page, job.StepKey("charge"))
		})
		if err != nil {
			return "", err
		}
		job.Progress(50, "charged")
		by, err := streamer.AwaitSignal[approval](ctx, job, "approval", 24*time.Hour)
		if err != nil {
			return "", err
		}
		return receipt + ", approved by " + by.By, nil
	})
}

// t stands in for the *testing.T of a test.
var t testing.TB = exampleTB{}

type exampleTB struct{ testing.TB }

func (exampleTB) Helper()                       {}
func (exampleTB) Cleanup(func())                {}
func (exampleTB) Context() context.Context      { return context.Background() }
func (exampleTB) Output() io.Writer             { return io.Discard }
func (exampleTB) Fatalf(text string, v ...any)  { log.Fatalf(text, v...) }
func free(page, key string) (_ string, _ error) { return "0 francs for " + page, nil }

func Example() {
	job := streamertest.New(t, publish(free), "home")
	job.Signal("approval", approval{By: "grace"})
	job.Run()
	fmt.Println(streamertest.Result[string](job))
	for _, r := range job.Reports() {
		if r.Progress != nil {
			fmt.Println(r.Progress.Percentage, r.Progress.Message)
		}
	}
	// Output:
	// 0 francs for home, approved by grace
	// 50 charged
}

// A test looks at what is stored between two runs.
func ExampleJob_RunOnce() {
	job := streamertest.New(t, publish(free), "home")
	job.RunOnce()
	r := job.Request()
	fmt.Println(r.State, "for", r.Await.Token, "with the step", string(r.Steps["charge"]))
	job.RunOnce() // the approval does not come
	fmt.Println(job.Request().State, job.Err())
	// Output:
	// QUEUED for approval with the step "0 francs for home"
	// FAILED TIMEOUT: the signal "approval" did not arrive in time
}

// A crash behind the effect, and before its result is stored, runs the step again: under
// the same key, by which the one who is charged tells the two apart.
func ExampleJob_Crash() {
	var job *streamertest.Job
	keys := map[string]int{}
	job = streamertest.New(t, publish(func(page, key string) (string, error) {
		keys[key]++
		if keys[key] == 1 {
			job.Crash()
		}
		return "1 franc for " + page, nil
	}), "home")
	job.Signal("approval", approval{By: "grace"})
	job.Run()
	fmt.Println(streamertest.Result[string](job))
	for _, times := range keys {
		fmt.Println("charged", times, "times under one key")
	}
	// Output:
	// 1 franc for home, approved by grace
	// charged 2 times under one key
}

// What an action reports is a moment at which a test can act.
func ExampleJob_EndSlice() {
	greet := streamer.NewAction(streamer.ActionConfig{Name: "greet", Long: true},
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
	job := streamertest.New(t, greet, []string{"Ada", "Grace"})
	job.OnReport = func(r streamer.Report) {
		if r.Progress != nil && r.Progress.Message == "greeted Ada" {
			job.EndSlice()
		}
	}
	job.RunOnce()
	fmt.Println(job.Request().State, string(job.Request().Checkpoint))
	job.Run()
	fmt.Println(streamertest.Result[[]string](job), "in slice", job.Request().Slices+1)
	// Output:
	// QUEUED ["Hello, Ada!"]
	// [Hello, Ada! Hello, Grace!] in slice 2
}
