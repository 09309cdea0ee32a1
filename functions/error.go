package functions

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
)

// requestKey is the annotation that names an event's request, in its log line
// and in the answer to its error alike.
const requestKey = "request_id"

// tenantKey is the annotation that says whose an event is. Without it no operator of
// a local stack is shown the event's log line.
const tenantKey = "tenant"

// belongsTo notes whose an event is.
func belongsTo(e *lift.Event, tenant string) { e.Annotate(slog.String(tenantKey, tenant)) }

// concerns notes which request an event is about.
func concerns(e *lift.Event, requestID string) {
	if requestID != "" {
		e.Annotate(slog.String(requestKey, requestID))
	}
}

// fail ends an event with an error. An action's own fault is logged and answered
// here, so that an alarm on the function's errors does not go off for it, unless
// the function's time is up.
func fail(ctx context.Context, e *lift.Event, err error) (*lift.Response, error) {
	action, ok := errors.AsType[*streamer.ActionError](err)
	switch {
	case !ok:
		return nil, err
	case ctx.Err() != nil: // Deadline answers
		return nil, action.Err
	case action.HTTPStatus() < http.StatusInternalServerError:
		return nil, err
	}
	e.Logger().ErrorContext(ctx, "action failed", requestKey, note(e, requestKey), tenantKey, note(e, tenantKey), "action",
		action.Action, "error", action.Error())
	shown, _ := lift.AsError(err)
	res := errorResponse(ctx, e, shown)
	res.Relayed = true // an action's answer, not this function's
	return res, nil
}

// errorResponse renders every error once: as a frame for a message, as
// a problem document over HTTP and at $connect.
func errorResponse(_ context.Context, e *lift.Event, err *lift.Error) *lift.Response {
	if e.Trigger == lift.TriggerMessage {
		return &lift.Response{Body: streamer.ErrorFrame(publicError(err), note(e, requestKey), e.CorrelationID).Append(nil)}
	}
	return problem(e, err)
}
