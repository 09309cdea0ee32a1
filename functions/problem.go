package functions

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A problemDocument is an error over HTTP, RFC 9457 with the protocol's
// extension members.
type problemDocument struct {
	Type          string          `json:"type"`
	Title         string          `json:"title"`
	Status        int             `json:"status"`
	Detail        string          `json:"detail"`
	Code          wire.Code       `json:"code"`
	CorrelationID string          `json:"correlation_id"`
	RequestID     string          `json:"request_id,omitempty"`
	Details       json.RawMessage `json:"details,omitempty"`
	Retry         *wire.Retry     `json:"retry,omitempty"`
}

func problem(e *lift.Event, err *lift.Error) *lift.Response {
	status, shown := err.HTTPStatus(), request.WireError(publicError(err), "")
	body, _ := json.Marshal(problemDocument{ // which only holds what can be encoded
		Type: "about:blank", Title: title(status), Status: status, Detail: shown.Message,
		Code: shown.Code, CorrelationID: e.CorrelationID, RequestID: note(e, requestKey), Details: shown.Details, Retry: shown.Retry,
	})
	res := &lift.Response{Status: status, Body: body}
	return res.SetHeader("Content-Type", "application/problem+json")
}

// title is the phrase of a status, as about:blank wants it: RFC 9457, 4.2.1. net/http has two
// from before RFC 9110.
func title(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Content Too Large"
	case http.StatusUnprocessableEntity:
		return "Unprocessable Content"
	}
	return http.StatusText(status)
}

// note returns what an annotation of an event says, "" if there is none.
func note(e *lift.Event, key string) string {
	notes := e.Annotations()
	if i := slices.IndexFunc(notes, func(a slog.Attr) bool { return a.Key == key }); i >= 0 {
		return notes[i].Value.String()
	}
	return ""
}

// publicError is what the protocol says of an error. Lift's own codes are those
// of HTTP's statuses, and so the protocol's code with the same status.
func publicError(err *lift.Error) *streamer.Error {
	code, message, details := err.Public()
	raw, ok := details.(json.RawMessage)
	if !ok && details != nil {
		raw, _ = json.Marshal(details) // what cannot be encoded is left out
	}
	public := &streamer.Error{Code: wire.Code(code), Message: message, Details: raw}
	public.Retryable, public.After = err.Retry()
	if slices.Contains(lift.Codes(), err.Code) {
		public.Code = wireCode(err.HTTPStatus())
	}
	return public
}

// wireCode returns the protocol's code with an HTTP status, or the plainest of
// the status's class.
func wireCode(status int) wire.Code {
	codes := wire.Codes()
	if i := slices.IndexFunc(codes, func(c wire.Code) bool { return c.HTTPStatus() == status }); i >= 0 {
		return codes[i]
	}
	if status < http.StatusInternalServerError {
		return wire.ValidationError
	}
	return wire.InternalError
}
