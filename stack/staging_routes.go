package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/emulator/gateway"
	"github.com/pay-theory/streamer/emulator/template"
)

// routeTypes are the types that an API is made of, besides those of passedOver.
var routeTypes = []string{"AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::RouteResponse", "AWS::ApiGatewayV2::Deployment"}

// gateway reads the two APIs with their routes.
func (p *plan) gateway(stack *template.Stack) error {
	var faults []error
	var sockets int
	for _, name := range slices.Sorted(maps.Keys(p.apis)) {
		api, protocol, err := p.api(stack, p.apis[name])
		switch {
		case err != nil:
			faults = append(faults, err)
		case protocol == "WEBSOCKET":
			p.socket = api
			sockets++
		case p.http != nil:
			faults = append(faults, fmt.Errorf("%s: staging has one HTTP API", name))
		default:
			p.http = &api
		}
	}
	if len(faults) == 0 && sockets != 1 {
		faults = append(faults, errors.New("staging has one WebSocket API"))
	}
	return errors.Join(faults...)
}

func (p *plan) api(stack *template.Stack, r template.Resource) (a apiPlan, protocol string, err error) {
	var in struct {
		ProtocolType, RouteSelectionExpression string
		CorsConfiguration                      *struct {
			AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
			AllowCredentials                                        bool
			MaxAge                                                  int
		}
	}
	if err := read(r, &in); err != nil {
		return a, "", err
	}
	a = apiPlan{id: apiID(r), selection: in.RouteSelectionExpression, routes: map[string]routePlan{}}
	if c := in.CorsConfiguration; c != nil {
		a.cors = &gateway.CORS{AllowOrigins: c.AllowOrigins, AllowMethods: c.AllowMethods, AllowHeaders: c.AllowHeaders,
			ExposeHeaders:    c.ExposeHeaders,
			AllowCredentials: c.AllowCredentials, MaxAge: time.Duration(c.MaxAge) * time.Second}
	}
	for _, stage := range stack.OfType("AWS::ApiGatewayV2::Stage") {
		var in struct {
			ApiId, StageName, DeploymentId string
			AutoDeploy                     bool
		}
		if err := read(stage, &in); err != nil {
			return a, "", err
		}
		if in.ApiId != a.id {
			continue
		}
		if a.stage != "" || !in.AutoDeploy && in.DeploymentId == "" {
			return a, "", fmt.Errorf("%s: the API has another stage, or this one is not deployed", stage.Name)
		}
		a.stage = in.StageName
	}
	if a.stage == "" {
		return a, "", fmt.Errorf("%s: it has no stage", r.Name)
	}
	routes := stack.OfType("AWS::ApiGatewayV2::Route")
	for _, name := range slices.Sorted(maps.Keys(routes)) {
		if err := p.route(stack, routes[name], &a); err != nil {
			return a, "", err
		}
	}
	if _, only := a.routes["$default"]; in.ProtocolType == "HTTP" && (!only || len(a.routes) != 1 || a.stage != "$default") {
		return a, "", fmt.Errorf("%s: an HTTP API has the one route and the stage $default here", r.Name)
	}
	return a, in.ProtocolType, nil
}

