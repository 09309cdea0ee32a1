package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// A Config says where the server is and how to authenticate. KeepAlive and OnState
// concern a WebSocket only.
type Config struct {
	// URL is the WebSocket API, such as wss://host/prod. Dial needs it.
	URL string

	// HTTPURL is the root of the HTTP API: the path /requests is below it.
	// Empty: the root of URL's host, where the local server has it. On AWS the
	// two have different hosts. A client over a WebSocket uses it for results
	// that are too large for a frame.
	HTTPURL string

	// Token returns the JWT to send. It is called before every handshake and
	// every HTTP call, from several goroutines, and so should keep a token until
	// shortly before it expires. While a WebSocket is open it is called again
	// before the token expires, and a newer one is handed to the server on the
	// live connection. nil: no token is sent.
	Token func(context.Context) (string, error)

	// Backoff is between attempts to connect, and between polls that failed.
	Backoff Backoff

	// KeepAlive is between pings, which keep API Gateway from closing the
	// connection after ten idle minutes.
	// 0: five minutes.
	KeepAlive time.Duration

	// OnState is called with every change of the connection, one after the other,
	// and must not block. A final failure is the error of the calls instead.
	OnState func(State)

	// HTTPClient makes the handshake and the HTTP calls. nil: one of the
	// client's own. It must have no Timeout below 30 s, the longest poll.
	HTTPClient *http.Client

	// Logger gets what the caller does not see: frames that cannot be decoded, the
	// reasons of reconnects. Tokens are never logged. nil: nothing is logged.
	Logger *slog.Logger
}

// A State is a change of the connection.
type State struct {
	Connected bool
	Err       error         // why there is no connection
	Attempt   int           // the number of the next attempt in a row, from 1; 0 when connected
	RetryIn   time.Duration // how long until the next attempt
}

// A Client sends requests and follows them. It is safe for concurrent use: any
// number of calls share its one connection. Its maker must call [Client.Close].
type Client struct {
	*connection
	subject string // on whose behalf; empty: the caller's own requests
}

// A connection is what the clients that [Client.OnBehalfOf] makes share.
type connection struct {
	http      *httpAPI // also beside a WebSocket, for large results
	transport transport

	ctx context.Context // ends with ErrClosed, or with the refusal of the token
	end context.CancelCauseFunc

	mu      sync.Mutex
	closed  bool
	submits map[string]*Handle // by id: what the server may not have answered yet
	wg      sync.WaitGroup     // the calls
}

// A transport brings a client's requests to the server and its answers back.
// Every context that it is given ends with the client's.
type transport interface {
	// follow submits the call's message, if it has one, and offers the call
	// the server's frames of its request, until the call has ended.
	follow(ctx context.Context, call *Handle) error
	get(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error)
	list(ctx context.Context, q wire.ListQuery) (wire.List, error)
	cancel(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error)
	redrive(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error)
	why(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error)
	signal(ctx context.Context, s wire.Signal) (wire.Snapshot, error)
	output(ctx context.Context, q wire.OutputQuery) (wire.Output, error)
	ping(ctx context.Context) error
	// wait returns when the transport has closed its connection. It is called
	// after the client's context has ended.
	wait()
}

// Dial connects over a WebSocket. It tries until the context ends, which bounds
// Dial alone and not the client; a token source that fails and a server that
// answers 401 or 403 end it at once. Every error of the connection is a
// [*ConnectError].
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	if err := checkURL("URL", cfg.URL, "ws", "wss"); err != nil {
		return nil, err
	}
	c, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	t := newSocket(c.ctx, c.end, c.http)
	if err := t.dial(ctx); err != nil {
		c.http.close()
		return nil, err
	}
	c.transport = t
	return c, nil
}

// HTTP returns a client that makes the same requests over HTTP and needs only
// HTTPURL, or URL to derive it from. It follows long requests by long polls,
// which bring at most about one progress report a second. It connects with the
// first call and does not submit again what was not acknowledged; while it polls,
// it waits for a server that is not available.
func HTTP(cfg Config) (*Client, error) {
	c, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	c.transport = c.http
	return c, nil
}

func newClient(cfg Config) (*Client, error) {
	cfg.Backoff.Min = cmp.Or(cfg.Backoff.Min, 250*time.Millisecond)
	cfg.Backoff.Max = cmp.Or(cfg.Backoff.Max, 20*time.Second)
	cfg.KeepAlive = cmp.Or(cfg.KeepAlive, 5*time.Minute)
	if cfg.Backoff.Min < 0 || cfg.Backoff.Max < cfg.Backoff.Min {
		return nil, fmt.Errorf("client: Config.Backoff has Min %v and Max %v: set 0 < Min <= Max, or 0 for the defaults",
			cfg.Backoff.Min, cfg.Backoff.Max)
	}
	if cfg.KeepAlive < 0 {
		return nil, fmt.Errorf("client: Config.KeepAlive %v is negative: set a time above zero, or 0 for the default", cfg.KeepAlive)
	}
	if cfg.HTTPURL == "" {
		if err := checkURL("URL", cfg.URL, "ws", "wss"); err != nil {
			return nil, err
		}
		cfg.HTTPURL = deriveHTTP(cfg.URL)
	}
	if err := checkURL("HTTPURL", cfg.HTTPURL, "http", "https"); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Client{connection: &connection{http: newHTTPAPI(cfg), submits: map[string]*Handle{}}}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	return c, nil
}

func checkURL(field, text string, schemes ...string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != schemes[0] && u.Scheme != schemes[1] {
		return fmt.Errorf("client: Config.%s %q is not a valid %s:// or %s:// URL: set it as in %s://host/path",
			field, withoutQuery(text), schemes[0], schemes[1], schemes[1])
	}
	return nil
}

