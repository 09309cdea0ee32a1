// Package stack runs Streamer on one machine. [Dev] joins the gateway, the four
// functions, the embedded store, the queue that dispatches requests and the
// schedule that sweeps in one process. [Staging] runs what the CloudFormation
// template says: the functions' binaries as processes, on DynamoDB's protocol.
package stack

import (
	"context"
	"time"
)

// A Stack is a running system: a [Dev] or a [Staging].
type Stack interface {
	WebSocketURL() string // where clients connect
	HTTPURL() string      // the root of the HTTP API
	ConsoleURL() string   // the web console, with the secret of this start, if it signs visitors in: for a person, not for logs

	// Sign makes a token that the stack accepts, with claims changed or added as
	// in [Key.SignClaims]; nil changes none.
	Sign(g Grant, changes map[string]any, now time.Time) (string, error)

	// Done gets the error of a server that ended by itself.
	Done() <-chan error

	// Close stops the stack and waits as long as ctx lasts.
	Close(ctx context.Context) error
}

var (
	_ Stack = (*Dev)(nil)
	_ Stack = (*Staging)(nil)
)
