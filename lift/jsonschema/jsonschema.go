// Package jsonschema describes what encoding/json makes of Go types, as JSON Schema
// 2020-12, which OpenAPI 3.1 takes as it is. It links nothing but the standard library.
// https://json-schema.org/draft/2020-12/json-schema-core
package jsonschema

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Dialect is the address of the version of JSON Schema, for a document's $schema.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// A Schema describes a type. Its members are encoded as JSON; those with several parts
// are a Schema, a []Schema, [Properties], a [Reference] or a []string.
type Schema map[string]any

// Properties are the members of an object, in the order of the struct's fields.
type Properties []Property

// A Property is a member of an object.
type Property struct {
	Name   string
	Schema Schema
}

// MarshalJSON writes the object that the properties stand for.
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, property := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(property.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(property.Schema)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// A Generator makes schemas whose types with a name are definitions, which they refer
// to. A definition gets its name once all are known, so that it does not depend on their
// order. The zero Generator is ready. It must not be used by several goroutines at once.
type Generator struct {
	// Root stands before a definition's name in a reference; empty: "#/$defs/".
	Root string

	// Taken are names that no definition gets.
	Taken []string

	// Describe returns what a type's documentation says, or that of a field of it when
	// field is the Go name of one; nil and "": nothing. A field's tag doc wins.
	Describe func(t reflect.Type, field string) string

	// Values returns the texts that a type of kind string may have; nil and none: any.
	Values func(t reflect.Type) []string

	definitions map[reflect.Type]*definition
	found       []*definition // in that order
}

// A definition is the schema of a type that has a name.
type definition struct {
	of     reflect.Type
	name   string // after Definitions
	schema Schema
}

// Document describes a type in a schema of its own, with its definitions.
func Document(t reflect.Type) Schema {
	var g Generator
	document := g.Nullable(t)
	if definitions := g.Definitions(); len(definitions) > 0 {
		document["$defs"] = definitions
	}
	return document
}

// A Reference is the address of a definition, which has its name after
// [Generator.Definitions].
type Reference struct {
	root string
	to   *definition
}

// Name is the definition's.
func (r Reference) Name() string { return r.to.name }

// MarshalText implements [encoding.TextMarshaler].
func (r Reference) MarshalText() ([]byte, error) {
	return []byte(cmp.Or(r.root, "#/$defs/") + r.Name()), nil
}

// Of returns the schema of what a type is encoded as: a reference for a struct, map,
// slice or array with a name, which may contain itself. A type that encodes itself may be
// anything, or any text if it has MarshalText. One that only decodes itself is described
// by its fields, and may be anything if it has none.
func (g *Generator) Of(t reflect.Type) Schema {
	t = withoutPointers(t)
	switch t {
	case reflect.TypeFor[time.Time]():
		return Schema{"type": "string", "format": "date-time"}
	case reflect.TypeFor[time.Duration]():
		return Schema{"type": "integer", "format": "int64", "description": "nanoseconds"}
	case reflect.TypeFor[json.Number]():
		return Schema{"type": "number"}
	}
	switch implemented := reflect.PointerTo(t); {
	case t.Kind() == reflect.Pointer:
		return Schema{}
	case implemented.Implements(reflect.TypeFor[json.Marshaler]()):
		return Schema{}
	case implemented.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return Schema{"type": "string"}
	case implemented.Implements(reflect.TypeFor[json.Unmarshaler]()) && IsEmpty(t):
		return Schema{}
	}
	switch t.Kind() {
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.String:
		if values := g.values(t); len(values) > 0 {
			return g.definition(t, func() Schema { return Schema{"type": "string", "enum": values} })
		}
		return Schema{"type": "string"}
	case reflect.Int, reflect.Int64:
		return Schema{"type": "integer", "format": "int64"}
	case reflect.Int8, reflect.Int16, reflect.Int32:
		return Schema{"type": "integer", "format": "int32"}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return Schema{"type": "integer", "format": t.Kind().String(), "minimum": 0}
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return Schema{"type": "integer", "format": "uint64", "minimum": 0}
	case reflect.Float32:
		return Schema{"type": "number", "format": "float"}
	case reflect.Float64:
		return Schema{"type": "number", "format": "double"}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return Schema{"type": "string", "contentEncoding": "base64"}
		}
	case reflect.Array, reflect.Map, reflect.Struct:
	default:
		return Schema{} // an interface may hold anything
	}
	if t.Name() == "" {
		return g.compound(t)
	}
	return g.definition(t, func() Schema { return g.compound(t) })
}

