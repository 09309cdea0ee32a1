package lift

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
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
//   - $disconnect, stream records, schedules: nothing.
type Response struct {
	Status int         // 0 means 200, or 204 when there is no body
	Header http.Header // Set-Cookie may have several values. Without Content-Type a body's type is sniffed
	Body   []byte
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
	case r == nil || len(r.Body) == 0:
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

// appendProxy appends the answer that API Gateway takes from a function, format
// 2.0 of HTTP APIs, which WebSocket APIs and function URLs take too: one value
// for each header, cookies in a list of their own, a body of bytes in base64.
func appendProxy(dst []byte, status int, header http.Header, body []byte) []byte {
	dst = append(dst, `{"statusCode":`...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	first := true
	for name, values := range header {
		if name == "Set-Cookie" || len(values) == 0 {
			continue
		}
		if first {
			dst = append(dst, `,"headers":{`...)
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
	for i, cookie := range header["Set-Cookie"] {
		if i == 0 {
			dst = append(dst, `,"cookies":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendString(dst, cookie)
	}
	if len(header["Set-Cookie"]) > 0 {
		dst = append(dst, ']')
	}
	switch {
	case len(body) == 0:
	case utf8.Valid(body):
		dst = append(dst, `,"body":`...)
		dst = jsontext.AppendBytes(dst, body)
	default:
		dst = append(dst, `,"body":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, body)
		dst = append(dst, `","isBase64Encoded":true`...)
	}
	return append(dst, '}')
}

func appendString[S ~string | ~[]byte](dst []byte, s S) []byte {
	return jsontext.AppendString(dst, string(s))
}
