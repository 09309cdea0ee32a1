package functions

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/wire"
)

const (
	// keepAlive is how often a stream of events sends at least something.
	keepAlive = 15 * time.Second
	// streamLeft is how long before its function's deadline a stream of events ends, so
	// that it ends well and the client comes back.
	streamLeft = 2 * time.Second
	// comeBack is when a client whose stream has ended connects again.
	comeBack = time.Second
)

// events answers with the frames of a request as server-sent events, each named by its
// frame's type (HTML Living Standard, "Server-sent events"). An event's id says how far
// it brings the client, which sends it back as Last-Event-ID. A request of whose end the
// client knows is 204, at which an EventSource stops. A front that cannot stream answers
// with what there is, and the client comes back for more.
func (a httpAPI) events(ctx context.Context, e *lift.Event, who streamer.Caller) (*lift.Response, error) {
	id := e.HTTP.PathValue("id")
	from, err := parseEventID(e.Header("Last-Event-ID"))
	if err != nil {
		return nil, err
	}
	if _, err := a.Get(ctx, who, id); err != nil {
		return nil, err
	}
	if from.ended {
		return &lift.Response{Status: http.StatusNoContent, Header: http.Header{"Content-Type": {"text/event-stream"}}}, nil
	}
	streams := e.Gateway.Kind == lift.GatewayFunctionURL
	answer := lift.Events(keepAlive, func(events *lift.EventStream) error {
		bounded, cancel := beforeDeadline(ctx, streamLeft)
		defer cancel()
		retry := comeBack // with the first event
		return a.Follow(bounded, who, id, from.rev, from.offset, !streams, func(frame wire.Frame, rev, offset int64) error {
			at := eventID{rev, offset, frame.Type == wire.TypeComplete || frame.Type == wire.TypeError}
			event := lift.ServerSentEvent{ID: at.String(), Name: string(frame.Type), Data: frame.Append(nil), Retry: retry}
			retry = 0
			return events.Send(event)
		})
	})
	if !streams {
		return answer, answer.Buffer()
	}
	return answer, nil
}

// beforeDeadline is a context that ends some time before its parent does.
func beforeDeadline(ctx context.Context, before time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-before))
}

// An eventID is the place behind an event.
type eventID struct {
	rev, offset int64
	ended       bool // the event told of the end
}

func (id eventID) String() string {
	if id.ended {
		return fmt.Sprintf("%d-%d-end", id.rev, id.offset)
	}
	return fmt.Sprintf("%d-%d", id.rev, id.offset)
}

// parseEventID reads what String wrote; an empty text is the beginning.
func parseEventID(text string) (eventID, error) {
	var id eventID
	if text == "" {
		return id, nil
	}
	place, ended := strings.CutSuffix(text, "-end")
	rev, offset, ok := strings.Cut(place, "-")
	var revErr, offsetErr error
	id.rev, revErr = strconv.ParseInt(rev, 10, 64)
	id.offset, offsetErr = strconv.ParseInt(offset, 10, 64)
	id.ended = ended
	if !ok || revErr != nil || offsetErr != nil || id.rev < 0 || id.offset < 0 {
		return id, streamer.Errorf(wire.ValidationError, "Last-Event-ID is not the id of an event of this stream")
	}
	return id, nil
}

// queryToken lets an EventSource in, which can set no header: its token comes in the
// query, and goes no farther.
func queryToken(next lift.Handler) lift.Handler {
	return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		query := e.HTTP.URL.Query()
		if token := query.Get("token"); token != "" && e.Header("Authorization") == "" {
			e.HTTP.Header.Set("Authorization", "Bearer "+token)
		}
		query.Del("token")
		e.HTTP.URL.RawQuery = query.Encode()
		return next.Handle(ctx, e)
	})
}
