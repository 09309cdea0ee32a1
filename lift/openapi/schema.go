package openapi

import (
	"encoding"
	"encoding/json"
	"path"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A schema is one of JSON Schema 2020-12, which OpenAPI 3.1 takes as it is.
type schema map[string]any

// schemas are the components of a document.
type schemas struct {
	components map[string]schema
	names      map[reflect.Type]string
}

func newSchemas() *schemas {
	return &schemas{
		components: make(map[string]schema),
		// Errors have that name.
		names: map[reflect.Type]string{nil: "Problem"},
	}
}

var (
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
)

// of returns the schema of a type, a reference for a struct with a name.
func (s *schemas) of(t reflect.Type) schema {
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
		return s.of(t.Elem())
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
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return schema{"type": "integer", "minimum": 0}
	case reflect.Float32:
		return schema{"type": "number", "format": "float"}
	case reflect.Float64:
		return schema{"type": "number", "format": "double"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Kind() == reflect.Slice {
			return schema{"type": "string", "contentEncoding": "base64"}
		}
		return schema{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		if t.Name() == "" {
			return s.object(t)
		}
		return schema{"$ref": "#/components/schemas/" + s.component(t)}
	}
	return schema{} // an interface may hold anything
}

// component adds a struct to the components and returns its name, which has the
// package's before it where another type has the plain one.
func (s *schemas) component(t reflect.Type) string {
	if name, ok := s.names[t]; ok {
		return name
	}
	taken := func(name string) bool {
		for _, other := range s.names {
			if other == name {
				return true
			}
		}
		return false
	}
	name := componentName(t.Name())
	if taken(name) {
		name = componentName(path.Base(t.PkgPath()) + "." + t.Name())
	}
	for base, n := name, 2; taken(name); n++ {
		name = base + strconv.Itoa(n)
	}
	s.names[t] = name
	s.components[name] = s.object(t)
	return name
}

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

func (s *schemas) object(t reflect.Type) schema {
	properties := make(map[string]schema)
	required := []string{}
	s.addFields(t, properties, &required)
	object := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		object["required"] = required
	}
	return object
}

func (s *schemas) addFields(t reflect.Type, properties map[string]schema, required *[]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		kind := field.Type
		if field.Anonymous && name == "" {
			if kind.Kind() == reflect.Pointer {
				kind = kind.Elem()
			}
			if kind.Kind() == reflect.Struct {
				s.addFields(kind, properties, required)
				continue
			}
		}
		if !field.IsExported() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		option := func(want string) bool {
			for o := range strings.SplitSeq(options, ",") {
				if o == want {
					return true
				}
			}
			return false
		}
		property := s.of(field.Type)
		if option("string") {
			property = schema{"type": "string"}
		}
		mayBeLeftOut := option("omitempty") || option("omitzero")
		if !mayBeLeftOut {
			property = nullable(field.Type, property)
		}
		if doc := field.Tag.Get("doc"); doc != "" {
			property["description"] = doc
		}
		properties[name] = property
		if !mayBeLeftOut && field.Type.Kind() != reflect.Pointer {
			*required = append(*required, name)
		}
	}
}

// nullable lets a property be null where Go writes one: for a nil pointer, map
// or slice.
func nullable(t reflect.Type, property schema) schema {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
	default:
		return property
	}
	if kind, ok := property["type"].(string); ok {
		property["type"] = []string{kind, "null"}
		return property
	}
	if property["$ref"] != nil {
		return schema{"anyOf": []schema{property, {"type": "null"}}}
	}
	return property
}
