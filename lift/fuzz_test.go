package lift_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// Whatever comes in: no decoder panics, the answer is JSON, and an event that
// is not handled is an error.
func fuzz(f *testing.F, register func(*lift.App, lift.Handler), seeds ...lifttest.Event) {
	for _, seed := range seeds {
		f.Add(seed.Payload())
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		handled := false
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
		register(app, lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			handled = true
			views := 0
			for _, set := range []bool{e.HTTP != nil, e.WebSocket != nil, e.DynamoDB != nil, e.Schedule != nil} {
				if set {
					views++
				}
			}
			if want := 1; views != want && !(views == 0 && e.Trigger == lift.TriggerDirect) {
				t.Errorf("%s event with %d views", e.Trigger, views)
			}
			if e.DynamoDB != nil {
				for _, a := range e.DynamoDB.NewImage.All() {
					_, _, _, _, _ = a.Text(), a.Bytes(), a.List(), a.Set(), a.Map()
				}
			}
			return &lift.Response{Body: e.Body}, nil
		}))
		answer, err := app.Invoke(t.Context(), payload)
		if err == nil && !json.Valid(answer) {
			t.Errorf("the answer is no JSON: %q", answer)
		}
		var batch struct{ Records []any }
		if err == nil && !handled && !redirect(answer) && json.Unmarshal(payload, &batch) == nil && len(batch.Records) == 0 {
			t.Errorf("nothing was handled, and the answer is %s", answer)
		}
	})
}

// redirect reports whether the answer sends the caller to the clean form of a
// path, as in //a, which is no request for any handler.
func redirect(answer []byte) bool {
	var proxy struct{ StatusCode int }
	return json.Unmarshal(answer, &proxy) == nil && proxy.StatusCode == 307
}

func FuzzHTTP(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.HTTP("/{rest...}", h) },
		lifttest.HTTP{}, lifttest.HTTP{Method: "POST", Path: "/a%2Fb", Query: "a=b", Stage: "dev", Body: []byte{0xff}})
}

func FuzzWebSocket(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) {
		app.WebSocket(lift.RouteConnect, h)
		app.WebSocket(lift.RouteDisconnect, h)
		app.WebSocket(lift.RouteDefault, h)
	}, lifttest.Connect{}, lifttest.Message{Body: "x\n"}, lifttest.Disconnect{})
}

func FuzzDynamoDB(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.DynamoDB(h) },
		lifttest.Stream{Records: []lifttest.Record{{NewImage: map[string]any{"a": "b", "l": []any{"x"}, "m": map[string]any{"n": 1}}}}})
}

func FuzzSchedule(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.Schedule(h) }, lifttest.Schedule{}, lifttest.Schedule{Rule: true})
}

func FuzzDirect(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.Direct(h) }, lifttest.JSON{Value: 1}, lifttest.Raw(`{"a":[]}`))
}
