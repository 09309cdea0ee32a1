package openapi

import (
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

// A schema is one of JSON Schema 2020-12, which OpenAPI 3.1 takes as it is.
type schema map[string]any

// schemas are the components of a document. A component gets its name once all
// are known, so that a name does not depend on the order of the routes.
type schemas struct {
	components map[reflect.Type]schema
	found      []reflect.Type // the components, as they were found
	names      map[reflect.Type]string
}

func newSchemas() *schemas {
	return &schemas{components: make(map[reflect.Type]schema), names: make(map[reflect.Type]string)}
}

// A reference is the address of a component, written when its name is known.
type reference struct {
	schemas *schemas
	to      reflect.Type
}

// MarshalText implements encoding.TextMarshaler.
func (r reference) MarshalText() ([]byte, error) {
	return []byte("#/components/schemas/" + r.schemas.names[r.to]), nil
}

var (
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
)

// of returns the schema of a type: a reference for a struct, map, slice or array
// with a name, which may contain itself.
func (s *schemas) of(t reflect.Type) schema {
	t = withoutPointers(t)
	switch t {
	case reflect.TypeFor[time.Time]():
		return schema{"type": "string", "format": "date-time"}
	case reflect.TypeFor[time.Duration]():
		return schema{"type": "integer", "format": "int64", "description": "nanoseconds"}
	case reflect.TypeFor[json.Number]():
		return schema{"type": "number"}
	}
	switch implemented := reflect.PointerTo(t); {
	case t.Kind() == reflect.Pointer:
		return schema{}
	case implemented.Implements(jsonMarshaler):
		return schema{}
	case implemented.Implements(textMarshaler):
		return schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer", "format": "int64"}
	case reflect.Int8, reflect.Int16, reflect.Int32:
		return schema{"type": "integer", "format": "int32"}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return schema{"type": "integer", "format": t.Kind().String(), "minimum": 0}
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return schema{"type": "integer", "format": "uint64", "minimum": 0}
	case reflect.Float32:
		return schema{"type": "number", "format": "float"}
	case reflect.Float64:
		return schema{"type": "number", "format": "double"}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return schema{"type": "string", "contentEncoding": "base64"}
		}
	case reflect.Array, reflect.Map, reflect.Struct:
	default:
		return schema{} // an interface may hold anything
	}
	if t.Name() == "" {
		return s.compound(t)
	}
	if _, known := s.components[t]; !known {
		s.components[t] = nil // it may contain itself
		s.found = append(s.found, t)
		s.components[t] = s.compound(t)
	}
	return schema{"$ref": reference{s, t}}
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
func (s *schemas) compound(t reflect.Type) schema {
	switch t.Kind() {
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.nullable(t.Elem())}
	case reflect.Slice, reflect.Array:
		return schema{"type": "array", "items": s.nullable(t.Elem())}
	}
	properties := make(map[string]schema)
	required := []string{}
	for _, f := range fieldsOf(t) {
		properties[f.name] = s.property(f)
		if !f.optional && f.typ.Kind() != reflect.Pointer {
			required = append(required, f.name)
		}
	}
	object := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		object["required"] = required
	}
	return object
}

func (s *schemas) property(f field) schema {
	var property schema
	switch {
	case f.quoted && f.omitsZero:
		property = schema{"type": "string"}
	case f.quoted:
		property = orNull(f.typ, schema{"type": "string"})
	case f.omitsZero:
		property = s.of(f.typ)
	default:
		property = s.nullable(f.typ)
	}
	if f.doc != "" {
		property["description"] = f.doc
	}
	return property
}

// nullable returns the schema of a value that is null where Go writes one: for
// a nil pointer, map or slice.
func (s *schemas) nullable(t reflect.Type) schema { return orNull(t, s.of(t)) }

func orNull(t reflect.Type, value schema) schema {
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
		return schema{"anyOf": []schema{value, {"type": "null"}}}
	}
	return value
}

// named gives the components their names and returns them: the name of the type
// where no other has it, else with the package's before it, else with the
// package's whole path. Types of one function and another that have all that in
// common are numbered.
func (s *schemas) named() map[string]schema {
	slices.SortStableFunc(s.found, func(a, b reflect.Type) int { return cmp.Compare(fullName(a), fullName(b)) })
	taken := map[string]bool{"Problem": true} // the errors'
	left := s.found
	for _, nameOf := range []func(reflect.Type) string{shortName, packageName, fullName} {
		count := make(map[string]int)
		for _, t := range left {
			count[nameOf(t)]++
		}
		var clashing []reflect.Type
		for _, t := range left {
			name := nameOf(t)
			if count[name] > 1 || taken[name] {
				clashing = append(clashing, t)
				continue
			}
			s.names[t] = name
		}
		for _, t := range left {
			taken[nameOf(t)] = true
		}
		left = clashing
	}
	for _, t := range left {
		name := fullName(t)
		for n := 2; taken[name]; n++ {
			name = fullName(t) + strconv.Itoa(n)
		}
		taken[name] = true
		s.names[t] = name
	}
	components := make(map[string]schema)
	for t, name := range s.names {
		components[name] = s.components[t]
	}
	return components
}

func shortName(t reflect.Type) string { return componentName(t.Name()) }
func packageName(t reflect.Type) string {
	return componentName(path.Base(t.PkgPath()) + "." + t.Name())
}
func fullName(t reflect.Type) string { return componentName(t.PkgPath() + "." + t.Name()) }

// componentName keeps what a component's name may have. The arguments of a
// generic type lose their packages.
func componentName(name string) string {
	base, arguments, generic := strings.Cut(name, "[")
	if generic {
		for argument := range strings.SplitSeq(strings.Trim(arguments, "]"), ",") {
			base += "_" + argument[strings.LastIndexAny(argument, "/.")+1:]
		}
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '_'
	}, base)
}
