package profilecsv

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/wire"
)

// strict decodes a payload and refuses a field that v does not have, so that a
// misspelt option is an error and not ignored.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// refuse returns the VALIDATION_ERROR that says what is wrong with a field. Its
// details name the field.
func refuse(field, format string, args ...any) error {
	err := streamer.Errorf(wire.ValidationError, "%s: %s", field, fmt.Sprintf(format, args...))
	err.Details = json.RawMessage(`{"field":"` + field + `"}`)
	return err
}
