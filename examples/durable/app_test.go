package durable_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/pay-theory/streamer/examples/durable"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// A history keeps the checkpoints, as Lambda does between invocations.
type history struct {
	operations []any
	refuse     error
}

func (h *history) Save(_ context.Context, _, _ string, op durable.Operation) error {
	if h.refuse != nil {
		return h.refuse
	}
	h.operations = append(h.operations, op)
	return nil
}

type warehouse struct {
	did  []string
	fail error
}

func (w *warehouse) Reserve(order string) error {
	w.did = append(w.did, "reserve "+order)
	return w.fail
}

func (w *warehouse) Ship(order string) (string, error) {
	w.did = append(w.did, "ship "+order)
	return "parcel-1", nil
}

func TestAnOrderOverTwoInvocations(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	var h history
	var w warehouse
	app := durable.New(lift.Config{Logger: log.Logger()}, &h, &w)
	invoke := func() string {
		answer := lifttest.Invoke(t.Context(), t, app, lifttest.Durable{Input: `{"id":"o-7"}`, Operations: h.operations})
		if answer.Err != nil {
			t.Fatalf("the invocation fails: %v", answer.Err)
		}
		return string(answer.Payload)
	}
	if got := invoke(); got != `{"Status":"PENDING"}` {
		t.Errorf("the first invocation: got %s, want PENDING", got)
	}
	h.operations[1] = durable.Operation{ID: "payment", Type: "WAIT", Status: "SUCCEEDED"}
	if got, want := invoke(), `{"Status":"SUCCEEDED","Result":"{\"parcel\":\"parcel-1\"}"}`; got != want {
		t.Errorf("the second: got %s, want %s", got, want)
	}
	if want := []string{"reserve o-7", "ship o-7"}; !slices.Equal(w.did, want) {
		t.Errorf("got the work %q, want %q", w.did, want)
	}
	first, second := log.Line(t, "pending"), log.Line(t, "handled")
	if first["correlation_id"] != second["correlation_id"] || first["replay"] != false || second["replay"] != true {
		t.Errorf("got the log\n%s", &log)
	}
}

func TestAnOrderThatFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		history   history
		warehouse warehouse
		want      string
		err       string
	}{
		"a step":       {history{}, warehouse{fail: errors.New("no stock")}, `{"Status":"FAILED","Error":{"ErrorType":"StepError","ErrorMessage":"step reserve: no stock"}}`, ""},
		"a checkpoint": {history{refuse: errors.New("throttled")}, warehouse{}, "", "save a checkpoint: throttled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := durable.New(lift.Config{Logger: new(lifttest.Log).Logger()}, &tt.history, &tt.warehouse)
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Durable{Input: `{"id":"o-7"}`})
			if text := errorText(answer.Err); string(answer.Payload) != tt.want || text != tt.err {
				t.Errorf("got %s, %q; want %s, %q", answer.Payload, text, tt.want, tt.err)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
