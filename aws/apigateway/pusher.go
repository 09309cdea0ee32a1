// Package apigw sends frames to clients through the @connections API of an API
// Gateway WebSocket API.
package apigateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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

	Attempts  int               // how often a push is tried that is throttled or fails for now; 0: 3
	Timeout   time.Duration     // of one attempt; 0: 2 s
	Transport http.RoundTripper // nil: one that keeps connections
}

// A Pusher implements [streamer.Pusher] with one signed POST for each frame, and
// [streamer.Closer] with one signed DELETE for each connection:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
//
// It is safe for concurrent use.
type Pusher struct {
	client call.Client
}

var (
	_ streamer.Pusher = (*Pusher)(nil)
	_ streamer.Closer = (*Pusher)(nil)
)

// New checks the config. It makes no call.
func New(config Config) (*Pusher, error) {
	endpoint, err := url.Parse(config.Endpoint)
	switch {
	case err != nil, endpoint.Host == "", endpoint.Scheme != "http" && endpoint.Scheme != "https":
		return nil, fmt.Errorf("apigateway: Config.Endpoint %q is no HTTP URL", config.Endpoint)
	case config.Region == "":
		return nil, errors.New("apigateway: Config.Region is empty")
	case config.Credentials == nil:
		return nil, errors.New("apigateway: Config.Credentials is nil")
	case config.Attempts < 0 || config.Timeout < 0:
		return nil, errors.New("apigateway: Config has a negative setting")
	}
	if config.Attempts == 0 {
		config.Attempts = 3
	}
	if config.Timeout == 0 {
		config.Timeout = 2 * time.Second
	}
	return &Pusher{client: call.Client{
		Signer:   sigv4.Signer{Service: "execute-api", Region: config.Region, Credentials: config.Credentials},
		Endpoint: strings.TrimSuffix(config.Endpoint, "/"),
		Attempts: config.Attempts, Timeout: config.Timeout, Transport: config.Transport,
	}}, nil
}

// Push implements [streamer.Pusher]. A connection id that API Gateway does not
// take for one is gone too: it can never be open.
func (p *Pusher) Push(ctx context.Context, connectionID string, frame []byte) error {
	return explain(p.client.Post(ctx, path(connectionID), http.Header{"Content-Type": {"application/json"}}, frame))
}

// CloseConnection implements [streamer.Closer]. The client sees a close with the
// status 1000.
func (p *Pusher) CloseConnection(ctx context.Context, connectionID string) error {
	return explain(p.client.Delete(ctx, path(connectionID)))
}

func path(connectionID string) string { return "/@connections/" + url.PathEscape(connectionID) }

func explain(err error) error {
	var failure *call.Error
	if errors.As(err, &failure) && (failure.Status == http.StatusGone || failure.Status == http.StatusBadRequest) {
		return streamer.ErrGone
	}
	if err != nil {
		return fmt.Errorf("apigateway: %w", err)
	}
	return nil
}
