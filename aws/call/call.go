// Package call makes calls to AWS services with signature version 4, for the
// few operations that a function needs and that do not pay for an SDK client.
package call

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/lift/transport"
)

// A Client calls one service. All fields but Transport are required. It is safe
// for concurrent use.
type Client struct {
	Signer   sigv4.Signer // of the service
	Endpoint string       // root of the service's URLs, without a slash at its end

	Attempts int           // how often a call is made that is throttled or fails on the server's side
	Timeout  time.Duration // of one attempt

	Transport http.RoundTripper // nil: one of lift/transport
}

// An Error is an answer that is no success, or the lack of one.
type Error struct {
	Service  string
	Status   int    // 0: there was no answer
	Type     string // the exception's name, from X-Amzn-ErrorType; may be empty
	Message  string // the body's beginning
	Attempts int
	Cause    error // why there was no answer
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Service)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": %d %s", e.Status, e.Type)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String() + " (attempts " + strconv.Itoa(e.Attempts) + ")"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// passing reports whether the same call may succeed when made again.
func (e *Error) passing() bool {
	return e.Status == 0 || e.Status == http.StatusTooManyRequests || e.Status >= 500
}

var shared = transport.New()

// Post sends a body to a path, which is escaped as it is to stand in the URL,
// and wants a status of 200 to 299. Every error is an [*Error]. A call that
// fails for now is made again after a [Pause], so its effect may happen more than
// once.
func (c *Client) Post(ctx context.Context, path string, header http.Header, body []byte) error {
	return c.call(ctx, http.MethodPost, path, header, body)
}

// Delete is Post with the method DELETE and no body.
func (c *Client) Delete(ctx context.Context, path string) error {
	return c.call(ctx, http.MethodDelete, path, nil, nil)
}

func (c *Client) call(ctx context.Context, method, path string, header http.Header, body []byte) error {
	for attempt := 1; ; attempt++ {
		failure := c.attempt(ctx, method, path, header, body)
		if failure == nil {
			return nil
		}
		failure.Service, failure.Attempts = c.Signer.Service, attempt
		if ctx.Err() != nil || !failure.passing() || attempt >= c.Attempts {
			return failure
		}
		// Most often a connection was lost that stood idle while the function was
		// frozen; a new one is as good as any wait.
		if atOnce := attempt == 1 && failure.Status == 0; !atOnce && !Pause(ctx, attempt) {
			return failure
		}
	}
}

// Pause waits before the attempt that follows the given one, the first being 1: with
// full jitter, at most 25 ms at first and doubling to a second. It returns false when
// the context ends meanwhile, and at once when it would.
func Pause(ctx context.Context, attempt int) bool {
	const base, ceiling = 25 * time.Millisecond, time.Second
	wait := rand.N(min(base<<min(attempt-1, 10), ceiling) + 1)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) attempt(ctx context.Context, method, path string, header http.Header, body []byte) *Error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	request, err := c.request(ctx, method, path, header, body)
	if err != nil {
		return &Error{Cause: err}
	}
	calls := c.Transport
	if calls == nil {
		calls = shared
	}
	response, err := calls.RoundTrip(request)
	if err != nil {
		return &Error{Cause: err}
	}
	defer response.Body.Close()
	const most = 1 << 10
	text, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return &Error{Cause: err}
	}
	if response.StatusCode >= 200 && response.StatusCode <= 299 {
		return nil
	}
	kind, _, _ := strings.Cut(response.Header.Get("X-Amzn-ErrorType"), ":")
	return &Error{Status: response.StatusCode, Type: kind, Message: string(text)}
}

func (c *Client) request(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Request, error) {
	u, err := url.Parse(c.Endpoint + path)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	return request, c.Signer.Sign(request, body, time.Now())
}
