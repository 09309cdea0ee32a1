package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/openapi"
)

type (
	tree    map[string]tree
	list    []list
	matrix  [2][]matrix
	pointer *pointer
	//lint:ignore U1000 the type embeds itself, which is what is tested
	node struct {
		*node
		Children map[string][]*node `json:"children"`
	}

	left     struct{ Name, Same string }
	right    struct{ Same string }
	rightTag struct {
		Tagged string `json:"Same"`
	}
	outer struct {
		left
		Name int
	}
	ambiguous struct {
		left
		right
	}
	tagWins struct {
		right
		rightTag
	}
	twice struct {
		One struct{ right }
		first
		second
	}
	first    struct{ right }
	second   struct{ right }
	byHandle struct {
		*right
		Own string
	}
	renamed struct {
		right `json:"inner"`
	}
	quoted struct {
		Number *int `json:",string"`
		//lint:ignore SA5008 encoding/json leaves the option of a slice out, and so must the schema
		Many []int `json:",string"`
	}
)

// describe returns the schema of what a route takes, and the components.
func describe[T any](t *testing.T) (body any, components map[string]any) {
	t.Helper()
	app := lift.New(lift.Config{})
	app.HTTP("POST /x", lift.Typed(func(context.Context, T) (struct{}, error) { return struct{}{}, nil }))
	document := write(t, app, openapi.Info{})
	return at(t, document, "paths", "/x", "post", "requestBody", "content", "application/json", "schema"),
		at(t, document, "components", "schemas").(map[string]any)
}

func TestTypesThatContainThemselves(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		describe  func(*testing.T) (any, map[string]any)
		component string
		want      string
	}{
		"map":   {describe[tree], "tree", `{"additionalProperties":{"anyOf":[{"$ref":"#/components/schemas/tree"},{"type":"null"}]},"type":"object"}`},
		"slice": {describe[list], "list", `{"items":{"anyOf":[{"$ref":"#/components/schemas/list"},{"type":"null"}]},"type":"array"}`},
		"array": {describe[matrix], "matrix", `{"items":{"items":{"$ref":"#/components/schemas/matrix"},"type":["array","null"]},"type":"array"}`},
		"embedded": {describe[node], "node", `{"properties":{"children":{"additionalProperties":{"items":` +
			`{"anyOf":[{"$ref":"#/components/schemas/node"},{"type":"null"}]},"type":["array","null"]},"type":["object","null"]}},` +
			`"required":["children"],"type":"object"}`},
	} {
		t.Run(name, func(t *testing.T) {
			body, components := tt.describe(t)
			equal(t, "the body", body, `{"$ref":"#/components/schemas/`+tt.component+`"}`)
			equal(t, "the component", components[tt.component], tt.want)
		})
	}
	t.Run("pointer", func(t *testing.T) {
		body, _ := describe[pointer](t)
		equal(t, "the body", body, `{}`)
	})
}

