package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// ListChildren implements [request.ChildLister].
func (s *Store) ListChildren(ctx context.Context, q request.ChildQuery) ([]*request.Request, string, error) {
	ids := request.ChildIDs(q.Parent.ID)
	if q.Cursor != "" && !strings.HasPrefix(q.Cursor, ids) {
		return nil, "", request.Errorf(wire.ValidationError, "the cursor is not one that this server made for these children")
	}
	// "~" is behind all that an id can have.
	page, last, err := s.page(ctx, q.Limit, "SELECT rowid, "+named(brief)+" FROM requests WHERE tenant = ? AND subject = ? "+
		"AND id > ? AND id < ? ORDER BY id LIMIT ?", q.Parent.Tenant, q.Parent.Subject, max(q.Cursor, ids), ids+"~")
	next := ""
	if last != nil {
		next = last.ID
	}
	page = slices.DeleteFunc(page, func(r *request.Request) bool { return r.Parent.ID != q.Parent.ID })
	for _, r := range page {
		if !q.Results || r.State != request.Succeeded {
			continue
		}
		whole, failure := s.LoadRequest(ctx, r.Key)
		if failure != nil {
			return nil, "", failure
		}
		r.Result = whole.Result
	}
	if err != nil {
		err = fmt.Errorf("sqlite: list children: %w", err)
	}
	return page, next, err
}
