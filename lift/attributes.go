package lift

import (
	"encoding/base64"
	"iter"
)

// MessageAttributes are what the sender of an SQS or SNS message put beside the
// body. They are read when they are asked for. The zero MessageAttributes has
// none.
type MessageAttributes struct{ text string }

// A MessageAttribute is one of them.
type MessageAttribute struct {
	Type  string // String, Number, Binary or String.Array, with a suffix of the sender's; "" for one that is not there
	Value string // a Binary in base64
}

// All ranges over the attributes in the order they came.
func (m MessageAttributes) All() iter.Seq2[string, MessageAttribute] {
	return func(yield func(string, MessageAttribute) bool) {
		if m.text == "" {
			return
		}
		s := scanner{text: m.text}
		more := true
		_ = s.object(func(name string) error {
			a, err := scanMessageAttribute(&s)
			more = more && err == nil && yield(name, a)
			return err
		})
	}
}

// Get returns the attribute with the name, the zero MessageAttribute when there
// is none.
func (m MessageAttributes) Get(name string) MessageAttribute {
	for key, a := range m.All() {
		if key == name {
			return a
		}
	}
	return MessageAttribute{}
}

// Text returns the value of the attribute with the name, "" when there is none.
func (m MessageAttributes) Text(name string) string { return m.Get(name).Value }

// Bytes returns the value, of a Binary decoded; nil for a Binary that is not
// base64.
func (a MessageAttribute) Bytes() []byte {
	if len(a.Type) < len("Binary") || a.Type[:len("Binary")] != "Binary" {
		return []byte(a.Value)
	}
	data, err := base64.StdEncoding.DecodeString(a.Value)
	if err != nil {
		return nil
	}
	return data
}

// scanMessageAttribute reads both spellings: SQS has dataType with stringValue
// or binaryValue, SNS has Type with Value.
func scanMessageAttribute(s *scanner) (MessageAttribute, error) {
	var a MessageAttribute
	if s.next() != '{' {
		return a, s.skip()
	}
	err := s.object(func(key string) (err error) {
		to := &a.Value
		switch key {
		case "dataType", "Type":
			to = &a.Type
		case "stringValue", "binaryValue", "Value":
		default:
			return s.skip()
		}
		if c := s.next(); c != '"' {
			return s.skip()
		}
		*to, err = s.string()
		return err
	})
	return a, err
}
