package streamer

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/pay-theory/streamer/wire"
)

// Types are the Go types of the action's payload and result, and of its chunks; output is
// nil where ActionConfig.Output does not say.
func (a Action) Types() (payload, result, output reflect.Type) {
	return a.payload, a.result, reflect.TypeOf(a.config.Output)
}

// Config is how the action is run and documented, with the defaults filled in.
func (a Action) Config() ActionConfig { return a.config }

// Actions returns the actions by name.
func (r *Registry) Actions() []Action {
	all := make([]Action, 0, len(r.actions))
	for _, name := range r.Names() {
		all = append(all, r.actions[name])
	}
	return all
}

// Catalog lists the actions that the caller may ask for, with the schemas of what travels.
func (s *Requests) Catalog(_ context.Context, caller Caller) (wire.Catalog, error) {
	catalog := wire.Catalog{Actions: []wire.CatalogAction{}}
	for _, a := range s.Actions.Actions() {
		if !caller.Has(a.config.Scope) {
			continue
		}
		listed := wire.CatalogAction{Name: a.config.Name, Long: a.config.Long, Description: a.config.Description, Errors: a.config.Errors}
		payload, result, output := a.Types()
		for _, part := range []struct {
			of   reflect.Type
			into *json.RawMessage
		}{{payload, &listed.Payload}, {result, &listed.Result}, {output, &listed.Output}} {
			if part.of == nil {
				continue
			}
			schema, err := s.schema(part.of)
			if err != nil {
				return wire.Catalog{}, fmt.Errorf("describe action %q: %w", a.config.Name, err)
			}
			*part.into = schema
		}
		catalog.Actions = append(catalog.Actions, listed)
	}
	return catalog, nil
}

func (s *Requests) schema(t reflect.Type) (json.RawMessage, error) {
	if s.Schema == nil {
		return json.RawMessage("{}"), nil
	}
	return s.Schema(t)
}
