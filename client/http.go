package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

const (
	// longPoll is how long a poll waits for news; the server allows no more.
	longPoll = 20 * time.Second

	// callLimit is how long one HTTP call may take: API Gateway answers after
	// 30 s at the latest (Developer Guide, "Quotas for configuring and running
	// an HTTP API", maximum integration timeout).
	callLimit = 35 * time.Second

	// maxBody bounds an answer, as API Gateway does (ibid., payload size).
	maxBody = 10 << 20

	// fetchTries bounds the attempts to fetch a large result.
	fetchTries = 8
)

// An httpAPI is the transport over HTTP.
type httpAPI struct {
	cfg    Config
	base   string // without a slash at its end
	tenant string // that every call names; empty: none
	client *http.Client
}

func newHTTPAPI(cfg Config) *httpAPI {
	h := &httpAPI{cfg: cfg, base: strings.TrimRight(cfg.HTTPURL, "/"), client: cfg.HTTPClient}
	if h.client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 32 // calls of one client go to one host
		h.client = &http.Client{Transport: transport}
	}
	return h
}

// deriveHTTP returns the root of the host of a WebSocket URL.
func deriveHTTP(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: "http" + strings.TrimPrefix(u.Scheme, "ws"), Host: u.Host}).String()
}

// close closes idle connections, unless they are the caller's.
func (h *httpAPI) close() {
	if h.cfg.HTTPClient == nil {
		h.client.CloseIdleConnections()
	}
}

func (h *httpAPI) wait() {}

// authorization asks for a token and returns it, and the header that carries it.
func (h *httpAPI) authorization(ctx context.Context) (http.Header, string, error) {
	header := http.Header{}
	if h.cfg.Token == nil {
		return header, "", nil
	}
	token, err := h.cfg.Token(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", errToken, err)
	}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return header, token, nil
}

// follow submits the call's message, then polls.
func (h *httpAPI) follow(ctx context.Context, call *Handle) error {
	if call.message != nil {
		if call.isDropped() {
			return dropped(call.id)
		}
		call.markSent()
		body, err := h.do(ctx, http.MethodPost, "/requests", call.message.Append(nil))
		if err != nil {
			return about(err, call.id)
		}
		f, err := wire.DecodeFrame(body)
		if err != nil {
			return err
		}
		call.offer(f)
	}
	for failures := 0; !call.hasEnded(); {
		asked, rev := time.Now(), call.seen()
		s, err := h.snapshot(ctx, http.MethodGet, path(call.id)+with(call.subject, "wait", longPoll.String(), "rev",
			strconv.FormatInt(rev, 10)), nil)
		if err == nil && call.offer(wire.Frame{Type: wire.TypeRequest, RequestID: call.id, Request: &s}) {
			failures = 0
			continue
		}
		after, again := retryable(err)
		switch {
		case err == nil && time.Since(asked) > time.Second:
			continue // the server waited, and nothing changed
		case err != nil && !(again && call.isAccepted()):
			return err
		}
		if err := sleep(ctx, max(after, h.cfg.Backoff.delay(failures))); err != nil {
			return err
		}
		failures++
	}
	return nil
}

// result fetches a large result of a subject's request from the path that a frame
// named.
func (h *httpAPI) result(ctx context.Context, subject, ref string) (json.RawMessage, error) {
	if !strings.HasPrefix(ref, "/") {
		return nil, fmt.Errorf("fetch result: %q is not a valid path: the server must send one below the HTTP API, beginning with /", ref)
	}
	for failures := 0; ; failures++ {
		s, err := h.snapshot(ctx, http.MethodGet, ref+with(subject), nil)
		switch {
		case err == nil && len(s.Result) == 0:
			return nil, fmt.Errorf("fetch result: the answer of %s has no result", ref)
		case err == nil:
			return s.Result, nil
		}
		after, again := retryable(err)
		if !again || failures+1 == fetchTries {
			return nil, fmt.Errorf("fetch result: %w", err)
		}
		if err := sleep(ctx, max(after, h.cfg.Backoff.delay(failures))); err != nil {
			return nil, err
		}
	}
}

func (h *httpAPI) get(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return h.snapshot(ctx, http.MethodGet, path(r.RequestID)+with(r.Subject), nil)
}

func (h *httpAPI) detail(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return h.snapshot(ctx, http.MethodGet, path(r.RequestID)+with(r.Subject, "detail", "true"), nil)
}

func (h *httpAPI) cancel(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return h.snapshot(ctx, http.MethodDelete, path(r.RequestID)+with(r.Subject), nil)
}

func (h *httpAPI) redrive(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return h.snapshot(ctx, http.MethodPost, path(r.RequestID)+"/redrive"+with(r.Subject), nil)
}

func (h *httpAPI) why(ctx context.Context, r wire.RequestRef) (wire.Snapshot, error) {
	return h.get(ctx, r)
}

func (h *httpAPI) signal(ctx context.Context, s wire.Signal) (wire.Snapshot, error) {
	return h.snapshot(ctx, http.MethodPost, path(s.RequestID)+"/signals/"+url.PathEscape(s.Token)+with(s.Subject), s.Payload)
}

func (h *httpAPI) output(ctx context.Context, q wire.OutputQuery) (wire.Output, error) {
	var out wire.Output
	body, err := h.do(ctx, http.MethodGet, path(q.RequestID)+"/output"+with(q.Subject, "from", strconv.FormatInt(q.From, 10)), nil)
	err = decode("output", body, err, &out)
	return out, err
}

