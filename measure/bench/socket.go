package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/pay-theory/streamer/wire"
)

// A socket is a client's connection, made small so that there can be ten
// thousand.
type socket struct {
	conn    net.Conn
	ended   chan struct{}
	noticed chan time.Time // takes one notice

	mu      sync.Mutex
	waiting map[string]chan wire.Frame // for the last frame of a request
}

// notice is a message that no request asked for.
var notice = []byte(`{"type":"notice"}`)

// errRefused is an answer 429 to a handshake.
var errRefused = errors.New("too many connections at once")

func dial(ctx context.Context, url, token string) (*socket, error) {
	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(http.Header{"Authorization": {"Bearer " + token}}), Timeout: 30 * time.Second}
	conn, early, _, err := dialer.Dial(ctx, url)
	if status, ok := errors.AsType[ws.StatusError](err); ok && int(status) == http.StatusTooManyRequests {
		return nil, errRefused
	}
	if err != nil {
		return nil, err
	}
	if early != nil {
		ws.PutReader(early) // a server that speaks first says nothing that is waited for
	}
	s := &socket{conn: conn, ended: make(chan struct{}), noticed: make(chan time.Time, 1), waiting: map[string]chan wire.Frame{}}
	go s.read()
	return s, nil
}

func (s *socket) read() {
	defer close(s.ended)
	for {
		text, err := wsutil.ReadServerText(s.conn)
		if err != nil {
			return
		}
		if bytes.Equal(text, notice) {
			select {
			case s.noticed <- time.Now():
			default: // at most one is waited for
			}
			continue
		}
		frame, err := wire.DecodeFrame(text)
		if err != nil || frame.Type == wire.TypeAcknowledgment || frame.Type == wire.TypeProgress {
			continue
		}
		s.mu.Lock()
		if waits := s.waiting[frame.RequestID]; waits != nil {
			delete(s.waiting, frame.RequestID)
			waits <- frame
		}
		s.mu.Unlock()
	}
}

// do sends a request and returns how long its last frame took.
func (s *socket) do(ctx context.Context, id, action, payload string) (time.Duration, error) {
	last := make(chan wire.Frame, 1)
	s.mu.Lock()
	s.waiting[id] = last
	s.mu.Unlock()
	began := time.Now()
	if err := wsutil.WriteClientText(s.conn, fmt.Appendf(nil, `{"id":%q,"action":%q,"payload":%s}`, id, action, payload)); err != nil {
		return 0, err
	}
	select {
	case frame := <-last:
		if frame.Type == wire.TypeError {
			return 0, fmt.Errorf("%s: %s", frame.Error.Code, frame.Error.Message)
		}
		return time.Since(began), nil
	case <-s.ended:
		return 0, errors.New("the socket was closed")
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func (s *socket) close() {
	_ = s.conn.Close() // the server sees it go
	<-s.ended
}
