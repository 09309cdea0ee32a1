package lift

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A ServerSentEvent is one event of an event stream:
// https://html.spec.whatwg.org/multipage/server-sent-events.html
type ServerSentEvent struct {
	ID    string        // what a client that lost the stream sends as Last-Event-ID; "" leaves the last one
	Name  string        // the event's type; "" is a message
	Data  []byte        // several lines are sent as such; an event without data is not dispatched by browsers
	Retry time.Duration // how long the client waits before it connects again; 0 leaves it as it is
}

// An EventStream writes server-sent events. It is safe for concurrent use.
type EventStream struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
	err error // of a keep-alive
	// idle is whether nothing was sent since the last keep-alive was due.
	idle bool
}

// Send sends an event. An ID or a Name of several lines is an error, and so is
// an ID with a NUL, which clients ignore.
func (s *EventStream) Send(event ServerSentEvent) error {
	if strings.ContainsAny(event.ID, "\r\n\x00") || strings.ContainsAny(event.Name, "\r\n") {
		return fmt.Errorf("send event: id %q and name %q have to be one line each", event.ID, event.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = s.buf[:0]
	s.field("id", event.ID)
	s.field("event", event.Name)
	if event.Retry > 0 {
		s.field("retry", strconv.FormatInt(event.Retry.Milliseconds(), 10))
	}
	if event.Data != nil {
		data := strings.ReplaceAll(strings.ReplaceAll(string(event.Data), "\r\n", "\n"), "\r", "\n")
		for line := range strings.SplitSeq(data, "\n") {
			s.buf = append(s.buf, "data: "...)
			s.buf = append(s.buf, line...)
			s.buf = append(s.buf, '\n')
		}
	}
	return s.flush()
}

func (s *EventStream) field(name, value string) {
	if value != "" {
		s.buf = append(s.buf, name+": "+value+"\n"...)
	}
}

// flush sends what is in the buffer, with the empty line that ends an event.
func (s *EventStream) flush() error {
	if s.err != nil {
		return s.err
	}
	s.idle = false
	_, s.err = s.w.Write(append(s.buf, '\n'))
	return s.err
}

// keepAlive sends a comment when nothing else was sent since the last call.
func (s *EventStream) keepAlive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.idle {
		s.idle = true
		return s.err
	}
	s.buf = append(s.buf[:0], ":\n"...)
	err := s.flush()
	s.idle = true
	return err
}

// Events returns the answer with an event stream, text/event-stream, that run
// writes. The head is sent at once. With a keepAlive above 0, a comment is sent
// when nothing else was for between one and two times as long, so that no proxy
// takes the connection for dead; a function URL closes one that is idle for
// minutes. The stream ends when run returns, and a client then connects again: to
// tell it not to, answer that request with 204.
//
// The request's header Last-Event-ID says where the client's last stream broke
// off. Run has to heed the handler's context, which ends with the time to answer.
func Events(keepAlive time.Duration, run func(*EventStream) error) *Response {
	return &Response{
		Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"text/event-stream"}, "Cache-Control": {"no-store"}, "X-Accel-Buffering": {"no"}},
		Stream: func(w io.Writer) error {
			s := &EventStream{w: w}
			if _, err := w.Write(nil); err != nil { // the head
				return err
			}
			if keepAlive > 0 {
				stop := every(keepAlive, s.keepAlive)
				defer stop()
			}
			return run(s)
		},
	}
}

// every calls f again and again until it fails or is stopped, which waits for a
// call that is under way.
func every(d time.Duration, f func() error) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(d)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
				if f() != nil {
					return
				}
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}
