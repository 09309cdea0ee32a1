package streamer

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/pay-theory/streamer/wire"
)

// decodeError says to a client what its payload has and what is wanted instead.
func decodeError(err error) *Error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return Errorf(wire.ValidationError, "the payload does not decode: %s", err.Error())
	}
	what := "the payload"
	if wrong.Field != "" {
		what = fmt.Sprintf("the payload's field %q", wrong.Field)
	}
	return Errorf(wire.ValidationError, "%s is a JSON %s: it must be %s", what, wrong.Value, wantedJSON(wrong))
}

// wantedJSON says which kind of JSON decodes into the type.
func wantedJSON(wrong *json.UnmarshalTypeError) string {
	switch t := wrong.Type; {
	case t == nil:
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), t.Kind() == reflect.String:
		return "a string"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float32, t.Kind() == reflect.Float64:
		return "a number" + widthOf(wrong)
	case reflect.Zero(t).CanInt():
		return "a whole number" + widthOf(wrong)
	case reflect.Zero(t).CanUint():
		return "a whole number" + widthOf(wrong) + " that is not negative"
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Array:
		return "an array"
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return "an object"
	}
	return "of another kind"
}

// widthOf says which numbers a type takes, where the client's is one that it does not.
func widthOf(wrong *json.UnmarshalTypeError) string {
	if !strings.HasPrefix(wrong.Value, "number") {
		return ""
	}
	return fmt.Sprintf(" of %d bits", wrong.Type.Bits())
}
