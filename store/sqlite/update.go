package sqlite

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/pay-theory/streamer/request"
)

// A columnSet is a set of columns, by their positions.
type columnSet uint64

// columnsOf are the columns of each attribute.
var columnsOf = func() map[request.Attribute]columnSet {
	sets := map[request.Attribute]columnSet{}
	for n, c := range columns {
		sets[c.attribute] |= 1 << n
	}
	return sets
}()

// updates are the statements that change the columns of a set: as many as there are kinds
// of transitions. To parse one takes longer than to run it. Only the writer uses
// them.
type updates struct {
	prepared map[columnSet]*sql.Stmt
	wanted   map[columnSet]bool // to be prepared, which takes the connection that a transaction has
}

// prepare prepares what transactions have wanted.
func (u *updates) prepare(db *sql.DB) {
	for set := range u.wanted {
		if stmt, err := db.Prepare(set.update()); err == nil { // or else the next transaction tries
			u.prepared[set] = stmt
		}
		delete(u.wanted, set)
	}
}

func (set columnSet) update() string {
	var assignments []string
	for n, c := range columns {
		if set&(1<<n) != 0 {
			assignments = append(assignments, c.name+" = ?")
		}
	}
	return "UPDATE requests SET " + strings.Join(assignments, ", ") + " WHERE " + whereKey
}

// update writes the columns of the change's effects as r has them.
func (s *Store) update(tx *sql.Tx, r *row, c request.Change) error {
	var set columnSet
	for effect := range c.Effects() {
		set |= columnsOf[effect.Attribute]
	}
	if set == 0 {
		return nil
	}
	if c.Set.Result != nil {
		if err := r.writeBody(tx, bodies[1]); err != nil {
			return err
		}
	}
	var args []any
	for n, c := range columns {
		if set&(1<<n) != 0 {
			args = append(args, c.value(r))
		}
	}
	args = append(args, r.Tenant, r.Subject, r.ID)
	var err error
	if stmt := s.updates.prepared[set]; stmt != nil {
		_, err = tx.Stmt(stmt).Exec(args...)
	} else {
		s.updates.wanted[set] = true
		_, err = tx.Exec(set.update(), args...)
	}
	if err != nil {
		return fmt.Errorf("update row: %w", err)
	}
	return nil
}

// insert writes all of a new row.
func (s *Store) insert(tx *sql.Tx, r *request.Request) error {
	stored := &row{Request: *r}
	for _, b := range bodies {
		if err := stored.writeBody(tx, b); err != nil {
			return err
		}
	}
	args := make([]any, 0, len(columns))
	for _, c := range columns {
		args = append(args, c.value(stored))
	}
	if _, err := tx.Stmt(s.insertRequest).Exec(args...); err != nil {
		return fmt.Errorf("insert row: %w", err)
	}
	s.recent.put(stored)
	return nil
}
