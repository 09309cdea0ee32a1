package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/pay-theory/streamer/wire"
)

const (
	// pingEvery and pongLimit bound how long a half-open connection goes unnoticed:
	// to 25 s, so that what waits for an answer is sent again on another connection
	// before its answerLimit. Pings are control frames: they invoke no function.
	pingEvery = 15 * time.Second
	pongLimit = 10 * time.Second

	// answerLimit is how long a message may stay unanswered: API Gateway gives
	// up on the function after 29 s (Developer Guide, "Amazon API Gateway quotas").
	answerLimit = 30 * time.Second

	// maxSent is how often a message is sent on one connection that API Gateway
	// may not have been able to deliver.
	maxSent = 5

	// writeLimit is how long writing one message may take.
	writeLimit = 30 * time.Second

	// closeGrace is how long the server has to confirm a close.
	closeGrace = time.Second

	// maxMessage and maxFrame are API Gateway's quotas for a message, 128 KB,
	// and for each frame of it, 32 KB; more ends the connection with 1009
	// (ibid., "Quotas for configuring and running a WebSocket API"). A frame is
	// kept below 32 KB in either meaning of the letters.
	maxMessage = 128 << 10
	maxFrame   = 32_000

	// readLimit bounds how much memory one message of the server can take.
	readLimit = 1 << 20
)

var (
	errLost     = errors.New("the connection was lost")
	errNoAnswer = errors.New("no answer came in time")
	errRefused  = errors.New("API Gateway could not deliver the message")
)

// A session is one connection, from the handshake to its loss.
type session struct {
	conn  *websocket.Conn
	token string // of the handshake
	out   chan []byte
	lost  chan struct{} // closed when no more frames come from it
	again Backoff       // before a message is sent once more

	mu   sync.Mutex
	asks map[string]ask // by message id

	heard atomic.Int64 // rises with every sign of the server, and with every part of a long message that left
}

// An ask is a message that has no answer yet.
type ask struct {
	answer  chan wire.Frame
	refused chan struct{} // API Gateway refused a message, perhaps this one
}

func newSession(conn *websocket.Conn, token string, again Backoff) *session {
	conn.SetReadLimit(readLimit)
	return &session{conn: conn, token: token, out: make(chan []byte), lost: make(chan struct{}), again: again, asks: map[string]ask{}}
}

// ask sends a message and returns the first frame that has its id. When API
// Gateway could not deliver some message, this one is sent again after a backoff,
// unless its answer comes first. The message of a call, which may be nil, is not
// sent when the call is dropped before that.
func (s *session) ask(ctx context.Context, id string, message []byte, call *Handle) (wire.Frame, error) {
	pending := ask{answer: make(chan wire.Frame, 1), refused: make(chan struct{}, 1)}
	answer := pending.answer
	s.mu.Lock()
	s.asks[id] = pending
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.asks, id)
		s.mu.Unlock()
	}()

	var drop <-chan struct{}
	if call != nil && !call.isAccepted() {
		drop = call.dropped
	}
	limit := time.NewTimer(answerLimit)
	defer limit.Stop()
	again := time.NewTimer(time.Hour)
	again.Stop()
	defer again.Stop()
	out, refused, sent := s.out, pending.refused, 0
	for {
		select {
		case out <- message:
			out, refused = nil, pending.refused
			sent++
			if call != nil {
				call.markSent()
			}
			limit.Reset(answerLimit)
		case <-refused:
			if out != nil {
				continue // it was not this one, which is still to go
			}
			refused = nil
			again.Reset(s.again.Min + s.again.delay(sent-1)) // if it was not this one, its answer comes first
		case <-drop:
			if out != nil {
				return wire.Frame{}, errDropped
			}
			drop = nil // its answer is on the way, or never comes
		case <-again.C:
			if call != nil && call.isDropped() {
				return wire.Frame{}, errDropped
			}
			if sent >= maxSent {
				return wire.Frame{}, errRefused
			}
			out = s.out
		case f := <-answer:
			return f, nil
		case <-s.lost:
			// What was answered before the loss must not be sent again.
			select {
			case f := <-answer:
				return f, nil
			default:
				return wire.Frame{}, errLost
			}
		case <-limit.C:
			return wire.Frame{}, errNoAnswer
		case <-ctx.Done():
			return wire.Frame{}, context.Cause(ctx)
		}
	}
}

// answer delivers a frame to the caller that waits for it.
func (s *session) answer(f wire.Frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked, ok := s.asks[f.RequestID]
	if ok {
		delete(s.asks, f.RequestID)
		asked.answer <- f
	}
	return ok
}

// refuse notifies all callers that wait for an answer that API Gateway could not
// deliver a message; it does not say which one.
func (s *session) refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, asked := range s.asks {
		select {
		case asked.refused <- struct{}{}:
		default:
		}
	}
}

// serve reads and writes until the connection is lost, and says why. When the
// client's context ends, it closes the connection properly.
func (s *session) serve(client context.Context, receive func([]byte), maintain func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-client.Done():
			grace := time.AfterFunc(closeGrace, func() { cancel(nil) })
			defer grace.Stop()
			_ = s.conn.Close(websocket.StatusNormalClosure, "") // the loss is what was asked for
		case <-ctx.Done():
		}
	})
	wg.Go(func() { cancel(s.write(ctx)) })
	for _, keep := range []func(context.Context) error{s.checkAlive, maintain} {
		wg.Go(func() {
			if err := keep(ctx); err != nil {
				cancel(err)
			}
		})
	}
	for {
		_, data, err := s.conn.Read(ctx)
		if err != nil {
			cancel(err)
			break
		}
		s.heard.Add(1)
		receive(data)
	}
	_ = s.conn.CloseNow() // closed already, by the failed read
	wg.Wait()
	return context.Cause(ctx)
}

// checkAlive returns an error when the server no longer answers pings. A network
// may drop a connection without a word to either side.
func (s *session) checkAlive(ctx context.Context) error {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		heard := s.heard.Load()
		limited, cancel := context.WithTimeout(ctx, pongLimit)
		err := s.conn.Ping(limited)
		cancel()
		if err != nil && ctx.Err() == nil && s.heard.Load() == heard {
			return fmt.Errorf("the server did not answer a ping within %v", pongLimit)
		}
	}
}

func (s *session) write(ctx context.Context) error {
	for {
		select {
		case message := <-s.out:
			if err := s.writeOne(ctx, message); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// writeOne sends a message in one frame if it fits. A long one becomes several:
// each Write of a message's writer is a frame of its own.
func (s *session) writeOne(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	if len(message) <= maxFrame {
		return s.conn.Write(ctx, websocket.MessageText, message)
	}
	w, err := s.conn.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	for len(message) > 0 {
		n := min(len(message), maxFrame)
		if _, err := w.Write(message[:n]); err != nil {
			return err
		}
		s.heard.Add(1)
		message = message[n:]
	}
	return w.Close()
}
