package lift

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// isHTTP looks for the two forms of an HTTP event: payload format 2.0, and the
// older one, which load balancers share.
func (env *envelope) isHTTP() bool {
	return env.version == "2.0" && env.hasRawPath || env.httpMethod != "" && env.hasPath
}

// decodeHTTP reads an HTTP event:
//   - https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
//   - https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
//   - https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
func decodeHTTP(ctx context.Context, a *App, env *envelope) (*Event, error) {
	c, err := readHTTPContext(env.requestContext)
	if err != nil {
		return nil, fmt.Errorf("read requestContext: %w", err)
	}
	header, err := env.header()
	if err != nil {
		return nil, fmt.Errorf("read headers: %w", err)
	}
	body, err := env.decodedBody()
	if err != nil {
		return nil, err
	}
	g := &Gateway{APIID: c.apiID, Stage: c.stage}
	if c.authorizer != "" && c.authorizer != "null" {
		g.Authorizer = json.RawMessage(c.authorizer)
	}
	var path, query string
	switch {
	case env.hasRawPath && env.version == "2.0":
		g.Kind, g.form, g.Resource = GatewayHTTPAPI, formV2, c.routeKey
		if strings.Contains(c.domain, ".lambda-url.") {
			g.Kind, g.Resource = GatewayFunctionURL, ""
		}
		if err := env.addCookies(header); err != nil {
			return nil, fmt.Errorf("read cookies: %w", err)
		}
		path, query = g.cutStage(env.rawPath), env.rawQuery
		if !c.ownDomain() {
			g.Prefix = "" // the stage is in the event, not in the caller's URL
		}
	case c.balancer:
		g.Kind, g.form = GatewayLoadBalancer, formBalancer
		if env.multiHeaders != "" && env.multiHeaders != "null" {
			g.form = formBalancerMulti
		}
		// A load balancer passes path and query on as they were sent.
		path, c.method = env.path, env.httpMethod
		query, err = env.joinQuery(func(s string) string { return s })
		if err != nil {
			return nil, fmt.Errorf("read query: %w", err)
		}
		forwarded := header.Get("X-Forwarded-For")
		c.sourceIP = withoutPort(strings.TrimSpace(forwarded[strings.LastIndexByte(forwarded, ',')+1:]))
	default:
		g.Kind, g.form, g.Resource = GatewayRESTAPI, formV1, env.resource
		if env.version == "1.0" {
			g.Kind = GatewayHTTPAPI
		}
		var cut bool
		path, cut = g.cutBase(env.path, env.pathParameters)
		if !cut && g.Kind == GatewayHTTPAPI {
			path = g.cutStage(path)
		}
		g.setPrefix(c.path, path)
		c.method = env.httpMethod
		query, err = env.joinQuery(url.QueryEscape)
		if err != nil {
			return nil, fmt.Errorf("read query: %w", err)
		}
	}
	if c.method == "" {
		return nil, errors.New("requestContext names no method")
	}
	// An HTTP API gives the path decoded, in either payload format; the others
	// give it as it was sent: https://github.com/middleapi/standard-server/pull/93
	if g.Kind == GatewayHTTPAPI {
		path = (&url.URL{Path: path}).EscapedPath()
	}

	e := a.newEvent(ctx, TriggerHTTP, c.requestID)
	e.Time = millis(c.epoch)
	e.Raw = env.payload
	e.Body = body
	e.Gateway = g
	e.HTTP = newRequest(c.method, path, query, header, body)
	e.HTTP.Host = header.Get("Host")
	if e.HTTP.Host == "" {
		e.HTTP.Host = c.domain
	}
	e.HTTP.RemoteAddr = c.sourceIP
	if major, minor, ok := http.ParseHTTPVersion(c.protocol); ok {
		e.HTTP.Proto, e.HTTP.ProtoMajor, e.HTTP.ProtoMinor = c.protocol, major, minor
	}
	return e, nil
}

// withoutPort returns the address of "203.0.113.7:51234" or "[2001:db8::1]:443". A
// load balancer adds the port where it is told to preserve it:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
func withoutPort(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// An httpContext is what is read of the requestContext of an HTTP event.
type httpContext struct {
	requestID, apiID, stage, domain, routeKey, method, protocol, sourceIP, path string

	epoch      int64
	authorizer string
	balancer   bool
}

// ownDomain reports whether the request came by the API's own name, and not by
// a custom domain, whose mapping stands for the stage.
func (c *httpContext) ownDomain() bool {
	return c.domain == "" || strings.Contains(c.domain, ".execute-api.")
}

func readHTTPContext(text string) (httpContext, error) {
	var c httpContext
	caller := []member{{"method", &c.method}, {"protocol", &c.protocol}, {"sourceIp", &c.sourceIP}}
	s := scanner{text: text}
	err := s.members(
		member{"requestId", &c.requestID},
		member{"apiId", &c.apiID},
		member{"stage", &c.stage},
		member{"domainName", &c.domain},
		member{"routeKey", &c.routeKey},
		member{"protocol", &c.protocol},
		member{"timeEpoch", &c.epoch},
		member{"requestTimeEpoch", &c.epoch},
		member{"http", caller},
		member{"identity", caller},
		member{"authorizer", (*raw)(&c.authorizer)},
		member{"elb", &c.balancer},
		member{"path", &c.path},
	)
	return c, err
}

// addCookies moves the cookies of payload format 2.0 to where a request has
// them.
func (env *envelope) addCookies(header http.Header) error {
	if env.cookies == "" {
		return nil
	}
	cookies, err := (&scanner{text: env.cookies}).strings()
	if len(cookies) > 0 {
		header.Set("Cookie", strings.Join(cookies, "; "))
	}
	return err
}

// joinQuery makes a query of the parameters of the older form.
func (env *envelope) joinQuery(escape func(string) string) (string, error) {
	text := env.multiQuery
	if text == "" || text == "null" {
		text = env.query
	}
	var query []byte
	err := scanPairs(text, func(name, value string) {
		if len(query) > 0 {
			query = append(query, '&')
		}
		query = append(query, escape(name)...)
		query = append(query, '=')
		query = append(query, escape(value)...)
	})
	return string(query), err
}

// newRequest makes the request that a handler sees. A path whose escapes are
// broken is taken as it stands.
func newRequest(method, path, query string, header http.Header, body []byte) *http.Request {
	if path == "" {
		path = "/"
	}
	u := &url.URL{Path: path, RawQuery: query}
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		u.Path, u.RawPath = plain, path
	}
	r := &http.Request{
		Method: method, URL: u, Header: header, Host: "",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody, ContentLength: int64(len(body)),
	}
	if len(body) > 0 {
		r.Body = readBody{bytes.NewReader(body)}
	}
	r.RequestURI = path
	if query != "" {
		r.RequestURI += "?" + query
	}
	return r
}

type readBody struct{ *bytes.Reader }

func (readBody) Close() error { return nil }

// decodedBody returns the body's bytes.
func (env *envelope) decodedBody() ([]byte, error) {
	if !env.base64 {
		return env.body, nil
	}
	n, err := base64.StdEncoding.Decode(env.body, env.body)
	if err != nil {
		return nil, errors.New("decode body: it is not base64")
	}
	return env.body[:n], nil
}
