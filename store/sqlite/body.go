package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pay-theory/streamer/request"
)

// maxInline is how many bytes of a payload or a result lie in the row: one of SQLite's
// pages, so that a change writes few of them. What is larger is a row of the table bodies.
const maxInline = 4 << 10

// apart says which bodies of a request are in the table bodies.
type apart int

const (
	apartPayload apart = 1 << iota
	apartResult
)

// A body is a payload or a result.
type body struct {
	kind  string
	where apart
	of    func(*request.Request) *json.RawMessage
}

var bodies = []body{
	{"payload", apartPayload, func(r *request.Request) *json.RawMessage { return &r.Payload }},
	{"result", apartResult, func(r *request.Request) *json.RawMessage { return &r.Result }},
}

// inline is a body as its column has it: nil where it is apart.
func (r *row) inline(body json.RawMessage, where apart) any {
	if r.apart&where != 0 {
		return []byte(nil)
	}
	return []byte(body)
}

// readBodies reads what is apart.
func (r *row) readBodies(t *tx) error {
	for _, b := range bodies {
		if r.apart&b.where == 0 {
			continue
		}
		err := t.QueryRow(selectBody, r.Tenant, r.Subject, r.ID, b.kind).Scan((*blob)(b.of(r.Request)))
		if errors.Is(err, sql.ErrNoRows) {
			return &request.RowError{Key: r.Key, Err: fmt.Errorf("its %s is not there", b.kind)}
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", b.kind, err)
		}
	}
	return nil
}

// writeBody stores a body where its size says, of a row that is written afterwards.
func (r *row) writeBody(t *tx, b body) error {
	data := *b.of(r.Request)
	if len(data) <= maxInline && r.apart&b.where == 0 {
		return nil
	}
	r.apart &^= b.where
	statement, args := "DELETE FROM bodies WHERE "+whereKey+" AND kind = ?", []any{r.Tenant, r.Subject, r.ID, b.kind}
	if len(data) > maxInline {
		r.apart |= b.where
		statement, args = "INSERT OR REPLACE INTO bodies (tenant, subject, id, kind, data) VALUES (?, ?, ?, ?, ?)", append(args, []byte(data))
	}
	if _, err := t.Exec(statement, args...); err != nil {
		return fmt.Errorf("write %s: %w", b.kind, err)
	}
	return nil
}
