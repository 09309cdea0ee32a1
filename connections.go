package streamer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// ErrGone is what a Pusher returns for a connection that has closed.
var ErrGone = errors.New("connection is gone")

// A Pusher sends frames to clients over their open connections. Push returns
// ErrGone when the connection has closed; any other error may pass. Frames
// pushed one after another to one connection arrive in that order. It is safe
// for concurrent use, and bounds its own time when ctx has no deadline.
type Pusher interface {
	Push(ctx context.Context, connectionID string, frame []byte) error
}

// A Closer closes clients' connections. CloseConnection returns ErrGone for one
// that has closed; any other error may pass. It is safe for concurrent use, and
// bounds its own time when ctx has no deadline.
type Closer interface {
	CloseConnection(ctx context.Context, connectionID string) error
}

// Connections opens, renews, lists and closes connections. It is safe for
// concurrent use.
type Connections struct {
	Store  request.ConnectionStore
	Closer Closer           // for CloseAll and Sweep alone
	Now    func() time.Time // nil: time.Now
}

// Open records a connection whose token was verified, as opened now.
func (c Connections) Open(ctx context.Context, conn request.Connection) error {
	conn.ConnectedAt = now(c.Now)
	if len(conn.UserAgent) > request.MaxUserAgent {
		conn.UserAgent = strings.ToValidUTF8(conn.UserAgent[:request.MaxUserAgent], "")
	}
	if err := c.Store.SaveConnection(ctx, conn); err != nil {
		return unavailable("save connection", err)
	}
	return nil
}

// Close deletes a connection. Its subscriptions end by themselves: API Gateway
// never gives an id twice, and the next push to it says that it is gone.
func (c Connections) Close(ctx context.Context, id string) error {
	if err := c.Store.DeleteConnection(ctx, id); err != nil {
		return fmt.Errorf("delete connection: %w", err)
	}
	return nil
}

// Find returns the open connection behind a message. It refuses one that is
// unknown, and leaves an expired one to its caller, since such a client may
// still renew its token.
func (c Connections) Find(ctx context.Context, id string) (request.Connection, error) {
	conn, err := c.Store.LoadConnection(ctx, id)
	if errors.Is(err, request.ErrNotFound) {
		return request.Connection{}, Errorf(wire.Unauthorized, "this connection is not known; connect again")
	}
	if err != nil {
		return request.Connection{}, unavailable("load connection", err)
	}
	return conn, nil
}

// Renew gives the connection the principal of a newer token, which must be of
// the same tenant and subject.
func (c Connections) Renew(ctx context.Context, conn request.Connection, p Principal) error {
	if !conn.Principal.Same(p) {
		return Errorf(wire.Forbidden, "the token belongs to someone else; open a connection of its own for it")
	}
	conn.Principal = p
	if err := c.Store.SaveConnection(ctx, conn); err != nil {
		return unavailable("save connection", err)
	}
	return nil
}

// List returns a page of the caller's open connections, or of those that an
// operator asks for: by subject, the oldest first. One that closed a moment ago
// may be among them. A page has fewer where more would not fit into one message.
func (c Connections) List(ctx context.Context, caller Caller, q wire.ConnectionQuery) (wire.ConnectionList, error) {
	caller.OnBehalfOf = q.Subject
	whose, err := caller.named("")
	switch {
	case err != nil:
		return wire.ConnectionList{}, err
	case q.Limit < 0 || q.Limit > 100:
		return wire.ConnectionList{}, pageSizeError(q.Limit, 100)
	case q.Limit == 0:
		q.Limit = 100
	}
	if whose.Subject == wire.AllSubjects {
		whose.Subject = ""
	}
	query := request.ConnectionQuery{Tenant: whose.Tenant, Subject: whose.Subject, Cursor: q.Cursor}
	page, cursor, err := readPage(q.Limit, func(limit int) ([]request.Connection, string, error) {
		query.Limit = limit
		return c.Store.ListConnections(ctx, query)
	}, func(conn request.Connection) (wire.Connection, int) {
		shown := wire.Connection{ID: conn.ID, Subject: conn.Principal.Subject,
			ConnectedAt: conn.ConnectedAt, ExpiresAt: conn.Principal.ExpiresAt, SourceIP: conn.SourceIP, UserAgent: conn.UserAgent}
		encoded, _ := json.Marshal(shown) // what does not encode fails with the list
		return shown, len(encoded)
	})
	if err != nil {
		return wire.ConnectionList{}, unavailable("list connections", err)
	}
	return wire.ConnectionList{Connections: page, Cursor: cursor}, nil
}

// CloseAll closes every connection of one subject, the caller's own unless an
// operator names another, and returns how many it closed. It bars no one: a
// token that is still good opens a new one.
func (c Connections) CloseAll(ctx context.Context, caller Caller) (closed int, err error) {
	whose, err := caller.named("")
	switch {
	case err != nil:
		return 0, err
	case whose.Subject == wire.AllSubjects:
		return 0, Errorf(wire.ValidationError, "name the one subject whose connections are to be closed")
	}
	q := request.ConnectionQuery{Tenant: whose.Tenant, Subject: whose.Subject, Limit: 100}
	for {
		page, cursor, err := c.Store.ListConnections(ctx, q)
		if err != nil {
			return closed, unavailable("list connections", err)
		}
		n, _, err := c.prune(ctx, page)
		closed += n
		if err != nil {
			return closed, unavailable("close connections", err)
		}
		if cursor == "" {
			return closed, nil
		}
		q.Cursor = cursor
	}
}

// Sweep closes connections whose token expired [request.ConnectionGrace] ago, and
// prunes those that API Gateway has closed without a $disconnect; up to limit in
// all. Several sweeps may run at once. The row of a connection is deleted only once
// it is closed, so that one which could not be closed is found again.
func (c Connections) Sweep(ctx context.Context, limit int) (closed, pruned int, err error) {
	stale, err := c.Store.StaleConnections(ctx, now(c.Now).Add(-request.ConnectionGrace), limit)
	if err != nil {
		return 0, 0, fmt.Errorf("list stale connections: %w", err)
	}
	return c.prune(ctx, stale)
}

// prune closes connections and deletes their rows, a few at a time. It goes on after a fault
// and returns what went wrong, joined.
func (c Connections) prune(ctx context.Context, all []request.Connection) (closed, pruned int, err error) {
	const parallel = 16
	var (
		open, gone atomic.Int64
		faults     = make([]error, len(all))
		free       = make(chan struct{}, parallel)
		wg         sync.WaitGroup
	)
	for i, conn := range all {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			err := c.Closer.CloseConnection(ctx, conn.ID)
			if err != nil && !errors.Is(err, ErrGone) {
				faults[i] = fmt.Errorf("close connection: %w", err)
				return
			}
			if err == nil {
				open.Add(1)
			} else {
				gone.Add(1)
			}
			if err := c.Store.DeleteConnection(ctx, conn.ID); err != nil {
				faults[i] = fmt.Errorf("delete connection: %w", err)
			}
		})
	}
	wg.Wait()
	return int(open.Load()), int(gone.Load()), errors.Join(faults...)
}
