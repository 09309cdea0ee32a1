package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/wire"
)

// A socket is a WebSocket without any cleverness: it sends what it is given and
// shows what came. A frame that came before the one that was waited for is kept: a
// request's end may overtake the answer to the message that led to it.
type socket struct {
	conn    *websocket.Conn
	kept    []wire.Frame
	observe func(wire.Frame) // nil, or it is called with each frame that comes
}

// dial connects. On a refusal the status says why.
func dial(ctx context.Context, url, token string) (*socket, int, error) {
	options := &websocket.DialOptions{}
	if token != "" {
		options.HTTPHeader = http.Header{"Authorization": {"Bearer " + token}}
	}
	return dialWith(ctx, url, options)
}

func dialWith(ctx context.Context, url string, options *websocket.DialOptions) (*socket, int, error) {
	conn, response, err := websocket.Dial(ctx, url, options)
	if err != nil {
		if response != nil {
			return nil, response.StatusCode, err
		}
		return nil, 0, err
	}
	conn.SetReadLimit(256 << 10)
	return &socket{conn: conn}, response.StatusCode, nil
}

// connect dials with the target's token.
func (t *Target) connect(ctx context.Context) (*socket, error) {
	s, status, err := dial(ctx, t.WebSocketURL, t.Token)
	if err != nil {
		return nil, fmt.Errorf("connect (status %d): %w", status, err)
	}
	return s, nil
}

// onSocket is a check over one connection of the target's token.
func onSocket(run func(context.Context, *socket) error) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		s, err := t.connect(ctx)
		if err != nil {
			return err
		}
		defer s.close()
		return run(ctx, s)
	}
}

func (s *socket) close() { _ = s.conn.CloseNow() }

func (s *socket) sendText(ctx context.Context, text string) error {
	if err := s.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// read returns the next frame, a kept one first.
func (s *socket) read(ctx context.Context) (wire.Frame, error) {
	if len(s.kept) > 0 {
		frame := s.kept[0]
		s.kept = s.kept[1:]
		return frame, nil
	}
	return s.receive(ctx)
}

// await returns the first frame that is wanted, of those that are kept and then of
// those that come, and keeps the others.
func (s *socket) await(ctx context.Context, wanted func(wire.Frame) bool) (wire.Frame, error) {
	if at := slices.IndexFunc(s.kept, wanted); at >= 0 {
		frame := s.kept[at]
		s.kept = slices.Delete(s.kept, at, at+1)
		return frame, nil
	}
	for {
		frame, err := s.receive(ctx)
		if err != nil || wanted(frame) {
			return frame, err
		}
		s.kept = append(s.kept, frame)
	}
}

func (s *socket) receive(ctx context.Context) (wire.Frame, error) {
	_, data, err := s.conn.Read(ctx)
	if err != nil {
		return wire.Frame{}, fmt.Errorf("read: %w", err)
	}
	frame, err := wire.DecodeFrame(data)
	if err != nil {
		return frame, fmt.Errorf("the server sent %q: %w", data, err)
	}
	if s.observe != nil {
		s.observe(frame)
	}
	return frame, nil
}

// closing reads until the connection ends, and returns why.
func (s *socket) closing(ctx context.Context) error {
	for {
		if _, _, err := s.conn.Read(ctx); err != nil {
			return err
		}
	}
}

// ask sends a text and returns the frame that answers it: the one of its id, or the
// next of all where the text has none.
func (s *socket) ask(ctx context.Context, text string) (wire.Frame, error) {
	if err := s.sendText(ctx, text); err != nil {
		return wire.Frame{}, err
	}
	m, err := wire.DecodeMessage([]byte(text))
	if unreadable, ok := errors.AsType[*wire.MessageError](err); ok {
		m.ID = unreadable.ID
	}
	if m.ID == "" {
		return s.receive(ctx)
	}
	return s.await(ctx, func(f wire.Frame) bool { return f.RequestID == m.ID && answer(f) })
}

// answer reports whether a frame can be the answer to a message. What is pushed of a
// request is not: its error has a rev, and that of a message has none.
func answer(f wire.Frame) bool {
	switch f.Type {
	case wire.TypeProgress, wire.TypeOutput, wire.TypeComplete:
		return false
	case wire.TypeError:
		return f.Rev == 0
	}
	return true
}

// submitted reports whether a frame answers a message under a new id. A snapshot does not:
// it is pushed when the request begins to wait, which may be before the answer.
func submitted(f wire.Frame) bool { return answer(f) && f.Type != wire.TypeRequest }

// send sends a message.
func (s *socket) send(ctx context.Context, id, action string, payload any) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return s.sendText(ctx, string(wire.Message{ID: id, Action: action, Payload: raw}.Append(nil)))
}

// request sends a message and returns the frame that ends its request, and every
// frame of it up to that one and to the answer to the message, whichever is later: two
// functions send them.
func (s *socket) request(ctx context.Context, id, action string, payload any) (end wire.Frame, all []wire.Frame, err error) {
	if err := s.send(ctx, id, action, payload); err != nil {
		return end, nil, err
	}
	for answered := false; !answered || end.Type == ""; {
		frame, err := s.await(ctx, func(f wire.Frame) bool { return f.RequestID == id })
		if err != nil {
			return end, all, fmt.Errorf("after %d frames of %s: %w", len(all), id, err)
		}
		all = append(all, frame)
		answered = answered || answer(frame)
		if end.Type == "" && ends(frame) {
			end = frame
		}
	}
	return end, all, nil
}

// end returns the frame that ends a request.
func (s *socket) end(ctx context.Context, id string) (wire.Frame, error) {
	frame, err := s.await(ctx, func(f wire.Frame) bool { return f.RequestID == id && ends(f) })
	if err != nil {
		return frame, fmt.Errorf("waiting for the end of %s: %w", id, err)
	}
	return frame, nil
}

// begin sends a message under a new id and waits until it is stored.
func (s *socket) begin(ctx context.Context, action string, payload any) (string, error) {
	id := newID()
	if err := s.send(ctx, id, action, payload); err != nil {
		return "", err
	}
	f, err := s.await(ctx, func(f wire.Frame) bool { return f.RequestID == id && submitted(f) })
	if err == nil && f.Type != wire.TypeAcknowledgment {
		err = unexpected(f)
	}
	return id, err
}

// ends reports whether no frame of the request follows.
func ends(f wire.Frame) bool {
	switch f.Type {
	case wire.TypeResponse, wire.TypeComplete, wire.TypeError:
		return true
	case wire.TypeRequest:
		return f.Request.Final()
	}
	return false
}
