// Package apigateway sends frames to clients through the @connections API of an API
// Gateway WebSocket API.
package apigateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/sigv4"
)

// A Config says where the API is. Endpoint, Region and Credentials are required.
type Config struct {
	// Endpoint is the stage's URL, as in
	// https://w1x2y3z4.execute-api.eu-west-1.amazonaws.com/prod.
	Endpoint string

	Region      string
	Credentials sigv4.Provider // asked before each call, so it should cache

	Attempts  int               // how often a call is made while its failure is transient; 0: 3
	Timeout   time.Duration     // of one attempt; 0: 2 s
	Transport http.RoundTripper // nil: one that keeps connections
}

// A Pusher implements [streamer.Pusher] with one SigV4-signed POST for each frame, and
// [streamer.Closer] with one SigV4-signed DELETE for each connection:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
//
// It is safe for concurrent use.
type Pusher struct {
	client *call.Client
}

var (
	_ streamer.Pusher = (*Pusher)(nil)
	_ streamer.Closer = (*Pusher)(nil)
)

// New checks the config. It makes no call.
func New(config Config) (*Pusher, error) {
	if config.Endpoint == "" {
		return nil, errors.New("apigateway: Config.Endpoint is empty: set the URL of the WebSocket API's stage")
	}
	client, err := call.New(call.Config{Service: "execute-api", Region: config.Region, Credentials: config.Credentials,
		Endpoint: config.Endpoint, Attempts: config.Attempts, Timeout: config.Timeout, Transport: config.Transport})
	if err != nil {
		return nil, fmt.Errorf("apigateway: %w", err)
	}
	return &Pusher{client}, nil
}

// Push implements [streamer.Pusher]. A connection id that API Gateway does not
// take for one is gone too: it can never be open.
func (p *Pusher) Push(ctx context.Context, connectionID string, frame []byte) error {
	return explain(p.client.Do(ctx, call.Request{Path: path(connectionID), Body: frame,
		Header: http.Header{"Content-Type": {"application/json"}}}))
}

// CloseConnection implements [streamer.Closer]. The client sees a close with the
// status 1000.
func (p *Pusher) CloseConnection(ctx context.Context, connectionID string) error {
	return explain(p.client.Do(ctx, call.Request{Method: http.MethodDelete, Path: path(connectionID)}))
}

func path(connectionID string) string { return "/@connections/" + url.PathEscape(connectionID) }

// explain tells a connection that is gone from every other failure: 410, or 400 for
// an id that cannot be one. A missing permission (403) is not among them, since the
// connection lives.
func explain(err error) error {
	failure, refused := errors.AsType[*call.Error](err)
	switch {
	case err == nil:
		return nil
	case refused && (failure.Status == http.StatusGone || failure.Status == http.StatusBadRequest):
		return streamer.ErrGone
	}
	return fmt.Errorf("apigateway: %w", err)
}
