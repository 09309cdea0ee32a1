package openapi_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/openapi"
)

type listing struct {
	Shop  string        `path:"shop" json:"-" doc:"whose orders"`
	Limit int           `query:"limit" default:"20" json:"-"`
	Order string        `query:"order" default:"7" json:"-"`
	Tags  []string      `query:"tag" json:"-"`
	After *time.Time    `query:"after" json:"-"`
	Wait  time.Duration `query:"wait" json:"-"`
	Match string        `header:"If-Match,required" json:"-"`
}

type change struct {
	ID   string `path:"id" json:"-"`
	Name string `json:"name"`
}

// Parameters of the input's fields are in the document with their types, and an
// input of parameters alone is no body.
func TestParametersOfTheInput(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("GET /shops/{shop}/orders/{n}", lift.Operation{
		Handler: lift.Typed(func(context.Context, *listing) (struct{}, error) { return struct{}{}, nil }),
		Query:   []lift.Parameter{{Name: "page"}},
	})
	app.HTTP("PUT /orders/{id}", lift.Typed(func(context.Context, change) (struct{}, error) { return struct{}{}, nil }))
	document := write(t, app, openapi.Info{})
	get := at(t, document, "paths", "/shops/{shop}/orders/{n}", "get").(map[string]any)
	want := []any{
		map[string]any{"name": "n", "in": "path", "required": true, "schema": map[string]any{"type": "string"}},
		map[string]any{"name": "shop", "in": "path", "required": true, "description": "whose orders", "schema": map[string]any{"type": "string"}},
		map[string]any{"name": "limit", "in": "query", "schema": map[string]any{"type": "integer", "format": "int64", "default": 20.0}},
		map[string]any{"name": "order", "in": "query", "schema": map[string]any{"type": "string", "default": "7"}},
		map[string]any{"name": "tag", "in": "query", "schema": map[string]any{"type": "array", "items": map[string]any{"type": "string"}}},
		map[string]any{"name": "after", "in": "query", "schema": map[string]any{"type": "string", "format": "date-time"}},
		map[string]any{"name": "wait", "in": "query", "schema": map[string]any{"type": "string", "examples": []any{"1m30s"}}},
		map[string]any{"name": "If-Match", "in": "header", "required": true, "schema": map[string]any{"type": "string"}},
		map[string]any{"name": "page", "in": "query", "schema": map[string]any{"type": "string"}},
	}
	if diff := cmp.Diff(want, get["parameters"]); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if get["requestBody"] != nil || at(t, get, "responses").(map[string]any)["400"] == nil {
		t.Errorf("got a body %v, responses %v; want none, and 400", get["requestBody"], get["responses"])
	}
	properties := at(t, document, "components", "schemas", "change", "properties").(map[string]any)
	if len(properties) != 1 || properties["name"] == nil {
		t.Errorf("the body has %v, want the name alone", properties)
	}
	app.HTTP("GET /twice/{shop}", lift.Operation{
		Handler: lift.Typed(func(context.Context, listing) (struct{}, error) { return struct{}{}, nil }),
		Query:   []lift.Parameter{{Name: "limit"}},
	})
	if err := openapi.Write(new(bytes.Buffer), app, openapi.Info{}); err == nil || !strings.Contains(err.Error(), "leave it out of Query") {
		t.Errorf("got %v for a parameter that is described twice", err)
	}
}
