package client

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// maxPending is how many progress reports are kept for Wait; then the oldest is dropped.
const maxPending = 64

// A Progress says how far a request is.
type Progress struct {
	State      string  // wire.StateQueued or wire.StateRunning
	Percentage float64 // 0 to 100
	Message    string
	Metadata   json.RawMessage // a JSON object, or nil
	Rev        int64
	Timestamp  time.Time
}

// A Handle is one request that the client follows to its end. It is safe for
// concurrent use.
type Handle struct {
	id       string
	subject  string // of the request; empty: the caller's own
	client   *Client
	message  *wire.Message // nil when the call only watches
	accepted chan struct{} // closed when the server has the request
	ended    chan struct{} // closed when final is set
	done     chan struct{} // closed when result and err are set
	news     chan struct{} // has an element when pending may have one
	dropped  chan struct{} // closed when the message must not be sent any more, unless it was

	mu      sync.Mutex
	has     bool  // accepted is closed
	short   bool  // the action was, and nothing is stored
	rev     int64 // the highest seen
	pending []Progress
	final   *outcome
	readers []*outputReader
	sent    time.Time // when the message was last sent; zero: never

	result json.RawMessage
	err    error
}

// An outcome is how a request ended: exactly one field is set.
type outcome struct {
	result json.RawMessage
	ref    string // where a large result is
	err    error
}

func newCall(subject, id string, m *wire.Message) *Handle {
	return &Handle{
		id: id, subject: subject, message: m,
		accepted: make(chan struct{}), ended: make(chan struct{}), done: make(chan struct{}),
		news: make(chan struct{}, 1), dropped: make(chan struct{}),
	}
}

// ID is the request's id, under which any client of the same principal can
// watch it.
func (c *Handle) ID() string { return c.id }

// Stored reports whether the server has the request under the ID. It does not store the
// one of a short action, whose result is in this call alone: Wait returns it at once.
func (c *Handle) Stored() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.has && !c.short
}

// Done is closed when Wait will not block any more.
func (c *Handle) Done() <-chan struct{} { return c.done }

// Wait returns the result when the request has ended, or why there is none: an
// [*Error] from the server, a [*ConnectError] when the token was refused while
// connecting again, [ErrClosed], or the cause of the context that the call was
// started with.
//
// Until then it calls onProgress, which may be nil, in Wait's own goroutine, with
// the rev rising each time. Reports that came before Wait are kept, the newest 64
// of them. Several goroutines may wait for
// one call; each report goes to one of them, the result to all.
func (c *Handle) Wait(onProgress func(Progress)) (json.RawMessage, error) {
	for {
		select {
		case <-c.news:
			c.report(onProgress)
		case <-c.done:
			c.report(onProgress)
			return c.result, c.err
		}
	}
}

func (c *Handle) report(onProgress func(Progress)) {
	c.mu.Lock()
	pending := c.pending
	c.pending = nil
	c.mu.Unlock()
	if onProgress == nil {
		return
	}
	for _, p := range pending {
		onProgress(p)
	}
}

// offer applies a frame of the call's request and reports whether the frame was
// new. It never blocks. A frame without rev belongs to a request that is not
// stored, or comes from a server that does not number them, and always counts.
func (c *Handle) offer(f wire.Frame) bool {
	rev := f.Rev
	if f.Request != nil {
		rev = f.Request.Rev
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.has {
		c.has = true
		close(c.accepted)
	}
	if f.Request != nil {
		c.counted(f.Request.Output)
	}
	if f.Type == wire.TypeOutput {
		c.push(f.Offset, f.Chunks)
		return true
	}
	if c.final != nil || rev != 0 && rev <= c.rev {
		return false
	}
	c.rev = max(c.rev, rev)
	switch f.Type {
	case wire.TypeResponse:
		c.short = true
		c.finish(outcome{result: f.Data})
	case wire.TypeComplete:
		c.finish(outcome{result: f.Result, ref: f.ResultRef})
	case wire.TypeError:
		c.finish(outcome{err: newError(f.Error, c.id)})
	case wire.TypeProgress:
		c.add(Progress{State: wire.StateRunning, Percentage: f.Percentage, Message: f.Message,
			Metadata: f.Metadata, Rev: rev, Timestamp: f.Timestamp})
	case wire.TypeRequest:
		c.snapshot(f.Request)
	}
	return true
}

func (c *Handle) snapshot(s *wire.Snapshot) {
	switch {
	case !s.Final():
		c.add(Progress{State: s.State, Percentage: s.Percentage, Message: s.Message,
			Metadata: s.Metadata, Rev: s.Rev, Timestamp: s.UpdatedAt})
	case s.State == wire.StateSucceeded:
		c.finish(outcome{result: s.Result, ref: s.ResultRef})
	case s.Error != nil:
		c.finish(outcome{err: newError(s.Error, c.id)})
	default:
		c.finish(outcome{err: errorf(wire.InternalError, c.id, "the request is %s, and the server gave no reason", s.State)})
	}
}

// add and finish are called with the lock.

func (c *Handle) add(p Progress) {
	if len(c.pending) == maxPending {
		c.pending = append(c.pending[:0], c.pending[1:]...)
	}
	c.pending = append(c.pending, p)
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *Handle) finish(o outcome) {
	if o.err == nil && o.ref == "" && len(o.result) == 0 {
		o.result = json.RawMessage("null")
	}
	c.final = &o
	close(c.ended)
}

// end gives Wait its answer. It is called once.
func (c *Handle) end(result json.RawMessage, err error) {
	c.result, c.err = result, err
	close(c.done)
}

func (c *Handle) isAccepted() bool { return closed(c.accepted) }

func (c *Handle) hasEnded() bool { return closed(c.ended) }

func (c *Handle) seen() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rev
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
