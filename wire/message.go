package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// ReservedPrefix starts the names of the actions that the protocol itself
// defines. No application action may begin with it.
const ReservedPrefix = "streamer."

// The reserved actions. Unless said otherwise their payload is
// {"request_id": "…"} and their answer is a request frame, the snapshot.
const (
	ActionPing         = "streamer.ping"         // no payload; answers pong
	ActionGet          = "streamer.get"          // the snapshot
	ActionList         = "streamer.list"         // payload ListQuery; answers response with a List
	ActionSubscribe    = "streamer.subscribe"    // the snapshot, then live frames
	ActionUnsubscribe  = "streamer.unsubscribe"  // the snapshot; live frames end
	ActionCancel       = "streamer.cancel"       // the snapshot after the cancel
	ActionRedrive      = "streamer.redrive"      // a failed request runs again; the snapshot after that
	ActionWhy          = "streamer.why"          // the snapshot with all that is known of why it waits
	ActionSignal       = "streamer.signal"       // payload Signal; the snapshot after it
	ActionOutput       = "streamer.output"       // payload OutputQuery; answers response with an Output
	ActionCatalog      = "streamer.actions"      // no payload; answers response with a Catalog
	ActionAuthenticate = "streamer.authenticate" // payload {"token"}; answers response

	// Of operators.
	ActionSchedules      = "streamer.schedules"       // no payload; answers response with a ScheduleList
	ActionPauseSchedule  = "streamer.schedule.pause"  // payload ScheduleRef; answers response with the Schedule
	ActionResumeSchedule = "streamer.schedule.resume" // payload ScheduleRef; answers response with the Schedule
	ActionRunSchedule    = "streamer.schedule.run"    // payload ScheduleRef; answers response with the Schedule
)

// MaxMessage is how many bytes one WebSocket message may have, in either direction
// (API Gateway quotas, "WebSocket message payload size").
const MaxMessage = 128 << 10

// MaxNesting is how many arrays and objects JSON may have within each other, a message's own object
// counted: what encoding/json reads.
const MaxNesting = 10_000

// MaxID is the longest request id, in characters.
const MaxID = 128

// A Message is what a client sends. ID correlates every frame of the request
// and is its idempotency key within the sender's tenant and subject.
type Message struct {
	ID       string            `json:"id,omitempty"`
	Action   string            `json:"action"`
	Payload  json.RawMessage   `json:"payload,omitempty"` // byte-exact; nil when left out
	Metadata map[string]string `json:"metadata,omitempty"`

	NotBefore time.Time `json:"not_before,omitzero"` // when the request may start; zero: at once
}

// A MessageError says why a message was not understood. ID is the message's id
// as far as it could be read, so that the answer can still be correlated.
type MessageError struct {
	ID     string
	Reason string
}

func (e *MessageError) Error() string { return e.Reason }

// DecodeMessage reads a client's message. Names of fields are exact: Id is not id.
// Unknown fields are ignored and request_id is taken for id where id is missing.
// Every error is a [*MessageError]. The message shares nothing with data.
func DecodeMessage(data []byte) (Message, error) {
	var in map[string]json.RawMessage
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return Message{}, &MessageError{Reason: "the message is not a JSON object"}
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return Message{}, &MessageError{Reason: "the message " + jsonFault(err)}
	}

	m := Message{Payload: in["payload"]}
	rawID, field := in["id"], "id"
	if absent(rawID) {
		rawID, field = in["request_id"], "request_id"
	}
	if !absent(rawID) {
		if json.Unmarshal(rawID, &m.ID) != nil {
			return Message{}, &MessageError{Reason: field + " is not a string"}
		}
		if reason := CheckID(m.ID); reason != "" {
			return Message{}, &MessageError{Reason: field + " " + reason}
		}
	}
	if absent(in["action"]) {
		return Message{}, &MessageError{ID: m.ID, Reason: "the message has no action"}
	}
	if json.Unmarshal(in["action"], &m.Action) != nil || m.Action == "" {
		return Message{}, &MessageError{ID: m.ID, Reason: "action is not a non-empty string"}
	}
	if !absent(in["metadata"]) && json.Unmarshal(in["metadata"], &m.Metadata) != nil {
		return Message{}, &MessageError{ID: m.ID, Reason: "metadata is not an object of strings"}
	}
	if !absent(in["not_before"]) {
		if json.Unmarshal(in["not_before"], &m.NotBefore) != nil {
			return Message{}, &MessageError{ID: m.ID, Reason: "not_before is not an RFC 3339 time such as 2026-03-04T05:06:07Z"}
		}
		m.NotBefore = m.NotBefore.UTC()
	}
	return m, nil
}

