package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pay-theory/streamer/wire"
)

// refusedPayload is one that no long example action takes: what is asked with it
// starts nothing.
const refusedPayload = `{"step_ms":-1,"timeout_s":-1,"start_date":"yesterday"}`

// withAction is a check that is skipped where the stage does not have one of the
// example actions.
func withAction(name string, run func(context.Context, *Target) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		offered, err := t.offers(ctx, name)
		if err != nil {
			return fmt.Errorf("ask for %s: %w", name, err)
		}
		if !offered {
			return skip("needs the example action " + name + ", which the stage does not have")
		}
		return run(ctx, t)
	}
}

// withActions is a group of checks that need the same action.
func withActions(name string, checks []Check) []Check {
	for i := range checks {
		checks[i].Run = withAction(name, checks[i].Run)
	}
	return checks
}

// offers reports whether the stage has one of the example actions, and asks it once.
func (t *Target) offers(ctx context.Context, name string) (bool, error) {
	t.mu.Lock()
	offered, known := t.offered[name]
	t.mu.Unlock()
	if known {
		return offered, nil
	}
	s, err := t.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.close()
	f, err := s.ask(ctx, `{"id":"`+newID()+`","action":"`+name+`","payload":`+refusedPayload+`}`)
	if err != nil {
		return false, err
	}
	offered = f.Type != wire.TypeError || f.Error.Code != wire.InvalidAction
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.offered == nil {
		t.offered = map[string]bool{}
	}
	t.offered[name] = offered
	return offered, nil
}

// A Call is a check of an action of one's own, short or long: it is answered, or it is
// acknowledged, its progress does not fall, and it ends as SUCCEEDED.
type Call struct {
	Action  string
	Payload json.RawMessage // nil: null
	Expect  json.RawMessage // what the result must contain; nil: anything

	// Observe is called with every frame that comes, one after another. It may be nil.
	Observe func(wire.Frame)
}

// Check returns the check, of the group "call" and with the action's name.
//
// A result contains an expected object when it has each of its fields with a value that
// contains the expected one; of arrays every element, and anything else must be equal,
// numbers as they are written.
func (c Call) Check() Check { return Check{"call", c.Action, onSocket(c.run)} }

func (c Call) run(ctx context.Context, s *socket) error {
	s.observe = c.Observe
	id := newID()
	end, frames, err := s.request(ctx, id, c.Action, c.Payload)
	if err != nil {
		return err
	}
	if end.Type == wire.TypeResponse {
		return contains(end.Data, c.Expect)
	}
	if end.Type != wire.TypeComplete {
		return unexpected(end)
	}
	if _, err := live(frames); err != nil {
		return err
	}
	s.observe = nil
	f, err := s.ask(ctx, `{"id":"`+newID()+`","action":"streamer.get","payload":{"request_id":"`+id+`"}}`)
	if err != nil {
		return err
	}
	if f.Type != wire.TypeRequest || f.Request.State != wire.StateSucceeded {
		return fmt.Errorf("it ended, and then: %w", unexpected(f))
	}
	if end.ResultRef != "" {
		if c.Expect != nil {
			return fmt.Errorf("the result is too large for a frame, and only %s has it: expect nothing of it", end.ResultRef)
		}
		return nil
	}
	return contains(end.Result, c.Expect)
}

// contains returns nil when a result contains what is expected.
func contains(result, expected json.RawMessage) error {
	if expected == nil {
		return nil
	}
	got, err := decode(result)
	if err != nil {
		return err
	}
	want, err := decode(expected)
	if err != nil {
		return fmt.Errorf("expected is not valid JSON: %w", err)
	}
	if !within(got, want) {
		return fmt.Errorf("the result is %s, want %s in it", result, expected)
	}
	return nil
}

func decode(data []byte) (any, error) {
	if !json.Valid(data) {
		return nil, errors.New("not valid JSON")
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err
}

// within reports whether got contains want.
func within(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		fields, ok := got.(map[string]any)
		for name, value := range want {
			field, there := fields[name]
			ok = ok && there && within(field, value)
		}
		return ok
	case []any:
		elements, ok := got.([]any)
		return ok && slices.EqualFunc(elements, want, within)
	}
	return got == want
}
