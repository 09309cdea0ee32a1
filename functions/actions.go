package functions

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/jsonschema"
)

// actions lists what the caller may ask for.
func (a httpAPI) actions(ctx context.Context, _ *lift.Event, who streamer.Caller) (*lift.Response, error) {
	catalog, err := a.Catalog(ctx, who)
	if err != nil {
		return nil, err
	}
	return lift.JSON(http.StatusOK, catalog)
}

func schema(t reflect.Type) (json.RawMessage, error) { return json.Marshal(jsonschema.Document(t)) }
