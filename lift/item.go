package lift

import (
	"encoding/base64"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// An Item is a DynamoDB item or a map in one: attributes by name. It reads an
// attribute when it is asked for it. The zero Item has none.
type Item struct{ text string }

// An Attribute is one typed value of an Item.
type Attribute struct {
	Type string // S, N, B, BOOL, NULL, M, L, SS, NS or BS; "" for an attribute that is not there
	text string
}

// All ranges over the attributes in the order they came.
func (i Item) All() iter.Seq2[string, Attribute] {
	return func(yield func(string, Attribute) bool) {
		if i.text == "" {
			return
		}
		s := scanner{text: i.text}
		more := true
		_ = s.object(func(name string) error {
			a, err := scanAttribute(&s)
			more = more && err == nil && yield(name, a)
			return err
		})
	}
}

// Get returns the attribute with the name, the zero Attribute when there is
// none.
func (i Item) Get(name string) Attribute {
	for key, a := range i.All() {
		if key == name {
			return a
		}
	}
	return Attribute{}
}

// identity is a text that equal items share, whatever the order of their
// attributes.
func (i Item) identity() string {
	var parts []string
	for name, a := range i.All() {
		parts = append(parts, strconv.Quote(name)+a.Type+a.text)
	}
	slices.Sort(parts)
	return "item " + strings.Join(parts, " ")
}

// Text returns a string attribute, "" when it is missing or of another type.
func (i Item) Text(name string) string { return i.Get(name).Text() }

func scanAttribute(s *scanner) (Attribute, error) {
	var a Attribute
	if s.next() != '{' {
		return a, s.skip()
	}
	err := s.object(func(key string) (err error) {
		a.Type = key
		a.text, err = s.raw()
		return err
	})
	return a, err
}

// Text returns an S, or an N with every digit it has; "" for other types.
func (a Attribute) Text() string {
	if a.Type != "S" && a.Type != "N" {
		return ""
	}
	text, _ := (&scanner{text: a.text}).string()
	return text
}

// Int returns an N that is a whole number of 64 bits, and whether it is one.
func (a Attribute) Int() (int64, bool) {
	if a.Type != "N" {
		return 0, false
	}
	n, err := strconv.ParseInt(a.Text(), 10, 64)
	return n, err == nil
}

// Bool returns a BOOL, false for other types.
func (a Attribute) Bool() bool { return a.Type == "BOOL" && a.text == "true" }

// Bytes returns a B, nil for other types.
func (a Attribute) Bytes() []byte {
	if a.Type != "B" {
		return nil
	}
	text, _ := (&scanner{text: a.text}).string()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}

// Map returns an M, the zero Item for other types.
func (a Attribute) Map() Item {
	if a.Type != "M" {
		return Item{}
	}
	return Item{text: a.text}
}

// List returns the elements of an L, nil for other types.
func (a Attribute) List() []Attribute {
	if a.Type != "L" {
		return nil
	}
	var list []Attribute
	s := scanner{text: a.text}
	_ = s.array(func() error {
		element, err := scanAttribute(&s)
		list = append(list, element)
		return err
	})
	return list
}

// Set returns the elements of an SS, NS or BS as they are written, a BS in
// base64; nil for other types.
func (a Attribute) Set() []string {
	switch a.Type {
	case "SS", "NS", "BS":
	default:
		return nil
	}
	set, _ := (&scanner{text: a.text}).strings()
	return set
}
