package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// A demo is what the examples run in: the domain over a store in memory, on a
// clock that stands until an example moves it.
type demo struct {
	requests  *streamer.Requests
	processor *streamer.Processor
	caller    streamer.Caller
	now       time.Time
	queue     []request.Key // what was dispatched
	close     func() error
}

func newDemo(limits streamer.Limits, registry *streamer.Registry) *demo {
	store, err := sqlite.Open(context.Background(), sqlite.Memory)
	if err != nil {
		log.Fatal(err)
	}
	d := &demo{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), close: store.Close}
	d.caller = streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: "ada", ExpiresAt: d.now.Add(time.Hour)}}
	clock := func() time.Time { return d.now }
	quiet := slog.New(slog.DiscardHandler)
	d.processor, err = streamer.NewProcessor(streamer.ProcessorConfig{
		Store: store, Actions: registry, Push: d, Dispatch: streamer.QueueFunc(d.Dispatch), Logger: quiet, Now: clock, Limits: limits,
	})
	if err != nil {
		log.Fatal(err)
	}
	d.requests = &streamer.Requests{Store: store, Actions: registry, Push: d, Dispatch: streamer.QueueFunc(d.Dispatch), Now: clock, Logger: quiet,
		Limits: limits}
	return d
}

// Push leads nowhere: no connection is open.
func (d *demo) Push(context.Context, string, []byte) error { return streamer.ErrGone }

// Dispatch queues the request for work.
func (d *demo) Dispatch(_ context.Context, key request.Key, _ time.Time) error {
	d.queue = append(d.queue, key)
	return nil
}

func (d *demo) submit(id, action, payload string) wire.Frame {
	frame, err := d.requests.Submit(context.Background(), d.caller, wire.Message{ID: id, Action: action, Payload: json.RawMessage(payload)})
	if err != nil {
		log.Fatal(err)
	}
	return frame
}

// run is what the processor function does with a dispatch.
func (d *demo) run(id string) {
	if err := d.processor.Run(context.Background(), d.caller.Key(id), time.Time{}); err != nil {
		log.Fatal(err)
	}
}

// show prints how a request stands.
func (d *demo) show(id string) *wire.Snapshot {
	frame, err := d.requests.Get(context.Background(), d.caller, id)
	if err != nil {
		log.Fatal(err)
	}
	s := frame.Request
	line := fmt.Sprintf("%s: %s, attempt %d", s.ID, s.State, s.Attempts)
	if s.Waiting != nil {
		line += ", waits for " + s.Waiting.For
	}
	if s.Error != nil {
		line += fmt.Sprintf(", %s: %s", s.Error.Code, s.Error.Message)
	}
	if s.Result != nil {
		line += ", result " + string(s.Result)
	}
	fmt.Println(line)
	return s
}

// longExample is an action that becomes a durable request.
func longExample[In, Out any](name string, do func(ctx context.Context, job *streamer.Job, in In) (Out, error)) streamer.Action {
	return streamer.NewAction(streamer.ActionConfig{Name: name, Long: true, Retry: streamer.RetryPolicy{Attempts: 2}}, do)
}

// A short action runs inside the router, and its result is the reply.
func ExampleNewAction() {
	type greeting struct {
		Name string `json:"name"`
	}
	greet := streamer.NewAction(streamer.ActionConfig{Name: "greet"},
		func(_ context.Context, _ *streamer.Job, in greeting) (string, error) {
			return "hello " + in.Name, nil
		})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(greet))
	defer d.close()
	fmt.Println(string(d.submit("g-1", "greet", `{"name":"Ada"}`).Append(nil)))
	// Output: {"type":"response","request_id":"g-1","success":true,"data":"hello Ada"}
}

