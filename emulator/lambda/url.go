package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// A FunctionURL plays the function URL of a function, an [http.Handler] in either
// of its modes. It checks no signature: it is like one whose AuthType is NONE.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
type FunctionURL struct {
	Function Function

	// Stream is whether its InvokeMode is RESPONSE_STREAM: answers are handed on as
	// they come, and have to be metadata, 8 NUL bytes and the body. A function that
	// answers in the other mode's form gets its answer through as it is, with the
	// type application/octet-stream, as on AWS.
	Stream bool
}

// ServeHTTP implements [http.Handler].
func (u FunctionURL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSync))
	if err != nil {
		http.Error(w, `{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}`,
			http.StatusRequestEntityTooLarge)
		return
	}
	event := urlEvent(r, body)
	if !u.Stream {
		out, err := u.Function.Invoke(r.Context(), event)
		if err != nil || !u.buffered(w, out) {
			badGateway(w, "Internal Server Error")
		}
		return
	}
	s := &httpStream{w: w, control: http.NewResponseController(w)}
	if !s.invoke(r.Context(), u.Function, event, s.passUndivided) {
		badGateway(w, "Internal Server Error")
	}
}

func badGateway(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, body) // a client that has gone needs no answer
}

// urlEvent is the event of a request, payload format 2.0.
func urlEvent(r *http.Request, body []byte) []byte {
	const id = "url0123456789abcdef"
	domain := id + ".lambda-url.local.on.aws"
	headers := map[string]string{"host": domain}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	cookies := strings.Split(headers["cookie"], "; ")
	delete(headers, "cookie")
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	now := time.Now().UTC()
	event := map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": r.URL.EscapedPath(), "rawQueryString": r.URL.RawQuery, "headers": headers,
		"isBase64Encoded": false,
		"requestContext": map[string]any{
			"accountId": "anonymous", "apiId": id, "domainName": domain, "domainPrefix": id, "requestId": newRequestID(),
			"routeKey": "$default", "stage": "$default", "time": now.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": now.UnixMilli(),
			"http": map[string]any{"method": r.Method, "path": r.URL.EscapedPath(), "protocol": r.Proto, "sourceIp": source,
				"userAgent": r.UserAgent()},
		},
	}
	if cookies[0] != "" {
		event["cookies"] = cookies
	}
	if len(body) > 0 {
		event["body"] = string(body)
		if !utf8.Valid(body) {
			event["body"], event["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
		}
	}
	payload, _ := json.Marshal(event) // strings and numbers encode
	return payload
}

// A proxyAnswer is an answer to a request, or the metadata of a streamed one.
type proxyAnswer struct {
	StatusCode        int                 `json:"statusCode"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Cookies           []string            `json:"cookies"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// decoded is the body's bytes.
func (a proxyAnswer) decoded() ([]byte, error) {
	if a.IsBase64Encoded {
		return base64.StdEncoding.DecodeString(a.Body)
	}
	return []byte(a.Body), nil
}

func (a proxyAnswer) writeHead(w http.ResponseWriter) {
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	for name, values := range a.MultiValueHeaders {
		for _, value := range values {
			w.Header().Add(name, value)
		}
	}
	for _, cookie := range a.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.WriteHeader(a.StatusCode)
}

// buffered answers with what the function returned, in payload format 2.0. It
// reports whether that is an answer.
func (u FunctionURL) buffered(w http.ResponseWriter, out []byte) bool {
	var a proxyAnswer
	if err := json.Unmarshal(out, &a); err != nil {
		return false
	}
	if a.StatusCode == 0 { // whatever it is, it is the body
		a = proxyAnswer{StatusCode: http.StatusOK, Headers: map[string]string{"Content-Type": "application/json"}, Body: string(out)}
	}
	return a.write(w)
}

func (a proxyAnswer) write(w http.ResponseWriter) bool {
	body, err := a.decoded()
	if err != nil {
		return false
	}
	a.writeHead(w)
	_, _ = w.Write(body) // a client that has gone needs no answer
	return true
}

// maxMetadata is how much may come before the 8 NUL bytes.
const maxMetadata = 16 << 10

var divider = make([]byte, 8)

// An httpStream hands a streamed answer on: its metadata as the head, and each
// part of its body as it comes.
type httpStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   []byte // what came before the head was complete
	open    bool   // the head was sent

	undivided func() error // deals with what has no divider
}

// invoke hands the function's answer on as it comes. It reports false when there is
// none, and the client has got nothing yet. What has no divider goes to undivided.
func (s *httpStream) invoke(ctx context.Context, function Function, event []byte, undivided func() error) bool {
	s.undivided = undivided
	out, err := function.Invoke(WithStream(ctx, s), event)
	if err == nil && s.begun == nil && len(out) > 0 { // a function that does not stream
		_, err = s.Write(out)
	}
	if err == nil && !s.open {
		err = s.undivided()
	}
	switch {
	case err == nil || ctx.Err() != nil:
	case s.open:
		panic(http.ErrAbortHandler) // the client sees that the answer is not whole
	default:
		return false
	}
	return true
}

func (s *httpStream) Write(p []byte) (int, error) {
	if s.open {
		return s.pass(p)
	}
	s.begun = append(s.begun, p...)
	meta, body, ok := bytes.Cut(s.begun, divider)
	switch {
	case !ok && len(s.begun) > maxMetadata:
		return len(p), s.undivided()
	case !ok:
		return len(p), nil
	}
	var a proxyAnswer
	if err := json.Unmarshal(meta, &a); err != nil || a.StatusCode < 100 {
		return 0, fmt.Errorf("the metadata of the streamed answer is %.80q: want JSON with a statusCode", meta)
	}
	s.open = true
	a.writeHead(s.w)
	if _, err := s.pass(body); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *httpStream) pass(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err == nil {
		err = s.control.Flush()
	}
	if errors.Is(err, http.ErrNotSupported) {
		err = nil // a writer that cannot flush sends it at the end
	}
	return n, err
}

// passUndivided hands on what was not divided into metadata and body.
func (s *httpStream) passUndivided() error {
	s.open = true
	s.w.Header().Set("Content-Type", "application/octet-stream")
	_, err := s.pass(s.begun)
	return err
}
