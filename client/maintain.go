package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// maintain pings, and renews the token, until the session is lost. It ends the
// session when a ping stays unanswered.
func (t *socket) maintain(ctx context.Context, s *session) error {
	ping := time.NewTicker(t.cfg.KeepAlive)
	defer ping.Stop()
	token := s.token
	due := renewalTimer(token)
	defer func() { due.Stop() }()
	for {
		select {
		case <-ping.C:
			m := reserved(wire.ActionPing, nil)
			if _, err := s.ask(ctx, m.ID, m.Append(nil), nil); errors.Is(err, errNoAnswer) {
				return fmt.Errorf("ping: %w", err)
			}
		case <-due.C:
			if next, err := t.renew(ctx, s, token); err != nil {
				t.cfg.Logger.Warn("token not renewed", "error", err.Error())
			} else {
				token = next
			}
			due = renewalTimer(token)
		case <-ctx.Done():
			return nil
		}
	}
}

// renew sends a newer token to the server and returns it.
func (t *socket) renew(ctx context.Context, s *session, token string) (string, error) {
	_, next, err := t.http.authorization(ctx)
	if err != nil {
		return "", err
	}
	if !expiry(next).After(expiry(token)) {
		return "", fmt.Errorf("the token source returned no token that is valid for longer than until %v", expiry(token))
	}
	_, err = t.askOn(ctx, s, reserved(wire.ActionAuthenticate, wire.Authenticate{Token: next}), "", nil)
	return next, err
}

// renewalTimer fires when a token is to be renewed; never for one that does not expire.
func renewalTimer(token string) *time.Timer {
	in, ok := renewal(expiry(token))
	timer := time.NewTimer(in)
	if !ok {
		timer.Stop()
	}
	return timer
}
