package lift_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// One handler, every way to it: the request is the same, and so is the answer,
// as far as the way can carry them.
func TestHTTPOverEveryWay(t *testing.T) {
	t.Parallel()
	for _, via := range lifttest.Ways {
		t.Run(via.String(), func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			var e *lift.Event
			app.HTTP("POST /things/{id}", lift.HandlerFunc(func(_ context.Context, event *lift.Event) (*lift.Response, error) {
				e = event
				return &lift.Response{Status: 201, Body: event.Body, Header: http.Header{
					"Set-Cookie": {"a=1", "b=2; Path=/", "c=3"}, "Vary": {"Accept", "Origin"}, "X-One": {"1"}, "Content-Type": {"x/y"},
				}}, nil
			}))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{
				Via: via, Method: "POST", Path: "/things/a%20b%2541", Query: "q=1%2B1&q=a+b&empty=", SourceIP: "198.51.100.9",
				Header: http.Header{"Cookie": {"x=1; y=2"}, "X-Two": {"1", "2"}}, Body: []byte{0xff, 0x00, 'a'},
			})
			if answer.Err != nil || answer.Status != 201 || string(answer.Body) != "\xff\x00a" {
				t.Fatalf("answer %+v", answer)
			}
			r := e.HTTP
			if r.PathValue("id") != "a b%41" || r.RemoteAddr != "198.51.100.9" || r.Host == "" {
				t.Errorf("id %q, address %q, host %q", r.PathValue("id"), r.RemoteAddr, r.Host)
			}
			single := via == lifttest.LoadBalancer
			wantQuery := []string{"1+1", "a b"}
			if single {
				wantQuery = wantQuery[1:]
			}
			if q := r.URL.Query(); !slices.Equal(q["q"], wantQuery) || !q.Has("empty") {
				t.Errorf("query %q", r.URL.RawQuery)
			}
			if cookie, err := r.Cookie("y"); err != nil || cookie.Value != "2" {
				t.Errorf("cookie %v, %v", cookie, err)
			}
			if got := strings.Join(r.Header.Values("X-Two"), ","); got != "1,2" && !single || single && got != "2" {
				t.Errorf("header %q", got)
			}
			cookies := answer.Header.Values("Set-Cookie")
			if slices.Sort(cookies); !slices.Equal(cookies, []string{"a=1", "b=2; Path=/", "c=3"}) {
				t.Errorf("cookies %q", cookies)
			}
			if got := strings.Join(answer.Header.Values("Vary"), ", "); got != "Accept, Origin" {
				t.Errorf("Vary %q", got)
			}
			if answer.Header.Get("X-One") != "1" {
				t.Errorf("headers %v", answer.Header)
			}
			wantText := ""
			if via == lifttest.LoadBalancer || via == lifttest.LoadBalancerMulti {
				wantText = "201 Created"
			}
			if answer.StatusDescription != wantText {
				t.Errorf("status description %q", answer.StatusDescription)
			}
		})
	}
}

func TestGatewayTellsWhatTheRequestCameThrough(t *testing.T) {
	t.Parallel()
	authorizer := map[string]any{"principalId": "ada"}
	for name, tt := range map[string]struct {
		event lifttest.HTTP
		want  lift.Gateway
		path  string
	}{
		"HTTP API":           {lifttest.HTTP{Path: "/x", Authorizer: authorizer}, lift.Gateway{Kind: "http_api", APIID: "a1b2c3d4e5", Stage: "$default", Resource: "$default"}, "/x"},
		"HTTP API, stage":    {lifttest.HTTP{Path: "/x", Stage: "dev"}, lift.Gateway{Kind: "http_api", APIID: "a1b2c3d4e5", Stage: "dev", Resource: "$default", Prefix: "/dev"}, "/x"},
		"HTTP API 1.0":       {lifttest.HTTP{Via: lifttest.HTTPAPIv1, Path: "/x", Stage: "dev"}, lift.Gateway{Kind: "http_api", APIID: "a1b2c3d4e5", Stage: "dev", Resource: "$default", Prefix: "/dev"}, "/x"},
		"REST API":           {lifttest.HTTP{Via: lifttest.RESTAPI, Path: "/x/y", Authorizer: authorizer}, lift.Gateway{Kind: "rest_api", APIID: "a1b2c3d4e5", Stage: "prod", Resource: "/{proxy+}", Prefix: "/prod"}, "/x/y"},
		"REST API, base":     {lifttest.HTTP{Via: lifttest.RESTAPI, Path: "/x/y", Base: "/shop/v1"}, lift.Gateway{Kind: "rest_api", APIID: "a1b2c3d4e5", Stage: "prod", Resource: "/{proxy+}", Prefix: "/shop/v1"}, "/x/y"},
		"REST API, root":     {lifttest.HTTP{Via: lifttest.RESTAPI, Base: "/shop"}, lift.Gateway{Kind: "rest_api", APIID: "a1b2c3d4e5", Stage: "prod", Resource: "/", Prefix: "/shop"}, "/"},
		"REST API, its name": {lifttest.HTTP{Via: lifttest.RESTAPI, Path: "/prod/x"}, lift.Gateway{Kind: "rest_api", APIID: "a1b2c3d4e5", Stage: "prod", Resource: "/{proxy+}", Prefix: "/prod"}, "/prod/x"},
		"function URL":       {lifttest.HTTP{Via: lifttest.FunctionURL, Path: "/x"}, lift.Gateway{Kind: "function_url", APIID: "a1b2c3d4e5", Stage: "$default"}, "/x"},
		"load balancer":      {lifttest.HTTP{Via: lifttest.LoadBalancer, Path: "/x"}, lift.Gateway{Kind: "load_balancer"}, "/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{})
			var e *lift.Event
			app.HTTP("/{rest...}", lift.HandlerFunc(func(_ context.Context, event *lift.Event) (*lift.Response, error) {
				e = event
				return nil, nil
			}))
			if answer := lifttest.Invoke(t.Context(), t, app, tt.event); answer.Status != 204 {
				t.Fatalf("answer %+v", answer)
			}
			g := e.Gateway
			if g.Kind != tt.want.Kind || g.APIID != tt.want.APIID || g.Stage != tt.want.Stage || g.Resource != tt.want.Resource || g.Prefix != tt.want.Prefix {
				t.Errorf("gateway %+v, want %+v", g, tt.want)
			}
			if e.HTTP.URL.Path != tt.path {
				t.Errorf("path %q, want %q", e.HTTP.URL.Path, tt.path)
			}
			var claims map[string]string
			if tt.event.Authorizer != nil && (json.Unmarshal(g.Authorizer, &claims) != nil || claims["principalId"] != "ada") || tt.event.Authorizer == nil && g.Authorizer != nil {
				t.Errorf("authorizer %s", g.Authorizer)
			}
		})
	}
}

