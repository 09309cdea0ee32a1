// Package push sends frames over open connections.
package push

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
)

// ErrGone says that the connection has closed.
var ErrGone = errors.New("the connection is gone")

// A Pusher sends frames through the @connections API.
type Pusher struct {
	client *apigatewaymanagementapi.Client
}

// New returns a pusher for the stage at the URL.
func New(cfg aws.Config, callbackURL string) *Pusher {
	return &Pusher{client: apigatewaymanagementapi.NewFromConfig(cfg, func(o *apigatewaymanagementapi.Options) {
		o.BaseEndpoint = aws.String(callbackURL)
	})}
}

// Push sends a frame, or returns ErrGone.
func (p *Pusher) Push(ctx context.Context, connectionID string, frame []byte) error {
	_, err := p.client.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: aws.String(connectionID),
		Data: frame})
	var gone *types.GoneException
	if errors.As(err, &gone) {
		err = ErrGone
	}
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	return nil
}
