package dynamo

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
)

// SaveConnection implements [request.ConnectionStore] with one call.
func (s *Store) SaveConnection(ctx context.Context, c request.Connection) error {
	scopes := []value{}
	for _, scope := range c.Principal.Scopes {
		scopes = append(scopes, text(scope))
	}
	row := item{
		"id": text(c.ID), "tenant": text(c.Principal.Tenant), "subject": text(c.Principal.Subject), "scopes": elements(scopes...),
		"expires": millis(c.Principal.ExpiresAt), "connected": millis(c.ConnectedAt),
		"place": text(connectionOrder(c)), "shard": number(s.shard(c.ID)), "due": millis(c.EndsAt()),
		"ttl": ttl(c.Principal.ExpiresAt.Add(24 * time.Hour)),
	}
	row.setText("ip", c.SourceIP)
	row.setText("agent", c.UserAgent)
	if _, err := s.call(ctx, opPut, s.connections, input{Item: row}); err != nil {
		return fmt.Errorf("dynamo: save connection: %w", err)
	}
	return nil
}

// LoadConnection implements [request.ConnectionStore] with one call.
func (s *Store) LoadConnection(ctx context.Context, id string) (request.Connection, error) {
	out, err := s.call(ctx, opGet, s.connections, input{Key: item{"id": text(id)}, ConsistentRead: true})
	if err == nil && out.Item == nil {
		err = request.ErrNotFound
	}
	var c request.Connection
	if err == nil {
		c, err = out.Item.connection()
	}
	if err != nil {
		return request.Connection{}, fmt.Errorf("dynamo: load connection: %w", err)
	}
	return c, nil
}

// DeleteConnection implements [request.ConnectionStore] with one call.
func (s *Store) DeleteConnection(ctx context.Context, id string) error {
	if _, err := s.call(ctx, opDelete, s.connections, input{Key: item{"id": text(id)}}); err != nil {
		return fmt.Errorf("dynamo: delete connection: %w", err)
	}
	return nil
}

// ListConnections implements [request.ConnectionStore] with one call.
func (s *Store) ListConnections(ctx context.Context, q request.ConnectionQuery) ([]request.Connection, string, error) {
	prefix := ""
	if q.Subject != "" {
		prefix = tenantPrefix(q.Subject)
	}
	in := input{
		IndexName:                 indexByTenant,
		KeyConditionExpression:    "#tenant = :tenant",
		ExpressionAttributeNames:  map[string]string{"#tenant": "tenant"},
		ExpressionAttributeValues: item{":tenant": text(q.Tenant)},
		Limit:                     q.Limit + 1,
	}
	if prefix != "" {
		in.KeyConditionExpression += " AND begins_with(#place, :prefix)"
		in.ExpressionAttributeNames["#place"], in.ExpressionAttributeValues[":prefix"] = "place", text(prefix)
	}
	if q.Cursor != "" {
		c, err := decodeCursor(q.Cursor)
		if err != nil || c.Partition != q.Tenant || !strings.HasPrefix(c.Order, prefix) || !isConnectionOrder(c.Order, c.ID) {
			return nil, "", errCursor()
		}
		in.ExclusiveStartKey = item{"id": text(c.ID), "tenant": text(q.Tenant), "place": text(c.Order)}
	}
	entries, _, err := s.query(ctx, s.connections, in, q.Limit+1, 0)
	if q.Cursor != "" && call.HasCode(err, codeValidation) {
		return nil, "", errCursor()
	}
	next := ""
	if len(entries) > q.Limit {
		entries = entries[:q.Limit]
		last := &reader{item: entries[q.Limit-1]}
		next = cursor{Partition: q.Tenant, ID: last.text("id"), Order: last.text("place")}.String()
	}
	var page []request.Connection
	if err == nil {
		page, err = connections(entries)
	}
	if err != nil {
		return nil, "", fmt.Errorf("dynamo: list connections: %w", err)
	}
	return page, next, nil
}

// StaleConnections implements [request.ConnectionStore]: one call for each
// shard, at the same time, and one for each hundred connections that ended.
func (s *Store) StaleConnections(ctx context.Context, now time.Time, limit int) ([]request.Connection, error) {
	entries, _, err := s.due(ctx, s.connections, 0, now, limit, "")
	var rows []item
	if err == nil {
		rows, err = s.load(ctx, s.connections, entries, nil)
	}
	var ended []request.Connection
	if err == nil {
		ended, err = connections(rows)
	}
	if err != nil {
		return nil, fmt.Errorf("dynamo: list ended connections: %w", err)
	}
	// The index may be older than the rows.
	ended = slices.DeleteFunc(ended, func(c request.Connection) bool { return c.EndsAt().After(now) })
	sort.SliceStable(ended, func(i, j int) bool { return ended[i].EndsAt().Before(ended[j].EndsAt()) })
	return ended, nil
}

// connectionOrder sorts a list: by subject, then by when the connection was opened, then
// by its id.
func connectionOrder(c request.Connection) string {
	return tenantPrefix(c.Principal.Subject) + moment(c.ConnectedAt) + "#" + c.ID
}

// isConnectionOrder reports whether an order is one of a connection with the id.
func isConnectionOrder(order, id string) bool {
	rest, ended := strings.CutSuffix(order, "#"+id)
	_, at, cut := strings.Cut(rest, "#")
	return ended && cut && id != "" && isMoment(at) && len(order) <= maxSortKey
}

func connections(rows []item) ([]request.Connection, error) {
	var all []request.Connection
	for _, row := range rows {
		c, err := row.connection()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func (i item) connection() (request.Connection, error) {
	in := &reader{item: i}
	c := request.Connection{
		ID:          in.text("id"),
		Principal:   request.Principal{Tenant: in.text("tenant"), Subject: in.text("subject"), ExpiresAt: in.time("expires")},
		ConnectedAt: in.time("connected"),
		SourceIP:    in.optional("ip"),
		UserAgent:   in.optional("agent"),
	}
	for _, scope := range in.elements("scopes") {
		if scope.S == nil {
			in.fault("scopes", "list of strings")
			break
		}
		c.Principal.Scopes = append(c.Principal.Scopes, *scope.S)
	}
	if in.err != nil {
		return request.Connection{}, fmt.Errorf("decode row: %w", in.err)
	}
	return c, nil
}
