package runtimeapi

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// StreamKey is the key of the context's io.Writer for an answer that is written
// as it goes. In a handler's context of this package it is a *[Stream].
type StreamKey struct{}

// maxChunk is how much one chunk of a stream holds. A longer Write is several.
const maxChunk = 32 << 10

// A Stream is an invocation's answer that is written as it goes. Its first Write
// sends the head of the answer; what the handler returns then ends it, a failure
// in the trailer. It has a connection of its own, since one that served a stream
// that broke off is of no use any more. It is safe for concurrent use.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
type Stream struct {
	address, path, header string
	deadline              time.Time // the invocation's
	writeDeadline         time.Time // zero for the same

	mu    sync.Mutex
	conn  net.Conn
	chunk []byte
	err   error         // of a Write: nothing can be sent any more
	read  chan struct{} // closed when the API has responded
	res   *response
	fault error // why it has not responded
}

// SetWriteDeadline sets when a Write stops waiting. It comes before the first
// Write. The end of the answer may be sent until the invocation's own deadline.
func (s *Stream) SetWriteDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeDeadline = t
}

// begun reports whether a byte of the answer was sent, or could not be.
func (s *Stream) begun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil || s.err != nil
}

// Write sends p at once. It waits while the other side does not read, until the
// invocation's deadline. An empty p sends the head of the answer alone.
func (s *Stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil && s.err == nil {
		s.err = s.begin()
	}
	written := 0
	for s.err == nil && written < len(p) {
		select {
		case <-s.read:
			s.err = errEnded
			return written, s.err
		default:
		}
		part := p[written:min(len(p), written+maxChunk)]
		s.chunk = strconv.AppendInt(s.chunk[:0], int64(len(part)), 16)
		s.chunk = append(s.chunk, "\r\n"...)
		s.chunk = append(s.chunk, part...)
		s.chunk = append(s.chunk, "\r\n"...)
		if _, err := s.conn.Write(s.chunk); err != nil {
			s.err = fmt.Errorf("send a chunk of the stream: %w", err)
			select {
			case <-s.read:
				s.err = errEnded // which is why
			default:
			}
			break
		}
		written += len(part)
	}
	return written, s.err
}

var errEnded = errors.New("the Runtime API has ended the stream")

// begin connects and sends the head of the answer.
func (s *Stream) begin() error {
	c := client{address: s.address}
	if err := c.dial(); err != nil {
		return err
	}
	s.conn, s.read = c.conn, make(chan struct{})
	_ = s.conn.SetWriteDeadline(s.deadline)
	if !s.writeDeadline.IsZero() {
		_ = s.conn.SetWriteDeadline(s.writeDeadline)
	}
	go s.readResponse(c.reader)
	_, err := s.conn.Write([]byte("POST " + s.path + " HTTP/1.1\r\nHost: " + s.address + "\r\nUser-Agent: lift/" +
		runtime.Version() + "\r\n" + s.header +
		"Content-Type: application/vnd.awslambda.http-integration-response\r\n" +
		"Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" +
		"Trailer: " + trailerType + ", " + trailerBody + "\r\n\r\n"))
	if err != nil {
		return fmt.Errorf("send the head of the stream: %w", err)
	}
	return nil
}

const (
	trailerType = "Lambda-Runtime-Function-Error-Type"
	trailerBody = "Lambda-Runtime-Function-Error-Body"
)

// readResponse waits for what the API says of the answer. A response before the
// end of the stream lets no Write wait any longer.
func (s *Stream) readResponse(r *bufio.Reader) {
	s.res, s.fault = readResponse(r, maxStatus)
	_ = s.conn.SetWriteDeadline(time.Now().Add(grace))
	close(s.read)
}

// end ends a stream that has begun, with a failure or nil for success, and
// returns what the API says of it. It closes the connection. A later Write fails.
func (s *Stream) end(f *Failure) (*response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil, s.err
	}
	defer func() {
		_ = s.conn.Close()
		<-s.read
	}()
	if s.err != nil {
		return nil, s.err
	}
	s.err = errors.New("the answer has ended")
	_ = s.conn.SetWriteDeadline(s.deadline)
	last := "0\r\n"
	if f != nil {
		last += trailerType + ": " + printable(f.Type) + "\r\n" + trailerBody + ": " + base64.StdEncoding.EncodeToString(f.body()) + "\r\n"
	}
	if _, err := s.conn.Write([]byte(last + "\r\n")); err != nil {
		return nil, fmt.Errorf("send the end of the stream: %w", err)
	}
	<-s.read
	return s.res, s.fault
}

// finish ends the invocation's stream. One that could not be sent to its end was
// cut off for the client, too: it is logged, and the next invocation is due.
func (l *loop) finish(inv *invocation, f *Failure) error {
	res, err := inv.stream.end(f)
	if err != nil {
		if f == nil { // a failure of the handler has its line
			l.Logger.Error("the streamed answer broke off", slog.String("invocation_id", inv.id), slog.String("error", err.Error()))
		}
		return nil
	}
	return l.taken(inv, res)
}

// An invocationContext has the values of an invocation's context that are not
// those of aws-lambda-go.
type invocationContext struct {
	context.Context
	trace  any
	stream *Stream
	after  *After
}

// Value returns the trace header under the key that the X-Ray SDK reads, the stream
// under StreamKey, and the work for after the answer under AfterKey.
func (c *invocationContext) Value(key any) any {
	switch key {
	case "x-amzn-trace-id":
		return c.trace
	case StreamKey{}:
		return c.stream
	case AfterKey{}:
		return c.after
	}
	return c.Context.Value(key)
}
