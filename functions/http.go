package functions

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// httpAPI is the HTTP side of the use cases.
type httpAPI struct {
	*streamer.Requests
	open streamer.Connections
}

// routes adds it to the app. All but the health check want a token.
func (a httpAPI) routes(app *lift.App, authenticate lift.Middleware) {
	app.HTTP("POST /requests", authenticated(a.submit), authenticate)
	app.HTTP("GET /requests", authenticated(a.list), authenticate)
	app.HTTP("GET /requests/{id}", authenticated(a.get), authenticate)
	app.HTTP("DELETE /requests/{id}", authenticated(a.cancel), authenticate)
	app.HTTP("POST /requests/{id}/redrive", authenticated(a.redrive), authenticate)
	app.HTTP("POST /requests/{id}/signals/{token}", authenticated(a.signal), authenticate)
	app.HTTP("GET /requests/{id}/output", authenticated(a.output), authenticate)
	app.HTTP("GET /requests/{id}/events", authenticated(a.events), queryToken, authenticate)
	app.HTTP("GET /connections", authenticated(a.connections), authenticate)
	app.HTTP("DELETE /connections", authenticated(a.closeAll), authenticate)
	app.HTTP("GET /actions", authenticated(a.actions), authenticate)
	app.HTTP("GET /schedules", authenticated(a.schedules), authenticate)
	app.HTTP("POST /schedules/{name}/pause", authenticated(a.schedule(a.PauseSchedule)), authenticate)
	app.HTTP("POST /schedules/{name}/resume", authenticated(a.schedule(a.ResumeSchedule)), authenticate)
	app.HTTP("POST /schedules/{name}/run", authenticated(a.runSchedule), authenticate)
	app.HTTP("GET /stats/states", statistics(a.States), authenticate)
	app.HTTP("GET /stats/waiting", statistics(a.Waiting), authenticate)
	app.HTTP("GET /stats/failures", statistics(a.Failures), authenticate)
	app.HTTP("GET /health", lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		return lift.JSON(http.StatusOK, map[string]string{"status": "ok"})
	}))
}

// authenticated is a handler that gets the principal which its middleware has verified,
// and whose answer is JSON where it does not say otherwise. It is a type because Go would
// copy a function that returns a closure into each route.
type authenticated func(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error)

// Handle implements [lift.Handler].
func (do authenticated) Handle(ctx context.Context, e *lift.Event) (*lift.Response, error) {
	p, err := caller(e)
	if err != nil {
		return nil, err
	}
	belongsTo(e, p.Tenant)
	concerns(e, e.HTTP.PathValue("id"))
	query := e.HTTP.URL.Query()
	res, err := do(ctx, e, streamer.Caller{Principal: p, CorrelationID: e.CorrelationID, OnBehalfOf: query.Get("subject"),
		InTenant: query.Get("tenant")})
	if err != nil {
		return fail(ctx, e, err)
	}
	if res.Header.Get("Content-Type") == "" {
		res.SetHeader("Content-Type", "application/json")
	}
	return res, nil
}

func (a httpAPI) submit(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	m, err := wire.DecodeMessage(e.Body)
	if err != nil {
		reason, _ := errors.AsType[*wire.MessageError](err)
		concerns(e, reason.ID)
		return nil, streamer.Errorf(wire.InvalidMessage, "%s", reason.Reason)
	}
	if m.ID == "" {
		m.ID = request.NewID()
	}
	concerns(e, m.ID)
	if strings.HasPrefix(m.Action, wire.ReservedPrefix) {
		return nil, streamer.Errorf(wire.InvalidAction, "%q is reserved for messages over WebSocket: over HTTP use a path, such as "+
			"GET /requests or DELETE /requests/{id}; docs/protocol.md lists them", m.Action)
	}
	frame, err := a.Submit(ctx, who, m)
	if err != nil {
		return nil, err
	}
	res := answer(e, frame)
	switch frame.Type {
	case wire.TypeResponse:
		res.Status = http.StatusCreated
	case wire.TypeAcknowledgment:
		res.Status = http.StatusAccepted
		res.SetHeader("Location", request.ResultPath(m.ID))
	default:
		res.Status = http.StatusOK
	}
	return res, nil
}

