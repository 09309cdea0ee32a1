package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/openapi"
)

type base struct {
	ID string `json:"id" doc:"what it is known by"`
}

type level int

func (level) MarshalText() ([]byte, error) { return []byte("high"), nil }

type page[T any] struct {
	Items []T `json:"items"`
}

type everything struct {
	base
	*embedded
	Text     string            `json:"text"`
	Count    int               `json:"count"`
	Small    int32             `json:"small"`
	Size     uint64            `json:"size"`
	Rate     float64           `json:"rate"`
	Ratio    float32           `json:"ratio"`
	On       bool              `json:"on,omitempty"`
	At       time.Time         `json:"at"`
	Wait     time.Duration     `json:"wait,omitzero"`
	Data     []byte            `json:"data,omitempty"`
	Raw      json.RawMessage   `json:"raw"`
	Any      any               `json:"any"`
	Number   json.Number       `json:"number"`
	Level    level             `json:"level"`
	Quoted   int64             `json:"quoted,string"`
	Labels   map[string]string `json:"labels"`
	Pair     [2]bool           `json:"pair"`
	Next     *everything       `json:"next"`
	Maybe    *int              `json:"maybe"`
	Inline   struct{ A, B int }
	Pages    page[base] `json:"pages"`
	Hidden   string     `json:"-"`
	internal string
}

type embedded struct {
	Extra string `json:"extra"`
}

func write(t *testing.T, app *lift.App, info openapi.Info) map[string]any {
	t.Helper()
	var buf bytes.Buffer
	if err := openapi.Write(&buf, app, info); err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(buf.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// at walks down a document.
func at(t *testing.T, v any, path ...string) any {
	t.Helper()
	for i, name := range path {
		object, ok := v.(map[string]any)
		if !ok || object[name] == nil {
			t.Fatalf("nothing at %s", strings.Join(path[:i+1], " > "))
		}
		v = object[name]
	}
	return v
}

func equal(t *testing.T, what string, got any, want string) {
	t.Helper()
	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if string(encoded) != want {
		t.Errorf("%s is %s, want %s", what, encoded, want)
	}
}

func TestSchemasFollowEncodingJSON(t *testing.T) {
	t.Parallel()
	_ = everything{internal: ""}
	app := lift.New(lift.Config{})
	app.HTTP("PUT /x", lift.Typed(func(context.Context, everything) (page[int], error) { return page[int]{}, nil }))
	document := write(t, app, openapi.Info{})
	component := at(t, document, "components", "schemas", "everything")
	properties := at(t, component, "properties").(map[string]any)
	for name, want := range map[string]string{
		"id":     `{"description":"what it is known by","type":"string"}`,
		"extra":  `{"type":"string"}`,
		"text":   `{"type":"string"}`,
		"count":  `{"format":"int64","type":"integer"}`,
		"small":  `{"format":"int32","type":"integer"}`,
		"size":   `{"format":"uint64","minimum":0,"type":"integer"}`,
		"rate":   `{"format":"double","type":"number"}`,
		"ratio":  `{"format":"float","type":"number"}`,
		"on":     `{"type":"boolean"}`,
		"at":     `{"format":"date-time","type":"string"}`,
		"wait":   `{"description":"nanoseconds","format":"int64","type":"integer"}`,
		"data":   `{"contentEncoding":"base64","type":"string"}`,
		"raw":    `{}`,
		"any":    `{}`,
		"number": `{"type":"number"}`,
		"level":  `{"type":"string"}`,
		"quoted": `{"type":"string"}`,
		"labels": `{"additionalProperties":{"type":"string"},"type":["object","null"]}`,
		"pair":   `{"items":{"type":"boolean"},"type":"array"}`,
		"next":   `{"anyOf":[{"$ref":"#/components/schemas/everything"},{"type":"null"}]}`,
		"maybe":  `{"format":"int64","type":["integer","null"]}`,
		"Inline": `{"properties":{"A":{"format":"int64","type":"integer"},"B":{"format":"int64","type":"integer"}},"required":["A","B"],"type":"object"}`,
		"pages":  `{"$ref":"#/components/schemas/page_base"}`,
	} {
		equal(t, name, properties[name], want)
	}
	encoded, err := json.Marshal(everything{embedded: &embedded{}, Raw: []byte("1"), Next: &everything{}})
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(encoded, &object); err != nil {
		t.Fatal(err)
	}
	for name := range object {
		if properties[name] == nil {
			t.Errorf("encoding/json writes %s, which the schema does not have", name)
		}
	}
	for _, name := range at(t, component, "required").([]any) {
		if _, ok := object[name.(string)]; !ok {
			t.Errorf("%s is required and encoding/json leaves it out", name)
		}
	}
	equal(t, "a page of numbers", at(t, document, "components", "schemas", "page_int", "properties", "items"), `{"items":{"format":"int64","type":"integer"},"type":["array","null"]}`)
}

func TestOperations(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	typed := lift.Typed(func(context.Context, base) (struct{}, error) { return struct{}{}, nil })
	plain := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil })
	app.HTTP("POST example.com/a/{id}/{rest...}", lift.Operation{
		Handler: typed, ID: "make", Summary: "Make", Description: "It makes.", Tags: []string{"x"}, Status: 202, Bearer: true,
		Query: []lift.Parameter{{Name: "q", Description: "what", Required: true}}, Errors: []lift.Code{lift.CodeConflict},
	})
	app.HTTP("GET /b/{$}", lift.Operation{Handler: plain, Out: base{}})
	app.HTTP("DELETE /b/{$}", plain)
	app.HTTP("/admin/", lift.HTTPHandler(http.NotFoundHandler()))
	document := write(t, app, openapi.Info{Title: "T", Version: "2", Description: "D", Servers: []string{"https://a.example", "https://b.example"}})
	equal(t, "info", document["info"], `{"description":"D","title":"T","version":"2"}`)
	equal(t, "servers", document["servers"], `[{"url":"https://a.example"},{"url":"https://b.example"}]`)
	paths := document["paths"].(map[string]any)
	var names []string
	for name := range paths {
		names = append(names, name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"/a/{id}/{rest}", "/b/"}) {
		t.Errorf("paths %q", names)
	}
	equal(t, "make", at(t, paths, "/a/{id}/{rest}", "post"), `{"description":"It makes.","operationId":"make",`+
		`"parameters":[{"in":"path","name":"id","required":true,"schema":{"type":"string"}},{"in":"path","name":"rest","required":true,"schema":{"type":"string"}},`+
		`{"description":"what","in":"query","name":"q","required":true,"schema":{"type":"string"}}],`+
		`"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/base"}}},"required":true},`+
		`"responses":{"202":{"description":"Accepted"},"400":{"$ref":"#/components/responses/Problem"},"401":{"$ref":"#/components/responses/Problem"},`+
		`"409":{"$ref":"#/components/responses/Problem"},"default":{"$ref":"#/components/responses/Problem"}},`+
		`"security":[{"bearer":[]}],"summary":"Make","tags":["x"]}`)
	equal(t, "get", at(t, paths, "/b/", "get", "responses", "200"), `{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/base"}}},"description":"OK"}`)
	equal(t, "delete", at(t, paths, "/b/", "delete"), `{"operationId":"deleteB","responses":{"2XX":{"description":"Success"},"default":{"$ref":"#/components/responses/Problem"}}}`)
	equal(t, "security", at(t, document, "components", "securitySchemes"), `{"bearer":{"bearerFormat":"JWT","scheme":"bearer","type":"http"}}`)
	// An app may use codes of its own, so those of Lift are examples only.
	codes := at(t, document, "components", "schemas", "Problem", "properties", "code", "examples").([]any)
	if got, want := len(codes), len(lift.Codes()); got != want {
		t.Errorf("codes %v: got %d, want %d", codes, got, want)
	}
}