func TestEmbeddedFieldsAreThoseOfEncodingJSON(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		describe func(*testing.T) (any, map[string]any)
		value    any
		want     string
		required []string // nil: all that is written
	}{
		"shadowed":         {describe[outer], outer{}, `{"Name":{"format":"int64","type":"integer"},"Same":{"type":"string"}}`, nil},
		"ambiguous":        {describe[ambiguous], ambiguous{}, `{"Name":{"type":"string"}}`, nil},
		"a tag decides":    {describe[tagWins], tagWins{}, `{"Same":{"type":"string"}}`, nil},
		"one struct twice": {describe[twice], twice{}, `{"One":{"properties":{"Same":{"type":"string"}},"required":["Same"],"type":"object"}}`, nil},
		"a nil pointer":    {describe[byHandle], byHandle{}, `{"Own":{"type":"string"},"Same":{"type":"string"}}`, []string{"Own"}},
		"a name by a tag":  {describe[renamed], renamed{}, `{"inner":{"$ref":"#/components/schemas/right"}}`, nil},
		"option string": {
			describe[quoted], quoted{},
			`{"Many":{"items":{"format":"int64","type":"integer"},"type":["array","null"]},"Number":{"type":["string","null"]}}`, []string{"Many"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, components := tt.describe(t)
			delete(components, "Problem")
			delete(components, "right")
			for _, component := range components {
				object := component.(map[string]any)
				equal(t, "the properties", object["properties"], tt.want)
				encoded, err := json.Marshal(tt.value)
				if err != nil {
					t.Fatal(err)
				}
				written := make(map[string]any)
				if err := json.Unmarshal(encoded, &written); err != nil {
					t.Fatal(err)
				}
				want := tt.required
				if want == nil {
					want = slices.Sorted(maps.Keys(written))
				}
				var got []string
				for _, name := range object["required"].([]any) {
					got = append(got, name.(string))
				}
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("required (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestAnswersAreDescribedAsTheyAre(t *testing.T) {
	t.Parallel()
	plain := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil })
	for name, tt := range map[string]struct {
		handler lift.Handler
		want    string
	}{
		"a slice may be nil": {
			lift.Typed(func(context.Context, struct{}) ([]string, error) { return nil, nil }),
			`{"200":{"content":{"application/json":{"schema":{"items":{"type":"string"},"type":["array","null"]}}},"description":"OK"}}`,
		},
		"a pointer may be nil": {
			lift.Typed(func(context.Context, struct{}) (*right, error) { return nil, nil }),
			`{"200":{"content":{"application/json":{"schema":{"anyOf":[{"$ref":"#/components/schemas/right"},{"type":"null"}]}}},"description":"OK"}}`,
		},
		"an untyped handler": {plain, `{"2XX":{"description":"Success"}}`},
		"a *Response":        {lift.Typed(func(context.Context, struct{}) (*lift.Response, error) { return nil, nil }), `{"2XX":{"description":"Success"}}`},
		"no body":            {lift.Typed(func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }), `{"204":{"description":"No Content"}}`},
		"a status":           {lift.Operation{Handler: plain, Status: 202}, `{"202":{"description":"Accepted"}}`},
		"said to be empty":   {lift.Operation{Handler: plain, Out: struct{}{}}, `{"204":{"description":"No Content"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			app := lift.New(lift.Config{})
			app.HTTP("GET /x", tt.handler)
			responses := at(t, write(t, app, openapi.Info{}), "paths", "/x", "get", "responses").(map[string]any)
			delete(responses, "default")
			equal(t, "the responses", responses, tt.want)
		})
	}
}

// A consumer of the document must be able to tell an operation that needs no
// token from one of which nothing is known.
func TestSecurity(t *testing.T) {
	t.Parallel()
	plain := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil })
	for name, tt := range map[string]struct {
		handler lift.Handler
		want    string
	}{
		"bearer":    {lift.Operation{Handler: plain, Bearer: true}, `[{"bearer":[]}]`},
		"none":      {lift.Operation{Handler: plain}, `[]`},
		"not known": {plain, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			app := lift.New(lift.Config{})
			app.HTTP("GET /x", tt.handler)
			operation := at(t, write(t, app, openapi.Info{}), "paths", "/x", "get").(map[string]any)
			equal(t, "security", operation["security"], tt.want)
		})
	}
}

func TestNamesDoNotDependOnTheOrderOfRoutes(t *testing.T) {
	t.Parallel()
	type Info struct{ A int }
	type Parameter struct{ B int }
	routes := []func(*lift.App){
		func(app *lift.App) {
			app.HTTP("POST /a", lift.Typed(func(context.Context, Info) (Parameter, error) { return Parameter{}, nil }))
		},
		func(app *lift.App) {
			app.HTTP("POST /b", lift.Typed(func(context.Context, openapi.Info) (lift.Parameter, error) { return lift.Parameter{}, nil }))
		},
	}
	var documents [2]bytes.Buffer
	for i := range documents {
		app := lift.New(lift.Config{})
		routes[i](app)
		routes[1-i](app)
		if err := openapi.Write(&documents[i], app, openapi.Info{}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(documents[0].String(), documents[1].String()); diff != "" {
		t.Errorf("the order of the routes changes the document (-one order +the other):\n%s", diff)
	}
}

func TestAPrefixBesideItsOwnPath(t *testing.T) {
	t.Parallel()
	exact := lift.Typed(func(context.Context, struct{}) (right, error) { return right{}, nil })
	rest := lift.Typed(func(context.Context, struct{}) (left, error) { return left{}, nil })
	for name, register := range map[string]func(*lift.App){
		"prefix first": func(app *lift.App) { app.HTTP("GET /", rest); app.HTTP("GET /{$}", exact) },
		"prefix last":  func(app *lift.App) { app.HTTP("GET /{$}", exact); app.HTTP("GET /", rest) },
	} {
		t.Run(name, func(t *testing.T) {
			app := lift.New(lift.Config{})
			register(app)
			ref := at(t, write(t, app, openapi.Info{}), "paths", "/", "get", "responses", "200", "content", "application/json", "schema", "$ref")
			if ref != "#/components/schemas/right" {
				t.Errorf("GET / answers %v, want the exact path's right", ref)
			}
		})
	}
}
