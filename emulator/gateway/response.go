package gateway

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
)

// A proxyResponse is what a function answers: the format of Lambda proxy
// integrations. Cookies are of payload format 2.0.
type proxyResponse struct {
	Status  int
	Headers http.Header
	Cookies []string
	Body    []byte
}

// parseProxyResponse reads a function's response. ok is false when it is no
// object with a statusCode, or when a field is not what it must be. Names count
// to the letter, as they do on AWS.
func parseProxyResponse(response []byte) (p proxyResponse, ok bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(response, &fields) != nil {
		return p, false
	}
	var headers map[string]json.RawMessage
	var multi map[string][]json.RawMessage
	var body string
	var isBase64 bool
	for name, into := range map[string]any{
		"headers": &headers, "multiValueHeaders": &multi, "cookies": &p.Cookies, "body": &body, "isBase64Encoded": &isBase64,
	} {
		if raw, ok := fields[name]; ok && json.Unmarshal(raw, into) != nil {
			return p, false
		}
	}
	var err error
	if p.Status, err = strconv.Atoi(plain(fields["statusCode"])); err != nil || p.Status < 200 || p.Status > 599 {
		return p, false
	}
	if p.Body = []byte(body); isBase64 {
		if p.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return p, false
		}
	}
	p.Headers = make(http.Header, len(headers)+len(multi))
	for name, value := range headers {
		p.Headers.Set(name, plain(value))
	}
	for name, values := range multi {
		p.Headers.Del(name)
		for _, value := range values {
			p.Headers.Add(name, plain(value))
		}
	}
	return p, true
}

// parseHTTPResponse reads a response of format 2.0. Valid JSON without a
// statusCode is itself the body of a 200.
func parseHTTPResponse(response []byte) (p proxyResponse, ok bool) {
	if !json.Valid(response) {
		return p, false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(response, &fields) == nil && fields["statusCode"] != nil {
		return parseProxyResponse(response)
	}
	return proxyResponse{
		Status:  http.StatusOK,
		Headers: http.Header{"Content-Type": {"application/json"}},
		Body:    []byte(plain(response)),
	}, true
}

// plain is a JSON value as text: a string without its quotes.
func plain(value json.RawMessage) string {
	var text *string
	if json.Unmarshal(value, &text) == nil && text != nil {
		return *text
	}
	return string(value)
}
