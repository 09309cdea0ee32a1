package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// noting is a harness whose action notes when it began.
func noting(t *testing.T, limits streamer.Limits) (w *harness, began *time.Time) {
	began = new(time.Time)
	w = newHarness(t, long("work", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
		*began = time.Now()
		return nil, nil
	}), streamer.NewAction(streamer.ActionConfig{Name: "short"}, func(context.Context, *streamer.Job, any) (int, error) { return 1, nil }))
	w.Limits, w.requests.Limits = limits, limits
	return w, began
}

func (w *harness) submitFor(id string, notBefore time.Time) (wire.Frame, error) {
	return w.requests.Submit(context.Background(), streamer.Caller{Principal: ada},
		wire.Message{ID: id, Action: "work", Payload: json.RawMessage(`{}`), NotBefore: notBefore})
}

// A delayed request begins at its time: by a dispatch with that delay, or where it is
// farther ahead than one can be by a sweep's, whether dispatches arrive early or not.
func TestADelayedRequestBeginsAtItsTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ahead      time.Duration
		dispatched bool // by Submit
	}{
		"past":          {-time.Hour, true},
		"now":           {0, true},
		"soon":          {90 * time.Second, true},
		"a full delay":  {request.MaxDelay, true},
		"beyond it":     {request.MaxDelay + time.Millisecond, false},
		"a day":         {24*time.Hour + 300*time.Microsecond, false},
		"the most days": {request.MaxAhead, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, began := noting(t, streamer.Limits{})
				asked := time.Now().Add(tt.ahead)
				if _, err := w.submitFor("r1", asked); err != nil {
					t.Fatal(err)
				}
				if got := len(w.dispatches.keys) == 1; got != tt.dispatched {
					t.Errorf("dispatched by Submit: %v, want %v", got, tt.dispatched)
				}
				w.run(t, ada.Key("r1")) // a dispatch that comes early
				if tt.ahead > 0 && !began.IsZero() {
					t.Fatalf("it began %v early", asked.Sub(*began))
				}
				time.Sleep(time.Until(asked) - request.TimerAhead + time.Second)
				w.sweep(t)
				if len(w.dispatches.keys) == 0 {
					t.Fatalf("no sweep dispatches it %v before its time", request.TimerAhead)
				}
				due := w.dispatches.last()
				if late := due.Sub(asked); tt.ahead > 0 && (late < 0 || late >= time.Millisecond) {
					t.Errorf("dispatched for %v, want %v", due, asked)
				}
				time.Sleep(time.Until(due))
				if err := w.Run(t.Context(), ada.Key("r1"), due); err != nil {
					t.Fatal(err)
				}
				wantState(t, w.load(t, ada.Key("r1")), request.Succeeded)
				if began.Before(asked) {
					t.Errorf("it began %v early", asked.Sub(*began))
				}
			})
		})
	}
}

func TestADelayThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := noting(t, streamer.Limits{})
		w.connect(t, "c1", ada)
		for name, tt := range map[string]struct{ message, want string }{
			"too far ahead": {`{"id":"r1","action":"work","not_before":"` + time.Now().Add(request.MaxAhead+time.Second).Format(time.RFC3339) + `"}`,
				"at most 365 days ahead are allowed"},
			"a short action": {`{"id":"r1","action":"short","not_before":"2000-01-01T00:00:00Z"}`, `the action "short" is short`},
			"not a time":     {`{"id":"r1","action":"work","not_before":"tomorrow"}`, "not_before is not an RFC 3339 time"},
		} {
			frame := w.ask(t, "c1", tt.message)
			if frame.Error == nil || !strings.Contains(frame.Error.Message, tt.want) {
				t.Errorf("%s: got %+v, want an error that says %q", name, frame.Error, tt.want)
			}
		}
	})
}

// A request's time is part of what its id stands for.
func TestADelayedRequestIsSubmittedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _ := noting(t, streamer.Limits{})
		at := time.Now().Add(time.Hour).Add(300 * time.Microsecond)
		for range 2 {
			frame, err := w.submitFor("r1", at)
			if err != nil {
				t.Fatal(err)
			}
			if s := frame.Request; s != nil && (s.Waiting == nil || s.Waiting.For != wire.WaitingTime || s.Waiting.Until == nil ||
				s.Waiting.Until.Before(at) || s.DueAt == nil || s.StartedAt != nil) {
				t.Errorf("the snapshot does not say until when it waits: %+v", s)
			}
		}
		time.Sleep(2 * time.Hour) // its time is past now, and it is still the same request
		if frame, err := w.submitFor("r1", at); err != nil || frame.Request == nil {
			t.Errorf("got %+v, %v, want the request", frame, err)
		}
		for name, other := range map[string]time.Time{"later": at.Add(time.Second), "none": {}} {
			_, err := w.submitFor("r1", other)
			if public, ok := errors.AsType[*streamer.Error](err); !ok || public.Code != wire.DuplicateRequest {
				t.Errorf("%s: got %v, want %s", name, err, wire.DuplicateRequest)
			}
		}
	})
}

// While it waits it counts as open, holds no permit to run, and can be cancelled.
func TestADelayedRequestWhileItWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, began := noting(t, streamer.Limits{RunningPerTenant: 1, OpenPerPrincipal: 2})
		if _, err := w.submitFor("r1", time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		w.run(t, ada.Key("r1"))
		if _, err := w.submitFor("r2", time.Time{}); err != nil {
			t.Fatal(err)
		}
		_, err := w.submitFor("r3", time.Time{})
		if public, ok := errors.AsType[*streamer.Error](err); !ok || public.Code != wire.RateLimited {
			t.Errorf("a third request: got %v, want %s", err, wire.RateLimited)
		}
		w.run(t, ada.Key("r2"))
		wantState(t, w.load(t, ada.Key("r2")), request.Succeeded)
		if _, err := w.requests.Cancel(t.Context(), streamer.Caller{Principal: ada}, "r1"); err != nil {
			t.Fatal(err)
		}
		*began = time.Time{}
		time.Sleep(2 * time.Hour)
		w.sweep(t)
		w.run(t, ada.Key("r1"))
		wantState(t, w.load(t, ada.Key("r1")), request.Cancelled)
		if !began.IsZero() {
			t.Error("a cancelled request ran")
		}
	})
}
