package functions

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// declare turns the domain's declared errors into Lift's, so that middleware
// and logs see what they are. The domain's error stays the cause, and the
// answer is made of it. requestID may be empty.
func declare(err error, requestID string) error {
	switch {
	case errors.As(err, new(*requestError)): // declared already
		return err
	case errors.As(err, new(*streamer.Error)):
		return lifted(err, requestID)
	}
	if known, ok := lift.AsError(err); ok {
		said := *known
		said.Cause = &requestError{err, requestID}
		return &said
	}
	return &requestError{err, requestID}
}

// lifted is Lift's error of one of the domain's.
func lifted(err error, requestID string) *lift.Error {
	declared := &streamer.Error{Code: wire.InternalError, Message: "internal error"}
	errors.As(err, &declared)
	return &lift.Error{Code: lift.CodeOf(declared.Code.HTTPStatus()), Message: declared.Message, Cause: &requestError{err, requestID}}
}

// failure is how a message ends that was not done. What a short action failed
// with is answered as any error is, and is none of the function's: an alarm on
// the function's errors must not ring for an application's bug. It is logged here.
// When the function's own time is up, that is to blame.
func failure(ctx context.Context, e *lift.Event, err error, requestID string) (*lift.Response, error) {
	var action *streamer.ActionError
	if errors.As(err, &action) && ctx.Err() == nil {
		if shown := lifted(err, requestID); shown.Code.HTTPStatus() >= http.StatusInternalServerError {
			e.Logger().ErrorContext(ctx, "action failed", "request_id", requestID, "action", action.Action, "error", action.Error())
			return errorResponse(ctx, e, shown), nil
		}
	}
	return nil, declare(err, requestID)
}

// A requestError is an error and the request that it concerns.
type requestError struct {
	error
	requestID string
}

// Error leaves out a declared error's message, which the error around it has.
func (e *requestError) Error() string {
	var declared *streamer.Error
	switch {
	case !errors.As(e.error, &declared):
		return e.error.Error()
	case declared.Cause != nil:
		return string(declared.Code) + ": " + declared.Cause.Error()
	}
	return string(declared.Code)
}

func (e *requestError) Unwrap() error { return e.error }

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

	lift.CodePaymentRequired:      wire.Forbidden,
	lift.CodeGone:                 wire.NotFound,
	lift.CodePreconditionFailed:   wire.DuplicateRequest,
	lift.CodeUnprocessable:        wire.ProcessingFailed,
	lift.CodePreconditionRequired: wire.ValidationError,
}

// errorResponse answers errors in the protocol's terms: problem+json over HTTP
// and at $connect, an error frame on a message route.
func errorResponse(_ context.Context, e *lift.Event, err *lift.Error) *lift.Response {
	retryable, _ := err.Retry()
	domain := &streamer.Error{Code: wireCodes[err.Code], Message: err.Message, Retryable: retryable, After: err.RetryAfter}
	status, requestID := err.Code.HTTPStatus(), ""
	var cause *requestError
	if errors.As(err.Cause, &cause) {
		requestID = cause.requestID
		if errors.As(cause, &domain) {
			status = domain.Code.HTTPStatus()
		}
	}
	if e.Trigger == lift.TriggerMessage {
		return &lift.Response{Body: streamer.ErrorFrame(domain, requestID, e.CorrelationID).Append(nil)}
	}
	shown := request.WireError(domain, "")
	body, _ := json.Marshal(problemDocument{ // which only holds what can be encoded
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: shown.Message,
		Code: shown.Code, CorrelationID: e.CorrelationID, RequestID: requestID, Details: shown.Details, Retry: shown.Retry,
	})
	res := &lift.Response{Status: status, Body: body}
	return res.SetHeader("Content-Type", "application/problem+json")
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