// DecodePayload reads the payload of a reserved action into a struct, by the exact
// names of its fields; encoding/json alone takes SUBJECT for subject. An empty
// payload leaves the struct as it is.
func DecodePayload[T any](payload json.RawMessage, into *T) error {
	return decodePayload(payload, into, reflect.TypeFor[T]())
}

// decodePayload has one code for all types.
func decodePayload(payload json.RawMessage, into any, of reflect.Type) error {
	if len(payload) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(payload, &fields) == nil {
		exact := map[string]json.RawMessage{}
		for _, field := range reflect.VisibleFields(of) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if raw, present := fields[name]; present {
				exact[name] = raw
			}
		}
		selected, err := json.Marshal(exact)
		if err != nil {
			return err
		}
		payload = selected
	}
	return json.Unmarshal(payload, into)
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// CheckJSON says what is wrong with a JSON text, or "" when nothing is.
func CheckJSON(data []byte) string {
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return jsonFault(err)
	}
	return ""
}

// jsonFault says why encoding/json did not read a text.
func jsonFault(err error) string {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	switch {
	case ok && strings.HasSuffix(syntax.Error(), "exceeded max depth"):
		return fmt.Sprintf("is nested deeper than %d levels: send flatter JSON", MaxNesting)
	case ok:
		return fmt.Sprintf("is not valid JSON, at byte %d", syntax.Offset)
	}
	return "is not valid JSON"
}

// CheckID says what is wrong with a request id, or "" when nothing is.
func CheckID(id string) string {
	if strings.Trim(id, ".") == "" && id != "" {
		return "may not be dots alone, which no URL can name"
	}
	if id == "" || len(id) > MaxID {
		return fmt.Sprintf("must have 1 to %d characters", MaxID)
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '_', c == '.', c == ':', c == '-':
		default:
			return "may hold only A-Z a-z 0-9 _ . : -"
		}
	}
	return ""
}

// Append encodes the message onto dst; the payload is copied byte for byte.
func (m Message) Append(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open()
	if m.ID != "" {
		w.string("id", m.ID)
	}
	w.string("action", m.Action)
	w.raw("payload", m.Payload)
	if len(m.Metadata) > 0 {
		w.value("metadata", m.Metadata)
	}
	if !m.NotBefore.IsZero() {
		w.time("not_before", m.NotBefore)
	}
	return w.close()
}

// AllSubjects, as the subject of a [ListQuery], asks for the requests of every
// subject of the operator's tenant.
const AllSubjects = "*"

// RequestRef is the payload of the reserved actions that name a request.
type RequestRef struct {
	RequestID string `json:"request_id"`
	Subject   string `json:"subject,omitempty"` // whose it is; empty: the sender's. Others' are for operators
}

// Signal is the payload of [ActionSignal].
type Signal struct {
	RequestID string          `json:"request_id"`
	Subject   string          `json:"subject,omitempty"` // as in a RequestRef
	Token     string          `json:"token"`
	Payload   json.RawMessage `json:"payload,omitempty"`
}

// OutputQuery is the payload of [ActionOutput].
type OutputQuery struct {
	RequestID string `json:"request_id"`
	Subject   string `json:"subject,omitempty"` // as in a RequestRef
	From      int64  `json:"from,omitempty"`    // the first offset
	Limit     int    `json:"limit,omitempty"`   // chunks, 1 to 100; 0: 100
}

// Output is a piece of a request's output: chunks from Offset on, in order.
type Output struct {
	Offset int64             `json:"offset"`
	Chunks []json.RawMessage `json:"chunks"`
	Final  bool              `json:"final"` // nothing follows: these are the last, and the request has ended
}

// Authenticate is the payload of [ActionAuthenticate].
type Authenticate struct {
	Token string `json:"token"`
}

// ListQuery is the payload of [ActionList] and the query of GET /requests.
type ListQuery struct {
	Subject string    `json:"subject,omitempty"` // whose requests, or AllSubjects; empty: the sender's. Others' are for operators
	Action  string    `json:"action,omitempty"`  // only requests of this action; empty: all
	State   string    `json:"state,omitempty"`   // only requests in this state; empty: all
	Since   time.Time `json:"since,omitzero"`    // only requests created at or after; zero: no bound
	Until   time.Time `json:"until,omitzero"`    // only requests created before; zero: no bound
	Parent  string    `json:"parent,omitempty"`  // only requests that this one has started, by ascending id, of any action and state
	Limit   int       `json:"limit,omitempty"`   // 1 to 100; 0: 20
	Cursor  string    `json:"cursor,omitempty"`  // from a List; empty: the newest
}

// A List is a page of requests, newest first.
type List struct {
	Requests []Snapshot `json:"requests"`
	Cursor   string     `json:"cursor,omitempty"` // for the next page; empty: this is the last
}