// A type called as one that is there already, or as the errors, gets another
// name.
func TestComponentNames(t *testing.T) {
	t.Parallel()
	type Problem struct{ A int }
	type embedded struct{ B int }
	app := lift.New(lift.Config{})
	app.HTTP("POST /a", lift.Typed(func(context.Context, Problem) (everything, error) { return everything{}, nil }))
	app.HTTP("POST /b", lift.Operation{Handler: lift.Typed(func(context.Context, embedded) (struct{}, error) { return struct{}{}, nil }), In: &embedded{}})
	document := write(t, app, openapi.Info{})
	for path, want := range map[string]string{"/a": "openapi_test.Problem", "/b": "embedded"} {
		t.Run(path, func(t *testing.T) {
			ref := at(t, document, "paths", path, "post", "requestBody", "content", "application/json", "schema", "$ref").(string)
			if ref != "#/components/schemas/"+want || at(t, document, "components", "schemas", want) == nil {
				t.Errorf("%s takes %s", path, ref)
			}
		})
	}
	if reflect.DeepEqual(at(t, document, "components", "schemas", "Problem"), at(t, document, "components", "schemas", "openapi_test.Problem")) {
		t.Error("the errors' schema is lost")
	}
}

func TestOperationsThatCannotBeDescribed(t *testing.T) {
	t.Parallel()
	h := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil })
	for name, tt := range map[string]struct {
		register func(*lift.App)
		want     string
	}{
		"no method": {func(app *lift.App) { app.HTTP("/x", lift.Operation{Handler: h, Summary: "X"}) }, "describe /x: an operation needs a method"},
		"one id": {func(app *lift.App) {
			app.HTTP("GET /x", lift.Operation{Handler: h, ID: "x"})
			app.HTTP("GET /y", lift.Operation{Handler: h, ID: "x"})
		}, "describe GET /y: the operation id x is that of GET /x"},
		"two hosts": {func(app *lift.App) {
			app.HTTP("GET a.example/x", h)
			app.HTTP("GET b.example/x", lift.Operation{Handler: h, ID: "other"})
		}, "describe GET b.example/x: GET /x is described already"},
	} {
		t.Run(name, func(t *testing.T) {
			app := lift.New(lift.Config{})
			tt.register(app)
			if err := openapi.Write(new(bytes.Buffer), app, openapi.Info{}); err == nil || err.Error() != tt.want {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	if document := write(t, lift.New(lift.Config{}), openapi.Info{}); len(document["paths"].(map[string]any)) != 0 {
		t.Error("an app without HTTP has paths")
	}
}
