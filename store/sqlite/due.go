package sqlite

import (
	"context"
	"fmt"

	"github.com/pay-theory/streamer/request"
)

// DueRequests implements [request.DueLister].
func (s *Store) DueRequests(ctx context.Context, q request.DueQuery) ([]*request.Request, string, error) {
	var from dueCursor
	if q.Cursor != "" {
		if err := parseCursor(q.Cursor, &from); err != nil {
			return nil, "", err
		}
	}
	page, last, err := s.page(ctx, q.Limit, "SELECT rowid, "+named(brief)+" FROM requests WHERE look_kind = ? AND look_at <= ? "+
		"AND (look_at, rowid) > (?, ?) ORDER BY look_at, rowid LIMIT ?", int(q.Kind), q.Until.UnixMilli(), from.At, from.Row)
	next := ""
	if last != nil {
		next = formatCursor(dueCursor{At: last.Look.At.UnixMilli(), Row: last.rowID})
	}
	if err != nil {
		err = fmt.Errorf("sqlite: list due requests: %w", err)
	}
	return page, next, err
}

// A dueCursor is the last row of a page of what is due.
type dueCursor struct {
	At  int64 `json:"a"`
	Row int64 `json:"r"`
}

func (c *dueCursor) valid() bool { return c.Row > 0 }
