package lambda

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// A RESTAPI plays a REST API that proxies every request to one function, an
// [http.Handler] in either of the transfer modes of answers. Requests have the stage
// as the first part of their path, as at the API's own domain. There is no
// authorizer, no throttling and no cache.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
type RESTAPI struct {
	Function Function
	Stage    string // default: prod

	// Stream is whether the integration's ResponseTransferMode is STREAM: answers
	// are handed on as they come, and have to be metadata, 8 NUL bytes and the body.
	// What has no such divider is answered with 502.
	//
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
	Stream bool
}

// What a REST API says of its own.
const (
	restFault     = `{"message": "Internal server error"}`
	restForbidden = `{"message":"Missing Authentication Token"}`
	restTooLarge  = `{"message":"Request Too Long"}`
	maxRESTBody   = 10 << 20 // bytes of a request, before Lambda's own limit
)

var errUndivided = errors.New("the streamed answer has no metadata")

// ServeHTTP implements [http.Handler].
func (a RESTAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.Stage == "" {
		a.Stage = "prod"
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/"+a.Stage)
	if !ok || path != "" && path[0] != '/' {
		a.refuse(w, http.StatusForbidden, restForbidden)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRESTBody))
	if err != nil {
		a.refuse(w, http.StatusRequestEntityTooLarge, restTooLarge)
		return
	}
	if path == "" {
		path = "/"
	}
	event := a.event(r, path, body)
	if a.Stream {
		s := &httpStream{w: w, control: http.NewResponseController(w)}
		if !s.invoke(r.Context(), a.Function, event, func() error { return errUndivided }) {
			badGateway(w, restFault)
		}
		return
	}
	out, err := a.Function.Invoke(r.Context(), event)
	if err != nil || !a.buffered(w, out) {
		badGateway(w, restFault)
	}
}

func (a RESTAPI) refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that has gone needs no answer
}

// buffered answers with what the function returned. An answer with members that it
// cannot have is malformed, as on AWS.
func (a RESTAPI) buffered(w http.ResponseWriter, out []byte) bool {
	answer := proxyAnswer{StatusCode: http.StatusOK}
	decoder := json.NewDecoder(bytes.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&answer); err != nil || answer.StatusCode < 100 || answer.StatusCode > 599 || answer.Cookies != nil {
		return false
	}
	return answer.write(w)
}

// event is the event of a request, payload format 1.0.
func (a RESTAPI) event(r *http.Request, path string, body []byte) []byte {
	const id = "rest012345"
	domain := id + ".execute-api.local.amazonaws.com"
	many := map[string][]string{"Host": {domain}}
	for name, values := range r.Header {
		many[name] = values
	}
	one := map[string]string{}
	for name, values := range many {
		one[name] = values[len(values)-1]
	}
	query, manyQuery := map[string]string{}, map[string][]string(r.URL.Query())
	for name, values := range manyQuery {
		query[name] = values[len(values)-1]
	}
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	now, requestID := time.Now().UTC(), newRequestID()
	event := map[string]any{
		"resource": "/{proxy+}", "path": path, "httpMethod": r.Method, "headers": one, "multiValueHeaders": many,
		"queryStringParameters": nil, "multiValueQueryStringParameters": nil, "stageVariables": nil,
		"pathParameters": map[string]string{"proxy": strings.TrimPrefix(path, "/")}, "body": nil, "isBase64Encoded": false,
		"requestContext": map[string]any{
			"accountId": "123456789012", "apiId": id, "domainName": domain, "domainPrefix": id, "extendedRequestId": "emulated=",
			"httpMethod": r.Method, "path": r.URL.Path, "protocol": r.Proto, "requestId": requestID, "resourceId": "abc123",
			"resourcePath": "/{proxy+}", "stage": a.Stage, "requestTime": now.Format("02/Jan/2006:15:04:05 -0700"),
			"requestTimeEpoch": now.UnixMilli(), "identity": map[string]any{"sourceIp": source, "userAgent": r.UserAgent()},
		},
	}
	if len(query) > 0 {
		event["queryStringParameters"], event["multiValueQueryStringParameters"] = query, manyQuery
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
