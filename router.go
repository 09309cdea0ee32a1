package streamer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// A Verifier turns a token into the principal that it proves. A token that is
// not valid is an [*Error] with UNAUTHORIZED.
type Verifier interface {
	Verify(ctx context.Context, token string) (Principal, error)
}

// A Router answers WebSocket messages, each with one frame. It is safe for
// concurrent use.
type Router struct {
	Connections Connections
	Requests    *Requests
	Verifier    Verifier
	Now         func() time.Time // nil: time.Now
}

// Answer answers a message that arrived on a connection. What goes wrong is an
// error frame, beside which it returns the error: the socket stays open. Nothing in
// the message says who sent it; only the connection does. The caller logs errors.
func (rt *Router) Answer(ctx context.Context, connectionID, correlationID string, data []byte) (wire.Frame, error) {
	m, err := wire.DecodeMessage(data)
	if err != nil {
		reason, _ := errors.AsType[*wire.MessageError](err)
		err = Errorf(wire.InvalidMessage, "%s", reason.Reason)
		return ErrorFrame(err, reason.ID, correlationID), err
	}
	if m.ID == "" {
		m.ID = request.NewID()
	}
	frame, err := rt.answer(ctx, connectionID, correlationID, m)
	if err != nil {
		return ErrorFrame(err, m.ID, correlationID), err
	}
	return frame, nil
}

func (rt *Router) answer(ctx context.Context, connectionID, correlationID string, m wire.Message) (wire.Frame, error) {
	if m.Action == wire.ActionPing {
		return wire.Frame{Type: wire.TypePong, RequestID: m.ID, Timestamp: now(rt.Now)}, nil
	}
	conn, err := rt.Connections.Find(ctx, connectionID)
	if err != nil {
		return wire.Frame{}, err
	}
	if m.Action == wire.ActionAuthenticate {
		return rt.authenticate(ctx, conn, m)
	}
	if conn.Principal.Expired(now(rt.Now)) {
		return wire.Frame{}, Errorf(wire.Unauthorized, "the token has expired; send %s or connect again", wire.ActionAuthenticate)
	}

	caller := Caller{Principal: conn.Principal, Connection: connectionID, CorrelationID: correlationID}
	switch m.Action {
	case wire.ActionList:
		var q wire.ListQuery
		if err := decodeReserved(m, &q); err != nil {
			return wire.Frame{}, err
		}
		list, err := rt.Requests.List(ctx, caller, q)
		if err != nil {
			return wire.Frame{}, err
		}
		return wire.Frame{Type: wire.TypeResponse, RequestID: m.ID, Data: listData(list)}, nil
	case wire.ActionGet:
		return rt.named(ctx, caller, m, rt.Requests.Get)
	case wire.ActionSubscribe:
		return rt.named(ctx, caller, m, rt.Requests.Subscribe)
	case wire.ActionUnsubscribe:
		return rt.named(ctx, caller, m, rt.Requests.Unsubscribe)
	case wire.ActionCancel:
		return rt.named(ctx, caller, m, rt.Requests.Cancel)
	case wire.ActionRedrive:
		return rt.named(ctx, caller, m, rt.Requests.Redrive)
	case wire.ActionWhy:
		return rt.named(ctx, caller, m, rt.Requests.Why)
	case wire.ActionSignal:
		var in wire.Signal
		if err := decodeReserved(m, &in); err != nil {
			return wire.Frame{}, err
		}
		caller.OnBehalfOf = in.Subject
		frame, err := rt.Requests.Signal(ctx, caller, in)
		frame.RequestID = m.ID
		return frame, err
	case wire.ActionOutput:
		var q wire.OutputQuery
		if err := decodeReserved(m, &q); err != nil {
			return wire.Frame{}, err
		}
		caller.OnBehalfOf = q.Subject
		out, err := rt.Requests.Output(ctx, caller, q)
		if err != nil {
			return wire.Frame{}, err
		}
		return wire.Frame{Type: wire.TypeResponse, RequestID: m.ID, Data: out.Append(nil)}, nil
	case wire.ActionCatalog:
		catalog, err := rt.Requests.Catalog(ctx, caller)
		return response(m, catalog, err)
	case wire.ActionSchedules, wire.ActionPauseSchedule, wire.ActionResumeSchedule, wire.ActionRunSchedule:
		return rt.schedules(ctx, caller, m)
	}
	return rt.Requests.Submit(ctx, caller, m)
}

