package functions

import (
	"context"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift/auth"
)

// renewals verifies the tokens that arrive on an open socket.
type renewals struct{ verifier auth.TokenVerifier }

// Verify implements [streamer.Verifier].
func (r renewals) Verify(ctx context.Context, token string) (streamer.Principal, error) {
	claims, err := r.verifier.Verify(ctx, token)
	if err != nil {
		return streamer.Principal{}, err
	}
	return principalOf(claims)
}
