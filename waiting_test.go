package streamer_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Whoever watches a request sees at once that it waits, and for what.
func TestSubscribersSeeWhatARequestWaitsFor(t *testing.T) {
	for name, c := range map[string]struct {
		run  streamer.ActionFunc
		want wire.Waiting
	}{
		wire.WaitingTime: {func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return nil, streamer.Snooze(time.Hour)
		}, wire.Waiting{For: wire.WaitingTime}},
		wire.WaitingSignal: {func(ctx context.Context, job *streamer.Job) (json.RawMessage, error) {
			return streamer.AwaitSignal[json.RawMessage](ctx, job, "approval", time.Hour)
		}, wire.Waiting{For: wire.WaitingSignal, Token: "approval"}},
		wire.WaitingRetry: {func(context.Context, *streamer.Job) (json.RawMessage, error) {
			return nil, streamer.Errorf(wire.ServiceUnavailable, "the shop is closed")
		}, wire.Waiting{For: wire.WaitingRetry}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newHarness(t, long("wait", streamer.ActionConfig{}, c.run))
				w.submit(t, w.connect(t, "c1", ada), "r1", "wait", `{}`)
				w.run(t, ada.Key("r1"))
				wantWaiting(t, w.sockets.got("c1"), c.want)
			})
		})
	}
	t.Run(wire.WaitingLimit, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, streamer.Limits{}, streamer.ActionConfig{MaxRunning: 1}, time.Minute)
			s.submit(t, s.connect(t, "c1", ada), "first", "work", `{}`)
			synctest.Wait()
			s.submit(t, s.connect(t, "c2", mallo), "second", "work", `{}`)
			synctest.Wait()
			if got := s.sockets.got("c1"); len(got) != 0 {
				t.Errorf("the one that runs: got %s, want nothing", describe(got))
			}
			wantWaiting(t, s.sockets.got("c2"), wire.Waiting{For: wire.WaitingLimit, Limit: "action:work"})
			time.Sleep(3 * time.Minute)
		})
	})
}

func wantWaiting(t *testing.T, frames []wire.Frame, want wire.Waiting) {
	t.Helper()
	if len(frames) != 1 || frames[0].Request == nil || frames[0].Request.Waiting == nil {
		t.Fatalf("got %s, want one frame of a request that waits", describe(frames))
	}
	got := *frames[0].Request.Waiting
	if got.For != want.For || got.Token != want.Token || got.Limit != want.Limit {
		t.Errorf("got that it waits for %+v, want %+v", got, want)
	}
}

// An owner of the stage means another tenant over HTTP alone: a message that names one must
// not be about the owner's own tenant unnoticed.
func TestAMessageThatNamesATenantIsRefused(t *testing.T) {
	t.Parallel()
	w := newHarness(t, long("wait", streamer.ActionConfig{}, func(context.Context, *streamer.Job) (json.RawMessage, error) {
		return nil, nil
	}))
	w.submit(t, w.connect(t, "c1", ada), "r1", "wait", `{}`)
	for _, action := range []string{"get", "subscribe", "cancel", "redrive", "list", "output", "signal", "schedules"} {
		t.Run(action, func(t *testing.T) {
			_, err := w.router.Answer(t.Context(), "c1", "corr", []byte(`{"id":"m","action":"streamer.`+action+
				`","payload":{"request_id":"r1","token":"t","tenant":"globex"}}`))
			if refused, ok := errors.AsType[*streamer.Error](err); !ok || refused.Code != wire.ValidationError {
				t.Errorf("got %v, want VALIDATION_ERROR", err)
			}
		})
	}
	if r := w.load(t, ada.Key("r1")); r.State != request.Queued {
		t.Errorf("the request of the sender's own tenant is %s, want %s", r.State, request.Queued)
	}
}
