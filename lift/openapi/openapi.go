// Package openapi writes the OpenAPI 3.1 document of a Lift app's HTTP
// operations. It reads their types by reflection and so belongs into a program
// that runs when the function is built, not into the function:
//
//	go run github.com/pay-theory/streamer/lift/cmd/lift-openapi -app ./orders.New -title Orders -o openapi.json
//
// or a program of one's own that calls [Write].
package openapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/jsonschema"
)

type schema = jsonschema.Schema

// Info is what a document says of the API as a whole.
type Info struct {
	Title       string // default API
	Version     string // of the API; default 0.0.0
	Description string
	Servers     []string // URLs; default /
}

// Write writes the document of the app's HTTP routes. A route without a method
// is left out, unless it is a [lift.Operation], which is an error, as are two
// operations of one id. A prefix such as GET /files/ is described as that path;
// beside GET /files/{$}, which is the same path to OpenAPI, it is left out.
//
// A schema follows encoding/json: the names, omitempty and omitzero are those
// of the tag json, and so is the order in which embedded fields hide each other.
// A field is required unless it may be left out or is a pointer. A tag doc is
// its description. Structs, maps, slices and arrays with a name become
// components, whose names do not depend on the order of the routes.
//
// A route that is no [lift.Operation] says nothing of its security, and one that
// is an Operation without Bearer that it needs none. A success of which neither
// body nor Status is known is described as 2XX.
func Write(w io.Writer, app *lift.App, info Info) error {
	d := &document{
		OpenAPI: "3.1.0",
		Info:    infoObject{Title: cmp.Or(info.Title, "API"), Version: cmp.Or(info.Version, "0.0.0"), Description: info.Description},
		Paths:   make(map[string]map[string]*operation),
	}
	for _, url := range info.Servers {
		d.Servers = append(d.Servers, server{url})
	}
	if d.Servers == nil {
		d.Servers = []server{{"/"}}
	}
	s := &jsonschema.Generator{Root: "#/components/schemas/", Taken: []string{"Problem"}}
	ids := make(map[string]string)
	routes := app.HTTPRoutes()
	for _, route := range routes {
		exact := func(other lift.HTTPRoute) bool { return other.Pattern == route.Pattern+"{$}" }
		if strings.HasSuffix(route.Pattern, "/") && slices.ContainsFunc(routes, exact) {
			continue
		}
		if err := d.add(s, ids, route); err != nil {
			return fmt.Errorf("describe %s: %w", route.Pattern, err)
		}
	}
	d.Components.Schemas = s.Definitions()
	d.Components.Responses = map[string]response{"Problem": {
		Description: "An error, as RFC 9457 has it",
		Content:     map[string]mediaType{"application/problem+json": {schema{"$ref": "#/components/schemas/Problem"}}},
	}}
	d.Components.Schemas["Problem"] = problemSchema()
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(d)
}

type document struct {
	OpenAPI    string                           `json:"openapi"`
	Info       infoObject                       `json:"info"`
	Servers    []server                         `json:"servers"`
	Paths      map[string]map[string]*operation `json:"paths"`
	Components components                       `json:"components"`
}

type infoObject struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
}

type server struct {
	URL string `json:"url"`
}

type components struct {
	Schemas         map[string]schema   `json:"schemas"`
	Responses       map[string]response `json:"responses"`
	SecuritySchemes map[string]schema   `json:"securitySchemes,omitempty"`
}

type operation struct {
	OperationID string                `json:"operationId"`
	Summary     string                `json:"summary,omitempty"`
	Description string                `json:"description,omitempty"`
	Tags        []string              `json:"tags,omitempty"`
	Security    []map[string][]string `json:"security,omitzero"` // empty: it needs none; nil: not known
	Parameters  []parameter           `json:"parameters,omitempty"`
	RequestBody *requestBody          `json:"requestBody,omitempty"`
	Responses   map[string]response   `json:"responses"`
}

type parameter struct {
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required,omitempty"`
	Schema      schema `json:"schema"`
}

type requestBody struct {
	Required bool                 `json:"required"`
	Content  map[string]mediaType `json:"content"`
}

type response struct {
	Ref         string               `json:"$ref,omitempty"`
	Description string               `json:"description,omitempty"`
	Content     map[string]mediaType `json:"content,omitempty"`
}

type mediaType struct {
	Schema schema `json:"schema"`
}

