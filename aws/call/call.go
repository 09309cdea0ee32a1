// Package call is the one way in which Streamer's functions call AWS: a request
// that is SigV4-signed, made again with full jitter while its failure is
// transient, and bounded in attempts and time. It serves the few operations that
// a function needs, which do not pay for a client of the AWS SDK.
package call

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
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

// A Config says which service is called, and how patiently. Service, Region and
// Credentials are required.
type Config struct {
	Service     string // as it is signed for, such as dynamodb
	Region      string
	Credentials sigv4.Provider // asked before each attempt, so it should cache

	// Endpoint is the root of the service's URLs; "": https://{service}.{region} with
	// the suffix of the region's partition, such as .amazonaws.com.
	Endpoint string

	// Attempts bounds how often a call is made while its failure is transient. Before
	// each attempt but the first it waits, with full jitter, at most 25 ms, then
	// double, up to 1 s; after a first attempt that got no answer, not at all. 0: 3.
	Attempts int

	Timeout   time.Duration     // of one attempt; 0: 2 s
	Transport http.RoundTripper // nil: one of lift/transport that all such clients share

	// Transient judges whether the same call may succeed when it is made again;
	// nil: [Transient].
	Transient func(*Error) bool

	Now func() time.Time // dates the signatures; nil: time.Now
}

// A Client calls one service. It is safe for concurrent use.
type Client struct {
	config Config
	signer sigv4.Signer
}

var shared = transport.New()

// New checks the config and fills in its defaults. It makes no call.
func New(config Config) (*Client, error) {
	switch {
	case config.Service == "":
		return nil, errors.New("Config.Service is empty: name the AWS service")
	case config.Region == "":
		return nil, errors.New("Config.Region is empty: name the AWS region")
	case config.Credentials == nil:
		return nil, errors.New("Config.Credentials is nil: set a provider of credentials")
	case config.Attempts < 0 || config.Timeout < 0:
		return nil, errors.New("Config.Attempts or Timeout is negative: use 0 for the default")
	}
	config.Endpoint = strings.TrimSuffix(cmp.Or(config.Endpoint, endpoint(config.Service, config.Region)), "/")
	root, err := url.Parse(config.Endpoint)
	if err != nil || root.Host == "" || root.Scheme != "http" && root.Scheme != "https" {
		return nil, fmt.Errorf("Config.Endpoint %q is not a valid HTTP URL: use http:// or https:// and a host", config.Endpoint)
	}
	config.Attempts = cmp.Or(config.Attempts, 3)
	config.Timeout = cmp.Or(config.Timeout, 2*time.Second)
	if config.Transport == nil {
		config.Transport = shared
	}
	if config.Transient == nil {
		config.Transient = Transient
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Client{config: config, signer: sigv4.Signer{Service: config.Service, Region: config.Region, Credentials: config.Credentials}}, nil
}

// Attempts is how often the client makes a call at most.
func (c *Client) Attempts() int { return c.config.Attempts }

// A Request is one call of a service.
type Request struct {
	Operation string // for the text of errors, such as UpdateItem
	Method    string // "": POST
	Path      string // below the endpoint, escaped as it is to stand in the URL
	Header    http.Header
	Body      []byte
	Timeout   time.Duration // of one attempt; 0: the client's

	// Encode makes the body of each attempt anew, for one that depends on the time;
	// nil: it is Body. An error of it ends the call.
	Encode func() ([]byte, error)

	// Read takes the body of an answer with a status of 200 to 299; nil: the body is
	// ignored. Its error counts as no readable answer, so the call is made again.
	Read func(body []byte) error
}

// Do makes a call until it succeeds, fails for good, or its attempts or its
// context end. A call that is made again may have its effect more than once. Every
// error is an [*Error].
func (c *Client) Do(ctx context.Context, r Request) error {
	for attempt := 1; ; attempt++ {
		failure := c.attempt(ctx, r)
		if failure == nil {
			return nil
		}
		failure.Service, failure.Operation, failure.Attempts = c.config.Service, r.Operation, attempt
		if failure.final || ctx.Err() != nil || attempt >= c.config.Attempts || !c.config.Transient(failure) {
			return failure
		}
		// Most often the connection stood idle while the function was frozen and was
		// closed meanwhile; a new one is as good as any wait.
		lostAtFirst := attempt == 1 && failure.Unreadable()
		if !lostAtFirst && !Pause(ctx, attempt) {
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

func (c *Client) attempt(ctx context.Context, r Request) *Error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, c.config.Timeout))
	defer cancel()
	content := r.Body
	if r.Encode != nil {
		var err error
		if content, err = r.Encode(); err != nil {
			return &Error{Cause: fmt.Errorf("encode the request: %w", err), final: true}
		}
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.Method, http.MethodPost), c.config.Endpoint+r.Path, bytes.NewReader(content))
	if err != nil {
		return &Error{Cause: err}
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if err := c.signer.Sign(req, content, c.config.Now()); err != nil {
		return &Error{Cause: err}
	}
	res, err := c.config.Transport.RoundTrip(req)
	if err != nil {
		return &Error{Cause: err}
	}
	defer res.Body.Close()
	failure := &Error{Status: res.StatusCode, RequestID: res.Header.Get("X-Amzn-Requestid")}
	body, err := readAll(res)
	switch {
	case err != nil:
		failure.Cause = err
	case res.StatusCode < 200 || res.StatusCode > 299:
		failure.read(res.Header.Get("X-Amzn-Errortype"), body)
	case r.Read == nil:
		return nil
	default:
		if failure.Cause = r.Read(body); failure.Cause == nil {
			return nil
		}
	}
	return failure
}

// maxAnswer is above the largest answer there is: 16 MB of BatchGetItem, a third
// more in JSON (Amazon DynamoDB API Reference, "BatchGetItem").
const maxAnswer = 32 << 20

// readAll reads an answer's body, and holds it against the CRC-32 that DynamoDB
// sends along.
func readAll(res *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	want := res.Header.Get("X-Amz-Crc32")
	if want == "" {
		return body, nil
	}
	if sum, err := strconv.ParseUint(want, 10, 32); err != nil || uint32(sum) != crc32.ChecksumIEEE(body) {
		return nil, errors.New("the answer does not match its checksum")
	}
	return body, nil
}
