package sqlite

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

const columns = `tenant, subject, id, action, payload, metadata, correlation_id, state, rev, fence, due_at, look_kind, look_at,
	attempt, slices, lost, ran_ns, worker, cancel_requested, percentage, message, progress_metadata,
	checkpoint, result, error, subscribers, steps, await_token, await_until, history, output, output_mark,
	priority, slots, blocked, created_at, updated_at, started_at, claimed_at, finished_at, expires_at`

var (
	selectRequest = "SELECT " + columns + " FROM requests WHERE tenant = ? AND subject = ? AND id = ?"
	putRequest    = "INSERT OR REPLACE INTO requests (" + columns + ") VALUES (?" + strings.Repeat(", ?", 40) + ")"
)

// CreateRequest implements [request.Store].
func (s *Store) CreateRequest(ctx context.Context, r *request.Request, acquire ...request.Permit) (*request.Request, bool, error) {
	var stored *request.Request
	created := false
	err := s.writer.inTx(ctx, func(tx *sql.Tx) (*request.Request, error) {
		existing, err := scan(tx.Stmt(s.selectRequest).QueryRow(r.Tenant, r.Subject, r.ID))
		switch {
		case errors.Is(err, request.ErrNotFound):
		case err != nil:
			return nil, err
		case existing.ExpiresAt.IsZero() || existing.ExpiresAt.After(r.CreatedAt):
			stored = existing
			return nil, nil
		default:
			// INSERT OR REPLACE runs no delete triggers.
			if _, err := tx.Exec("DELETE FROM requests WHERE tenant = ? AND subject = ? AND id = ?", r.Tenant, r.Subject, r.ID); err != nil {
				return nil, err
			}
		}
		if err := acquirePermits(tx, acquire); err != nil {
			return nil, err
		}
		stored, created = rounded(r), true
		return stored, put(tx.Stmt(s.putRequest), stored)
	})
	if err != nil {
		return nil, false, fmt.Errorf("sqlite: create request: %w", err)
	}
	return stored, created, nil
}

// LoadRequest implements [request.Store].
func (s *Store) LoadRequest(ctx context.Context, key request.Key) (*request.Request, error) {
	r, err := scan(s.loadRequest.QueryRowContext(ctx, key.Tenant, key.Subject, key.ID))
	if err != nil {
		return nil, fmt.Errorf("sqlite: load request: %w", err)
	}
	return r, nil
}

