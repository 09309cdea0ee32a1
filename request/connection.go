package request

import (
	"context"
	"time"
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

// ConnectionGrace is how long after its EndsAt a connection is left alone: time for a
// renewal that is under way, and for the gateway's own close.
const ConnectionGrace = 15 * time.Second

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
	// not make is an [*Error] with VALIDATION_ERROR.
	ListConnections(ctx context.Context, q ConnectionQuery) (page []Connection, cursor string, err error)

	// StaleConnections returns up to limit connections whose EndsAt is not later
	// than now, the longest stale first. Which it finds may be eventually
	// consistent; those it returns are as they are.
	StaleConnections(ctx context.Context, now time.Time, limit int) ([]Connection, error)
}

// A ConnectionQuery selects connections of one tenant.
type ConnectionQuery struct {
	Tenant  string // required
	Subject string // empty: every subject of the tenant
	Limit   int    // of the page, 1 to 1000; required
	Cursor  string // from the page before; empty: the first page
}
