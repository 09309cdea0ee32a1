package lift_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestSchedules(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event  lifttest.Schedule
		source string
		body   string
	}{
		"scheduler": {lifttest.Schedule{Name: "sweep"}, "aws.scheduler", `{}`},
		"rule":      {lifttest.Schedule{Name: "sweep", Rule: true}, "aws.events", `{}`},
		"detail":    {lifttest.Schedule{Name: "sweep", Detail: `{"a":"b"}`}, "aws.scheduler", `{"a":"b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{})
			var e *lift.Event
			app.Schedule(lift.HandlerFunc(func(_ context.Context, event *lift.Event) (*lift.Response, error) {
				e = event
				return nil, nil
			}))
			answer := lifttest.Invoke(t.Context(), t, app, tt.event)
			if answer.Err != nil || string(answer.Payload) != "null" {
				t.Fatalf("answer %+v", answer)
			}
			if e.Route != "sweep" || e.Schedule.Source != tt.source || string(e.Body) != tt.body || !e.Time.Equal(lifttest.When) || e.ID == "" {
				t.Errorf("event %+v, view %+v, body %s", e.Route, e.Schedule, e.Body)
			}
		})
	}
}

func TestScheduleFailsTheInvocation(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.Schedule(handle(nil, lift.Errorf(lift.CodeUnavailable, "the store is away")))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Schedule{})
	var err *lift.Error
	if !errors.As(answer.Err, &err) || err.Code != lift.CodeUnavailable {
		t.Errorf("answer %+v", answer)
	}
	for _, payload := range []string{
		`{"source":"aws.events","detail-type":"Scheduled Event","time":"noon"}`,
		`{"source":"aws.events","detail-type":"Scheduled Event","resources":{}}`,
	} {
		t.Run(payload, func(t *testing.T) {
			if answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload)); answer.Err == nil {
				t.Errorf("%s answers %s", payload, answer.Payload)
			}
		})
	}
}

func TestDirect(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.Direct(lift.Typed(func(_ context.Context, in struct{ A int }) (struct{ B int }, error) {
		if in.A == 0 {
			return struct{ B int }{}, lift.Errorf(lift.CodeConflict, "none")
		}
		return struct{ B int }{in.A + 1}, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: map[string]int{"a": 1}})
	var out struct{ B int }
	if answer.Decode(t, &out); out.B != 2 {
		t.Errorf("answer %s", answer.Payload)
	}
	answer = lifttest.Invoke(t.Context(), t, app, lifttest.JSON{Value: map[string]int{}})
	if answer.Err == nil || answer.Err.Error() != "conflict: none (correlation id "+lifttest.RequestID+")" {
		t.Errorf("error %v", answer.Err)
	}
}
