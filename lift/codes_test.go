package lift_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// allCodes are all that have a text.
func allCodes() []lift.Code {
	var all []lift.Code
	for c := lift.Code(0); ; c++ {
		if _, err := c.MarshalText(); err != nil {
			return all
		}
		all = append(all, c)
	}
}

// Every code, out by every trigger's answer and back to the same code.
func TestEveryCodeComesBackFromEveryTrigger(t *testing.T) {
	t.Parallel()
	for _, tt := range everyTrigger {
		t.Run(tt.trigger.String()+" "+tt.route, func(t *testing.T) {
			t.Parallel()
			for _, code := range allCodes() {
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
					text, _, _ = strings.Cut(log.Line(t, "record failed")["error"].(string), ":")
				default:
					var err *lift.Error
					if !errors.As(answer.Err, &err) || err.Cause != nil {
						t.Fatalf("%s: %v", code, answer.Err)
					}
					text, _, _ = strings.Cut(err.Error(), ":")
				}
				var back lift.Code
				if err := back.UnmarshalText([]byte(text)); err != nil || back != code {
					t.Errorf("%s came back as %q", code, text)
				}
				if strings.Contains(string(answer.Payload), "sesame") || answer.Err != nil && strings.Contains(answer.Err.Error(), "sesame") {
					t.Errorf("%s shows its cause: %s, %v", code, answer.Payload, answer.Err)
				}
			}
		})
	}
}

// What a code is called must never change.
func TestCodesInJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(allCodes())
	if err != nil {
		t.Fatal(err)
	}
	const want = `["internal","invalid","unauthorized","forbidden","not_found","method_not_allowed","conflict","too_large","unsupported","rate_limited","unhandled","unavailable","timeout"]`
	if string(got) != want {
		t.Errorf("codes %s", got)
	}
	var back []lift.Code
	if err := json.Unmarshal(got, &back); err != nil || len(back) != len(allCodes()) {
		t.Errorf("back %v, %v", back, err)
	}
}