// definition refers to the definition of a type, which it makes the first time.
func (g *Generator) definition(t reflect.Type, define func() Schema) Schema {
	d := g.definitions[t]
	if d == nil {
		if g.definitions == nil {
			g.definitions = make(map[reflect.Type]*definition)
		}
		d = &definition{of: t}
		g.definitions[t] = d // before it is made, since it may contain itself
		g.found = append(g.found, d)
		d.schema = define()
		if text := g.describe(t, ""); text != "" {
			d.schema["description"] = text
		}
	}
	return Schema{"$ref": Reference{g.Root, d}}
}

func (g *Generator) describe(t reflect.Type, field string) string {
	if g.Describe == nil {
		return ""
	}
	return g.Describe(t, field)
}

func (g *Generator) values(t reflect.Type) []string {
	if g.Values == nil || t.PkgPath() == "" {
		return nil
	}
	return g.Values(t)
}

// withoutPointers returns what a type points to. A pointer type whose values
// can only point to values of its own kind is returned as it is.
func withoutPointers(t reflect.Type) reflect.Type {
	var passed []reflect.Type
	for t.Kind() == reflect.Pointer && !slices.Contains(passed, t) {
		passed = append(passed, t)
		t = t.Elem()
	}
	return t
}

// compound returns the schema of a struct, map, slice or array.
func (g *Generator) compound(t reflect.Type) Schema {
	switch t.Kind() {
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": g.Nullable(t.Elem())}
	case reflect.Slice, reflect.Array:
		return Schema{"type": "array", "items": g.Nullable(t.Elem())}
	}
	properties := Properties{}
	required := []string{}
	for _, f := range fieldsOf(t) {
		properties = append(properties, Property{f.name, g.property(f)})
		if !f.optional && f.typ.Kind() != reflect.Pointer {
			required = append(required, f.name)
		}
	}
	object := Schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		object["required"] = required
	}
	return object
}

func (g *Generator) property(f *field) Schema {
	var property Schema
	switch {
	case f.quoted && f.omitsZero:
		property = Schema{"type": "string"}
	case f.quoted:
		property = orNull(f.typ, Schema{"type": "string"})
	case f.omitsZero:
		property = g.Of(f.typ)
	default:
		property = g.Nullable(f.typ)
	}
	if text := cmp.Or(f.doc, g.describe(f.owner, f.goName)); text != "" {
		property["description"] = text
	}
	return property
}

// Nullable returns the schema of a value that is null where Go writes one: for a nil
// pointer, map or slice.
func (g *Generator) Nullable(t reflect.Type) Schema { return orNull(t, g.Of(t)) }

func orNull(t reflect.Type, value Schema) Schema {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
	default:
		return value
	}
	if kind, ok := value["type"].(string); ok {
		value["type"] = []string{kind, "null"}
		return value
	}
	if value["$ref"] != nil {
		return Schema{"anyOf": []Schema{value, {"type": "null"}}}
	}
	return value
}

// Definitions gives the definitions their names and returns them: the name of the type
// where no other has it, else with the package's before it, else with the
// package's whole path. Types of one function and another that have all that in
// common are numbered. No type is described after that.
func (g *Generator) Definitions() map[string]Schema {
	left := slices.Clone(g.found)
	slices.SortStableFunc(left, func(a, b *definition) int { return cmp.Compare(fullName(a.of), fullName(b.of)) })
	definitions := make(map[string]Schema, len(left))
	taken := make(map[string]bool)
	for _, name := range g.Taken {
		taken[name] = true
	}
	for _, nameOf := range []func(reflect.Type) string{shortName, packageName, fullName} {
		count := make(map[string]int)
		for _, d := range left {
			count[nameOf(d.of)]++
		}
		var clashing []*definition
		for _, d := range left {
			if name := nameOf(d.of); count[name] > 1 || taken[name] {
				clashing = append(clashing, d)
				continue
			}
			d.name = nameOf(d.of)
			definitions[d.name] = d.schema
		}
		for _, d := range left {
			taken[nameOf(d.of)] = true
		}
		left = clashing
	}
	for _, d := range left {
		d.name = fullName(d.of)
		for n := 2; taken[d.name]; n++ {
			d.name = fullName(d.of) + strconv.Itoa(n)
		}
		taken[d.name] = true
		definitions[d.name] = d.schema
	}
	return definitions
}

func shortName(t reflect.Type) string { return definitionName(t.Name()) }
func packageName(t reflect.Type) string {
	return definitionName(path.Base(t.PkgPath()) + "." + t.Name())
}
func fullName(t reflect.Type) string { return definitionName(t.PkgPath() + "." + t.Name()) }

// definitionName keeps what a name may have in OpenAPI. The arguments of a
// generic type lose their packages.
func definitionName(name string) string {
	base, arguments, _ := strings.Cut(name, "[")
	for argument := range strings.FieldsFuncSeq(arguments, func(r rune) bool { return strings.ContainsRune("[],", r) }) {
		base += "_" + argument[strings.LastIndexAny(argument, "/.")+1:]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '_'
	}, base)
}
