package sqlite

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

var (
	selectRequest = "SELECT " + named(columns) + " FROM requests WHERE " + whereKey
	insertRequest = "INSERT INTO requests (" + named(columns) + ") VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
)

// selectWhole reads the bodies before the row.
var selectWhole = func() string {
	body := func(kind string) string {
		return "(SELECT data FROM bodies b WHERE b.tenant = r.tenant AND b.subject = r.subject AND b.id = r.id AND kind = '" + kind + "')"
	}
	return "SELECT " + body("payload") + ", " + body("result") + ", " + named(columns) + " FROM requests r WHERE " + whereKey
}()

const (
	whereKey   = "tenant = ? AND subject = ? AND id = ?"
	selectBody = "SELECT data FROM bodies WHERE " + whereKey + " AND kind = ?"
)

// CreateRequest implements [request.Store].
func (s *Store) CreateRequest(ctx context.Context, r *request.Request, acquire ...request.Permit) (*request.Request, bool, error) {
	var stored *request.Request
	created := false
	err := s.inTx(ctx, func(t *tx) error {
		created = false // where the write is done anew
		s.recent.take(r.Key)
		existing, err := readRow(t, r.Key)
		switch {
		case errors.Is(err, request.ErrNotFound):
		case err != nil:
			return err
		case existing.ExpiresAt.IsZero() || existing.ExpiresAt.After(r.CreatedAt):
			stored = existing.Request
			return existing.readBodies(t)
		default:
			if _, err := t.Exec("DELETE FROM requests WHERE "+whereKey, r.Tenant, r.Subject, r.ID); err != nil {
				return err
			}
		}
		if err := acquirePermits(t, acquire); err != nil {
			return err
		}
		stored, created = rounded(r), true
		return s.insert(t, stored.Clone())
	})
	if err != nil {
		return nil, false, fmt.Errorf("sqlite: create request: %w", err)
	}
	return stored, created, nil
}

// LoadRequest implements [request.Store].
func (s *Store) LoadRequest(ctx context.Context, key request.Key) (*request.Request, error) {
	r, err := scan(s.loadRequest.QueryRowContext(ctx, key.Tenant, key.Subject, key.ID), columns)
	if err == nil && r.apart != 0 {
		r, err = s.loadApart(ctx, key)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: load request: %w", err)
	}
	return r.Request, nil
}

// ChangeRequest implements [request.Store]. It writes the columns of the change's
// effects, so that no index is written whose columns stay as they are.
func (s *Store) ChangeRequest(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	var changed *request.Request
	inTx := s.inTx
	if c.Brief && c.Set.State == "" { // what a worker or a sweep notes for itself
		inTx = s.inRelaxedTx
	}
	err := inTx(ctx, func(t *tx) error {
		r := s.recent.take(key)
		if r == nil {
			var err error
			if r, err = readRow(t, key); err != nil {
				return err
			}
		}
		if !c.Brief {
			if err := r.readBodies(t); err != nil {
				return err
			}
		}
		held, end := r.Permits, r.Output
		if err := c.Apply(r.Request); err != nil {
			return err
		}
		if err := release(t, held, c.Set.Release); err != nil {
			return err
		}
		if err := acquirePermits(t, c.Set.Acquire); err != nil {
			return err
		}
		if err := appendOutput(t, key, end, c.Set.Output); err != nil {
			return err
		}
		changed = rounded(r.Request)
		stored := &row{changed.Clone(), r.apart}
		if err := s.update(t, stored, &c); err != nil {
			return err
		}
		s.recent.put(stored)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: change request: %w", err)
	}
	return changed, nil
}

// loadApart reads a row and its bodies in one statement, so that they belong together.
func (s *Store) loadApart(ctx context.Context, key request.Key) (*row, error) {
	var payload, result blob
	r, err := scan(s.loadWhole.QueryRowContext(ctx, key.Tenant, key.Subject, key.ID), columns, &payload, &result)
	if err != nil {
		return nil, err
	}
	if r.apart&apartPayload != 0 {
		r.Payload = json.RawMessage(payload)
	}
	if r.apart&apartResult != 0 {
		r.Result = json.RawMessage(result)
	}
	return r, nil
}

func readRow(t *tx, key request.Key) (*row, error) {
	return scan(t.QueryRow(selectRequest, key.Tenant, key.Subject, key.ID), columns)
}

// ListRequests implements [request.Lister].
func (s *Store) ListRequests(ctx context.Context, q request.Query) ([]*request.Request, string, error) {
	where := selected(q)
	where.and("tenant = ?", q.Tenant)
	if q.Cursor != "" {
		var at cursor
		if err := parseCursor(q.Cursor, &at); err != nil {
			return nil, "", err
		}
		where.and("(created_at, id, subject) < (?, ?, ?)", at.Created, at.ID, at.Subject)
	}
	query := "SELECT rowid, " + named(brief) + " FROM requests" + where.String() +
		" ORDER BY created_at DESC, id DESC, subject DESC LIMIT ?"
	page, last, err := s.page(ctx, q.Limit, query, where.args...)
	next := ""
	if last != nil {
		next = formatCursor(cursor{Created: last.CreatedAt.UnixMilli(), ID: last.ID, Subject: last.Subject})
	}
	if err != nil {
		err = fmt.Errorf("sqlite: list requests: %w", err)
	}
	return page, next, err
}

// A condition is what rows must be, and the values of its parameters.
type condition struct {
	clauses []string
	args    []any
}

func (c *condition) and(clause string, args ...any) {
	c.clauses, c.args = append(c.clauses, clause), append(c.args, args...)
}

// String is the condition as a statement has it.
func (c *condition) String() string {
	if len(c.clauses) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.clauses, " AND ")
}