// Do starts a request and waits for its end: [Client.Start], then [Handle.Wait].
func (c *Client) Do(ctx context.Context, r Request, onProgress func(Progress)) (json.RawMessage, error) {
	call, err := c.Start(ctx, r)
	if err != nil {
		return nil, err
	}
	return call.Wait(onProgress)
}

// Start returns when the server has stored the request, or answered it. An
// error means that it did neither, or that the answer was lost: sending the same
// id again finds out. The context is the call's as a whole: when it ends, the client
// stops following, while the request goes on; [Client.Cancel] ends that.
//
// An id that the client still follows is refused with DUPLICATE_REQUEST.
func (c *Client) Start(ctx context.Context, r Request) (*Handle, error) {
	m, err := r.message()
	if err != nil {
		return nil, err
	}
	return c.begin(ctx, newCall("", m.ID, m))
}

// Watch picks up a request that exists, running or ended, and returns when the
// server has said how it stands: [Handle.Wait] reports that first. The context is
// the call's as a whole. A request that is not yours is NOT_FOUND.
func (c *Client) Watch(ctx context.Context, id string) (*Handle, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	bound, stop := c.bind(ctx)
	err := c.behind(bound, id)
	stop()
	if err != nil {
		return nil, err
	}
	return c.begin(ctx, newCall(c.subject, id, nil))
}

func (c *Client) begin(ctx context.Context, call *Handle) (*Handle, error) {
	call.client = c
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if before := c.submits[call.id]; call.message != nil && (before == nil || closed(before.done)) {
		c.submits[call.id] = call
	}
	c.wg.Add(1)
	c.mu.Unlock()
	go func() {
		defer c.wg.Done()
		ctx, stop := c.bind(ctx)
		defer stop()
		call.end(c.outcome(ctx, call))
		c.release(call)
	}()
	select {
	case <-call.accepted:
	case <-call.done:
	}
	if !call.isAccepted() {
		return nil, call.err
	}
	return call, nil
}

// outcome follows the call to its end.
func (c *Client) outcome(ctx context.Context, call *Handle) (json.RawMessage, error) {
	if err := c.transport.follow(ctx, call); err != nil {
		return nil, err
	}
	if call.final.ref == "" {
		return call.final.result, call.final.err
	}
	return c.http.result(ctx, call.subject, call.final.ref)
}

// Get returns how a request stands, with its result unless that is large: then
// ResultRef is set, and Watch returns it.
func (c *Client) Get(ctx context.Context, id string) (wire.Snapshot, error) {
	return onRequest(ctx, c, id, func(ctx context.Context) (wire.Snapshot, error) {
		return c.transport.get(ctx, c.ref(id))
	})
}

// List returns a page of requests, newest first, without results: the caller's
// own, unless the query or [Client.OnBehalfOf] names a subject.
func (c *Client) List(ctx context.Context, q wire.ListQuery) (wire.List, error) {
	q.Subject = cmp.Or(q.Subject, c.subject)
	ctx, stop := c.bind(ctx)
	defer stop()
	return c.transport.list(ctx, q)
}

// Redrive runs a failed request again, from its last checkpoint and with the
// results of its steps; one that has not failed stays as it is.
func (c *Client) Redrive(ctx context.Context, id string) (wire.Snapshot, error) {
	return onRequest(ctx, c, id, func(ctx context.Context) (wire.Snapshot, error) {
		return c.transport.redrive(ctx, c.ref(id))
	})
}

// Why returns the same as Get, with everything the server knows about why the
// request waits in the snapshot's Waiting.
func (c *Client) Why(ctx context.Context, id string) (wire.Snapshot, error) {
	return onRequest(ctx, c, id, func(ctx context.Context) (wire.Snapshot, error) {
		return c.transport.why(ctx, c.ref(id))
	})
}

// Signal gives a request the signal that it waits for, or will. The first
// signal of a token counts.
func (c *Client) Signal(ctx context.Context, id, token string, payload json.RawMessage) (wire.Snapshot, error) {
	return onRequest(ctx, c, id, func(ctx context.Context) (wire.Snapshot, error) {
		return c.transport.signal(ctx, wire.Signal{RequestID: id, Subject: c.subject, Token: token, Payload: payload})
	})
}

// Output returns a part of a request's output, from an offset on, in order, at most
// 100 chunks. The next part begins at its Offset and the number of its Chunks; after
// a Final one there is none. [Handle.Output] follows the output of a running request;
// asking for it in a loop costs a call each time.
func (c *Client) Output(ctx context.Context, id string, from int64) (wire.Output, error) {
	return onRequest(ctx, c, id, func(ctx context.Context) (wire.Output, error) {
		return c.transport.output(ctx, wire.OutputQuery{RequestID: id, Subject: c.subject, From: from})
	})
}

// Ping returns when the server has answered.
func (c *Client) Ping(ctx context.Context) error {
	ctx, stop := c.bind(ctx)
	defer stop()
	return c.transport.ping(ctx)
}

func (c *Client) ref(id string) wire.RequestRef {
	return wire.RequestRef{RequestID: id, Subject: c.subject}
}

// Close ends the connection, and every call with [ErrClosed]; the requests go
// on. It waits for the server to confirm, at most a second. It always returns
// nil, and may be called again.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end(ErrClosed)
	c.wg.Wait()
	c.transport.wait()
	c.http.close()
	return nil
}

// bind returns a context that ends with the caller's and with the client.
func (c *Client) bind(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// checkID answers as the server would for ids that no request can have.
func checkID(id string) error {
	if wire.CheckID(id) != "" {
		return errorf(wire.NotFound, id, "there is no request %q", id)
	}
	return nil
}