// ChangeRequest implements [request.Store].
func (s *Store) ChangeRequest(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	var changed *request.Request
	err := s.writer.inTx(ctx, func(tx *sql.Tx) (*request.Request, error) {
		r, err := scan(tx.Stmt(s.selectRequest).QueryRow(key.Tenant, key.Subject, key.ID))
		if err != nil {
			return nil, err
		}
		held, end := r.Permits, r.Output
		if err := c.Apply(r); err != nil {
			return nil, err
		}
		if err := release(tx, held, c.Set.Release); err != nil {
			return nil, err
		}
		if err := acquirePermits(tx, c.Set.Acquire); err != nil {
			return nil, err
		}
		if err := appendOutput(tx, key, end, c.Set.Output); err != nil {
			return nil, err
		}
		changed = rounded(r)
		return changed, put(tx.Stmt(s.putRequest), changed)
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: change request: %w", err)
	}
	return changed, nil
}

// ListRequests implements [request.Lister].
func (s *Store) ListRequests(ctx context.Context, q request.Query) ([]*request.Request, string, error) {
	where, args := []string{"tenant = ?"}, []any{q.Tenant}
	and := func(clause string, values ...any) {
		where, args = append(where, clause), append(args, values...)
	}
	if q.Subject != "" {
		and("subject = ?", q.Subject)
	}
	if q.Action != "" {
		and("action = ?", q.Action)
	}
	if q.State != "" {
		and("state = ?", string(q.State))
	}
	if !q.From.IsZero() {
		and("created_at >= ?", ceilMillis(q.From))
	}
	if !q.Until.IsZero() {
		and("created_at < ?", ceilMillis(q.Until))
	}
	if q.Cursor != "" {
		var at cursor
		if err := parseCursor(q.Cursor, &at); err != nil {
			return nil, "", err
		}
		and("(created_at, id, subject) < (?, ?, ?)", at.Created, at.ID, at.Subject)
	}
	query := "SELECT " + columns + ", rowid FROM requests WHERE " + strings.Join(where, " AND ") +
		" ORDER BY created_at DESC, id DESC, subject DESC LIMIT ?"
	page, last, err := s.page(ctx, q.Limit, query, args...)
	next := ""
	if last != nil {
		next = formatCursor(cursor{Created: last.CreatedAt.UnixMilli(), ID: last.ID, Subject: last.Subject})
	}
	if err != nil {
		err = fmt.Errorf("sqlite: list requests: %w", err)
	}
	return page, next, err
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

// page reads requests with their row ids, and the last of the page where there are
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
		r, err := scan(rows, &at.row)
		row, isUndecodable := errors.AsType[*request.RowError](err)
		switch {
		case isUndecodable:
			undecodable = append(undecodable, row)
		case err != nil:
			return nil, nil, err
		default:
			page = append(page, r)
		}
		at.Request = r
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
	row int64
}

// scan reads a row, and what is selected behind its columns. Its error is a
// *request.RowError when the row is there and does not decode; the request then has
// what is not encoded.
func scan(row interface{ Scan(dest ...any) error }, behind ...any) (_ *request.Request, err error) {
	var (
		r                                        request.Request
		metadata, subscribers                    string
		failed                                   sql.NullString
		due, started, claimed, finished, expires sql.NullInt64
		created, updated                         int64
		steps, history, permits                  string
		until, look                              sql.NullInt64
	)
	defer func() {
		if err != nil && r.ID != "" {
			err = &request.RowError{Key: r.Key, Err: err}
		}
	}()
	err = row.Scan(append([]any{&r.Tenant, &r.Subject, &r.ID, &r.Action, (*blob)(&r.Payload), &metadata, &r.CorrelationID, &r.State, &r.Rev,
		&r.Fence, &due, &r.Look.Kind, &look,
		&r.Attempt, &r.Slices, &r.LeaseExpirations, &r.Ran, &r.Worker, &r.CancelRequested, &r.Progress.Percentage, &r.Progress.Message,
		(*blob)(&r.Progress.Metadata), (*blob)(&r.Checkpoint), (*blob)(&r.Result), &failed, &subscribers,
		&steps, &r.Await.Token, &until, &history, &r.Output, &r.OutputMark, &r.Priority, &permits, &r.ThrottledBy, &created, &updated,
		&started, &claimed, &finished, &expires}, behind...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, request.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	r.DueAt, r.StartedAt, r.ClaimedAt = fromMillis(due), fromMillis(started), fromMillis(claimed)
	r.FinishedAt, r.ExpiresAt = fromMillis(finished), fromMillis(expires)
	r.CreatedAt, r.UpdatedAt = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	r.Await.Until = fromMillis(until)
	if r.Look.At = fromMillis(look); !look.Valid {
		r.Look.Kind = 0
	}
	if err := json.Unmarshal([]byte(metadata), &r.Metadata); err != nil {
		return &r, fmt.Errorf("decode metadata: %w", err)
	}
	if err := json.Unmarshal([]byte(subscribers), &r.Subscribers); err != nil {
		return &r, fmt.Errorf("decode subscribers: %w", err)
	}
	var results map[string][]byte
	if err := errors.Join(json.Unmarshal([]byte(steps), &results), json.Unmarshal([]byte(history), &r.History),
		json.Unmarshal([]byte(permits), &r.Permits)); err != nil {
		return &r, fmt.Errorf("decode steps, history and permits: %w", err)
	}
	for name, result := range results {
		if r.Steps == nil {
			r.Steps = make(map[string]json.RawMessage, len(results))
		}
		r.Steps[name] = result
	}
	if failed.Valid {
		var f failure
		if err := json.Unmarshal([]byte(failed.String), &f); err != nil {
			return &r, fmt.Errorf("decode error: %w", err)
		}
		r.Error = &wire.Error{Code: f.Code, Message: f.Message, Details: f.Details, Retry: f.Retry}
	}
	return &r, nil
}

func put(stmt *sql.Stmt, r *request.Request) error {
	metadata, err := json.Marshal(r.Metadata)
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	subscribers, err := json.Marshal(r.Subscribers)
	if err != nil {
		return fmt.Errorf("encode subscribers: %w", err)
	}
	var failed sql.NullString
	if e := r.Error; e != nil {
		raw, err := json.Marshal(failure{Code: e.Code, Message: e.Message, Details: e.Details, Retry: e.Retry})
		if err != nil {
			return fmt.Errorf("encode error: %w", err)
		}
		failed = sql.NullString{String: string(raw), Valid: true}
	}
	results := make(map[string][]byte, len(r.Steps))
	for name, result := range r.Steps {
		results[name] = result
	}
	steps, err := json.Marshal(results)
	if err != nil {
		return fmt.Errorf("encode steps: %w", err)
	}
	history, err := json.Marshal(r.History)
	if err != nil {
		return fmt.Errorf("encode history: %w", err)
	}
	permits, err := json.Marshal(r.Permits)
	if err != nil {
		return fmt.Errorf("encode permits: %w", err)
	}
	_, err = stmt.Exec(r.Tenant, r.Subject, r.ID, r.Action, []byte(r.Payload), string(metadata), r.CorrelationID,
		string(r.State), r.Rev, r.Fence, millis(r.DueAt), int(r.Look.Kind), millis(r.Look.At),
		r.Attempt, r.Slices, r.LeaseExpirations, int64(r.Ran), r.Worker,
		r.CancelRequested,
		r.Progress.Percentage, r.Progress.Message, []byte(r.Progress.Metadata), []byte(r.Checkpoint), []byte(r.Result), failed,
		string(subscribers), string(steps), r.Await.Token, millis(r.Await.Until), string(history), r.Output, r.OutputMark,
		r.Priority, string(permits), r.ThrottledBy, r.CreatedAt.UnixMilli(), r.UpdatedAt.UnixMilli(),
		millis(r.StartedAt), millis(r.ClaimedAt), millis(r.FinishedAt), millis(r.ExpiresAt))
	return err
}

// A failure is a wire.Error in its column. Details keep their bytes, which JSON
// inside JSON would not.
type failure struct {
	Code    wire.Code
	Message string
	Details []byte
	Retry   *wire.Retry
}

// A blob keeps the difference between nothing and an empty value, which a scan
// into a []byte would lose.
type blob json.RawMessage

// Scan implements [sql.Scanner].
func (b *blob) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*b = nil
	case []byte:
		*b = append(blob{}, value...)
	default:
		return fmt.Errorf("a %T in a BLOB column", value)
	}
	return nil
}

// rounded is a copy of r with its times as they are kept.
func rounded(r *request.Request) *request.Request {
	c := r.Clone()
	for _, at := range []*time.Time{&c.DueAt, &c.Look.At, &c.Await.Until, &c.CreatedAt, &c.UpdatedAt, &c.StartedAt, &c.ClaimedAt,
		&c.FinishedAt, &c.ExpiresAt} {
		*at = atMillis(*at)
	}
	c.History = slices.Clone(r.History)
	for i := range c.History {
		a := &c.History[i]
		a.StartedAt, a.EndedAt = atMillis(a.StartedAt), atMillis(a.EndedAt)
	}
	return c
}

// atMillis is t as it is kept.
func atMillis(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// ceilMillis is the first millisecond that is not before t.
func ceilMillis(t time.Time) int64 {
	return t.Add(time.Millisecond - 1).UnixMilli()
}

func millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

func fromMillis(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}
