package client

import (
	"cmp"
	"context"

	"github.com/pay-theory/streamer/wire"
)

// Of returns the client as an operator uses it, with a token that has the scope
// streamer:operator: what it lists, watches, cancels and so on is the subject's,
// of the token's own tenant. For whoever is no operator every call is FORBIDDEN.
// [Client.Do] and [Client.Start] ask for requests of the caller's own all the same.
//
// The two share one connection, and closing either closes it. Requests of two
// subjects that have one id cannot be watched on it at the same time: the second
// is refused with DUPLICATE_REQUEST.
func (c *Client) Of(subject string) *Client {
	return &Client{connection: c.connection, subject: subject}
}

// Detail is Get with what a snapshot leaves out: payload, steps, checkpoint,
// worker, and the correlation id by which the logs have it. It is an HTTP call,
// also of a client that has a WebSocket.
func (c *Client) Detail(ctx context.Context, id string) (wire.Snapshot, error) {
	if err := checkID(id); err != nil {
		return wire.Snapshot{}, err
	}
	ctx, stop := c.bind(ctx)
	defer stop()
	return c.http.detail(ctx, c.ref(id))
}

// Connections returns a page of the open WebSockets, by subject, the oldest first:
// the caller's own, unless the query or [Client.Of] names a subject, or
// [wire.AllSubjects]. It is an HTTP call, as Detail is.
func (c *Client) Connections(ctx context.Context, q wire.ConnectionQuery) (wire.ConnectionList, error) {
	q.Subject = cmp.Or(q.Subject, c.subject)
	ctx, stop := c.bind(ctx)
	defer stop()
	return c.http.connections(ctx, q)
}

// CloseConnections closes all open WebSockets of the subject, or of the caller,
// and returns how many there were. It bars nobody: a token that is still good
// opens a new one. It is an HTTP call, as Detail is.
func (c *Client) CloseConnections(ctx context.Context) (int, error) {
	ctx, stop := c.bind(ctx)
	defer stop()
	return c.http.closeConnections(ctx, c.subject)
}
