package lifttest

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// When is the time of the events here, unless they name one.
var When = time.Date(2024, 2, 19, 7, 11, 42, 0, time.UTC)

// HTTP is a request through an API Gateway HTTP API, payload format 2.0.
type HTTP struct {
	Method    string // default GET
	Path      string // default /; escaped, without the stage
	Query     string // raw
	Header    http.Header
	Body      []byte
	Stage     string // default $default
	RequestID string
	SourceIP  string
}

// Payload returns the event.
func (h HTTP) Payload() []byte {
	method := cmp.Or(h.Method, http.MethodGet)
	stage := cmp.Or(h.Stage, "$default")
	path := cmp.Or(h.Path, "/")
	if stage != "$default" {
		path = "/" + stage + path
	}
	header := map[string]string{"host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "user-agent": "lifttest"}
	var cookies []string
	for name, values := range h.Header {
		if http.CanonicalHeaderKey(name) == "Cookie" {
			for _, value := range values {
				cookies = append(cookies, strings.Split(value, "; ")...)
			}
			continue
		}
		header[strings.ToLower(name)] = strings.Join(values, ",")
	}
	event := map[string]any{
		"version":        "2.0",
		"routeKey":       "$default",
		"rawPath":        path,
		"rawQueryString": h.Query,
		"headers":        header,
		"requestContext": map[string]any{
			"accountId":    "123456789012",
			"apiId":        "a1b2c3d4e5",
			"domainName":   header["host"],
			"domainPrefix": "a1b2c3d4e5",
			"http": map[string]any{
				"method": method, "path": path, "protocol": "HTTP/1.1",
				"sourceIp": cmp.Or(h.SourceIP, "203.0.113.7"), "userAgent": header["user-agent"],
			},
			"requestId": cmp.Or(h.RequestID, "TcGYnhqKIAMEVXA="),
			"routeKey":  "$default",
			"stage":     stage,
			"time":      When.Format("02/Jan/2006:15:04:05 -0700"),
			"timeEpoch": When.UnixMilli(),
		},
		"isBase64Encoded": false,
	}
	if cookies != nil {
		event["cookies"] = cookies
	}
	if h.Body != nil {
		if event["body"] = string(h.Body); !utf8.Valid(h.Body) {
			event["body"] = base64.StdEncoding.EncodeToString(h.Body)
			event["isBase64Encoded"] = true
		}
	}
	return encode(event)
}
