package lift

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pay-theory/streamer/lift/internal/jsontext"
)

// A Response is what a handler has to say. What becomes of it depends on the
// trigger:
//   - HTTP: all of it.
//   - $connect: Status and Header. A Status outside 200 to 299 refuses the
//     connection; Sec-WebSocket-Protocol chooses a subprotocol.
//   - WebSocket routes: Body, as a frame to the caller, where the route has a
//     route response; otherwise nothing.
//   - direct: Body, which must be JSON; empty means null.
//   - $disconnect, records, messages and events of other sources, schedules:
//     nothing.
type Response struct {
	Status int         // 0 means 200, or 204 when there is no body
	Header http.Header // Set-Cookie may have several values. Without a Content-Type, which may be nil for none, a body's type is sniffed
	Body   []byte

	// Stream writes the body as it goes, in the place of Body, over HTTP alone. It
	// runs when the handler and its middlewares have returned, with their context
	// still standing. Each Write is sent at once, and waits while the client does
	// not read; use a bufio.Writer for many small ones. See [Reader], [Events] and
	// [Config].Streaming. An error before the first byte is answered like one of the
	// handler; after it, the answer breaks off so that the client notices.
	Stream func(w io.Writer) error `json:"-"`

	// Relayed says that the Status is the answer of another, which the handler
	// passes on. A fault of that one is not the function's: see [Outcome].
	Relayed bool `json:",omitempty"`

	base64 bool // it came in base64 and stays so
}

// JSON returns a Response with v as its JSON body.
func JSON(status int, v any) (*Response, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode response: %w", err)
	}
	return &Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}, nil
}

// SetHeader sets a header and returns the Response, a new one when r is nil.
func (r *Response) SetHeader(name, value string) *Response {
	if r == nil {
		r = &Response{}
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Set(name, value)
	return r
}

// status is the Response's status over HTTP.
func (r *Response) status() int {
	switch {
	case r != nil && r.Status != 0:
		return r.Status
	case r == nil || len(r.Body) == 0 && r.Stream == nil:
		return http.StatusNoContent
	}
	return http.StatusOK
}

// addHeader gives r the headers of extra, which win.
func (r *Response) addHeader(extra *Response) {
	if extra == nil {
		return
	}
	for name, values := range extra.Header {
		if r.Header == nil {
			r.Header = make(http.Header)
		}
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
}

// appendProxy appends the answer in the form that the gateway takes. In all of
// them a body of bytes is written in base64.
//
//   - Format 2.0 and WebSocket APIs: one value for each header, cookies in a
//     list of their own.
//   - Format 1.0: headers with several values in multiValueHeaders, the others
//     in headers.
//   - Load balancers: the status with its text, and all headers in the one form
//     that the target group is set to. Where that is one value for each header,
//     several cookies are told apart by the case of their names, which clients
//     do not look at.
func appendProxy(dst []byte, form answerForm, res Response) []byte {
	status, header, body := res.Status, res.Header, res.Body
	dst = append(dst, `{"statusCode":`...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	switch form {
	case formV2:
		dst = appendHeader(dst, "headers", header, func(name string, _ []string) bool { return name != setCookie })
		if cookies := header[setCookie]; len(cookies) > 0 {
			dst = append(dst, `,"cookies":`...)
			dst = appendStrings(dst, cookies)
		}
	case formV1:
		dst = appendHeader(dst, "headers", header, func(_ string, values []string) bool { return len(values) == 1 })
		dst = appendMultiHeader(dst, header, func(values []string) bool { return len(values) > 1 })
	default:
		dst = append(dst, `,"statusDescription":`...)
		dst = appendString(dst, strings.TrimSpace(strconv.Itoa(status)+" "+http.StatusText(status)))
		if form == formBalancerMulti {
			dst = appendMultiHeader(dst, header, func([]string) bool { return true })
			break
		}
		if cookies := header[setCookie]; len(cookies) > 1 {
			header = maps.Clone(header)
			for i, cookie := range cookies {
				header[cookieName(i)] = []string{cookie}
			}
		}
		dst = appendHeader(dst, "headers", header, func(string, []string) bool { return true })
	}
	switch {
	case len(body) == 0:
	case !res.base64 && utf8.Valid(body):
		dst = append(dst, `,"body":`...)
		dst = jsontext.AppendBytes(dst, body)
	default:
		dst = append(dst, `,"body":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, body)
		dst = append(dst, `","isBase64Encoded":true`...)
	}
	return append(dst, '}')
}

const setCookie = "Set-Cookie"

// cookieName spells Set-Cookie in another way for each n below 512.
func cookieName(n int) string {
	name := []byte(setCookie)
	for i, c := range name {
		if c == '-' {
			continue
		}
		if n&1 == 1 {
			name[i] = c ^ 0x20
		}
		n >>= 1
	}
	return string(name)
}

// appendHeader appends a member with the headers that are wanted, several
// values of one joined, and nothing when there are none.
func appendHeader(dst []byte, member string, header http.Header, want func(name string, values []string) bool) []byte {
	first := true
	for name, values := range header {
		if len(values) == 0 || !want(name, values) {
			continue
		}
		if first {
			dst = append(dst, `,"`...)
			dst = append(dst, member...)
			dst = append(dst, `":{`...)
			first = false
		} else {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
		dst = append(dst, ':')
		dst = appendString(dst, strings.Join(values, ", "))
	}
	if !first {
		dst = append(dst, '}')
	}
	return dst
}

// appendMultiHeader appends multiValueHeaders with the headers that are wanted,
// and nothing when there are none.
func appendMultiHeader(dst []byte, header http.Header, want func(values []string) bool) []byte {
	first := true
	for name, values := range header {
		if len(values) == 0 || !want(values) {
			continue
		}
		if first {
			dst = append(dst, `,"multiValueHeaders":{`...)
			first = false
		} else {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
		dst = append(dst, ':')
		dst = appendStrings(dst, values)
	}
	if !first {
		dst = append(dst, '}')
	}
	return dst
}

func appendStrings(dst []byte, values []string) []byte {
	dst = append(dst, '[')
	for i, value := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, value)
	}
	return append(dst, ']')
}

// appendString appends s as a JSON string. Bytes that are no UTF-8 become
// U+FFFD.
func appendString[S ~string | ~[]byte](dst []byte, s S) []byte {
	return jsontext.AppendString(dst, string(s))
}
