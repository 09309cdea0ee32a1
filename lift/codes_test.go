package lift_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// Every code, out by every trigger's answer and back to the same code.
func TestEveryCodeComesBackFromEveryTrigger(t *testing.T) {
	t.Parallel()
	for _, tt := range everyTrigger {
		t.Run(tt.trigger.String()+" "+tt.route, func(t *testing.T) {
			t.Parallel()
			for _, code := range append(lift.Codes(), "out_of_stock") {
				var log lifttest.Log
				app := lift.New(lift.Config{Logger: log.Logger()})
				registerAll(app, handle(nil, &lift.Error{Code: code, Message: "said so", Cause: errors.New("sesame")}))
				answer := lifttest.Invoke(t.Context(), t, app, tt.event)

				var text string
				switch tt.trigger {
				case lift.TriggerHTTP:
					var p problemBody
					answer.Decode(t, &p)
					if answer.Status != code.HTTPStatus() || p.Status != code.HTTPStatus() || p.Retryable != code.Retryable() {
						t.Errorf("%s answers %d %s", code, answer.Status, answer.Body)
					}
					text = p.Code
				case lift.TriggerMessage:
					var f struct {
						Error struct{ Code, Message string }
					}
					answer.Decode(t, &f)
					text = f.Error.Code
				case lift.TriggerConnect, lift.TriggerDisconnect:
					var f struct{ Error struct{ Code string } }
					answer.Decode(t, &f)
					if answer.Status != code.HTTPStatus() {
						t.Errorf("%s answers %d", code, answer.Status)
					}
					text = f.Error.Code
				case lift.TriggerDynamoDB, lift.TriggerKinesis, lift.TriggerSQS:
					if len(answer.Failed) != 1 {
						t.Errorf("%s: failed %q", code, answer.Failed)
					}
					text, _, _ = strings.Cut(log.Line(t, "failed")["error"].(string), ":")
				default:
					var err *lift.Error
					if !errors.As(answer.Err, &err) || err.Cause != nil {
						t.Fatalf("%s: %v", code, answer.Err)
					}
					text, _, _ = strings.Cut(err.Error(), ":")
				}
				if got := lift.Code(text); got != code {
					t.Errorf("code: got %q, want %q", got, code)
				}
				if strings.Contains(string(answer.Payload), "sesame") || answer.Err != nil && strings.Contains(answer.Err.Error(), "sesame") {
					t.Errorf("%s shows its cause: %s, %v", code, answer.Payload, answer.Err)
				}
			}
		})
	}
}

// What a code is called, and its status, must never change.
func TestCodes(t *testing.T) {
	t.Parallel()
	type row struct {
		Code      string
		Status    int
		Retryable bool
	}
	var got []row
	for _, c := range append(lift.Codes(), "", "out_of_stock") {
		got = append(got, row{c.String(), c.HTTPStatus(), c.Retryable()})
	}
	want := []row{
		{"invalid", 400, false},
		{"unauthorized", 401, false},
		{"payment_required", 402, false},
		{"forbidden", 403, false},
		{"not_found", 404, false},
		{"method_not_allowed", 405, false},
		{"conflict", 409, false},
		{"gone", 410, false},
		{"precondition_failed", 412, false},
		{"too_large", 413, false},
		{"unsupported", 415, false},
		{"unprocessable", 422, false},
		{"precondition_required", 428, false},
		{"rate_limited", 429, true},
		{"internal", 500, false},
		{"unhandled", 501, false},
		{"unavailable", 503, true},
		{"timeout", 504, true},
		{"internal", 500, false},     // the zero Code
		{"out_of_stock", 422, false}, // an application's own
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}