func (a httpAPI) list(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	query := e.HTTP.URL.Query()
	limit, err := limitOf(query)
	if err != nil {
		return nil, err
	}
	since, until, err := boundsOf(query)
	if err != nil {
		return nil, err
	}
	list, err := a.List(ctx, who, wire.ListQuery{Subject: who.OnBehalfOf, Action: query.Get("action"), State: query.Get("state"),
		Since: since, Until: until, Parent: query.Get("parent"), Limit: limit, Cursor: query.Get("cursor")})
	if err != nil {
		return nil, err
	}
	return &lift.Response{Status: http.StatusOK, Body: list.Append(nil)}, nil
}

// limitOf is the query's limit; 0 where it has none.
func limitOf(query url.Values) (int, error) {
	n, err := numberOf(query, "limit")
	return int(n), err
}

// numberOf is a number in the query; 0 where it has none.
func numberOf(query url.Values, name string) (int64, error) {
	text := query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, streamer.Errorf(wire.ValidationError, "%s is %q: it must be a whole number", name, text)
	}
	return n, nil
}

func (a httpAPI) connections(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	query := e.HTTP.URL.Query()
	limit, err := limitOf(query)
	if err != nil {
		return nil, err
	}
	list, err := a.open.List(ctx, who, wire.ConnectionQuery{Subject: who.OnBehalfOf, Limit: limit, Cursor: query.Get("cursor")})
	if err != nil {
		return nil, err
	}
	return lift.JSON(http.StatusOK, list)
}

func (a httpAPI) closeAll(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	closed, err := a.open.CloseAll(ctx, who)
	e.Annotate(slog.String("subject", who.OnBehalfOf), slog.Int("closed", closed))
	if err != nil {
		return nil, err
	}
	return lift.JSON(http.StatusOK, wire.Closed{Closed: closed})
}

func (a httpAPI) get(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	id, query := e.HTTP.PathValue("id"), e.HTTP.URL.Query()
	var (
		frame wire.Frame
		err   error
	)
	switch text := query.Get("wait"); {
	case text != "":
		wait, parseErr := time.ParseDuration(text)
		if parseErr != nil || wait < 0 {
			return nil, streamer.Errorf(wire.ValidationError, "wait is not a duration such as 20s")
		}
		rev, parseErr := numberOf(query, "rev")
		if parseErr != nil {
			return nil, parseErr
		}
		frame, err = a.Wait(ctx, who, id, rev, wait)
	case query.Get("detail") == "true":
		frame, err = a.Detail(ctx, who, id)
	default:
		frame, err = a.Why(ctx, who, id)
	}
	return snapshot(frame, err)
}

func (a httpAPI) cancel(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	frame, err := a.Cancel(ctx, who, e.HTTP.PathValue("id"))
	return snapshot(frame, err)
}

func (a httpAPI) redrive(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	frame, err := a.Redrive(ctx, who, e.HTTP.PathValue("id"))
	return snapshot(frame, err)
}

func (a httpAPI) signal(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	if len(e.Body) > 0 && !json.Valid(e.Body) {
		return nil, streamer.Errorf(wire.ValidationError, "the body %s", wire.CheckJSON(e.Body))
	}
	frame, err := a.Signal(ctx, who, wire.Signal{RequestID: e.HTTP.PathValue("id"), Token: e.HTTP.PathValue("token"), Payload: e.Body})
	return snapshot(frame, err)
}

func (a httpAPI) output(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	query := e.HTTP.URL.Query()
	from, err := numberOf(query, "from")
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(query)
	if err != nil {
		return nil, err
	}
	out, err := a.Output(ctx, who, wire.OutputQuery{RequestID: e.HTTP.PathValue("id"), From: from, Limit: limit})
	if err != nil {
		return nil, err
	}
	return &lift.Response{Status: http.StatusOK, Body: out.Append(nil)}, nil
}

func snapshot(frame wire.Frame, err error) (*lift.Response, error) {
	if err != nil {
		return nil, err
	}
	return &lift.Response{Status: http.StatusOK, Body: frame.Request.Append(nil)}, nil
}