// schedules answers a reserved action that concerns schedules.
func (rt *Router) schedules(ctx context.Context, caller Caller, m wire.Message) (wire.Frame, error) {
	var ref wire.ScheduleRef
	if err := decodeReserved(m, &ref); err != nil {
		return wire.Frame{}, err
	}
	var shown any
	var err error
	switch m.Action {
	case wire.ActionSchedules:
		shown, err = rt.Requests.ListSchedules(ctx, caller)
	case wire.ActionPauseSchedule:
		shown, err = rt.Requests.PauseSchedule(ctx, caller, ref.Name)
	case wire.ActionResumeSchedule:
		shown, err = rt.Requests.ResumeSchedule(ctx, caller, ref.Name)
	case wire.ActionRunSchedule:
		shown, err = rt.Requests.RunSchedule(ctx, caller, ref.Name, ref.RequestID)
	}
	return response(m, shown, err)
}

// response answers a message with a value, unless there is an error.
func response(m wire.Message, shown any, err error) (wire.Frame, error) {
	if err != nil {
		return wire.Frame{}, err
	}
	data, err := json.Marshal(shown)
	return wire.Frame{Type: wire.TypeResponse, RequestID: m.ID, Data: data}, err
}

// named answers a reserved action that concerns one request. The frame goes back
// under the message's own id, as an error would; the snapshot inside names the
// request.
func (rt *Router) named(ctx context.Context, caller Caller, m wire.Message,
	do func(context.Context, Caller, string) (wire.Frame, error)) (wire.Frame, error) {
	var ref wire.RequestRef
	if err := decodeReserved(m, &ref); err != nil {
		return wire.Frame{}, err
	}
	if ref.RequestID == "" {
		return wire.Frame{}, Errorf(wire.ValidationError, "%s needs a payload with request_id", m.Action)
	}
	caller.OnBehalfOf = ref.Subject
	frame, err := do(ctx, caller, ref.RequestID)
	frame.RequestID = m.ID
	return frame, err
}

func (rt *Router) authenticate(ctx context.Context, conn request.Connection, m wire.Message) (wire.Frame, error) {
	var in wire.Authenticate
	if err := decodeReserved(m, &in); err != nil {
		return wire.Frame{}, err
	}
	p, err := rt.Verifier.Verify(ctx, in.Token)
	if err != nil {
		return wire.Frame{}, err
	}
	if err := rt.Connections.Renew(ctx, conn, p); err != nil {
		return wire.Frame{}, err
	}
	until, err := json.Marshal(map[string]time.Time{"expires_at": p.ExpiresAt.UTC()})
	if err != nil {
		return wire.Frame{}, err
	}
	return wire.Frame{Type: wire.TypeResponse, RequestID: m.ID, Data: until}, nil
}

// decodeReserved decodes the payload of a reserved action. One that names a tenant is
// refused: without that it would be about the sender's own, unnoticed.
func decodeReserved[T any](m wire.Message, into *T) error {
	if err := wire.DecodePayload(m.Payload, into); err != nil {
		return decodeError(err)
	}
	var other struct {
		Tenant json.RawMessage `json:"tenant"`
	}
	if bytes.Contains(m.Payload, []byte(`"tenant"`)) && wire.DecodePayload(m.Payload, &other) == nil && other.Tenant != nil {
		return Errorf(wire.ValidationError, "a message is about the tenant of its token: leave tenant out, or name another over HTTP")
	}
	return nil
}

// ErrorFrame is the error frame of a message that failed. requestID may be empty.
func ErrorFrame(err error, requestID, correlationID string) wire.Frame {
	return wire.Frame{Type: wire.TypeError, RequestID: requestID, Error: request.WireError(err, correlationID)}
}
