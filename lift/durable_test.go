package lift_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
)

// A checkpointError is like the errors of an SDK: its type says what happened.
type checkpointError struct{ token string }

func (e *checkpointError) Error() string { return "the checkpoint was refused: " + e.token }

var waited = map[string]any{"Id": "1", "Type": "WAIT", "Status": "SUCCEEDED"}

// What a durable function's handler gets and answers goes through as it is, and
// the log and the metrics say how the execution stands.
func TestDurable(t *testing.T) {
	t.Parallel()
	type telemetry struct {
		Message, Level, Status, Error   string
		Replay                          bool
		Errors, Pending                 float64
		Answer, ErrorType, ErrorMessage string
	}
	for name, tt := range map[string]struct {
		event  lifttest.Durable
		answer string
		err    error
		want   telemetry
	}{
		"the first invocation waits": {
			lifttest.Durable{}, `{"Status":"PENDING"}`, nil,
			telemetry{Message: "pending", Level: "INFO", Status: "PENDING", Pending: 1, Answer: `{"Status":"PENDING"}`},
		},
		"a later one succeeds": {
			lifttest.Durable{Operations: []any{waited}}, `{ "Result":"\"é\"", "Status":"SUCCEEDED" }`, nil,
			telemetry{Message: "handled", Level: "INFO", Status: "SUCCEEDED", Replay: true, Answer: `{ "Result":"\"é\"", "Status":"SUCCEEDED" }`},
		},
		"the execution fails": {
			lifttest.Durable{}, `{"Status":"FAILED","Error":{"ErrorType":"StepError","ErrorMessage":"no stock","StackTrace":["a"]}}`, nil,
			telemetry{
				Message: "failed", Level: "ERROR", Status: "FAILED", Error: "StepError: no stock", Errors: 1,
				Answer: `{"Status":"FAILED","Error":{"ErrorType":"StepError","ErrorMessage":"no stock","StackTrace":["a"]}}`,
			},
		},
		"the invocation fails": {
			lifttest.Durable{}, "", &checkpointError{"t"},
			telemetry{
				Message: "failed", Level: "ERROR", Error: "the checkpoint was refused: t", Errors: 1,
				ErrorType: "*lift_test.checkpointError", ErrorMessage: "the checkpoint was refused: t",
			},
		},
		"an error of Lift's": {
			lifttest.Durable{}, "", &lift.Error{Code: lift.CodeUnavailable, Message: "away", Cause: errors.New("sesame")},
			telemetry{
				Message: "failed", Level: "ERROR", Error: "unavailable: away: sesame", Errors: 1, ErrorType: "*lift.Error",
				ErrorMessage: "unavailable: away (correlation id 7ec5ae7f-0d0a-4b0c-9d2e-1a2b3c4d5e6f)",
			},
		},
		"an answer that is not the SDK's": {
			lifttest.Durable{}, `"done"`, nil,
			telemetry{
				Message: "failed", Level: "ERROR", Errors: 1, ErrorType: "*lift.Error",
				Error:        "the durable handler's answer is not a JSON object with a Status: wrap the handler with the SDK for durable functions",
				ErrorMessage: "internal: internal error (correlation id 7ec5ae7f-0d0a-4b0c-9d2e-1a2b3c4d5e6f)",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lifttest.Log
			var metrics lifttest.Metrics
			recorder, err := metric.New(metric.Config{Namespace: "shop", Writer: &metrics})
			if err != nil {
				t.Fatal(err)
			}
			app := lift.New(lift.Config{Logger: log.Logger()})
			app.Use(middleware.Correlation(), middleware.Metrics(recorder), middleware.Log(), middleware.Recover())
			payload := tt.event.Payload()
			app.Durable(func(_ context.Context, event []byte) ([]byte, error) {
				if string(event) != string(payload) {
					t.Errorf("got the event %s, want %s", event, payload)
				}
				return []byte(tt.answer), tt.err
			})
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
			lines := log.Lines(t, "")
			if len(lines) != 1 {
				t.Fatalf("got the log\n%s, want one line", &log)
			}
			line := lines[0]
			got := telemetry{Message: line["msg"].(string), Level: line["level"].(string), Replay: line["replay"].(bool), Answer: string(answer.Payload)}
			got.Status, _ = line["execution_status"].(string)
			got.Error, _ = line["error"].(string)
			got.Errors, got.Pending = metrics.Values(t, "Errors")[0], metrics.Values(t, "Pending")[0]
			if answer.Err != nil {
				got.ErrorType, got.ErrorMessage = fmt.Sprintf("%T", answer.Err), answer.Err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if line["execution"] != "order-7" || line["correlation_id"] != "7ec5ae7f-0d0a-4b0c-9d2e-1a2b3c4d5e6f" {
				t.Errorf("got the execution %v under %v", line["execution"], line["correlation_id"])
			}
		})
	}
}

// The checkpoints of an execution may be behind a marker alone.
func TestDurableReplayBehindAMarker(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state string
		want  bool
	}{
		"a marker":              {`{"Operations":[{"Type":"EXECUTION"}],"NextMarker":"m"}`, true},
		"the execution alone":   {`{"Operations":[{"Type":"EXECUTION"}]}`, false},
		"nothing":               {`{}`, false},
		"null":                  {`null`, false},
		"a form that may come":  {`[1,2]`, false},
		"a marker that is null": {`{"Operations":[{"Type":"EXECUTION"}],"NextMarker":null}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *lift.DurableExecution
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			app.Durable(func(ctx context.Context, _ []byte) ([]byte, error) {
				got = lift.EventFrom(ctx).Durable
				return json.RawMessage(`{"Status":"SUCCEEDED"}`), nil
			})
			lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"DurableExecutionArn":"arn:aws:lambda:r:1:function:f:1/durable-execution/n/i",
				"CheckpointToken":"t","InitialExecutionState":`+tt.state+`}`))
			if got == nil || got.Replay != tt.want || got.Name != "n" {
				t.Errorf("got %+v, want Replay %t", got, tt.want)
			}
		})
	}
}

// The SDK's error keeps its class when a middleware has made a timeout of it.
func TestDurableErrorAtTheDeadline(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.Use(middleware.Deadline(time.Millisecond))
	app.Durable(func(ctx context.Context, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, &checkpointError{"late"}
	})
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Durable{})
	if _, ok := answer.Err.(*checkpointError); !ok || log.Line(t, "failed")["code"] != "timeout" {
		t.Errorf("got %T %v, and the log\n%s", answer.Err, answer.Err, &log)
	}
}

// On Lambda the class of the SDK's error is the errorType.
func TestDurableErrorTypeOnLambda(t *testing.T) {
	t.Parallel()
	f := start(t)
	answer := f.Send(t.Context(), t, lifttest.Invocation{Event: lifttest.Durable{}})
	if answer.Err == nil || answer.Err.Error() != "checkpointError: the checkpoint was refused: t" {
		t.Errorf("got %v, want a checkpointError", answer.Err)
	}
}