// What patterns see of a REST API's path, when its resource has parameters of
// its own, escapes, or says nothing of use.
func TestRESTBasePath(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ event, path, prefix string }{
		"parameter":      {`"path":"/shop/things/7","resource":"/things/{id}","pathParameters":{"id":"7"}`, "/things/7", "/shop"},
		"fixed":          {`"path":"/shop/things","resource":"/things","pathParameters":null`, "/things", "/shop"},
		"no base":        {`"path":"/things","resource":"/things","pathParameters":null`, "/things", ""},
		"trailing slash": {`"path":"/shop/things/","resource":"/things","pathParameters":null`, "/things/", "/shop"},
		"escapes":        {`"path":"/shop/things/a%20b","resource":"/things/{id}","pathParameters":{"id":"a b"}`, "/things/a%20b", "/shop"},
		"escaped escape": {`"path":"/shop/things/%2541","resource":"/things/{id}","pathParameters":{"id":"%41"}`, "/things/%2541", "/shop"},
		"both escaped":   {`"path":"/shop/things/%2541","resource":"/things/{id}","pathParameters":{"id":"%2541"}`, "/things/%2541", "/shop"},
		"missing value":  {`"path":"/shop/things/7","resource":"/things/{id}","pathParameters":{}`, "/shop/things/7", ""},
		"other value":    {`"path":"/shop/things/7","resource":"/things/{id}","pathParameters":{"id":"8"}`, "/shop/things/7", ""},
		"odd value":      {`"path":"/shop/things/7","resource":"/things/{id}","pathParameters":{"id":8}`, "/shop/things/7", ""},
		"no resource":    {`"path":"/shop/things/7"`, "/shop/things/7", ""},
		"broken escapes": {`"path":"/shop/%zz","resource":"/{proxy+}","pathParameters":{"proxy":"%zz"}`, "/%zz", "/shop"},
	} {
		t.Run(name, func(t *testing.T) {
			app := lift.New(lift.Config{})
			app.HTTP("/", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
				if e.HTTP.RequestURI != tt.path || e.Gateway.Prefix != tt.prefix {
					t.Errorf("%s: path %q after %q", name, e.HTTP.RequestURI, e.Gateway.Prefix)
				}
				return nil, nil
			}))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"httpMethod":"GET",`+tt.event+`,"requestContext":{"stage":"prod"}}`))
			if answer.Status != 204 {
				t.Errorf("%s: answer %+v", name, answer)
			}
		})
	}
}

// An HTTP API resolves a path's escapes before the function sees it, so that an
// escaped slash divides the path; elsewhere it does not. No escape is resolved
// twice.
func TestEscapesOfPaths(t *testing.T) {
	t.Parallel()
	for _, via := range lifttest.Ways {
		t.Run(via.String(), func(t *testing.T) {
			for path, want := range map[string]string{
				"/%2541": "%41", "/%25zz": "%zz", "/a%2Fb": "a/b", "/%3Fa%3D1%23": "?a=1#", "/%C3%A4+%2B": "ä++", "/%2525": "%25",
			} {
				app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
				segments, got := 0, ""
				note := func(n int) lift.Handler {
					return lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
						segments, got = n, e.HTTP.URL.Path[1:]
						if e.HTTP.URL.RawQuery != "" {
							t.Errorf("%s: %s has the query %q", via, path, e.HTTP.URL.RawQuery)
						}
						return nil, nil
					})
				}
				app.HTTP("GET /{a}", note(1))
				app.HTTP("GET /{a}/{b}", note(2))
				lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: via, Path: path})
				wantSegments := 1
				if strings.Contains(want, "/") && (via == lifttest.HTTPAPI || via == lifttest.HTTPAPIv1) {
					wantSegments = 2
				}
				if got != want || segments != wantSegments {
					t.Errorf("%s: %s is %q in %d segments", via, path, got, segments)
				}
			}
		})
	}
}

// A health check is a plain request, with next to no headers:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
func TestLoadBalancerHealthCheck(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.HTTP("GET /health", handle(&lift.Response{Status: 200}, nil))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{
		"requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/front/abcdefg"}},
		"httpMethod": "GET", "path": "/health", "queryStringParameters": {},
		"headers": {"user-agent": "ELB-HealthChecker/2.0"}, "body": "", "isBase64Encoded": false}`))
	if answer.Err != nil || string(answer.Payload) != `{"statusCode":200,"statusDescription":"200 OK"}` {
		t.Errorf("answer %s, %v", answer.Payload, answer.Err)
	}
}

