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
			for _, set := range []bool{
				e.HTTP != nil, e.WebSocket != nil, e.DynamoDB != nil, e.Kinesis != nil, e.SQS != nil, e.SNS != nil,
				e.S3 != nil, e.EventBridge != nil, e.Schedule != nil,
			} {
				if set {
					views++
				}
			}
			if want := 1; views != want && !(views == 0 && e.Trigger == lift.TriggerDirect) {
				t.Errorf("%s event with %d views", e.Trigger, views)
			}
			if (e.Gateway != nil) != (e.HTTP != nil) {
				t.Errorf("%s event with the gateway %v", e.Trigger, e.Gateway)
			}
			if e.SQS != nil {
				for name, a := range e.SQS.Attributes.All() {
					_, _ = e.SQS.Attributes.Text(name), a.Bytes()
				}
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
			t.Errorf("the answer is not JSON: %q", answer)
		}
		var batch struct{ Records []any }
		if err == nil && !handled && !turnedAway(answer) && json.Unmarshal(payload, &batch) == nil && len(batch.Records) == 0 {
			t.Errorf("nothing was handled, and the answer is %s", answer)
		}
	})
}

// turnedAway reports whether the answer is an error or sends the caller to the
// clean form of a path, as for //a, which is no request for any handler.
func turnedAway(answer []byte) bool {
	var proxy struct{ StatusCode int }
	return json.Unmarshal(answer, &proxy) == nil && proxy.StatusCode >= 300
}

func FuzzHTTP(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.HTTP("/{rest...}", h) },
		lifttest.HTTP{}, lifttest.HTTP{Method: "POST", Path: "/a%2Fb", Query: "a=b", Stage: "dev", Body: []byte{0xff}})
}

func FuzzHTTPFormat1(f *testing.F) {
	var seeds []lifttest.Event
	for _, via := range lifttest.Ways {
		seeds = append(seeds, lifttest.HTTP{Via: via, Method: "POST", Path: "/a%2Fb", Query: "a=b", Stage: "dev", Base: "/x", Body: []byte{0xff}, Header: map[string][]string{"A": {"1", "2"}}})
	}
	fuzz(f, func(app *lift.App, h lift.Handler) { app.HTTP("/{rest...}", h) }, seeds...)
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

func FuzzKinesis(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.Kinesis(h) },
		lifttest.Kinesis{Records: []lifttest.KinesisRecord{{Data: []byte("x")}, {Key: "a"}}})
}

func FuzzSQS(f *testing.F) {
	message := lifttest.SQSMessage{Body: "x\n", Group: "g", Attributes: map[string]any{"a": "b", "c": []byte{1}}}
	fuzz(f, func(app *lift.App, h lift.Handler) { app.SQS(h) },
		lifttest.SQS{Messages: []lifttest.SQSMessage{message}}, lifttest.SQS{Queue: "q.fifo", Messages: []lifttest.SQSMessage{message, {}}})
}

func FuzzSNS(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.SNS(h) }, lifttest.SNS{Message: "x", Attributes: map[string]any{"a": 1}})
}

func FuzzS3(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.S3(h) }, lifttest.S3{Objects: []lifttest.S3Object{{Key: "a b%"}}})
}

func FuzzEventBridge(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.EventBridge(lift.AnyDetailType, h) }, lifttest.EventBridge{Resources: []string{"arn:a"}})
}

func FuzzSchedule(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.Schedule(h) }, lifttest.Schedule{}, lifttest.Schedule{Rule: true})
}

func FuzzDirect(f *testing.F) {
	fuzz(f, func(app *lift.App, h lift.Handler) { app.Direct(h) }, lifttest.JSON{Value: 1}, lifttest.Raw(`{"a":[]}`))
}