// selected is the condition of what a query asks for, but for the tenant and the cursor.
func selected(q request.Query) *condition {
	where := &condition{}
	if q.Subject != "" {
		where.and("subject = ?", q.Subject)
	}
	if q.Action != "" {
		where.and("action = ?", q.Action)
	}
	switch q.State {
	case "":
	case request.Failed:
		where.and("state = 'FAILED'") // by which SQLite finds the index of what has failed
	default:
		where.and("state = ?", string(q.State))
	}
	if !q.From.IsZero() {
		where.and("created_at >= ?", ceilMillis(q.From))
	}
	if !q.Until.IsZero() {
		where.and("created_at < ?", ceilMillis(q.Until))
	}
	return where
}

// A cursor is the last row of a page of a list.
type cursor struct {
	Created int64  `json:"c"`
	ID      string `json:"i"`
	Subject string `json:"s"`
}

func formatCursor(c any) string {
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // a struct of strings and numbers always encodes
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (c *cursor) valid() bool { return c.ID != "" }

// parseCursor reads a cursor into c.
func parseCursor(s string, c interface{ valid() bool }) error {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(raw, c)
	}
	if err != nil || !c.valid() {
		return request.Errorf(wire.ValidationError, "the cursor is not one that this server made for this list")
	}
	return nil
}

// page reads requests in brief, and the last of the page where there are
// more than limit. Those that do not decode are left out, and an
// *request.UndecodableError beside the rest names them.
func (s *Store) page(ctx context.Context, limit int, query string, args ...any) (page []*request.Request, last *position, err error) {
	rows, err := s.read.QueryContext(ctx, query, append(args, limit+1)...)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var undecodable []*request.RowError
	var at position
	for n := 0; rows.Next(); n++ {
		if n == limit {
			last = &at
			break
		}
		r, err := scan(rows, brief, &at.rowID)
		failure, isUndecodable := errors.AsType[*request.RowError](err)
		switch {
		case isUndecodable:
			undecodable = append(undecodable, failure)
		case err != nil:
			return nil, nil, err
		default:
			page = append(page, r.Request)
		}
		at.Request = r.Request
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	if len(undecodable) > 0 {
		return page, last, &request.UndecodableError{Rows: undecodable}
	}
	return page, last, nil
}

// A position is where a page ends.
type position struct {
	*request.Request
	rowID int64
}
