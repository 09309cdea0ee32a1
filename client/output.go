package client

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/pay-theory/streamer/wire"
)

const (
	// maxChunks is how many pushed chunks are kept for a reader that is slower than
	// the server; it asks for what comes after them.
	maxChunks = 1000

	// pollOutput is how often output is asked for over HTTP, where none is pushed.
	pollOutput = 2 * time.Second
)

// An outputReader is one loop over a call's output. Its fields have the call's lock.
type outputReader struct {
	next   int64             // the offset of the first of chunks
	chunks []json.RawMessage // pushed, and not read yet
	gap    bool              // chunks after these exist and must be asked for
	news   chan struct{}     // has an element when the reader should look
}

// Output returns the request's output from its first chunk on, in order, each chunk
// once, until the request has ended and all of it was read. Over a WebSocket the
// server pushes chunks; only those before the loop, and those that a lost
// connection or a slow reader missed, are asked for. Over HTTP the client asks
// every 2 s.
//
// The loop ends with an error when the context or the client does, or when the
// server refuses. How the request itself ended says [Handle.Wait]. Several goroutines
// may read the output of one call.
func (c *Handle) Output(ctx context.Context) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		r := &outputReader{gap: true, news: make(chan struct{}, 1)}
		c.mu.Lock()
		c.readers = append(c.readers, r)
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.readers = slices.DeleteFunc(c.readers, func(other *outputReader) bool { return other == r })
		}()
		for {
			chunks, final, err := c.more(ctx, r)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, chunk := range chunks {
				if !yield(chunk, nil) {
					return
				}
			}
			if final {
				return
			}
		}
	}
}

// more waits for chunks and returns them. It is final when no more will come.
func (c *Handle) more(ctx context.Context, r *outputReader) (chunks []json.RawMessage, final bool, err error) {
	for failures := 0; ; {
		over := closed(c.done) // before the look: what comes later is in the answer
		c.mu.Lock()
		chunks, ask, from := r.chunks, r.gap || over, r.next
		if len(chunks) > 0 {
			r.next, r.chunks = r.next+int64(len(chunks)), nil
		} else {
			r.gap = false
		}
		c.mu.Unlock()
		if len(chunks) > 0 {
			return chunks, false, nil
		}
		if !ask {
			if err := c.await(ctx, r); err != nil {
				return nil, false, err
			}
			continue
		}
		part, err := c.fetch(ctx, from)
		if after, again := retryable(err); again {
			if err := sleep(ctx, max(after, c.client.http.cfg.Backoff.delay(failures))); err != nil {
				return nil, false, err
			}
			failures++
			r.miss(c)
			continue
		}
		if err != nil {
			return nil, false, err
		}
		failures = 0
		if r.advance(c, part) || part.Final {
			return part.Chunks, part.Final, nil
		}
		if over { // nothing more is pushed, and the request may go on
			return nil, c.err == nil, c.err
		}
	}
}

// fetch asks for a part of the output.
func (c *Handle) fetch(ctx context.Context, from int64) (wire.Output, error) {
	ctx, stop := c.client.bind(ctx)
	defer stop()
	return c.client.transport.output(ctx, wire.OutputQuery{RequestID: c.id, Subject: c.subject, From: from})
}

// await returns when there may be more output.
func (c *Handle) await(ctx context.Context, r *outputReader) error {
	var poll <-chan time.Time
	if _, polled := c.client.transport.(*httpAPI); polled {
		timer := time.NewTimer(pollOutput)
		defer timer.Stop()
		poll = timer.C
	}
	select {
	case <-r.news:
	case <-c.done:
	case <-poll:
		r.miss(c)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// advance notes what an answer brought, and reports whether that was anything.
func (r *outputReader) advance(c *Handle, part wire.Output) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := part.Offset + int64(len(part.Chunks))
	pushedTo := r.next + int64(len(r.chunks))
	switch {
	case end >= pushedTo: // nothing that was pushed meanwhile is newer
		r.chunks = nil
	case len(r.chunks) > 0:
		r.chunks = r.chunks[min(max(end-r.next, 0), int64(len(r.chunks))):]
	}
	r.next = end
	r.gap = r.gap || len(part.Chunks) > 0 // there may be a next page
	return len(part.Chunks) > 0
}

// miss notes that there may be output that was not pushed.
func (r *outputReader) miss(c *Handle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.gap = true
}

// push gives the readers chunks that the server sent, and wakes them. It is called
// with the lock.
func (c *Handle) push(offset int64, chunks []json.RawMessage) {
	for _, r := range c.readers {
		end := r.next + int64(len(r.chunks))
		switch known := end - offset; {
		case known >= int64(len(chunks)):
			continue // nothing new
		case known < 0 || r.gap || len(r.chunks) > maxChunks:
			r.gap = true
		default:
			r.chunks = append(r.chunks, chunks[known:]...)
		}
		r.wake()
	}
}

// counted tells the readers how many chunks there are. It is called with the lock.
func (c *Handle) counted(chunks int64) {
	for _, r := range c.readers {
		if chunks > r.next+int64(len(r.chunks)) {
			r.gap = true
			r.wake()
		}
	}
}

func (r *outputReader) wake() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}
