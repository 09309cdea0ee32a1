package streamer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// A Connection is one open WebSocket and the principal whose token opened it.
type Connection struct {
	ID          string // given by API Gateway; never given twice
	Principal   Principal
	ConnectedAt time.Time
	SourceIP    string // of the client, as the gateway saw it
	UserAgent   string // as the client said, cut at MaxUserAgent
}

// MaxUserAgent bounds what is kept of a client's user agent, in bytes.
const MaxUserAgent = 256

// maxConnectionAge is when API Gateway closes a connection at the latest (Amazon
// API Gateway Developer Guide, "Quotas for configuring and running a WebSocket
// API", connection duration).
const maxConnectionAge = 2 * time.Hour

// EndsAt is when the connection should be over: its token has expired, or the
// gateway has closed it.
func (c Connection) EndsAt() time.Time {
	if latest := c.ConnectedAt.Add(maxConnectionAge); latest.Before(c.Principal.ExpiresAt) {
		return latest
	}
	return c.Principal.ExpiresAt
}

// A ConnectionStore keeps the open connections. All methods are safe for
// concurrent use and atomic for one connection.
type ConnectionStore interface {
	// SaveConnection stores c, in place of what its id had. The row may be
	// dropped by itself a day after the principal's expiry.
	SaveConnection(ctx context.Context, c Connection) error

	// LoadConnection returns ErrNotFound for a connection that is not there.
	// The read is strongly consistent.
	LoadConnection(ctx context.Context, id string) (Connection, error)

	// DeleteConnection succeeds also when there is nothing to delete.
	DeleteConnection(ctx context.Context, id string) error

	// ListConnections returns a page of connections by subject, then the oldest
	// first, then by ID, and a cursor for the next page, which is empty on the
	// last. The read may be eventually consistent. A cursor that this store did
	// not make is a declared VALIDATION_ERROR.
	ListConnections(ctx context.Context, q ConnectionQuery) (page []Connection, cursor string, err error)

	// EndedConnections returns up to limit connections whose EndsAt is not later
	// than now, the longest ended first. Which it finds may be eventually
	// consistent; those it returns are as they are.
	EndedConnections(ctx context.Context, now time.Time, limit int) ([]Connection, error)
}

// A ConnectionQuery selects connections of one tenant.
type ConnectionQuery struct {
	Tenant  string // required
	Subject string // empty: every subject of the tenant
	Limit   int    // of the page, 1 to 1000; required
	Cursor  string // from the page before; empty: the first page
}

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
	Store  ConnectionStore
	Closer Closer           // for CloseAll and Sweep alone
	Now    func() time.Time // nil: time.Now
}

// Open records a connection whose token was verified, as opened now.
func (c Connections) Open(ctx context.Context, conn Connection) error {
	conn.ConnectedAt = now(c.Now)
	if len(conn.UserAgent) > MaxUserAgent {
		conn.UserAgent = strings.ToValidUTF8(conn.UserAgent[:MaxUserAgent], "")
	}
	if err := c.Store.SaveConnection(ctx, conn); err != nil {
		return unavailable("save connection", err)
	}
	return nil
}

// Close forgets a connection. Its subscriptions end by themselves: API Gateway
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
func (c Connections) Find(ctx context.Context, id string) (Connection, error) {
	conn, err := c.Store.LoadConnection(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Connection{}, Errorf(wire.Unauthorized, "this connection is not known; connect again")
	}
	if err != nil {
		return Connection{}, unavailable("load connection", err)
	}
	return conn, nil
}

// Renew gives the connection the principal of a newer token, which must be of
// the same tenant and subject.
func (c Connections) Renew(ctx context.Context, conn Connection, p Principal) error {
	if !conn.Principal.Same(p) {
		return Errorf(wire.Forbidden, "the token belongs to someone else; open a connection of its own for it")
	}
	conn.Principal = p
	if err := c.Store.SaveConnection(ctx, conn); err != nil {
		return unavailable("save connection", err)
	}
	return nil
}

// now reads a clock to the millisecond, which is what every store keeps.
func now(clock func() time.Time) time.Time {
	if clock == nil {
		clock = time.Now
	}
	return clock().UTC().Truncate(time.Millisecond)
}
