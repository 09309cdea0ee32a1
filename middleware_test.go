package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A witness is a middleware that tells what it saw of each run.
type witness struct{ seen []string }

func (w *witness) as(name string) func(streamer.ActionFunc) streamer.ActionFunc {
	return func(next streamer.ActionFunc) streamer.ActionFunc {
		return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			began := name + " " + job.Action()
			w.seen = append(w.seen, began)
			defer func() {
				if v := recover(); v != nil {
					w.seen = append(w.seen, fmt.Sprint(began, " panicked"))
					panic(v)
				}
			}()
			out, err := next(ctx, job)
			w.seen = append(w.seen, fmt.Sprintf("%s: %s %v %v %t", began, []byte(out), err, context.Cause(ctx), streamer.IsFailure(ctx, err)))
			return out, err
		}
	}
}

// use puts middleware around all actions of the world.
func (w *harness) use(middleware ...func(streamer.ActionFunc) streamer.ActionFunc) {
	w.Actions = w.Actions.With(middleware...)
	w.requests.Actions = w.requests.Actions.With(middleware...)
}

// A short action and a long one run inside the same middleware, which changes
// nothing by being there.
func TestMiddlewareIsAroundEveryRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func() (string, error)
		want string // what the outer one sees
		code wire.Code
	}{
		"a result":  {func() (string, error) { return "done", nil }, `: "done" <nil> <nil> false`, ""},
		"a failure": {func() (string, error) { return "", errNetwork }, ":  " + errNetwork.Error() + " <nil> true", wire.InternalError},
		"a declared failure": {func() (string, error) { return "", streamer.Errorf(wire.NotFound, "gone") },
			":  NOT_FOUND: gone <nil> true", wire.NotFound},
		"a panic": {func() (string, error) { panic("secret") }, " panicked", wire.InternalError},
	} {
		for kind, retry := range map[string]streamer.RetryPolicy{"short": {}, "long": {Attempts: 1}} {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				w := newHarness(t, streamer.NewAction(streamer.ActionConfig{Name: kind, Long: kind == "long", Retry: retry},
					func(context.Context, *streamer.Job, json.RawMessage) (string, error) { return c.do() }))
				var saw witness
				w.use(saw.as("outer"), saw.as("inner"))
				w.connect(t, "c1", ada)
				frame := w.ask(t, "c1", `{"id":"r1","action":"`+kind+`"}`)
				if kind == "long" {
					w.run(t, ada.Key("r1"))
					frame = w.ask(t, "c1", `{"action":"streamer.get","payload":{"request_id":"r1"}}`)
					frame.Error, frame.Data = frame.Request.Error, frame.Request.Result
				}
				switch {
				case c.code == "" && string(frame.Data) != `"done"`, c.code != "" && (frame.Error == nil || frame.Error.Code != c.code):
					t.Errorf("the client hears %s", frame.Append(nil))
				}
				want := []string{"outer " + kind, "inner " + kind, "inner " + kind + c.want, "outer " + kind + c.want}
				if !slices.Equal(saw.seen, want) {
					t.Errorf("seen\n%s, want\n%s", strings.Join(saw.seen, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	}
}

func TestMiddlewareSeesWhyARunEnds(t *testing.T) {
	started := make(chan struct{}, 1)
	patient := func(ctx context.Context, _ *streamer.Job) (json.RawMessage, error) {
		started <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		act   func(ctx context.Context, job *streamer.Job) (json.RawMessage, error)
		state request.State
		want  string
	}{
		"cancelled": {patient, request.Cancelled, "context canceled the request was cancelled false"},
		"limit":     {patient, request.Failed, "context canceled the action's time limit is reached true"},
		"continued": {func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, streamer.Continue(7) },
			request.Queued, "continue in another slice <nil> false"},
		"snoozed": {func(context.Context, *streamer.Job) (json.RawMessage, error) { return nil, streamer.Snooze(time.Hour) },
			request.Queued, "go on after 1h0m0s <nil> false"},
		"waits": {func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			return streamer.AwaitSignal[json.RawMessage](ctx, job, "approval", time.Hour)
		}, request.Queued, `wait for the signal "approval" <nil> false`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				started = make(chan struct{}, 1)
				w := newHarness(t, long("act", streamer.ActionConfig{Limit: 10 * time.Minute}, c.act))
				var saw witness
				w.use(saw.as("it"))
				who := w.connect(t, "c1", ada)
				w.submit(t, who, "r1", "act", `{}`)
				if name == "cancelled" {
					go func() {
						<-started
						_, _ = w.requests.Cancel(context.Background(), who, "r1")
					}()
				}
				w.run(t, ada.Key("r1"))
				wantState(t, w.load(t, ada.Key("r1")), c.state)
				if last := saw.seen[len(saw.seen)-1]; last != "it act:  "+c.want {
					t.Errorf("seen %q, want %q", last, c.want)
				}
			})
		})
	}
}

// A middleware may answer in the action's place, and a registry stays as it is.
func TestMiddlewareMayRefuse(t *testing.T) {
	t.Parallel()
	w := newHarness(t, streamer.NewAction(streamer.ActionConfig{Name: "charge"},
		func(context.Context, *streamer.Job, json.RawMessage) (string, error) { return "charged", nil }))
	w.connect(t, "c1", ada)
	closed := w.requests.Actions.With(func(streamer.ActionFunc) streamer.ActionFunc {
		return func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return nil, streamer.Errorf(wire.ServiceUnavailable, "closed for the night")
		}
	})
	if frame := w.ask(t, "c1", `{"action":"charge"}`); string(frame.Data) != `"charged"` {
		t.Errorf("the registry before: %s", frame.Append(nil))
	}
	w.requests.Actions = closed
	if frame := w.ask(t, "c1", `{"action":"charge"}`); frame.Error == nil || frame.Error.Message != "closed for the night" {
		t.Errorf("the registry inside the middleware: %s", frame.Append(nil))
	}
}

func TestWhatAShortActionFailedWithIsTheActions(t *testing.T) {
	t.Parallel()
	w := newHarness(t, streamer.NewAction(streamer.ActionConfig{Name: "fails"},
		func(context.Context, *streamer.Job, json.RawMessage) (int, error) { return 0, errNetwork }))
	who := w.connect(t, "c1", ada)
	var failed *streamer.ActionError
	if _, err := w.requests.Submit(t.Context(), who, wire.Message{Action: "fails"}); !errors.As(err, &failed) ||
		failed.Action != "fails" || !errors.Is(err, errNetwork) {
		t.Errorf("an action that fails: %v", err)
	}
	if _, err := w.requests.Submit(t.Context(), who, wire.Message{Action: "none"}); err == nil || errors.As(err, &failed) {
		t.Errorf("no action: %v", err)
	}
}

func ExampleRegistry_With() {
	registry := streamer.NewRegistry(streamer.NewAction(streamer.ActionConfig{Name: "greet"},
		func(_ context.Context, _ *streamer.Job, name string) (string, error) { return "Hello, " + name, nil }))
	registry = registry.With(func(next streamer.ActionFunc) streamer.ActionFunc {
		return func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			out, err := next(ctx, job)
			fmt.Println(job.Action(), "failed:", streamer.IsFailure(ctx, err))
			return out, err
		}
	})
	requests := &streamer.Requests{Actions: registry}
	frame, err := requests.Submit(context.Background(), streamer.Caller{},
		wire.Message{ID: "r1", Action: "greet", Payload: json.RawMessage(`"Ada"`)})
	fmt.Println(string(frame.Data), err)
	// Output:
	// greet failed: false
	// "Hello, Ada" <nil>
}
