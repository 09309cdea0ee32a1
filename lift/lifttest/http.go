package lifttest

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// When is the time of the events here, unless they name one.
var When = time.Date(2024, 2, 19, 7, 11, 42, 0, time.UTC)

// Via is what an HTTP request comes through.
type Via int

// The ways of a request.
const (
	HTTPAPI           Via = iota // an HTTP API, payload format 2.0
	HTTPAPIv1                    // an HTTP API, payload format 1.0
	RESTAPI                      // a REST API
	FunctionURL                  // a function URL
	LoadBalancer                 // an Application Load Balancer
	LoadBalancerMulti            // one with multi-value headers
)

// Ways are all of them.
var Ways = []Via{HTTPAPI, HTTPAPIv1, RESTAPI, FunctionURL, LoadBalancer, LoadBalancerMulti}

// String names the way.
func (v Via) String() string {
	return [...]string{"http_api", "http_api_v1", "rest_api", "function_url", "load_balancer", "load_balancer_multi"}[v]
}

// HTTP is a request. A way that keeps one value for each header or parameter
// loses the others here as it does on AWS, and one of an HTTP API resolves the
// escapes of the path.
type HTTP struct {
	Via       Via
	Method    string // default GET
	Path      string // default /; escaped, without the stage. What follows a ? is the Query
	Query     string // raw
	Header    http.Header
	Body      []byte
	Stage     string // of an API; default $default, prod for REST APIs
	Base      string // the base path of a REST API's custom domain, as in /shop; implies Domain
	Domain    string // a custom domain of an API; default: the API's own
	RequestID string // load balancers give none
	SourceIP  string // default 203.0.113.7

	// Authorizer is what the API's authorizer adds to the event; nil for none.
	Authorizer map[string]any
}

// Payload returns the event.
func (h HTTP) Payload() []byte {
	h.Method = cmp.Or(h.Method, http.MethodGet)
	if path, query, ok := strings.Cut(h.Path, "?"); ok {
		h.Path = path
		h.Query = strings.TrimPrefix(h.Query+"&"+query, "&")
	}
	h.Path = cmp.Or(h.Path, "/")
	h.SourceIP = cmp.Or(h.SourceIP, "203.0.113.7")
	if h.Base != "" {
		h.Domain = cmp.Or(h.Domain, "api.example.com")
	}
	h.RequestID = cmp.Or(h.RequestID, "TcGYnhqKIAMEVXA=")
	switch h.Via {
	case HTTPAPI, FunctionURL:
		return h.format2()
	}
	return h.format1()
}

func (h HTTP) host() string {
	switch h.Via {
	case FunctionURL:
		return "a1b2c3d4e5f6g7h8.lambda-url.us-east-1.on.aws"
	case LoadBalancer, LoadBalancerMulti:
		return "front-1234567890.us-east-1.elb.amazonaws.com"
	}
	return cmp.Or(h.Domain, "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com")
}

func (h HTTP) addBody(event map[string]any) {
	event["isBase64Encoded"] = false
	if h.Body == nil {
		return
	}
	event["body"] = string(h.Body)
	if !utf8.Valid(h.Body) {
		event["body"] = base64.StdEncoding.EncodeToString(h.Body)
		event["isBase64Encoded"] = true
	}
}

func (h HTTP) format2() []byte {
	stage, path := cmp.Or(h.Stage, "$default"), h.Path
	if h.Via == HTTPAPI {
		path = unescapePath(path)
	}
	if stage != "$default" {
		path = "/" + stage + path
	}
	header := map[string]string{"host": h.host(), "user-agent": "lifttest", "x-forwarded-for": h.SourceIP}
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
	context := map[string]any{
		"accountId": "123456789012", "apiId": "a1b2c3d4e5",
		"domainName": h.host(), "domainPrefix": "a1b2c3d4e5",
		"http": map[string]any{
			"method": h.Method, "path": path, "protocol": "HTTP/1.1",
			"sourceIp": h.SourceIP, "userAgent": header["user-agent"],
		},
		"requestId": h.RequestID, "routeKey": "$default", "stage": stage,
		"time": When.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": When.UnixMilli(),
	}
	if h.Authorizer != nil {
		context["authorizer"] = h.Authorizer
	}
	event := map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": h.Query,
		"headers": header, "requestContext": context,
	}
	if cookies != nil {
		event["cookies"] = cookies
	}
	h.addBody(event)
	return encode(event)
}

