package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/pay-theory/streamer"
)

// SaveConnection implements [streamer.ConnectionStore] with one call.
func (s *Store) SaveConnection(ctx context.Context, c streamer.Connection) error {
	scopes := []value{}
	for _, scope := range c.Principal.Scopes {
		scopes = append(scopes, text(scope))
	}
	_, err := s.call(ctx, opPut, s.connections, input{Item: item{
		"id": text(c.ID), "tenant": text(c.Principal.Tenant), "subject": text(c.Principal.Subject), "scopes": elements(scopes...),
		"expires": millis(c.Principal.ExpiresAt), "connected": millis(c.ConnectedAt),
		"ttl": ttl(c.Principal.ExpiresAt.Add(24 * time.Hour)),
	}})
	if err != nil {
		return fmt.Errorf("dynamo: save connection: %w", err)
	}
	return nil
}

// LoadConnection implements [streamer.ConnectionStore] with one call.
func (s *Store) LoadConnection(ctx context.Context, id string) (streamer.Connection, error) {
	out, err := s.call(ctx, opGet, s.connections, input{Key: item{"id": text(id)}, ConsistentRead: true})
	if err == nil && out.Item == nil {
		err = streamer.ErrNotFound
	}
	var c streamer.Connection
	if err == nil {
		c, err = out.Item.connection()
	}
	if err != nil {
		return streamer.Connection{}, fmt.Errorf("dynamo: load connection: %w", err)
	}
	return c, nil
}

// DeleteConnection implements [streamer.ConnectionStore] with one call.
func (s *Store) DeleteConnection(ctx context.Context, id string) error {
	if _, err := s.call(ctx, opDelete, s.connections, input{Key: item{"id": text(id)}}); err != nil {
		return fmt.Errorf("dynamo: delete connection: %w", err)
	}
	return nil
}

func (i item) connection() (streamer.Connection, error) {
	in := &reader{item: i}
	c := streamer.Connection{
		ID:          in.text("id"),
		Principal:   streamer.Principal{Tenant: in.text("tenant"), Subject: in.text("subject"), ExpiresAt: in.time("expires")},
		ConnectedAt: in.time("connected"),
	}
	for _, scope := range in.elements("scopes") {
		if scope.S == nil {
			in.fault("scopes", "list of strings")
			break
		}
		c.Principal.Scopes = append(c.Principal.Scopes, *scope.S)
	}
	if in.err != nil {
		return streamer.Connection{}, fmt.Errorf("decode row: %w", in.err)
	}
	return c, nil
}