// HEAD answers without a body, OPTIONS with the methods that there are.
func TestHTTPMethodsThatNobodyRegistered(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.HTTP("GET /x", handle(&lift.Response{Body: []byte("hi")}, nil))
	app.HTTP("DELETE /x", handle(nil, nil))
	app.HTTP("OPTIONS /own", handle(&lift.Response{Status: 299}, nil))
	app.HTTP("GET /own", handle(nil, nil))
	for _, via := range lifttest.Ways {
		t.Run(via.String(), func(t *testing.T) {
			for _, tt := range []struct {
				method, path, allow string
				status              int
			}{
				{"HEAD", "/x", "", 200},
				{"OPTIONS", "/x", "DELETE, GET, HEAD, OPTIONS", 204},
				{"PUT", "/x", "DELETE, GET, HEAD, OPTIONS", 405},
				{"OPTIONS", "/own", "", 299},
				{"PUT", "/own", "GET, HEAD, OPTIONS", 405},
				{"OPTIONS", "/none", "", 404},
			} {
				answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Via: via, Method: tt.method, Path: tt.path})
				if answer.Status != tt.status || answer.Header.Get("Allow") != tt.allow {
					t.Errorf("%s: %s %s answers %d, Allow %q", via, tt.method, tt.path, answer.Status, answer.Header.Get("Allow"))
				}
				if tt.method == "HEAD" && (len(answer.Body) > 0 || answer.Header.Get("Content-Type") != "text/plain; charset=utf-8") {
					t.Errorf("%s: HEAD answers %q of %q", via, answer.Body, answer.Header.Get("Content-Type"))
				}
			}
		})
	}
}

// An event for a Lambda authorizer looks like a request and wants a policy.
func TestAuthorizerEventsAreNoRequests(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	app.HTTP("/", handle(nil, lift.Errorf(lift.CodeInternal, "not for me")))
	app.WebSocket(lift.RouteConnect, handle(nil, lift.Errorf(lift.CodeInternal, "not for me")))
	app.Direct(handle(&lift.Response{Body: []byte(`{"policyDocument":{}}`)}, nil))
	for _, payload := range []string{
		`{"version":"2.0","type":"REQUEST","routeArn":"arn:x","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`,
		`{"type":"REQUEST","methodArn":"arn:x","path":"/","httpMethod":"GET","requestContext":{}}`,
		`{"type":"REQUEST","methodArn":"arn:x","headers":{},"requestContext":{"eventType":"CONNECT","connectionId":"x="}}`,
	} {
		t.Run(payload, func(t *testing.T) {
			if answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload)); string(answer.Payload) != `{"policyDocument":{}}` {
				t.Errorf("%s answers %s, %v", payload, answer.Payload, answer.Err)
			}
		})
	}
}

// A load balancer may add the client's port to the address.
func TestAddressBehindALoadBalancer(t *testing.T) {
	t.Parallel()
	for forwarded, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "203.0.113.7:51234": "203.0.113.7", "2001:db8::1": "2001:db8::1", "[2001:db8::1]:443": "2001:db8::1",
		"198.51.100.1, 203.0.113.7:51234": "203.0.113.7", "198.51.100.1:1, 2001:db8::2": "2001:db8::2",
	} {
		t.Run(forwarded, func(t *testing.T) {
			t.Parallel()
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			got := ""
			app.HTTP("GET /", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
				got = e.HTTP.RemoteAddr
				return nil, nil
			}))
			payload := `{"requestContext":{"elb":{"targetGroupArn":"arn:x"}},"httpMethod":"GET","path":"/","headers":{"x-forwarded-for":"` + forwarded + `"}}`
			lifttest.Invoke(t.Context(), t, app, lifttest.Raw(payload))
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
