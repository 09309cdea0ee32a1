package streamer_test

import (
	"encoding/json"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// An action's details that are no JSON would make the frame none either.
func TestDetailsThatAreNoJSONAreLeftOut(t *testing.T) {
	t.Parallel()
	for details, want := range map[string]string{
		`{"field":"n"`:  `{"correlation_id":"c1"}`,
		`{"field":"n"}`: `{"field":"n","correlation_id":"c1"}`,
		`[1]`:           `[1]`,
	} {
		shown := request.WireError(&streamer.Error{Code: wire.ValidationError, Details: json.RawMessage(details)}, "c1")
		if string(shown.Details) != want {
			t.Errorf("%s is shown as %s, want %s", details, shown.Details, want)
		}
	}
}