func (h *httpAPI) list(ctx context.Context, q wire.ListQuery) (wire.List, error) {
	var list wire.List
	query := with(q.Subject, "action", q.Action, "cursor", q.Cursor, "limit", limit(q.Limit), "parent", q.Parent,
		"since", rfc3339(q.Since), "state", q.State, "until", rfc3339(q.Until))
	body, err := h.do(ctx, http.MethodGet, "/requests"+query, nil)
	err = decode("list", body, err, &list)
	return list, err
}

func (h *httpAPI) connections(ctx context.Context, q wire.ConnectionQuery) (wire.ConnectionList, error) {
	var list wire.ConnectionList
	body, err := h.do(ctx, http.MethodGet, "/connections"+with(q.Subject, "limit", limit(q.Limit), "cursor", q.Cursor), nil)
	err = decode("connections", body, err, &list)
	return list, err
}

func (h *httpAPI) closeConnections(ctx context.Context, subject string) (int, error) {
	var out wire.Closed
	body, err := h.do(ctx, http.MethodDelete, "/connections"+with(subject), nil)
	err = decode("answer", body, err, &out)
	return out.Closed, err
}

func (h *httpAPI) ping(ctx context.Context) error {
	_, err := h.do(ctx, http.MethodGet, "/health", nil)
	return err
}

func path(id string) string { return "/requests/" + url.PathEscape(id) }

// with returns the query of pairs of names and values and a subject, without what
// is empty.
func with(subject string, pairs ...string) string {
	query := ""
	for pair := range slices.Chunk(append(pairs, "subject", subject), 2) {
		if pair[1] != "" {
			query += "&" + pair[0] + "=" + url.QueryEscape(pair[1])
		}
	}
	return strings.Replace(query, "&", "?", 1)
}

// rfc3339 is a time of a query; empty for none.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func limit(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// decode decodes what an answer has, unless there is none.
func decode(what string, body []byte, err error, into any) error {
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decode %s: %w", what, err)
	}
	return nil
}

func (h *httpAPI) snapshot(ctx context.Context, method, path string, body []byte) (wire.Snapshot, error) {
	body, err := h.do(ctx, method, path, body)
	if err != nil {
		return wire.Snapshot{}, err
	}
	var s wire.Snapshot
	if err := json.Unmarshal(body, &s); err != nil {
		return wire.Snapshot{}, fmt.Errorf("decode snapshot: %w", err)
	}
	return s, nil
}

// do makes one call and returns the body of an answer below 300. Any other is an
// *Error, and no answer is a *ConnectError. When the server refuses the token and the
// source has another one, it makes the call once more: a refused one did nothing.
func (h *httpAPI) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	data, sent, err := h.once(ctx, method, path, body)
	var answer *Error
	if errors.As(err, &answer) && answer.Code == wire.Unauthorized && h.cfg.Token != nil {
		if _, next, tokenErr := h.authorization(ctx); tokenErr == nil && next != sent {
			data, _, err = h.once(ctx, method, path, body)
		}
	}
	return data, err
}

// once is do with one token, which it returns.
func (h *httpAPI) once(ctx context.Context, method, path string, body []byte) (data []byte, token string, err error) {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	unreachable := func(err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &ConnectError{URL: h.base, Err: withoutURL(err)}
	}
	header, token, err := h.authorization(limited)
	if err != nil {
		return nil, "", unreachable(err)
	}
	r, err := http.NewRequestWithContext(limited, method, h.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	if h.tenant != "" {
		r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&tenant="+url.QueryEscape(h.tenant), "&")
	}
	r.Header = header
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := h.client.Do(r)
	if err != nil {
		return nil, token, unreachable(err)
	}
	defer response.Body.Close()
	data, err = io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, token, unreachable(err)
	case len(data) > maxBody:
		return nil, token, fmt.Errorf("the answer has more than %d bytes, the most that API Gateway sends", maxBody)
	case response.StatusCode >= 300:
		return nil, token, problem(response, data)
	}
	return data, token, nil
}

// problem returns the error of an answer's problem document. API Gateway's own
// answers, such as {"message": "Service Unavailable"}, are not such documents:
// their status decides, and one that is the server's fault may pass. The gateway's request id is
// the correlation id in the functions' logs.
func problem(response *http.Response, body []byte) *Error {
	status, id := response.StatusCode, gatewayID(response.Header)
	var said struct {
		wire.Error
		Detail        string `json:"detail"`
		RequestID     string `json:"request_id"`
		CorrelationID string `json:"correlation_id"`
	}
	if json.Unmarshal(body, &said) == nil && said.Code != "" {
		said.Message = said.Detail
		e := newError(&said.Error, said.RequestID)
		if said.CorrelationID != "" {
			e.CorrelationID = said.CorrelationID
		}
		e.CorrelationID = cmp.Or(e.CorrelationID, id)
		return e
	}
	code := wire.InternalError
	if status > http.StatusInternalServerError {
		code = wire.ServiceUnavailable
	}
	for _, known := range wire.Codes() {
		if known.HTTPStatus() == status {
			code = known
			break
		}
	}
	e := errorf(code, "", "the server answered %d %s", status, http.StatusText(status))
	e.Retryable, e.CorrelationID = e.Retryable || status >= http.StatusInternalServerError, id
	return e
}

// gatewayID is the request id of an answer: that of API Gateway's HTTP APIs, or the one of its
// other APIs and of AWS's services.
func gatewayID(header http.Header) string {
	return cmp.Or(header.Get("Apigw-Requestid"), header.Get("X-Amzn-Requestid"))
}

// about sets the request id of an error that has none.
func about(err error, id string) error {
	var e *Error
	if errors.As(err, &e) && e.RequestID == "" {
		e.RequestID = id
	}
	return err
}
