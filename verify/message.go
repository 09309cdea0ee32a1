package verify

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/wire"
)

const oddJSON = `{"n":9223372036854775807,"m":[-9223372036854775808, 0.1e-7],"text":"<ä&\u0000>"}`

var messageChecks = []Check{
	{"messages", "ping is answered with pong", asked(`{"id":"p","action":"streamer.ping"}`, func(f wire.Frame) bool {
		return f.Type == wire.TypePong && f.RequestID == "p" && !f.Timestamp.IsZero()
	})},
	{"messages", "a 64-bit integer comes back digit for digit", withAction("echo", asked(`{"id":"n","action":"echo","payload":`+oddJSON+`}`,
		func(f wire.Frame) bool {
			return f.Type == wire.TypeResponse && string(f.Data) == oddJSON
		}))},
	{"messages", "a message without an id is given one", asked(`{"action":"streamer.ping"}`, func(f wire.Frame) bool {
		return f.Type == wire.TypePong && f.RequestID != ""
	})},
	{"messages", "request_id is taken for id", asked(`{"request_id":"old","action":"streamer.ping"}`, func(f wire.Frame) bool {
		return f.Type == wire.TypePong && f.RequestID == "old"
	})},
	{"messages", "a payload that the action refuses: VALIDATION_ERROR", withAction("generate_report",
		asked(`{"id":"a","action":"generate_report","payload":{"start_date":"yesterday"}}`, func(f wire.Frame) bool {
			return f.Type == wire.TypeError && f.RequestID == "a" && f.Error.Code == wire.ValidationError &&
				strings.Contains(string(f.Error.Details), "correlation_id")
		}))},
	{"messages", "bad ones get an error frame, and the socket stays usable", onSocket(func(ctx context.Context, s *socket) error {
		for _, bad := range []struct {
			text string
			code wire.Code
			id   string
		}{
			{`not JSON`, wire.InvalidMessage, ""},
			{`[1,2]`, wire.InvalidMessage, ""},
			{`{"id":"a"`, wire.InvalidMessage, ""},
			{`{"id":"a"}`, wire.InvalidMessage, "a"},
			{`{"id":"a","action":7}`, wire.InvalidMessage, "a"},
			{`{"id":"no spaces","action":"streamer.ping"}`, wire.InvalidMessage, ""},
			{`{"id":"a","action":"streamer.ping","metadata":{"n":1}}`, wire.InvalidMessage, "a"},
			{`{"id":"a","action":"no_such_action"}`, wire.InvalidAction, "a"},
			{`{"id":"a","action":"streamer.no_such_action"}`, wire.InvalidAction, "a"},
			{`{"id":"a","action":"streamer.get"}`, wire.ValidationError, "a"},
			{`{"id":"a","action":"streamer.get","payload":{"request_id":"no-such-request"}}`, wire.NotFound, "a"},
		} {
			f, err := s.ask(ctx, bad.text)
			if err != nil {
				return fmt.Errorf("%s: %w", bad.text, err)
			}
			if f.Type != wire.TypeError || f.Error.Code != bad.code || f.RequestID != bad.id && bad.id != "" ||
				!strings.Contains(string(f.Error.Details), "correlation_id") {
				return fmt.Errorf("%s: want %s for id %q: %w", bad.text, bad.code, bad.id, unexpected(f))
			}
		}
		f, err := s.ask(ctx, `{"id":"still","action":"streamer.ping"}`)
		if err != nil || f.Type != wire.TypePong {
			return cmp.Or(err, unexpected(f))
		}
		return nil
	})},
	{"messages", "tenant and subject in a message change nothing",
		withAction("echo_async", onSocket(func(ctx context.Context, s *socket) error {
			id := newID()
			f, err := s.ask(ctx, `{"id":"`+id+`","action":"echo_async","tenant":"x",`+
				`"subject":"x","tenant_id":"x","user_id":"x","payload":{"message":"m","step_ms":1}}`)
			if err != nil {
				return err
			}
			if f.Type == wire.TypeError {
				return unexpected(f)
			}
			if _, err := s.end(ctx, id); err != nil {
				return err
			}
			f, err = s.ask(ctx, `{"id":"g","action":"streamer.get","payload":{"request_id":"`+id+`"}}`)
			if err != nil || f.Type != wire.TypeRequest {
				return cmp.Or(err, unexpected(f))
			}
			return nil
		}))},
	{"messages", "a binary frame closes the socket with 1003", closes(websocket.MessageBinary, 16, websocket.StatusUnsupportedData)},
	{"messages", "a frame above 32 KB closes the socket with 1009", closes(websocket.MessageText, 33<<10, websocket.StatusMessageTooBig)},
}

// asked is a check of the answer to one message.
func asked(text string, good func(wire.Frame) bool) func(context.Context, *Target) error {
	return onSocket(func(ctx context.Context, s *socket) error {
		f, err := s.ask(ctx, text)
		if err != nil || !good(f) {
			return cmp.Or(err, unexpected(f))
		}
		return nil
	})
}

// closes is a check of what the gateway does with a frame that it does not take.
func closes(kind websocket.MessageType, size int, want websocket.StatusCode) func(context.Context, *Target) error {
	return onSocket(func(ctx context.Context, s *socket) error {
		if err := s.conn.Write(ctx, kind, []byte(`"`+strings.Repeat("x", size-2)+`"`)); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		err := s.closing(ctx)
		if got := websocket.CloseStatus(err); got != want {
			return fmt.Errorf("closed with %d (%w)", got, err)
		}
		return nil
	})
}

func unexpected(f wire.Frame) error { return fmt.Errorf("the server sent %s", f.Append(nil)) }
