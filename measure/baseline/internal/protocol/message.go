// Package protocol reads what clients send and writes what they get: the basic
// part of the protocol in docs/protocol.md of the module around this one.
package protocol

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// What a message may hold, in bytes.
const (
	MaxPayload  = 128 << 10
	maxMetadata = 4 << 10
)

// A Message is what a client sends.
type Message struct {
	ID       string
	Action   string
	Payload  json.RawMessage // byte for byte; nil when left out
	Metadata map[string]string
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)

// Decode reads a message and gives it an id when it has none. Every error is an
// *Error; the message that comes with it has as much of the id as could be read.
func Decode(body []byte) (Message, error) {
	var in struct {
		ID        *string           `json:"id"`
		RequestID *string           `json:"request_id"`
		Action    string            `json:"action"`
		Payload   json.RawMessage   `json:"payload"`
		Metadata  map[string]string `json:"metadata"`
	}
	// A field of the wrong type leaves the others read.
	err := json.Unmarshal(body, &in)
	if in.ID == nil {
		in.ID = in.RequestID
	}
	var m Message
	if in.ID != nil {
		if !idPattern.MatchString(*in.ID) || strings.Trim(*in.ID, ".") == "" {
			return m, NewError(InvalidMessage, "id must be 1 to 128 characters of A-Z a-z 0-9 _ . : - and not dots alone")
		}
		m.ID = *in.ID
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return m, NewError(InvalidMessage, wrong.Field+" is of the wrong type")
	case err != nil:
		return m, NewError(InvalidMessage, "the message is not a JSON object")
	case in.Action == "":
		return m, NewError(InvalidMessage, "the message has no action")
	}
	m.Action, m.Payload, m.Metadata = in.Action, in.Payload, in.Metadata
	if len(m.Payload) > MaxPayload {
		return m, NewError(PayloadTooLarge, fmt.Sprintf("the payload has %d bytes, %d are allowed", len(m.Payload), MaxPayload))
	}
	size := 0
	for key, value := range m.Metadata {
		size += len(key) + len(value)
	}
	if size > maxMetadata {
		return m, NewError(PayloadTooLarge, fmt.Sprintf("the metadata has %d bytes, %d are allowed", size, maxMetadata))
	}
	if m.ID == "" {
		m.ID = "req_" + strings.ToLower(rand.Text())
	}
	return m, nil
}
