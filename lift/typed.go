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
// its zero value. An In, or a pointer to it, with a method Validate() error is
// then asked whether it will do, unless it is a nil pointer. Over HTTP a body
// must have a Content-Type of JSON, or the answer is CodeUnsupported: a page of
// any origin may send other types without asking first (CVE-2021-32677). Input that fails either way answers
// CodeInvalid, with the text of Validate's error as the message, unless that is
// an [Error] itself.
//
// Out is marshalled to JSON as the answer's body. A *Response goes out as it
// is, and struct{} says nothing. The event itself is at [EventFrom].
func Typed[In, Out any](fn func(context.Context, In) (Out, error)) Handler {
	return typed[In, Out](fn)
}

type typed[In, Out any] func(context.Context, In) (Out, error)

func (fn typed[In, Out]) Handle(ctx context.Context, e *Event) (*Response, error) {
	var in In
	if e.HTTP != nil && len(e.Body) > 0 && !isJSON(e.HTTP.Header.Get("Content-Type")) {
		return nil, Errorf(CodeUnsupported, "the body's Content-Type must be application/json")
	}
	if err := decodeInput(e.Body, &in); err != nil {
		return nil, err
	}
	v, ok := any(&in).(validator)
	if !ok {
		v, ok = any(in).(validator)
		ok = ok && !reflect.ValueOf(v).IsZero()
	}
	if ok {
		if err := validate(v); err != nil {
			return nil, err
		}
	}
	out, err := fn(ctx, in)
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
