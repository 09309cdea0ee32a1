package client

import (
	"context"
	"errors"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// lateLimit is how long after it was sent a message may still make its request:
// API Gateway waits 29 s for the function, and the function for the store.
const lateLimit = 35 * time.Second

// errDropped ends the submission of a call that was cancelled before the server
// had its message.
var errDropped = errors.New("the message was dropped")

// submitted returns the call of this client that has submitted a request, if the
// server may not have answered it yet.
func (c *Client) submitted(id string) *Handle {
	if c.subject != "" {
		return nil // a client submits only requests of the caller's own
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.submits[id]
}

// behind waits until the message that makes a request is answered, if this client
// has sent it: a message about the request must not overtake it.
func (c *Client) behind(ctx context.Context, id string) error {
	call := c.submitted(id)
	if call == nil {
		return nil
	}
	select {
	case <-call.accepted:
	case <-call.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// onRequest makes a call about one request, behind the message that makes it.
func onRequest[T any](ctx context.Context, c *Client, id string, do func(context.Context) (T, error)) (T, error) {
	var none T
	if err := checkID(id); err != nil {
		return none, err
	}
	ctx, stop := c.bind(ctx)
	defer stop()
	if err := c.behind(ctx, id); err != nil {
		return none, err
	}
	return do(ctx)
}

// Cancel ends a request that is queued, asks one that runs to stop, and leaves
// one that has ended as it is; the snapshot says which it was.
//
// It never overtakes a [Client.Start] of the same client: a message that is still
// to be sent is dropped, and the snapshot then has only ID, Action and the state
// CANCELLED; one that was sent is not sent again, and Cancel waits for its answer
// first. When that answer was lost, Cancel repeats itself for as long as the
// message may still arrive, up to 35 s.
func (c *Client) Cancel(ctx context.Context, id string) (wire.Snapshot, error) {
	call := c.submitted(id)
	if call != nil {
		call.drop()
	}
	return onRequest(ctx, c, id, func(ctx context.Context) (wire.Snapshot, error) {
		if call != nil && !call.isAccepted() && call.sentAt().IsZero() {
			return wire.Snapshot{ID: id, Action: call.message.Action, State: wire.StateCancelled}, nil
		}
		for failures := 0; ; failures++ {
			s, err := c.transport.cancel(ctx, c.ref(id))
			var answer *Error
			if call == nil || !call.mayArrive() || !errors.As(err, &answer) || answer.Code != wire.NotFound {
				return s, err
			}
			if err := sleep(ctx, c.http.cfg.Backoff.delay(failures)); err != nil {
				return s, err
			}
		}
	})
}

// release removes a call that has ended, unless its message may still arrive.
func (c *connection) release(call *Handle) {
	remove := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.submits[call.id] == call {
			delete(c.submits, call.id)
		}
	}
	if call.mayArrive() {
		time.AfterFunc(lateLimit, remove)
		return
	}
	remove()
}

// drop keeps the call's message from being sent from now on.
func (c *Handle) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !closed(c.dropped) {
		close(c.dropped)
	}
}

// isDropped reports whether the call's message must not be sent any more.
func (c *Handle) isDropped() bool { return c.message != nil && !c.isAccepted() && closed(c.dropped) }

func (c *Handle) markSent() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = time.Now()
}

// sentAt returns when the message was last sent; zero: never.
func (c *Handle) sentAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// mayArrive reports whether the call has ended without the server's answer, while
// its message may still reach the server.
func (c *Handle) mayArrive() bool {
	sent := c.sentAt()
	if c.isAccepted() || !closed(c.done) || sent.IsZero() || time.Since(sent) > lateLimit {
		return false
	}
	var answer *Error
	return !errors.As(c.err, &answer) || c.isDropped() || answer.Code == wire.Timeout || answer.Code == wire.ServiceUnavailable
}
