package lift

import (
	"encoding/json"
	"net/url"
	"strings"
)

// A GatewayKind is the kind of what stands between an HTTP caller and the
// function.
type GatewayKind string

// The kinds.
const (
	GatewayHTTPAPI      GatewayKind = "http_api"      // an API Gateway HTTP API, either payload format
	GatewayRESTAPI      GatewayKind = "rest_api"      // an API Gateway REST API
	GatewayFunctionURL  GatewayKind = "function_url"  // a Lambda function URL
	GatewayLoadBalancer GatewayKind = "load_balancer" // an Application Load Balancer
	GatewayServer       GatewayKind = "server"        // net/http: see App.ServeHTTP
)

// A Gateway is what an HTTP request came through.
type Gateway struct {
	Kind  GatewayKind
	APIID string
	Stage string

	// Resource is the route of the API that matched, as in "/things/{id}" or
	// "GET /things/{id}": the API's own, not the App's.
	Resource string

	// Prefix is what stands in the caller's path before the part that patterns
	// see: the stage, or the base path of a custom domain. Links that are to work
	// from outside begin with it. The payload format 2.0 does not tell the
	// base path of a custom domain; there it is "".
	Prefix string

	// Authorizer is what the API's own authorizer says of the caller, a JSON
	// object as it came; nil for none.
	Authorizer json.RawMessage

	form answerForm
}

// An answerForm is the form in which a gateway takes the answer.
type answerForm uint8

const (
	formV2            answerForm = iota // HTTP APIs, function URLs; WebSocket APIs
	formV1                              // REST APIs, HTTP APIs with payload format 1.0
	formBalancer                        // load balancers
	formBalancerMulti                   // load balancers with multi-value headers
)

// cutStage cuts the stage from the path of an HTTP API's request.
func (g *Gateway) cutStage(path string) string {
	if g.Stage == "" || g.Stage == "$default" {
		return path
	}
	if rest, ok := strings.CutPrefix(path, "/"+g.Stage); ok && (rest == "" || rest[0] == '/') {
		g.Prefix = "/" + g.Stage
		return rest
	}
	return path
}

// cutBase cuts from a REST API's path what comes before its resource. A REST
// API leaves the stage out of the path, but not the base path of a custom
// domain; the resource and its parameters tell how long that is.
func (g *Gateway) cutBase(path, parameters string) (rest string, ok bool) {
	if !strings.HasPrefix(g.Resource, "/") {
		return path, false
	}
	values := make(map[string]string)
	if err := scanPairs(parameters, func(name, value string) { values[name] = value }); err != nil {
		return path, false
	}
	var own strings.Builder
	for part := range strings.SplitSeq(g.Resource[1:], "/") {
		own.WriteByte('/')
		if strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") {
			value, ok := values[strings.TrimSuffix(part[1:len(part)-1], "+")]
			if !ok {
				return path, false
			}
			part = value
		}
		own.WriteString(part)
	}
	plain, resource := strings.TrimSuffix(unescaped(path), "/"), strings.TrimSuffix(own.String(), "/")
	base, ok := strings.CutSuffix(plain, resource)
	if !ok { // the parameters may have their escapes too
		base, ok = strings.CutSuffix(plain, unescaped(resource))
	}
	if !ok || !strings.HasPrefix(path, base) {
		return path, false
	}
	g.Prefix = base
	return path[len(base):], true
}

// setPrefix takes the prefix from requestContext.path, which a REST API gives as
// the caller sent it: with the stage or the base path.
func (g *Gateway) setPrefix(called, own string) {
	if own == "/" {
		own = ""
	}
	for _, own := range [...]string{own, unescaped(own)} {
		if prefix, ok := strings.CutSuffix(called, own); ok && called != "" {
			g.Prefix = strings.TrimSuffix(prefix, "/")
			return
		}
	}
}

func unescaped(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}
