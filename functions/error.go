package functions

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/wire"
)

// declare turns the domain's declared errors into Lift's, so that middleware
// and logs see what they are. The domain's error stays the cause, and the
// answer is made of it. requestID may be empty.
func declare(err error, requestID string) error {
	var declared *streamer.Error
	if _, done := lift.Declared(err); done || !errors.As(err, &declared) {
		return err
	}
	return &lift.Error{
		Code:    lift.CodeOf(declared.Code.HTTPStatus()),
		Message: declared.Message,
		Cause:   &requestError{declared, requestID},
	}
}

// A requestError is a domain error and the request that it concerns.
type requestError struct {
	cause     *streamer.Error
	requestID string
}

// Error leaves out the message, which the error around it has.
func (e *requestError) Error() string {
	if e.cause.Cause != nil {
		return string(e.cause.Code) + ": " + e.cause.Cause.Error()
	}
	return string(e.cause.Code)
}

func (e *requestError) Unwrap() error { return e.cause }

// wireCodes are the protocol's codes for errors that Lift itself declares.
var wireCodes = map[lift.Code]wire.Code{
	lift.CodeInternal:         wire.InternalError,
	lift.CodeInvalid:          wire.ValidationError,
	lift.CodeUnauthorized:     wire.Unauthorized,
	lift.CodeForbidden:        wire.Forbidden,
	lift.CodeNotFound:         wire.NotFound,
	lift.CodeMethodNotAllowed: wire.ValidationError,
	lift.CodeConflict:         wire.DuplicateRequest,
	lift.CodeTooLarge:         wire.PayloadTooLarge,
	lift.CodeUnsupported:      wire.ValidationError,
	lift.CodeRateLimited:      wire.RateLimited,
	lift.CodeUnhandled:        wire.InvalidAction,
	lift.CodeUnavailable:      wire.ServiceUnavailable,
	lift.CodeTimeout:          wire.Timeout,
}

// errorResponse answers errors in the protocol's terms: problem+json over HTTP
// and at $connect, an error frame on a message route.
func errorResponse(_ context.Context, e *lift.Event, err *lift.Error) *lift.Response {
	var cause *requestError
	requestID := ""
	domain := &streamer.Error{Code: wireCodes[err.Code], Message: err.Message, Retryable: err.Retryable(), After: err.RetryAfter}
	status := err.Code.HTTPStatus()
	if errors.As(err.Cause, &cause) {
		domain, requestID, status = cause.cause, cause.requestID, cause.cause.Code.HTTPStatus()
	}
	if e.Trigger == lift.TriggerMessage {
		return &lift.Response{Body: streamer.ErrorFrame(domain, requestID, e.CorrelationID).Append(nil)}
	}
	shown := streamer.WireError(domain, "")
	return problem(status, problemDocument{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: shown.Message,
		Code: shown.Code, CorrelationID: e.CorrelationID, RequestID: requestID, Details: shown.Details, Retry: shown.Retry,
	})
}

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

func problem(status int, doc problemDocument) *lift.Response {
	body, err := json.Marshal(doc)
	if err != nil { // details that are no JSON
		doc.Details = nil
		body, _ = json.Marshal(doc)
	}
	res := &lift.Response{Status: status, Body: body}
	return res.SetHeader("Content-Type", "application/problem+json")
}