func (d *document) add(s *jsonschema.Generator, ids map[string]string, route lift.HTTPRoute) error {
	o := route.Operation
	method, path, wildcards := splitPattern(route.Pattern)
	if method == "" {
		if o.Summary != "" || o.ID != "" {
			return fmt.Errorf("an operation needs a method")
		}
		return nil
	}
	op := &operation{
		OperationID: cmp.Or(o.ID, operationID(method, path)),
		Summary:     o.Summary, Description: o.Description, Tags: o.Tags, Responses: make(map[string]response),
	}
	if other, taken := ids[op.OperationID]; taken {
		return fmt.Errorf("the operation id %s is that of %s", op.OperationID, other)
	}
	ids[op.OperationID] = route.Pattern
	typed := func(in, name string) bool {
		return slices.ContainsFunc(route.Parameters, func(p lift.TypedParameter) bool { return p.In == in && p.Name == name })
	}
	for _, name := range wildcards {
		if !typed("path", name) {
			op.Parameters = append(op.Parameters, parameter{Name: name, In: "path", Required: true, Schema: schema{"type": "string"}})
		}
	}
	for _, p := range route.Parameters {
		op.Parameters = append(op.Parameters, parameterOf(s, p))
	}
	for _, p := range o.Query {
		if typed("query", p.Name) {
			return fmt.Errorf("the query parameter %s stands in Operation.Query and in a field of the input: leave it out of Query", p.Name)
		}
		op.Parameters = append(op.Parameters, parameter{
			Name: p.Name, In: "query", Description: p.Description, Required: p.Required, Schema: schema{"type": "string"},
		})
	}
	errors := slices.Clone(o.Errors)
	hasBody := route.In != nil && route.In != nothing && !allParameters(route)
	if hasBody {
		op.RequestBody = &requestBody{Required: true, Content: jsonOf(s.Of(route.In))}
	}
	if hasBody || len(route.Parameters) > 0 {
		errors = append(errors, lift.CodeInvalid)
	}
	switch {
	case o.Bearer:
		op.Security = []map[string][]string{{"bearer": {}}}
		d.Components.SecuritySchemes = map[string]schema{"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
		errors = append(errors, lift.CodeUnauthorized)
	case route.Described:
		op.Security = []map[string][]string{}
	}
	op.addResponses(s, o.Status, route.Out, errors)
	if d.Paths[path] == nil {
		d.Paths[path] = make(map[string]*operation)
	}
	if d.Paths[path][strings.ToLower(method)] != nil {
		return fmt.Errorf("%s %s is described already", method, path)
	}
	d.Paths[path][strings.ToLower(method)] = op
	return nil
}

// allParameters reports whether an input has no field that a body could set.
func allParameters(route lift.HTTPRoute) bool {
	return len(route.Parameters) > 0 && jsonschema.IsEmpty(route.In)
}

// parameterOf describes a field that is read from a parameter.
func parameterOf(s *jsonschema.Generator, p lift.TypedParameter) parameter {
	value := s.Of(p.Type)
	if duration := reflect.TypeFor[time.Duration](); p.Type == duration || p.Type == reflect.PointerTo(duration) {
		value = schema{"type": "string", "examples": []string{"1m30s"}}
	}
	if p.Default != "" {
		value["default"] = p.Default
		var number any
		if kind, _ := value["type"].(string); kind != "string" && json.Unmarshal([]byte(p.Default), &number) == nil {
			value["default"] = json.RawMessage(p.Default)
		}
	}
	return parameter{Name: p.Name, In: p.In, Description: p.Doc, Required: p.Required, Schema: value}
}

// nothing is the type of a body that is known to be empty.
var nothing = reflect.TypeFor[struct{}]()

func (op *operation) addResponses(s *jsonschema.Generator, status int, out reflect.Type, codes []lift.Code) {
	success := response{Description: cmp.Or(http.StatusText(status), "Success")}
	key := strconv.Itoa(status)
	switch {
	case out == nil && status == 0:
		key = "2XX"
	case out == nothing && status == 0:
		key, success.Description = "204", http.StatusText(http.StatusNoContent)
	case out != nil && out != nothing:
		if status == 0 {
			key, success.Description = "200", http.StatusText(http.StatusOK)
		}
		success.Content = jsonOf(s.Nullable(out))
	}
	op.Responses[key] = success
	for _, code := range codes {
		op.Responses[strconv.Itoa(code.HTTPStatus())] = response{Ref: "#/components/responses/Problem"}
	}
	op.Responses["default"] = response{Ref: "#/components/responses/Problem"}
}

func jsonOf(body schema) map[string]mediaType {
	return map[string]mediaType{"application/json": {body}}
}

// splitPattern reads a pattern of net/http's ServeMux: [METHOD ][HOST]/[PATH].
func splitPattern(pattern string) (method, path string, wildcards []string) {
	rest := pattern
	if before, after, ok := strings.Cut(pattern, " "); ok {
		method, rest = before, strings.TrimLeft(after, " \t")
	}
	rest = rest[strings.IndexByte(rest, '/'):]
	segments := strings.Split(rest, "/")
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") {
			continue
		}
		name := strings.TrimSuffix(strings.Trim(segment, "{}"), "...")
		if name == "$" {
			segments[i] = ""
			continue
		}
		segments[i] = "{" + name + "}"
		wildcards = append(wildcards, name)
	}
	return method, strings.Join(segments, "/"), wildcards
}

// operationID makes an id such as getOrdersId of GET /orders/{id}.
func operationID(method, path string) string {
	id := strings.ToLower(method)
	for _, word := range strings.FieldsFunc(path, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	}) {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	return id
}

// problemSchema describes the document that errors answer with.
func problemSchema() schema {
	return schema{
		"type": "object", "required": []string{"type", "title", "status", "code", "correlation_id"},
		"properties": map[string]schema{
			"type":           {"type": "string", "format": "uri-reference"},
			"title":          {"type": "string"},
			"status":         {"type": "integer", "minimum": 400, "maximum": 599},
			"detail":         {"type": "string"},
			"code":           {"type": "string", "examples": lift.Codes()},
			"correlation_id": {"type": "string", "description": "what the logs know the request by"},
			"retryable":      {"type": "boolean", "description": "whether the same request may succeed later"},
			"retry_after":    {"type": "integer", "minimum": 1, "description": "seconds to wait before that"},
			"details":        {"description": "what else the caller may know"},
		},
	}
}