func (h HTTP) format1() []byte {
	header := http.Header{"Host": {h.host()}, "User-Agent": {"lifttest"}, "X-Forwarded-For": {h.SourceIP}, "X-Forwarded-Proto": {"https"}}
	for name, values := range h.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	query := h.query()
	event := map[string]any{"httpMethod": h.Method, "path": h.Path}
	switch h.Via {
	case LoadBalancer, LoadBalancerMulti:
		header = lower(header)
		event["requestContext"] = map[string]any{"elb": map[string]any{
			"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/front/abcdefg",
		}}
	default:
		h.addAPI(event)
	}
	if h.Via != LoadBalancerMulti {
		event["headers"], event["queryStringParameters"] = last(header), last(query)
	}
	if h.Via != LoadBalancer {
		event["multiValueHeaders"], event["multiValueQueryStringParameters"] = header, query
	}
	h.addBody(event)
	return encode(event)
}

// addAPI adds what APIs say and load balancers do not.
func (h HTTP) addAPI(event map[string]any) {
	context := map[string]any{
		"accountId": "123456789012", "apiId": "a1b2c3d4e5", "resourceId": "roq9wj",
		"domainName": h.host(), "domainPrefix": "a1b2c3d4e5", "protocol": "HTTP/1.1", "httpMethod": h.Method,
		"identity":  map[string]any{"sourceIp": h.SourceIP, "userAgent": "lifttest"},
		"requestId": h.RequestID, "extendedRequestId": h.RequestID,
		"requestTime": When.Format("02/Jan/2006:15:04:05 -0700"), "requestTimeEpoch": When.UnixMilli(),
	}
	if h.Authorizer != nil {
		context["authorizer"] = h.Authorizer
	}
	event["requestContext"] = context
	event["stageVariables"] = nil
	if h.Via == HTTPAPIv1 {
		stage, path := cmp.Or(h.Stage, "$default"), unescapePath(h.Path)
		if stage != "$default" {
			path = "/" + stage + path
		}
		event["path"] = path
		event["version"], event["resource"], event["pathParameters"] = "1.0", "$default", nil
		context["stage"], context["resourcePath"], context["path"] = stage, "$default", path
		return
	}
	stage := cmp.Or(h.Stage, "prod")
	event["path"] = h.Base + h.Path
	event["resource"], event["pathParameters"] = "/", nil
	if h.Path != "/" {
		event["resource"], event["pathParameters"] = "/{proxy+}", map[string]string{"proxy": unescapePath(h.Path[1:])}
	}
	context["stage"], context["resourcePath"], context["path"] = stage, event["resource"], "/"+stage+h.Path
	if h.Domain != "" {
		context["path"] = h.Base + h.Path
	}
}

// query returns the parameters as the way passes them on: load balancers leave
// their escapes, APIs resolve them.
func (h HTTP) query() map[string][]string {
	if h.Query == "" {
		return nil
	}
	query := make(map[string][]string)
	for pair := range strings.SplitSeq(h.Query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if h.Via == RESTAPI || h.Via == HTTPAPIv1 {
			name, value = unescape(name), unescape(value)
		}
		query[name] = append(query[name], value)
	}
	return query
}

func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func unescapePath(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

func lower(header http.Header) http.Header {
	out := make(http.Header, len(header))
	for name, values := range header {
		out[strings.ToLower(name)] = values
	}
	return out
}

func last(multi map[string][]string) map[string]string {
	if multi == nil {
		return nil
	}
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		if len(values) > 0 {
			single[name] = values[len(values)-1]
		}
	}
	return single
}
