package client

import (
	"cmp"
	"context"

	"github.com/pay-theory/streamer/wire"
)

// OnBehalfOf returns a client that lists, watches, cancels and so on the requests
// of a subject of the token's tenant. The token needs the scope streamer:operator;
// without it every call is answered with FORBIDDEN. [Client.Do] and [Client.Start]
// still make requests of the caller's own.
//
// The two share one connection, and closing either closes it. Requests of two
// subjects that have one id cannot be watched on it at the same time: the second
// is refused with DUPLICATE_REQUEST.
func (c *Client) OnBehalfOf(subject string) *Client {
	return &Client{connection: c.connection, subject: subject}
}

// Detail returns what Get does and what a snapshot leaves out: payload, steps,
// checkpoint, worker, and the correlation id that stands in the logs. It is an
// HTTP call, also of a client that has a WebSocket.
func (c *Client) Detail(ctx context.Context, id string) (wire.Snapshot, error) {
	return onRequest(ctx, c, id, func(ctx context.Context) (wire.Snapshot, error) {
		return c.http.detail(ctx, c.ref(id))
	})
}

// Connections returns a page of the open WebSockets, by subject, the oldest first:
// the caller's own, unless the query or [Client.OnBehalfOf] names a subject, or
// [wire.AllSubjects]. It is an HTTP call, as Detail is.
func (c *Client) Connections(ctx context.Context, q wire.ConnectionQuery) (wire.ConnectionList, error) {
	q.Subject = cmp.Or(q.Subject, c.subject)
	ctx, stop := c.bind(ctx)
	defer stop()
	return c.http.connections(ctx, q)
}

// CloseConnections closes all open WebSockets of the subject, or of the caller,
// and returns how many there were. Clients can connect again with a token that is
// still valid. It is an HTTP call, as Detail is.
func (c *Client) CloseConnections(ctx context.Context) (int, error) {
	ctx, stop := c.bind(ctx)
	defer stop()
	return c.http.closeConnections(ctx, c.subject)
}
