package jsonschema_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pay-theory/streamer/lift/jsonschema"
)

type (
	colour string
	audit  struct {
		By string     `json:"by"`
		At *time.Time `json:"at"`
	}
	node struct {
		Name     string           `json:"name"`
		Children []*node          `json:"children,omitempty"`
		Index    map[string]*node `json:"index,omitzero"`
	}
	page[T any] struct {
		Items []T    `json:"items"`
		Next  string `json:"next,omitempty"`
	}
	order struct {
		audit
		ID      string          `json:"id"`
		Lines   []string        `json:"lines"`
		Counts  map[int]int64   `json:"counts"`
		Colour  colour          `json:"colour" doc:"of the box"`
		Large   uint64          `json:"large,string"`
		Data    []byte          `json:"data,omitempty"`
		From    netip.Addr      `json:"from,omitzero"`
		Extra   json.RawMessage `json:"extra,omitempty"`
		Box     *struct{ W, H float64 }
		Hidden  string `json:"-"`
		private string
	}
	strict struct {
		Rows int `json:"rows"`
	}
	loose struct{ raw json.RawMessage }
)

// UnmarshalJSON refuses fields that there are not.
func (s *strict) UnmarshalJSON(data []byte) error {
	type plain strict
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(s))
}

// UnmarshalJSON takes anything.
func (l *loose) UnmarshalJSON(data []byte) error {
	l.raw = bytes.Clone(data)
	return nil
}

// compiled is a type's document, as another implementation of JSON Schema reads it.
func compiled(t *testing.T, of reflect.Type) *validator.Schema {
	t.Helper()
	text, err := json.Marshal(jsonschema.Document(of))
	if err != nil {
		t.Fatal(err)
	}
	document, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("https://example.com/type", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("https://example.com/type")
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return schema
}

func accepts(t *testing.T, of reflect.Type, text string) error {
	t.Helper()
	value, err := validator.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return compiled(t, of).Validate(value)
}

// A document accepts what encoding/json writes of its type.
func TestSchemasAcceptWhatIsEncoded(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, value := range map[string]any{
		"the zero struct": order{},
		"a full struct": order{audit: audit{By: "ada", At: &at}, ID: "o-1", Lines: []string{"a"},
			Counts: map[int]int64{1: 1 << 60}, Colour: "red", Large: 1 << 63, Data: []byte{1}, From: netip.MustParseAddr("127.0.0.1"),
			Extra: json.RawMessage(`[1]`), Box: &struct{ W, H float64 }{1, 2}, private: "x"},
		"a recursive type": node{Name: "a", Children: []*node{{Name: "b"}, nil}, Index: map[string]*node{"c": {Name: "c"}}},
		"a generic type":   page[page[strict]]{Items: []page[strict]{{}}},
		"a nil slice":      []string(nil),
		"a nil pointer":    (*node)(nil),
		"an array":         [2]time.Duration{1, 2},
		"anything":         []any{1, "a", nil},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			if err := accepts(t, reflect.TypeOf(value), string(text)); err != nil {
				t.Errorf("the schema refuses %s: %v", text, err)
			}
		})
	}
}

// A document and the decoder of its type are of one mind about a payload.
func TestSchemasAcceptWhatIsDecoded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, payload string
		into          any
		ok            bool
	}{
		{"fields that may be left out", `{"id":"o","lines":["a"],"counts":{"1":2},"colour":"red","large":"1","by":"ada"}`, new(order), true},
		{"null for a slice", `{"id":"o","lines":null,"counts":null,"colour":"","large":"1","by":"ada","Box":null}`, new(order), true},
		{"a field of another type", `{"id":1,"lines":[],"counts":{},"colour":"","large":"1","by":"ada"}`, new(order), false},
		{"an element of another type", `{"id":"o","lines":[1],"counts":{},"colour":"","large":"1","by":"ada"}`, new(order), false},
		{"a fraction for an integer", `{"rows":1.5}`, new(strict), false},
		{"a decoder that refuses unknown fields", `{"rows":1}`, new(strict), true},
		{"a decoder that takes anything", `"text"`, new(loose), true},
		{"a list for an object", `[]`, new(node), false},
		{"a tree", `{"name":"a","children":[{"name":"b"}],"index":{"c":{"name":"c"}}}`, new(node), true},
		{"a fault deep in a tree", `{"name":"a","children":[{"name":"b","children":[{"name":1}]}]}`, new(node), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			decoded := json.Unmarshal([]byte(tt.payload), tt.into)
			validated := accepts(t, reflect.TypeOf(tt.into).Elem(), tt.payload)
			if (decoded == nil) != tt.ok || (validated == nil) != tt.ok {
				t.Errorf("the decoder says %v and the schema %v, want both to accept it: %v", decoded, validated, tt.ok)
			}
		})
	}
}

// A name is that of the type, with more of its path where two have that, and those of its
// arguments.
func TestNames(t *testing.T) {
	t.Parallel()
	type node struct{ Other int }
	var g jsonschema.Generator
	type all struct {
		A netip.AddrPort
		B node
		C page[page[strict]]
		D map[string]page[*order]
	}
	g.Of(reflect.TypeFor[all]())
	g.Of(reflect.TypeFor[outerNode]())
	want := []string{"all",
		"github.com_pay-theory_streamer_lift_jsonschema_test.node2", "github.com_pay-theory_streamer_lift_jsonschema_test.node3",
		"order", "page_order", "page_page_strict", "page_strict", "strict"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(g.Definitions()))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type outerNode = node

func TestDocuments(t *testing.T) {
	t.Parallel()
	g := jsonschema.Generator{
		Describe: func(of reflect.Type, field string) string { return strings.Trim(of.Name()+"."+field, ".") },
		Values: func(of reflect.Type) []string {
			if of == reflect.TypeFor[colour]() {
				return []string{"red", "green"}
			}
			return nil
		},
		Taken: []string{"audit"},
	}
	type box struct {
		Z     colour `json:"z"`
		A     colour `json:"a" doc:"of the lid"`
		Audit audit  `json:"audit,omitzero"`
	}
	got, err := json.Marshal(map[string]any{"root": g.Of(reflect.TypeFor[box]()), "definitions": g.Definitions()})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"definitions":{` +
		`"box":{"description":"box","properties":{` +
		`"z":{"$ref":"#/$defs/colour","description":"box.Z"},` +
		`"a":{"$ref":"#/$defs/colour","description":"of the lid"},` +
		`"audit":{"$ref":"#/$defs/jsonschema_test.audit","description":"box.Audit"}` +
		`},"required":["z","a"],"type":"object"},` +
		`"colour":{"description":"colour","enum":["red","green"],"type":"string"},` +
		`"jsonschema_test.audit":{"description":"audit","properties":{` +
		`"by":{"description":"audit.By","type":"string"},` +
		`"at":{"description":"audit.At","format":"date-time","type":["string","null"]}` +
		`},"required":["by"],"type":"object"}},"root":{"$ref":"#/$defs/box"}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Inner is embedded, once under a name.
type Inner struct {
	A int `json:"a"`
}

// An embedded struct is flattened, unless its tag names it, as encoding/json does.
func TestAnEmbeddedStructWithAName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"without a name": {struct{ Inner }{}, `"properties":{"a":`},
		"with a name": {struct {
			Inner `json:"inner"`
		}{}, `"properties":{"inner":`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(jsonschema.Document(reflect.TypeOf(c.value)))
			if err != nil || !strings.Contains(string(got), c.want) {
				t.Errorf("got %s, %v, want %s in it", got, err, c.want)
			}
		})
	}
}
