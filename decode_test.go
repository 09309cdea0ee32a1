package streamer_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/pay-theory/streamer"
)

// everyKind has a field of each kind of JSON.
type everyKind struct {
	Text    string            `json:"text"`
	Flag    *bool             `json:"flag"`
	Share   float32           `json:"share"`
	Seed    int               `json:"seed"`
	Small   int8              `json:"small"`
	Count   uint16            `json:"count"`
	Lines   []string          `json:"lines"`
	Labels  map[string]string `json:"labels"`
	Inner   struct{ N int }   `json:"inner"`
	Address netip.Addr        `json:"address"` // a struct that is text
}

// A payload of another type is refused with what it has and what is wanted.
func TestAPayloadOfAnotherType(t *testing.T) {
	t.Parallel()
	w := newHarness(t, streamer.NewAction(streamer.ActionConfig{Name: "take"},
		func(context.Context, *streamer.Job, everyKind) (int, error) { return 0, nil }))
	w.connect(t, "c1", ada)
	for payload, want := range map[string]string{
		`{"text":1}`:             `the payload's field "text" is a JSON number: it must be a string`,
		`{"flag":"yes"}`:         `the payload's field "flag" is a JSON string: it must be true or false`,
		`{"share":"half"}`:       `the payload's field "share" is a JSON string: it must be a number`,
		`{"share":1e99}`:         `the payload's field "share" is a JSON number 1e99: it must be a number of 32 bits`,
		`{"seed":"42"}`:          `the payload's field "seed" is a JSON string: it must be a whole number`,
		`{"seed":1.5}`:           `the payload's field "seed" is a JSON number 1.5: it must be a whole number of 64 bits`,
		`{"small":300}`:          `the payload's field "small" is a JSON number 300: it must be a whole number of 8 bits`,
		`{"count":-1}`:           `the payload's field "count" is a JSON number -1: it must be a whole number of 16 bits that is not negative`,
		`{"lines":"a"}`:          `the payload's field "lines" is a JSON string: it must be an array`,
		`{"labels":[]}`:          `the payload's field "labels" is a JSON array: it must be an object`,
		`{"inner":{"N":"1"}}`:    `the payload's field "inner.N" is a JSON string: it must be a whole number`,
		`{"address":{"ip":"x"}}`: `the payload's field "address" is a JSON object: it must be a string`,
		`[]`:                     `the payload is a JSON array: it must be an object`,
	} {
		t.Run(payload, func(t *testing.T) {
			frame, err := w.answer(t, "c1", "corr-9", `{"id":"a","action":"take","payload":`+payload+`}`)
			if err == nil || frame.Error == nil || frame.Error.Message != want {
				t.Errorf("got %s, %v; want %q", frame.Append(nil), err, want)
			}
		})
	}
}
