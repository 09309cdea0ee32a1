package jsonschema

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// A field is a member of the object that encoding/json makes of a struct.
type field struct {
	name   string
	typ    reflect.Type
	doc    string
	owner  reflect.Type // the struct that declares it
	goName string
	tagged bool  // the name is that of a tag
	index  []int // where it stands, through the structs embedded

	quoted    bool // it is written as a string
	omitsZero bool // it is left out when it is zero, so it is never null
	optional  bool // it may be left out: that, or the struct embedded around it is a nil pointer
}

// An embedded is a struct whose fields are promoted to the one around it.
type embedded struct {
	typ      reflect.Type
	index    []int
	optional bool
}

// IsEmpty reports whether a type is a struct, or points to one, of which encoding/json
// sets and writes no field.
func IsEmpty(t reflect.Type) bool {
	t = withoutPointers(t)
	return t.Kind() == reflect.Struct && len(fieldsOf(t)) == 0
}

// fieldsOf returns the members of a struct's object by the rules of
// encoding/json: of several fields with one name that of the least depth counts,
// among those one that has the name by a tag, and none where that leaves two.
// https://pkg.go.dev/encoding/json#Marshal
func fieldsOf(t reflect.Type) []*field {
	var all []*field
	seen := map[reflect.Type]bool{t: true}
	for level := []embedded{{typ: t}}; len(level) > 0; {
		var next []embedded
		for _, e := range level {
			own, deeper := e.fields()
			all = append(all, own...)
			next = append(next, deeper...)
		}
		// A struct that was seen on a level above adds nothing. Twice on one level, its
		// fields clash.
		next = slices.DeleteFunc(next, func(e embedded) bool { return seen[e.typ] })
		for _, e := range next {
			seen[e.typ] = true
		}
		level = next
	}
	byName := make(map[string][]*field)
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	var fields []*field
	for _, candidates := range byName {
		if f := dominant(candidates); f != nil {
			fields = append(fields, f)
		}
	}
	slices.SortFunc(fields, func(a, b *field) int { return slices.Compare(a.index, b.index) })
	return fields
}

// dominant returns the field that counts among those of one name, which stand
// in the order of their depth; nil: none does.
func dominant(candidates []*field) *field {
	rank := func(f *field) int {
		if f.tagged {
			return 2 * len(f.index)
		}
		return 2*len(f.index) + 1
	}
	slices.SortStableFunc(candidates, func(a, b *field) int { return cmp.Compare(rank(a), rank(b)) })
	if len(candidates) > 1 && rank(candidates[0]) == rank(candidates[1]) {
		return nil
	}
	return candidates[0]
}

// fields returns the fields of a struct and the structs that it embeds.
func (e embedded) fields() (own []*field, deeper []embedded) {
	for i := range e.typ.NumField() {
		f := e.typ.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" {
			continue
		}
		index := append(slices.Clip(e.index), i)
		name, rest, _ := strings.Cut(tag, ",")
		if f.Anonymous {
			typ, optional := f.Type, e.optional
			if typ.Kind() == reflect.Pointer {
				typ, optional = typ.Elem(), true
			}
			if typ.Kind() == reflect.Struct && name == "" {
				deeper = append(deeper, embedded{typ, index, optional})
				continue
			}
			if typ.Kind() != reflect.Struct && !f.IsExported() {
				continue
			}
		} else if !f.IsExported() {
			continue
		}
		options := strings.Split(rest, ",")
		omits := slices.Contains(options, "omitempty") || slices.Contains(options, "omitzero")
		own = append(own, &field{
			name: cmp.Or(name, f.Name), typ: f.Type, doc: f.Tag.Get("doc"), tagged: name != "", index: index,
			owner: e.typ, goName: f.Name,
			quoted:    slices.Contains(options, "string") && quotable(f.Type),
			omitsZero: omits, optional: omits || e.optional,
		})
	}
	return own, deeper
}

// quotable tells whether the option string applies to a type: numbers, booleans
// and strings have it.
func quotable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64:
		return true
	}
	return t.Kind() >= reflect.Int && t.Kind() <= reflect.Uintptr
}
