package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

var (
	goingAway = &violation{ws.StatusGoingAway, "Going away"}
	deleted   = &violation{ws.StatusNormalClosure, "Connection Closed Normally"}
)

// A conn is one open WebSocket. One goroutine reads; another writes while there
// is something to write; a timer ends it.
type conn struct {
	gw          *Gateway
	id          string
	net         net.Conn
	connectedAt time.Time
	sourceIP    string
	userAgent   string
	domain      string
	authorizer  json.RawMessage // its context, as events show it

	writer sync.WaitGroup

	mu         sync.Mutex
	lastActive time.Time
	timer      Timer
	out        net.Buffers // frames to write
	waiting    int         // bytes not written yet
	writing    bool
	closed     bool // nothing more may be sent
	code       ws.StatusCode
	reason     string
	previous   chan struct{} // closed when the message before is done; Config.Serial
}

// start makes a connection reachable, sends the answer to its handshake and reads
// it until it ends. The answer is the first thing that is queued, so a client
// that has seen it can be reached.
func (c *conn) start(r io.Reader, handshake []byte) {
	g := c.gw
	c.mu.Lock()
	c.out = append(c.out, handshake) // which counts for no buffer
	c.lastActive = g.clock.Now()
	c.timer = g.clock.AfterFunc(min(g.cfg.Limits.Idle, g.cfg.Limits.Connection), c.expire)
	g.mu.Lock()
	closing := g.closed
	g.conns[c.id] = c
	g.mu.Unlock()
	c.flush()
	c.mu.Unlock()
	if closing {
		c.close(goingAway)
	}
	g.work.Go(func() {
		c.read(r)
		c.end()
	})
}

// read handles what the client sends until the connection is over.
func (c *conn) read(r io.Reader) {
	frames := newFrameReader(r, c.gw.cfg.Limits)
	for {
		op, payload, err := frames.next()
		if err == nil && op == ws.OpClose {
			code, reason, bad := parseClose(payload)
			if bad == nil {
				c.finish(code, reason, closeFrame(code, ""))
				return
			}
			err = bad
		}
		if v, ok := errors.AsType[*violation](err); ok {
			// What follows cannot be read as frames. It is read nevertheless, or
			// the kernel would reset the connection and the client might never
			// see why it was closed.
			c.close(v)
			io.Copy(io.Discard, c.net)
			return
		}
		if err != nil {
			c.finish(ws.StatusAbnormalClosure, "", nil)
			return
		}
		switch op {
		case ws.OpText:
			c.receive(payload)
		case ws.OpPing:
			c.send(appendFrame(nil, ws.OpPong, true, payload), c.gw.cfg.PingsKeepAlive)
		case ws.OpPong:
			c.touch(c.gw.cfg.PingsKeepAlive)
		}
	}
}

// receive hands a message to its route in a goroutine of its own.
func (c *conn) receive(message []byte) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.lastActive = c.gw.clock.Now()
	before := c.previous
	done := make(chan struct{})
	if c.gw.cfg.Serial {
		c.previous = done
	}
	c.mu.Unlock()
	if !c.gw.inFlight.take(len(message)) {
		defer close(done)
		c.gw.refuse(c, message)
		return
	}
	c.gw.work.Go(func() {
		defer c.gw.inFlight.give(len(message))
		defer close(done)
		if before != nil {
			<-before
		}
		c.gw.message(c, message)
	})
}

func (c *conn) touch(active bool) {
	if active {
		c.mu.Lock()
		c.lastActive = c.gw.clock.Now()
		c.mu.Unlock()
	}
}

// send queues frames behind those that wait already. It never waits for the
// client: errGone and errBufferFull say why it cannot be.
func (c *conn) send(frames []byte, active bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch limit := c.gw.cfg.Limits.SendBuffer; {
	case c.closed:
		return errGone
	case c.waiting > 0 && c.waiting+len(frames) > limit:
		return errBufferFull
	}
	if active {
		c.lastActive = c.gw.clock.Now()
	}
	c.enqueue(frames)
	return nil
}

// sendMessage sends a text message.
func (c *conn) sendMessage(message []byte) error {
	return c.send(appendMessage(make([]byte, 0, len(message)+16), message, c.gw.cfg.Limits.Frame), true)
}

// enqueue needs c.mu.
func (c *conn) enqueue(frames []byte) {
	c.out = append(c.out, frames)
	c.waiting += len(frames)
	c.flush()
}

// flush sees to it that what is queued is written. It needs c.mu.
func (c *conn) flush() {
	if !c.writing {
		c.writing = true
		c.writer.Go(c.write)
	}
}

// write sends what is queued, and after the close frame the end of the stream.
func (c *conn) write() {
	for {
		c.mu.Lock()
		out, n := c.out, c.waiting
		c.out = nil
		if len(out) == 0 {
			c.writing = false
			if half, ok := c.net.(interface{ CloseWrite() error }); ok && c.closed {
				half.CloseWrite()
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		if _, err := out.WriteTo(c.net); err != nil {
			c.net.Close() // the reader ends the connection
		}
		c.mu.Lock()
		c.waiting -= n
		c.mu.Unlock()
	}
}

// close ends the connection from the gateway's side: what waits is sent first,
// then the close frame, and the reader stays for the client's answer. It
// reports whether the connection was open.
func (c *conn) close(why *violation) bool {
	return c.finish(why.code, why.reason, closeFrame(why.code, why.reason))
}

// finish notes how the connection ended; the first to say so is right.
func (c *conn) finish(code ws.StatusCode, reason string, frame []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.closed, c.code, c.reason = true, code, reason
	c.net.SetDeadline(time.Now().Add(c.gw.cfg.Limits.Closing))
	if frame != nil {
		c.enqueue(frame)
	}
	return true
}

// expire closes a connection that is too old or has been idle too long, and
// otherwise waits on.
func (c *conn) expire() {
	c.mu.Lock()
	now, limits := c.gw.clock.Now(), c.gw.cfg.Limits
	left := min(limits.Idle-now.Sub(c.lastActive), limits.Connection-now.Sub(c.connectedAt))
	if left > 0 {
		if !c.closed {
			c.timer = c.gw.clock.AfterFunc(left, c.expire)
		}
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.close(goingAway)
}

// end frees the connection and tells $disconnect.
func (c *conn) end() {
	c.writer.Wait()
	c.net.Close()
	g := c.gw
	g.mu.Lock()
	delete(g.conns, c.id)
	g.mu.Unlock()
	c.mu.Lock()
	c.timer.Stop()
	code, reason := int(c.code), c.reason
	c.mu.Unlock()
	g.disconnect(c, code, reason)
}
