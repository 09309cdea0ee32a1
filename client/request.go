package client

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pay-theory/streamer/wire"
)

// A Request asks for an action.
type Request struct {
	Action string // required

	// Payload is the action's input: a json.RawMessage is sent as it is,
	// anything else as encoding/json encodes it, nil not at all.
	Payload any

	// ID is the request's idempotency key, 1 to 128 characters of
	// A-Z a-z 0-9 _ . : -. Empty: a random one.
	ID string

	Metadata map[string]string

	// NotBefore is when a long action may start, at most 365 days ahead; zero or past: at
	// once. Waiting for the call includes that time. A request that is asked for again under
	// the same ID must have the same one. A short action refuses it.
	NotBefore time.Time
}

// message is the request as it is sent. It always has an id.
func (r Request) message() (*wire.Message, error) {
	m := &wire.Message{ID: r.ID, Action: r.Action, Metadata: r.Metadata, NotBefore: r.NotBefore}
	if m.ID == "" {
		m.ID = newID("req_")
	}
	if reason := wire.CheckID(m.ID); reason != "" {
		return nil, errorf(wire.InvalidMessage, "", "the id %q is not valid: an id %s", m.ID, reason)
	}
	if m.Action == "" {
		return nil, errorf(wire.InvalidMessage, m.ID, "the request has no action: set Request.Action to the name of one")
	}
	if strings.HasPrefix(m.Action, wire.ReservedPrefix) {
		return nil, errorf(wire.InvalidAction, m.ID, "the action %s is reserved for the protocol: use the client's method for it", m.Action)
	}
	switch payload := r.Payload.(type) {
	case nil:
	case json.RawMessage:
		if len(payload) > 0 && !json.Valid(payload) {
			return nil, errorf(wire.ValidationError, m.ID, "the payload %s", wire.CheckJSON(payload))
		}
		if !utf8.Valid(payload) {
			return nil, errorf(wire.ValidationError, m.ID, "the payload is not valid JSON: it is not UTF-8")
		}
		m.Payload = payload
	default:
		encoded, err := json.Marshal(payload)
		if err != nil {
			return nil, fmt.Errorf("encode payload: %w", err)
		}
		m.Payload = encoded
	}
	return m, nil
}

func newID(prefix string) string { return prefix + strings.ToLower(rand.Text()) }
