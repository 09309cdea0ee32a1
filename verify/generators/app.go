// Package generators has an app with every kind of field, for the generators of
// clients that read its OpenAPI document.
package generators

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// A Level is a text of its own.
type Level int

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte([...]string{"low", "high"}[l&1]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(text []byte) error {
	*l = 0
	if string(text) == "high" {
		*l = 1
	}
	return nil
}

// Base is embedded.
type Base struct {
	ID string `json:"id" doc:"what it is known by"`
}

// A Page has a type parameter.
type Page[T any] struct {
	Items []T `json:"items"`
}

// Everything has a field of each kind.
type Everything struct {
	Base
	Text   string            `json:"text"`
	Count  int               `json:"count"`
	Small  int32             `json:"small"`
	Size   uint64            `json:"size"`
	Rate   float64           `json:"rate"`
	Ratio  float32           `json:"ratio"`
	On     bool              `json:"on,omitempty"`
	At     time.Time         `json:"at"`
	Data   []byte            `json:"data,omitempty"`
	Raw    json.RawMessage   `json:"raw"`
	Any    any               `json:"any"`
	Level  Level             `json:"level"`
	Labels map[string]string `json:"labels"`
	Pair   [2]bool           `json:"pair"`
	Next   *Everything       `json:"next,omitempty"`
	Maybe  *int              `json:"maybe"`
	Inline struct {
		A int `json:"a"`
	} `json:"inline"`
	Pages Page[Base] `json:"pages"`
}

// A Put replaces a thing.
type Put struct {
	Shop string `path:"shop" json:"-"`
	Everything
}

// A Search has parameters alone.
type Search struct {
	Shop  string     `path:"shop" json:"-"`
	Limit int        `query:"limit" default:"20" json:"-"`
	Tags  []string   `query:"tag" json:"-"`
	After *time.Time `query:"after" json:"-"`
	Match string     `header:"If-Match" json:"-"`
}

// New returns the app.
func New() *lift.App {
	app := lift.New(lift.Config{})
	app.HTTP("PUT /shops/{shop}/things", lift.Operation{
		Handler: lift.Typed(func(_ context.Context, in Put) (Everything, error) {
			if in.Text == "" {
				return Everything{}, lift.Errorf(lift.CodeConflict, "the thing of %s has no text", in.Shop)
			}
			return in.Everything, nil
		}),
		ID: "putThing", Summary: "Put a thing", Errors: []lift.Code{lift.CodeConflict},
	})
	app.HTTP("GET /shops/{shop}/things", lift.Operation{
		Handler: lift.Typed(func(_ context.Context, in *Search) (Page[Base], error) {
			items := []Base{{ID: in.Shop + in.Match}}
			for _, tag := range in.Tags[:min(len(in.Tags), in.Limit)] {
				items = append(items, Base{ID: tag})
			}
			return Page[Base]{Items: items}, nil
		}),
		ID: "searchThings", Summary: "Search things",
	})
	app.HTTP("DELETE /shops/{shop}/things/{id}", lift.Operation{
		Handler: lift.Typed(func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }),
		ID:      "deleteThing", Summary: "Delete a thing", Status: http.StatusNoContent,
	})
	return app
}
