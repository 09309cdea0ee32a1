package lift

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
)

// errorResponse is the answer to an error over HTTP and WebSocket: the
// application's where it has one, else what render makes. Headers that came
// with the error are added.
func (a *App) errorResponse(ctx context.Context, e *Event, extra *Response, err error, render func(*Event, *Error) *Response) *Response {
	shown := a.report(ctx, e, err)
	var res *Response
	if a.cfg.ErrorResponse != nil {
		if own := a.cfg.ErrorResponse(NewContext(ctx, e), e, shown); own != nil {
			res = &Response{Status: own.Status, Header: own.Header.Clone(), Body: own.Body}
		}
	}
	if res == nil {
		res = render(e, shown)
	}
	if res.Status == 0 {
		res.Status = shown.HTTPStatus()
	}
	if shown.RetryAfter > 0 && res.Header.Get("Retry-After") == "" {
		res.SetHeader("Retry-After", strconv.FormatInt(shown.retryAfterSeconds(), 10))
	}
	res.addHeader(extra)
	return res
}

// A problemDocument is an error over HTTP, RFC 9457 with extension members.
type problemDocument struct {
	Type          string `json:"type"`
	Title         string `json:"title"`
	Status        int    `json:"status"`
	Detail        string `json:"detail,omitempty"`
	Code          Code   `json:"code"`
	CorrelationID string `json:"correlation_id"`
	Retryable     bool   `json:"retryable,omitempty"`
	RetryAfter    int64  `json:"retry_after,omitempty"` // seconds
	Details       any    `json:"details,omitempty"`
}

func problem(e *Event, err *Error) *Response {
	return &Response{
		Status: err.HTTPStatus(),
		Header: http.Header{"Content-Type": {"application/problem+json"}},
		Body: marshalError(e, err, func(details any) any {
			return problemDocument{
				Type: "about:blank", Title: title(err.HTTPStatus()), Status: err.HTTPStatus(), Detail: err.Message,
				Code: err.Code, CorrelationID: e.CorrelationID,
				Retryable: err.retryable(), RetryAfter: err.retryAfterSeconds(), Details: details,
			}
		}),
	}
}

// An errorFrame is an error over a WebSocket.
type errorFrame struct {
	Type  string         `json:"type"`
	Error errorFrameBody `json:"error"`
}

type errorFrameBody struct {
	Code          Code   `json:"code"`
	Message       string `json:"message"`
	CorrelationID string `json:"correlation_id"`
	Retryable     bool   `json:"retryable,omitempty"`
	RetryAfter    int64  `json:"retry_after,omitempty"` // seconds
	Details       any    `json:"details,omitempty"`
}

func frame(e *Event, err *Error) *Response {
	return &Response{Body: marshalError(e, err, func(details any) any {
		return errorFrame{Type: "error", Error: errorFrameBody{
			Code: err.Code, Message: err.Message, CorrelationID: e.CorrelationID,
			Retryable: err.retryable(), RetryAfter: err.retryAfterSeconds(), Details: details,
		}}
	})}
}

// marshalError encodes an error's body. Details that cannot be encoded are left
// out rather than the error with them, and logged.
func marshalError(e *Event, err *Error, body func(details any) any) []byte {
	encoded, encodeErr := json.Marshal(body(err.Details))
	if encodeErr == nil {
		return encoded
	}
	e.Logger().LogAttrs(context.Background(), slog.LevelError, "error details left out", slog.String("error", encodeErr.Error()))
	encoded, _ = json.Marshal(body(nil)) // strings, numbers and a code of the table
	return encoded
}
