package functions

import (
	"context"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
)

// A verifier verifies the tokens that arrive on a live socket.
type verifier struct{ *auth.Verifier }

// Verify implements [streamer.Verifier].
func (v verifier) Verify(ctx context.Context, token string) (streamer.Principal, error) {
	claims, err := v.Verifier.Verify(ctx, token)
	if err != nil {
		declared, ok := lift.AsError(err)
		if !ok {
			return streamer.Principal{}, err
		}
		refusal := streamer.Errorf(wireCodes[declared.Code], "%s", declared.Message)
		refusal.Cause = declared.Cause
		return streamer.Principal{}, refusal
	}
	return principalOf(claims)
}
