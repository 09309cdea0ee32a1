package lift_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
)

func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	type result struct {
		Status          int
		Failed, Refused bool
	}
	refusal := lift.Errorf(lift.CodeInvalid, "not an order")
	internal := errors.New("dial")
	for name, tt := range map[string]struct {
		trigger lift.Trigger
		res     *lift.Response
		err     error
		want    result
	}{
		"HTTP, nothing to say":           {lift.TriggerHTTP, nil, nil, result{204, false, false}},
		"HTTP, a body":                   {lift.TriggerHTTP, &lift.Response{Body: []byte("x")}, nil, result{200, false, false}},
		"HTTP, an answer of 503":         {lift.TriggerHTTP, &lift.Response{Status: 503}, nil, result{503, true, false}},
		"HTTP, an answer of 404":         {lift.TriggerHTTP, &lift.Response{Status: 404}, nil, result{404, false, true}},
		"HTTP, another's answer of 502":  {lift.TriggerHTTP, &lift.Response{Status: 502, Relayed: true}, nil, result{502, false, false}},
		"HTTP, the error counts":         {lift.TriggerHTTP, &lift.Response{Status: 200}, refusal, result{400, false, true}},
		"HTTP, an internal error":        {lift.TriggerHTTP, nil, internal, result{500, true, false}},
		"a connection that is refused":   {lift.TriggerConnect, &lift.Response{Status: 401}, nil, result{401, false, true}},
		"a message, its status is unset": {lift.TriggerMessage, &lift.Response{Status: 503}, nil, result{0, false, false}},
		"a message, the caller's fault":  {lift.TriggerMessage, nil, refusal, result{400, false, true}},
		"direct, the caller's fault":     {lift.TriggerDirect, nil, refusal, result{400, false, true}},
		"a poison message of a queue":    {lift.TriggerSQS, nil, refusal, result{400, true, false}},
		"a record of a stream":           {lift.TriggerKinesis, nil, refusal, result{400, true, false}},
		"a tick":                         {lift.TriggerSchedule, nil, refusal, result{400, true, false}},
		"a closed connection":            {lift.TriggerDisconnect, nil, refusal, result{400, true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := lift.OutcomeOf(&lift.Event{Trigger: tt.trigger}, tt.res, tt.err)
			if diff := cmp.Diff(tt.want, result{o.Status, o.Failed, o.Refused}); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if (o.Error != nil) != (tt.err != nil) || o.Public != errors.Is(tt.err, refusal) {
				t.Errorf("error: got %v, public %t", o.Error, o.Public)
			}
		})
	}
	t.Run("the status that net/http would send", func(t *testing.T) {
		t.Parallel()
		if got := lift.OutcomeOf(&lift.Event{Trigger: lift.TriggerHTTP}, &lift.Response{Status: http.StatusTeapot}, nil); got.Status != 418 {
			t.Errorf("got %d, want 418", got.Status)
		}
	})
}
