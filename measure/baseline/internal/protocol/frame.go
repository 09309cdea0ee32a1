package protocol

import (
	"encoding/json"
	"fmt"
	"time"
)

type frame struct {
	Type       string     `json:"type"`
	RequestID  string     `json:"request_id,omitempty"`
	Status     string     `json:"status,omitempty"`
	Success    bool       `json:"success,omitempty"`
	Percentage *float64   `json:"percentage,omitempty"`
	Message    *string    `json:"message,omitempty"`
	Timestamp  *time.Time `json:"timestamp,omitempty"`
	Error      *Error     `json:"error,omitempty"`
	Rev        int64      `json:"rev,omitempty"`
}

// Acknowledgment says that a request is stored.
func Acknowledgment(requestID string, rev int64) []byte {
	message := "the request is queued"
	return encode(frame{Type: "acknowledgment", RequestID: requestID, Status: "queued", Message: &message, Rev: rev})
}

// Response is a short action's answer.
func Response(requestID string, data json.RawMessage) []byte {
	return with(encode(frame{Type: "response", RequestID: requestID, Success: true}), "data", data)
}

// Progress says how far a request is.
func Progress(requestID string, percentage float64, message string, rev int64, at time.Time) []byte {
	at = at.UTC()
	return encode(frame{Type: "progress", RequestID: requestID, Percentage: &percentage, Message: &message, Timestamp: &at, Rev: rev})
}

// Complete is a request's result.
func Complete(requestID string, result json.RawMessage, rev int64) []byte {
	return with(encode(frame{Type: "complete", RequestID: requestID, Success: true, Rev: rev}), "result", result)
}

// Failure is an error frame. The request's id may be unknown, and rev is 0 unless
// the error ends a request.
func Failure(requestID string, err *Error, rev int64) []byte {
	return encode(frame{Type: "error", RequestID: requestID, Error: err, Rev: rev})
}

// Pong answers a ping.
func Pong(requestID string, at time.Time) []byte {
	at = at.UTC()
	return encode(frame{Type: "pong", RequestID: requestID, Timestamp: &at})
}

// A Snapshot is a request as it stands.
type Snapshot struct {
	ID         string          `json:"id"`
	Action     string          `json:"action"`
	State      string          `json:"state"`
	Percentage float64         `json:"percentage"`
	Message    string          `json:"message,omitempty"`
	Result     json.RawMessage `json:"-"`
	Error      *Error          `json:"error,omitempty"`
	Attempts   int             `json:"attempts"`
	Rev        int64           `json:"rev"`
	CreatedAt  time.Time       `json:"created_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
	StartedAt  time.Time       `json:"started_at,omitzero"`
	FinishedAt time.Time       `json:"finished_at,omitzero"`
}

// Request answers a message that asked for a request's snapshot.
func Request(messageID string, s Snapshot) []byte {
	snapshot := encode(s)
	if len(s.Result) > 0 {
		snapshot = with(snapshot, "result", s.Result)
	}
	return with(encode(frame{Type: "request", RequestID: messageID}), "request", snapshot)
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("protocol: encode: %v", err)) // of strings, numbers and times
	}
	return data
}

// with adds a field to an object. The value keeps its bytes, which encoding/json
// would compact.
func with(object []byte, name string, value json.RawMessage) []byte {
	if len(value) == 0 {
		value = json.RawMessage("null")
	}
	object = append(object[:len(object)-1], `,"`+name+`":`...)
	object = append(object, value...)
	return append(object, '}')
}
