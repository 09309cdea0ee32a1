package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// An Authorizer is a Lambda authorizer of type REQUEST. It runs once for each
// handshake, never for messages:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
//
// No identity source: 401. A policy that does not allow: 403. A function that
// fails or answers anything else: 500. What it returns as principalId and
// context is in every event of the connection, as strings.
type Authorizer struct {
	Function Function

	// IdentitySources must all be there and not be empty; each has the form
	// route.request.header.NAME or route.request.querystring.NAME.
	IdentitySources []string
}

func parseIdentitySource(source string) (kind, name string, ok bool) {
	for _, kind := range []string{"header", "querystring"} {
		if name, ok := strings.CutPrefix(source, "route.request."+kind+"."); ok && name != "" {
			return kind, name, true
		}
	}
	return "", "", false
}

// authorizerEvent is what the function gets.
type authorizerEvent struct {
	Type              string              `json:"type"`
	MethodARN         string              `json:"methodArn"`
	Headers           headerMap[string]   `json:"headers"`
	MultiValueHeaders headerMap[[]string] `json:"multiValueHeaders"`
	Query             map[string]string   `json:"queryStringParameters"`
	MultiValueQuery   map[string][]string `json:"multiValueQueryStringParameters"`
	StageVariables    map[string]string   `json:"stageVariables"`
	RequestContext    requestContext      `json:"requestContext"`
}

// authorize asks the authorizer and keeps its context with the connection.
func (g *Gateway) authorize(c *conn, r *http.Request, event webSocketEvent) (*refusal, error) {
	for _, source := range g.cfg.Authorizer.IdentitySources {
		kind, name, _ := parseIdentitySource(source)
		value := r.Header.Get(name)
		if kind == "querystring" {
			value = r.URL.Query().Get(name)
		}
		if value == "" {
			return &refusal{status: http.StatusUnauthorized, message: "Unauthorized"}, nil
		}
	}
	failed := &refusal{status: http.StatusInternalServerError, message: internalServerError}
	arn := fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s/$connect", g.cfg.Region, g.cfg.AccountID, g.cfg.APIID, g.cfg.Stage)
	headers := maps.Clone(event.MultiValueHeaders)
	headers["Connection"], headers["Upgrade"], headers["content-length"] = []string{"upgrade"}, []string{"websocket"}, []string{"0"}
	query := map[string][]string(r.URL.Query())
	response, err := g.call(g.cfg.Authorizer.Function, encode(authorizerEvent{
		Type: "REQUEST", MethodARN: arn,
		Headers: lastOf(headers), MultiValueHeaders: headers, Query: lastOf(query), MultiValueQuery: query,
		StageVariables: map[string]string{}, RequestContext: event.RequestContext,
	}), g.cfg.Limits.Integration)
	if err != nil {
		return failed, err
	}
	if len(response) > g.cfg.Limits.Authorizer {
		return failed, fmt.Errorf("the authorizer's result has %d bytes, more than %d", len(response), g.cfg.Limits.Authorizer)
	}
	var result authorizerResult
	if err := json.Unmarshal(response, &result); err != nil {
		return failed, fmt.Errorf("decode the authorizer's result: %w", err)
	}
	if result.PrincipalID == "" || len(result.PolicyDocument.Statement) == 0 {
		return failed, errors.New("the authorizer's result has no principalId or no policy")
	}
	if !result.PolicyDocument.allows(arn) {
		return &refusal{status: http.StatusForbidden, message: "Forbidden"}, nil
	}
	context := map[string]string{"principalId": result.PrincipalID}
	for name, value := range result.Context {
		if len(value) > 0 && (value[0] == '{' || value[0] == '[') {
			return failed, fmt.Errorf("the authorizer's context has %s, which is neither text, number nor boolean", name)
		}
		context[name] = plain(value)
	}
	c.authorizer = encode(context)
	return nil, nil
}

type authorizerResult struct {
	PrincipalID    string                     `json:"principalId"`
	PolicyDocument policy                     `json:"policyDocument"`
	Context        map[string]json.RawMessage `json:"context"`
}

type policy struct {
	Statement oneOrMore[statement]
}

type statement struct {
	Effect    string
	Action    oneOrMore[string]
	Resource  oneOrMore[string]
	Condition json.RawMessage
}

// oneOrMore is a JSON value or a list of them.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]T)(l))
	}
	*l = make([]T, 1)
	return json.Unmarshal(data, &(*l)[0])
}

// allows evaluates the policy for execute-api:Invoke of a resource: one
// statement must allow it and none may deny it. A condition is not evaluated;
// the statement counts only if it denies.
func (p policy) allows(resource string) bool {
	allowed := false
	for _, s := range p.Statement {
		if !matchesAny(s.Action, "execute-api:Invoke") || !matchesAny(s.Resource, resource) {
			continue
		}
		switch {
		case s.Effect != "Allow":
			return false
		case len(s.Condition) == 0:
			allowed = true
		}
	}
	return allowed
}

func matchesAny(patterns []string, text string) bool {
	for _, pattern := range patterns {
		if wildcard(pattern, text) {
			return true
		}
	}
	return false
}

// wildcard matches * with any text and ? with one character, as IAM does.
func wildcard(pattern, text string) bool {
	star, back := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, back = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			back++
			p, t = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
