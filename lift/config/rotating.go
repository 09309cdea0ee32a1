package config

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// A Rotating is a secret that may change while the function runs, such as the
// password of a database that Secrets Manager rotates. [Load] fills it like a
// [lift.Secret]; [Rotating.Current] fetches it again when it is older than
// [Options].Fresh. A text that is not a reference never changes. It is safe for
// concurrent use, and so are its copies, which share what was fetched.
type Rotating struct{ state *rotation }

type rotation struct {
	fresh  time.Duration
	within time.Duration // what fetching it again may take
	now    func() time.Time
	fetch  func(context.Context) (string, error) // nil for a text that is not a reference

	mu      sync.Mutex
	current lift.Secret
	at      time.Time // when it was fetched, or that was tried
}

const (
	// refreshTime is what fetching a secret again may take.
	refreshTime = 300 * time.Millisecond

	// refreshPause is how long a secret that could not be fetched again serves
	// before that is tried once more.
	refreshPause = 30 * time.Second
)

// Current returns the secret, fetched again if it is not fresh any more: the
// caller waits for that, for 300 ms at most. Where it fails, the one that was
// fetched last serves on, the log says so, and it is tried again 30 s later. The
// extension caches for SECRETS_MANAGER_TTL or SSM_PARAMETER_STORE_TTL, 5 minutes
// by default, so a secret is as old as both together.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
func (r Rotating) Current(ctx context.Context) lift.Secret {
	if r.state == nil {
		return lift.Secret{}
	}
	return r.state.get(ctx)
}

func (r *rotation) get(ctx context.Context) lift.Secret {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.fetch == nil || now.Sub(r.at) < r.fresh {
		return r.current
	}
	fetching, cancel := context.WithTimeout(ctx, r.within)
	defer cancel()
	text, err := r.fetch(fetching)
	if err != nil {
		r.at = now.Add(min(refreshPause, r.fresh) - r.fresh)
		lift.Logger(ctx).LogAttrs(ctx, slog.LevelWarn, "a secret could not be fetched again", slog.String("error", err.Error()))
		return r.current
	}
	r.current, r.at = lift.NewSecret(text), now
	return r.current
}
