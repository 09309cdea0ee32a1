package deployed

import (
	"context"
	"errors"
	"fmt"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/config"
)

// Requests makes the use cases of a deployed stage for a program of the server's own: a
// Lambda function or a command that starts requests for users. It makes no network call;
// each use case makes its own.
//
// It reads what the stage's own functions read: AWS_REGION, the credentials in AWS_*,
// STREAMER_REQUESTS_TABLE and STREAMER_QUEUE_URL, and, where the stage has them,
// STREAMER_RETENTION, STREAMER_SWEEP_EVERY and STREAMER_LIMIT_*, which must be the same.
// Options.Lookup may take them from elsewhere. Without STREAMER_CALLBACK_URL, the
// watchers of a request that is cancelled here learn of it from the stage's next sweep.
//
// Of the parts it takes the actions, which must be those of the stage by name, scope and
// input: what a long one does runs in the stage, what a short one does runs in the caller.
// Nothing verifies a token here: the caller of Submit vouches for the principal.
// docs/submit.md has an example, and what IAM must allow.
func Requests(ctx context.Context, parts functions.Parts, opts config.Options) (*streamer.Requests, error) {
	var env struct {
		account
		stage
		Callback string `env:"STREAMER_CALLBACK_URL"`
	}
	if err := config.Load(ctx, &env, opts); err != nil {
		return nil, err
	}
	env.stage.fill(&env.account, &parts)
	parts.Requests, parts.Push = env.store(env.Requests, ""), mute{}
	if env.Callback != "" {
		parts.Push = env.push(env.Callback)
	}
	if err := env.fault(); err != nil {
		return nil, fmt.Errorf("deployed: %w", err)
	}
	return functions.Requests(parts)
}

// mute pushes to no connection, and says so: the stage's sweep does it.
type mute struct{}

func (mute) Push(context.Context, string, []byte) error {
	return errors.New("STREAMER_CALLBACK_URL is not set: the stage's sweep notifies the client")
}