// route reads a route, if it is the API's, with what it leads to.
func (p *plan) route(stack *template.Stack, r template.Resource, a *apiPlan) error {
	var in struct{ ApiId, RouteKey, AuthorizationType, RouteResponseSelectionExpression, Target string }
	if err := read(r, &in); err != nil {
		return err
	}
	if in.ApiId != a.id {
		return nil
	}
	if in.AuthorizationType != "" && in.AuthorizationType != "NONE" {
		return fmt.Errorf("%s: staging has no authorizer", r.Name)
	}
	integration, ok := stack.OfType("AWS::ApiGatewayV2::Integration")[strings.TrimPrefix(in.Target, "integrations/")]
	if !ok {
		return fmt.Errorf("%s: its target %s is not an integration of the template", r.Name, in.Target)
	}
	var of struct {
		ApiId, IntegrationType, IntegrationUri, PayloadFormatVersion, IntegrationMethod string
		TimeoutInMillis                                                                 int
	}
	if err := read(integration, &of); err != nil {
		return err
	}
	uri := of.IntegrationUri
	if _, path, ok := strings.Cut(uri, ":lambda:path/2015-03-31/functions/"); ok {
		uri = strings.TrimSuffix(path, "/invocations")
	}
	f, err := p.called(integration, uri)
	if err != nil {
		return err
	}
	timeout := time.Duration(of.TimeoutInMillis) * time.Millisecond
	switch {
	case of.IntegrationType != "AWS_PROXY" || of.ApiId != a.id:
		return fmt.Errorf("%s: it is not an AWS_PROXY integration of the route's API", integration.Name)
	case a.timeout != 0 && a.timeout != timeout:
		return fmt.Errorf("%s: staging waits equally long for all routes of an API", integration.Name)
	}
	a.timeout = timeout
	route := routePlan{function: f.arn}
	if route.permitted, err = permitted(stack, f, uri, arn("execute-api", a.id+"/"+a.stage+"/"+in.RouteKey)); err != nil {
		return err
	}
	for _, response := range stack.OfType("AWS::ApiGatewayV2::RouteResponse") {
		var answer struct{ ApiId, RouteId, RouteResponseKey string }
		if err := read(response, &answer); err != nil {
			return err
		}
		// Both are needed: the route must say that it has a response.
		if answer.RouteId == r.Name && answer.RouteResponseKey == "$default" && in.RouteResponseSelectionExpression == "$default" {
			route.answers = true
		}
	}
	a.routes[in.RouteKey] = route
	return nil
}

// permitted reports whether the template lets API Gateway invoke a function, or its alias,
// for a route:
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
func permitted(stack *template.Stack, f *functionPlan, target, route string) (bool, error) {
	for _, r := range stack.OfType("AWS::Lambda::Permission") {
		in, err := permissionOf(r)
		if err != nil {
			return false, err
		}
		if in.of(f, target) && in.Action == "lambda:InvokeFunction" &&
			in.Principal == "apigateway.amazonaws.com" &&
			(in.SourceArn == "" || wildcard(in.SourceArn).MatchString(route)) {
			return true, nil
		}
	}
	return false, nil
}

// A permission says who may call a function, and how.
type permission struct {
	Action, FunctionName, Principal, SourceArn, SourceAccount string

	URLAuthType string `json:"FunctionUrlAuthType"`
	ByURL       bool   `json:"InvokedViaFunctionUrl"`
}

// of reports whether a permission is for a target: a function, or the alias of one, for
// which one of the function does not count.
func (p permission) of(f *functionPlan, target string) bool {
	return p.FunctionName == target || target == f.arn && p.FunctionName == f.name
}

func permissionOf(r template.Resource) (in permission, err error) {
	err = read(r, &in)
	return in, err
}

// open reports whether the template lets everybody call a function by its URL, which
// takes two permissions:
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func open(stack *template.Stack, f *functionPlan, target string) (bool, error) {
	var byURL, byInvoke bool
	for _, r := range stack.OfType("AWS::Lambda::Permission") {
		in, err := permissionOf(r)
		if err != nil {
			return false, err
		}
		if !in.of(f, target) || in.Principal != "*" {
			continue
		}
		byURL = byURL || in.Action == "lambda:InvokeFunctionUrl" && in.URLAuthType == "NONE"
		byInvoke = byInvoke || in.Action == "lambda:InvokeFunction" && in.ByURL
	}
	return byURL && byInvoke, nil
}

// wildcard is a pattern in which * stands for any characters and ? for one.
func wildcard(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$")
}

// A forbidden function is one that API Gateway may not invoke.
type forbidden struct{}

// Invoke implements [gateway.Function].
func (forbidden) Invoke(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("API Gateway has no permission to invoke the function")
}
