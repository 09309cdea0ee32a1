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
// object with a statusCode, or has a field that is not what it must be.
func parseProxyResponse(response []byte) (p proxyResponse, ok bool) {
	var raw struct {
		StatusCode        json.RawMessage              `json:"statusCode"`
		Headers           map[string]json.RawMessage   `json:"headers"`
		MultiValueHeaders map[string][]json.RawMessage `json:"multiValueHeaders"`
		Cookies           []string                     `json:"cookies"`
		Body              string                       `json:"body"`
		IsBase64Encoded   bool                         `json:"isBase64Encoded"`
	}
	if json.Unmarshal(response, &raw) != nil {
		return p, false
	}
	status, err := strconv.Atoi(plain(raw.StatusCode))
	if err != nil || status < 100 || status > 599 {
		return p, false
	}
	p.Status, p.Cookies, p.Body = status, raw.Cookies, []byte(raw.Body)
	if raw.IsBase64Encoded {
		if p.Body, err = base64.StdEncoding.DecodeString(raw.Body); err != nil {
			return p, false
		}
	}
	p.Headers = make(http.Header, len(raw.Headers))
	for name, value := range raw.Headers {
		p.Headers.Set(name, plain(value))
	}
	for name, values := range raw.MultiValueHeaders {
		p.Headers.Del(name)
		for _, value := range values {
			p.Headers.Add(name, plain(value))
		}
	}
	return p, true
}

// plain is a JSON value as text: a string without its quotes.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
