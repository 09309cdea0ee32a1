package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pay-theory/streamer/request"
)

// ReadOutput implements [request.Store].
func (s *Store) ReadOutput(ctx context.Context, key request.Key, from int64, limit int) (chunks []request.Chunk, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("sqlite: read output: %w", err)
		}
	}()
	rows, err := s.read.QueryContext(ctx, "SELECT offset, data FROM output "+
		"WHERE tenant = ? AND subject = ? AND id = ? AND offset >= ? ORDER BY offset LIMIT ?", key.Tenant, key.Subject, key.ID, from, limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c request.Chunk
		if err := rows.Scan(&c.Offset, (*blob)(&c.Data)); err != nil {
			return nil, err
		}
		chunks = append(chunks, c)
	}
	return chunks, rows.Err()
}

func appendOutput(t *tx, key request.Key, offset int64, chunks []json.RawMessage) error {
	for i, chunk := range chunks {
		if _, err := t.Exec("INSERT INTO output (tenant, subject, id, offset, data) VALUES (?, ?, ?, ?, ?)",
			key.Tenant, key.Subject, key.ID, offset+int64(i), []byte(chunk)); err != nil {
			return fmt.Errorf("append output: %w", err)
		}
	}
	return nil
}
