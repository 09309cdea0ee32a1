package actions

import (
	"errors"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions/internal/actiontest"
	"github.com/pay-theory/streamer/wire"
)

func TestAskApprovalRefusesWrongPayloads(t *testing.T) {
	t.Parallel()
	w := actiontest.New(t, actiontest.NewStore(t), askApproval())
	for payload, want := range map[string]wire.Code{
		`{"line":"x"}`:         wire.ValidationError,
		`{"lines":"x"}`:        wire.ValidationError,
		`{"timeout_s":-1}`:     wire.ValidationError,
		`{"timeout_s":100000}`: wire.ValidationError,
	} {
		t.Run(payload, func(t *testing.T) {
			_, err := w.Submit(t, "", "ask_approval", payload)
			public, ok := errors.AsType[*streamer.Error](err)
			if !ok || public.Code != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}