// A long action becomes a durable request: it is acknowledged, and a processor
// runs it later, in another process if need be.
func ExampleProcessor_Run() {
	square := longExample("square", func(_ context.Context, job *streamer.Job, in int) (int, error) {
		job.Progress(50, "multiplying")
		return in * in, nil
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(square))
	defer d.close()
	fmt.Println(d.submit("s-1", "square", `7`).Status)
	d.show("s-1")
	d.run("s-1")
	d.show("s-1")
	// Output:
	// queued
	// s-1: QUEUED, attempt 1, waits for worker
	// s-1: SUCCEEDED, attempt 1, result 49
}

// The result of a step is stored, so that a retry does not charge the card again.
func ExampleRunStep() {
	failures := 1
	order := longExample("order", func(ctx context.Context, job *streamer.Job, cents int) (string, error) {
		charge, err := streamer.RunStep(ctx, job, "charge", func(context.Context) (string, error) {
			fmt.Println("charging", cents)
			return "ch_1", nil
		})
		if err != nil {
			return "", err
		}
		if failures--; failures >= 0 {
			return "", errors.New("the warehouse does not answer")
		}
		return charge + " shipped", nil
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(order))
	defer d.close()
	d.submit("o-1", "order", `1250`)
	d.run("o-1")
	d.now = d.now.Add(time.Minute) // the retry's time has come
	d.run("o-1")
	d.show("o-1")
	// Output:
	// charging 1250
	// o-1: SUCCEEDED, attempt 2, result "ch_1 shipped"
}

// No function runs while a request waits for a signal.
func ExampleAwaitSignal() {
	publish := longExample("publish", func(ctx context.Context, job *streamer.Job, _ json.RawMessage) (string, error) {
		approval, err := streamer.AwaitSignal[struct{ By string }](ctx, job, "approval", 24*time.Hour)
		if err != nil {
			return "", err
		}
		return "published for " + approval.By, nil
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(publish))
	defer d.close()
	d.submit("p-1", "publish", `{}`)
	d.run("p-1")
	d.show("p-1")
	if _, err := d.requests.Signal(context.Background(), d.caller,
		wire.Signal{RequestID: "p-1", Token: "approval", Payload: json.RawMessage(`{"by":"grace"}`)}); err != nil {
		log.Fatal(err)
	}
	d.run("p-1")
	d.show("p-1")
	// Output:
	// p-1: QUEUED, attempt 1, waits for signal
	// p-1: SUCCEEDED, attempt 1, result "published for grace"
}

// Work that is longer than a function may run goes on in another invocation.
func ExampleContinue() {
	count := longExample("count", func(_ context.Context, job *streamer.Job, upTo int) (int, error) {
		var n int
		if _, err := job.Checkpoint(&n); err != nil {
			return 0, err
		}
		fmt.Println("from", n)
		if n += 10; n < upTo {
			return 0, streamer.Continue(n)
		}
		return n, nil
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(count))
	defer d.close()
	d.submit("c-1", "count", `20`)
	d.run("c-1")
	d.run("c-1")
	d.show("c-1")
	// Output:
	// from 0
	// from 10
	// c-1: SUCCEEDED, attempt 1, result 20
}

// A snoozed request is due again after the wait.
func ExampleSnooze() {
	ready := false
	poll := longExample("poll", func(context.Context, *streamer.Job, json.RawMessage) (string, error) {
		if !ready {
			return "", streamer.Snooze(time.Hour)
		}
		return "ready", nil
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(poll))
	defer d.close()
	d.submit("p-1", "poll", `{}`)
	d.run("p-1")
	fmt.Println("due in", d.show("p-1").DueAt.Sub(d.now))
	ready, d.now = true, d.now.Add(time.Hour)
	d.run("p-1")
	d.show("p-1")
	// Output:
	// p-1: QUEUED, attempt 1, waits for time
	// due in 1h0m0s
	// p-1: SUCCEEDED, attempt 1, result "ready"
}

// Output is an ordered log that can be read from any offset.
func ExampleJob_Emit() {
	write := longExample("write", func(_ context.Context, job *streamer.Job, text string) (int, error) {
		words := strings.Fields(text)
		for _, word := range words {
			if err := job.Emit(word); err != nil {
				return 0, err
			}
		}
		return len(words), nil
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(write))
	defer d.close()
	d.submit("w-1", "write", `"to be or not"`)
	d.run("w-1")
	out, err := d.requests.Output(context.Background(), d.caller, wire.OutputQuery{RequestID: "w-1", From: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, final %v\n", out.Chunks, out.Final)
	// Output: ["or" "not"], final true
}

// With a limit of one running request, the second one of a tenant waits until the
// first has released its permit.
func ExampleLimits() {
	var d *demo
	first := true
	work := longExample("work", func(context.Context, *streamer.Job, json.RawMessage) (string, error) {
		if first {
			first = false
			d.run("w-2")
			d.show("w-2")
		}
		return "done", nil
	})
	d = newDemo(streamer.Limits{RunningPerTenant: 1}, streamer.NewRegistry(work))
	defer d.close()
	d.submit("w-1", "work", `{}`)
	d.submit("w-2", "work", `{}`)
	d.run("w-1")
	d.run("w-2")
	d.show("w-2")
	// Output:
	// w-2: QUEUED, attempt 1, waits for limit
	// w-2: SUCCEEDED, attempt 1, result "done"
}

// Any error is retried, and its text goes to the log alone; a permanent one is not
// retried.
func ExamplePermanent() {
	parse := longExample("parse", func(context.Context, *streamer.Job, json.RawMessage) (string, error) {
		return "", streamer.Permanent(errors.New("line 7 of the secret file is broken"))
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(parse))
	defer d.close()
	d.submit("p-1", "parse", `{}`)
	d.run("p-1")
	d.show("p-1")
	// Output: p-1: FAILED, attempt 1, INTERNAL_ERROR: internal error
}

// A public error reaches the client as it is.
func ExampleErrorf() {
	pay := longExample("pay", func(_ context.Context, _ *streamer.Job, cents int) (string, error) {
		return "", streamer.Errorf(wire.ValidationError, "%d cents are above the limit of the card", cents)
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(pay))
	defer d.close()
	d.submit("p-1", "pay", `100000`)
	d.run("p-1")
	d.show("p-1")
	// Output: p-1: FAILED, attempt 1, VALIDATION_ERROR: 100000 cents are above the limit of the card
}

// The sweep dispatches what is due and was not dispatched, such as a retry.
func ExampleProcessor_Sweep() {
	flaky := longExample("flaky", func(_ context.Context, job *streamer.Job, _ json.RawMessage) (string, error) {
		if job.Attempt() == 1 {
			return "", errors.New("the line is busy")
		}
		return "done", nil
	})
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(flaky))
	defer d.close()
	d.submit("f-1", "flaky", `{}`)
	d.run("f-1")
	d.now = d.now.Add(time.Hour)
	report, err := d.processor.Sweep(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("dispatched:", report.Dispatched)
	for _, key := range d.queue {
		d.run(key.ID)
	}
	d.show("f-1")
	// Output:
	// dispatched: 1
	// f-1: SUCCEEDED, attempt 2, result "done"
}

// The operator of a tenant sees and changes the requests of all of its subjects.
func ExampleRequests_Cancel() {
	work := longExample("work", func(context.Context, *streamer.Job, json.RawMessage) (string, error) { return "done", nil })
	d := newDemo(streamer.Limits{}, streamer.NewRegistry(work))
	defer d.close()
	d.submit("w-1", "work", `{}`)
	operator := streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: "olga",
		Scopes: []string{request.OperatorScope}}, OnBehalfOf: "ada"}
	if _, err := d.requests.Cancel(context.Background(), operator, "w-1"); err != nil {
		log.Fatal(err)
	}
	d.show("w-1")
	// Output: w-1: CANCELLED, attempt 1, CANCELLED: the request was cancelled
}

func ExampleRegistry_Schedules() {
	report := streamer.NewAction(streamer.ActionConfig{Name: "report", Long: true},
		func(_ context.Context, job *streamer.Job, in struct{ Format string }) (string, error) {
			return in.Format + " of " + job.Metadata()["scheduled_for"], nil
		})
	registry := streamer.NewRegistry(report)
	_, err := registry.Schedules(
		streamer.Schedule{Name: "nightly", Cron: "30 2 * * *", TimeZone: "Europe/Berlin", Action: "report",
			Payload: map[string]string{"Format": "csv"}, Tenant: "acme", Subject: "system"},
		streamer.Schedule{Name: "often", Every: 30 * time.Second, Action: "report", Tenant: "acme", Subject: "system"})
	fmt.Println(err)
	// Output:
	// streamer: schedule "often": its Every is 30s, want whole minutes: what is due is started once a minute
}
