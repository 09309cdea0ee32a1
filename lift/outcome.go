package lift

import "net/http"

// An Outcome is how an event ended for its caller. Metrics, logs, traces and
// idempotency all go by it.
type Outcome struct {
	// Status is the HTTP status of the answer over HTTP and at $connect, and
	// that of the error elsewhere; 0 for success elsewhere.
	Status int

	Failed  bool // the fault is the function's, or the event of a source fails and comes again
	Refused bool // the fault is the caller's

	Error  *Error // what the caller is told; nil without an error
	Public bool   // whether Error is public, see AsError
}

// OutcomeOf returns how an event ended of which a handler returned res and err.
//
// An error counts by its status: from 500 on as failed, below as refused. So does
// the status of an answer over HTTP and at $connect, also of a net/http handler. An event
// of a queue, stream, topic, bucket, bus or schedule has no caller to refuse: every
// error of it is a failure. The answer of another that is passed on is neither:
// see [Response].Relayed.
func OutcomeOf(e *Event, res *Response, err error) Outcome {
	var o Outcome
	answered := e.Trigger == TriggerHTTP || e.Trigger == TriggerConnect
	switch {
	case err != nil:
		o.Error, o.Public = AsError(err)
		o.Status = o.Error.HTTPStatus()
	case answered:
		o.Status = res.status()
		if res != nil && res.Relayed {
			return o
		}
	}
	o.Failed = o.Status >= http.StatusInternalServerError
	if err != nil && !answered && e.Trigger != TriggerMessage && e.Trigger != TriggerDirect {
		o.Failed = true
	}
	o.Refused = o.Status >= http.StatusBadRequest && !o.Failed
	return o
}
