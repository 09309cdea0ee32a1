package lift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Typed makes a Handler of a function on decoded values.
//
// In is unmarshalled from the event's body as JSON; an empty body leaves it at
// its zero value. One that is a pointer is never nil. Over HTTP a body
// must have a Content-Type of JSON, or the answer is CodeUnsupported: a page of
// any origin may send other types without asking first (CVE-2021-32677).
//
// Over HTTP, fields of In with one of these tags are read from the request:
//
//	ID    string   `path:"id" json:"-"`
//	Limit int      `query:"limit" default:"20" json:"-" doc:"how many at most"`
//	Tags  []string `query:"tag" json:"-"` // as often as it is there
//	Match *string  `header:"If-Match,required" json:"-"`
//
// They may be text, numbers, bool, durations, what implements
// encoding.TextUnmarshaler, and pointers to and slices of them. The tag json:"-"
// keeps a body from setting them; Typed panics without it.
//
// An In, or a pointer to it, with a method Validate() error is then asked whether
// it will do. Input that fails any of these ways answers CodeInvalid, with the
// text of Validate's error as the message, unless that is an [Error] itself.
//
// Out is marshalled to JSON as the answer's body. A *Response goes out as it
// is, and struct{} says nothing. The event itself is at [EventFrom].
func Typed[In, Out any](fn func(context.Context, In) (Out, error)) Handler {
	return &typed[In, Out]{fn, parametersOf(reflect.TypeFor[In]())}
}

type typed[In, Out any] struct {
	fn   func(context.Context, In) (Out, error)
	from []TypedParameter
}

// A typedHandler is a handler of Typed.
type typedHandler interface {
	types() (in, out reflect.Type)
	parameters() []TypedParameter
}

func (h *typed[In, Out]) parameters() []TypedParameter { return h.from }

func (h *typed[In, Out]) Handle(ctx context.Context, e *Event) (*Response, error) {
	var in In
	if e.HTTP != nil && len(e.Body) > 0 && !isJSON(e.HTTP.Header.Get("Content-Type")) {
		return nil, Errorf(CodeUnsupported, "the body's Content-Type must be application/json")
	}
	if err := decodeInput(e.Body, &in); err != nil {
		return nil, err
	}
	if err := completeInput(e, &in, h.from); err != nil {
		return nil, err
	}
	v, ok := any(&in).(validator)
	if !ok {
		v, ok = any(in).(validator)
	}
	if ok {
		if err := validate(v); err != nil {
			return nil, err
		}
	}
	out, err := h.fn(ctx, in)
	if err != nil {
		return nil, err
	}
	switch out := any(out).(type) {
	case *Response:
		return out, nil
	case struct{}:
		return nil, nil
	}
	return JSON(0, out)
}

func decodeInput(body []byte, in any) error {
	if len(body) > 0 {
		if err := json.Unmarshal(body, in); err != nil {
			return &Error{Code: CodeInvalid, Message: inputFault(err), Cause: err}
		}
	}
	return nil
}

// completeInput gives a pointer something to point to, and reads the parameters
// of a request. What in points to is the input.
func completeInput(e *Event, in any, from []TypedParameter) error {
	v := reflect.ValueOf(in).Elem()
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if e.HTTP == nil || len(from) == 0 {
		return nil
	}
	return readParameters(e.HTTP, from, v)
}

type validator interface{ Validate() error }

func validate(v validator) error {
	err := v.Validate()
	if err == nil {
		return nil
	}
	if shown, public := AsError(err); public {
		return shown
	}
	return &Error{Code: CodeInvalid, Message: err.Error(), Cause: err}
}

// isJSON reports whether a Content-Type is application/json or one that ends in
// +json (RFC 6839).
func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

// inputFault says what is wrong with a body without quoting it.
func inputFault(err error) string {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		what := "the body"
		if kind.Field != "" {
			what = "field " + kind.Field
		}
		return what + " cannot be of kind " + firstWord(kind.Value)
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("the body is not JSON: see byte %d", syntax.Offset)
	}
	return "the body is not what is expected here"
}

// firstWord cuts the digits from encoding/json's "number 12345".
func firstWord(s string) string {
	for i := range len(s) {
		if s[i] == ' ' {
			return s[:i]
		}
	}
	return s
}
