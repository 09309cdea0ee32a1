// Package lambda asks for requests to be run by invoking the processor function
// asynchronously.
package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/request"
)

// A Config says which function runs requests. Function, Region and Credentials
// are required.
type Config struct {
	Function    string // name or ARN
	Region      string
	Credentials sigv4.Provider // asked before each call, so it should cache

	// Endpoint is where Lambda answers; "": https://lambda.{region}.amazonaws.com.
	Endpoint string

	Attempts  int               // how often an invocation is tried while its failure is transient; 0: 3
	Timeout   time.Duration     // of one attempt; 0: 5 s
	Transport http.RoundTripper // nil: one that keeps connections
}

// A Dispatcher dispatches with one invocation of type
// Event for each request:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
//
// The processor invokes itself so. Lambda takes a function that does for a loop
// after about 16 hops, unless its recursive loop detection is set to Allow; a
// request's own limit of slices is the guard.
//
// It is safe for concurrent use.
type Dispatcher struct {
	client *call.Client
	path   string
}

// New checks the config. It makes no call.
func New(config Config) (*Dispatcher, error) {
	if config.Function == "" {
		return nil, errors.New("lambda: Config.Function is empty: name the processor function")
	}
	client, err := call.New(call.Config{Service: "lambda", Region: config.Region, Credentials: config.Credentials,
		Endpoint: config.Endpoint, Attempts: config.Attempts, Timeout: cmp.Or(config.Timeout, 5*time.Second), Transport: config.Transport})
	if err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	return &Dispatcher{client: client, path: "/2015-03-31/functions/" + url.PathEscape(config.Function) + "/invocations"}, nil
}

// Dispatch dispatches. The payload is what the processor
// function takes for a direct invocation: {"run": {"tenant", "subject", "id"}}. An
// invocation cannot be delayed: one that is not due is dispatched by the sweep.
func (d *Dispatcher) Dispatch(ctx context.Context, key request.Key, due time.Time) error {
	if due.After(time.Now()) {
		return nil
	}
	payload, err := json.Marshal(map[string]request.Key{"run": key})
	if err != nil {
		return fmt.Errorf("lambda: encode run: %w", err)
	}
	header := http.Header{"Content-Type": {"application/json"}, "X-Amz-Invocation-Type": {"Event"}}
	if err := d.client.Do(ctx, call.Request{Operation: "Invoke", Path: d.path, Header: header, Body: payload}); err != nil {
		return fmt.Errorf("lambda: %w", err)
	}
	return nil
}
