package wire

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Type names a frame's kind and so which of its fields are set.
type Type string

// The types of frames that a server sends.
const (
	TypeAcknowledgment Type = "acknowledgment" // Status, Message, Rev
	TypeResponse       Type = "response"       // Data: a short action's answer
	TypeProgress       Type = "progress"       // Percentage, Message, Metadata, Rev, Timestamp
	TypeComplete       Type = "complete"       // Result or ResultRef, Rev
	TypeError          Type = "error"          // Error, Rev when it ends a request
	TypeRequest        Type = "request"        // Request: the snapshot
	TypeOutput         Type = "output"         // Offset, Chunks
	TypePong           Type = "pong"           // Timestamp
)

// StatusQueued is the status of every acknowledgment.
const StatusQueued = "queued"

// A Frame is what a server sends: a union over its Type. RequestID is set
// wherever the frame concerns a request. A frame whose Rev is not higher than
// what a client already has of that request is old news and must be dropped.
type Frame struct {
	Type      Type
	RequestID string
	Rev       int64 // 0: the frame carries none

	Status     string            // acknowledgment
	Message    string            // acknowledgment, progress
	Data       json.RawMessage   // response
	Percentage float64           // progress: 0 to 100
	Metadata   json.RawMessage   // progress: a JSON object, or nil
	Timestamp  time.Time         // progress, pong
	Result     json.RawMessage   // complete
	ResultRef  string            // complete: the HTTP path of a result too large for a frame
	Error      *Error            // error
	Request    *Snapshot         // request
	Offset     int64             // output: the place of the first chunk
	Chunks     []json.RawMessage // output
}

// Append encodes the frame onto dst, with the fields that its type has. Data,
// metadata, result and details are copied byte for byte and must be valid JSON.
func (f Frame) Append(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open()
	w.string("type", string(f.Type))
	if f.RequestID != "" {
		w.string("request_id", f.RequestID)
	}
	switch f.Type {
	case TypeAcknowledgment:
		w.string("status", f.Status)
		w.string("message", f.Message)
	case TypeResponse:
		w.value("success", true)
		w.raw("data", orNull(f.Data))
	case TypeProgress:
		w.value("percentage", f.Percentage)
		w.string("message", f.Message)
		w.raw("metadata", f.Metadata)
		w.time("timestamp", f.Timestamp)
	case TypeComplete:
		w.value("success", true)
		if f.ResultRef != "" {
			w.string("result_ref", f.ResultRef)
		} else {
			w.raw("result", orNull(f.Result))
		}
	case TypeError:
		w.object("error", f.Error.append)
	case TypeRequest:
		w.object("request", f.Request.Append)
	case TypeOutput:
		w.value("offset", f.Offset)
		w.array("chunks", f.Chunks)
	case TypePong:
		w.time("timestamp", f.Timestamp)
	}
	if f.Rev != 0 {
		w.value("rev", f.Rev)
	}
	return w.close()
}

// DecodeFrame reads a server's frame. Unknown fields are ignored; an unknown
// type is no error, so that an old client lives with a new server.
func DecodeFrame(data []byte) (Frame, error) {
	var in struct {
		Type       Type              `json:"type"`
		RequestID  string            `json:"request_id"`
		Rev        int64             `json:"rev"`
		Status     string            `json:"status"`
		Message    string            `json:"message"`
		Data       json.RawMessage   `json:"data"`
		Percentage float64           `json:"percentage"`
		Metadata   json.RawMessage   `json:"metadata"`
		Timestamp  time.Time         `json:"timestamp"`
		Result     json.RawMessage   `json:"result"`
		ResultRef  string            `json:"result_ref"`
		Error      *Error            `json:"error"`
		Request    *Snapshot         `json:"request"`
		Offset     int64             `json:"offset"`
		Chunks     []json.RawMessage `json:"chunks"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return Frame{}, fmt.Errorf("decode frame: %w", err)
	}
	switch {
	case in.Type == "":
		return Frame{}, fmt.Errorf("decode frame: no type")
	case in.Type == TypeError && in.Error == nil:
		return Frame{}, fmt.Errorf("decode frame: an error frame without an error")
	case in.Type == TypeRequest && in.Request == nil:
		return Frame{}, fmt.Errorf("decode frame: a request frame without a request")
	}
	return Frame(in), nil
}

func (e *Error) append(dst []byte) []byte {
	w := objectWriter{dst: dst}
	w.open()
	w.string("code", string(e.Code))
	w.string("message", e.Message)
	w.raw("details", e.Details)
	if e.Retry != nil {
		w.value("retry", e.Retry)
	}
	return w.close()
}

func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}
