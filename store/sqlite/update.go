package sqlite

import (
	"fmt"
	"math/bits"
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
// of transitions. Only the writer uses them.
type updates map[columnSet]string

func (u updates) of(set columnSet) string {
	if u[set] == "" {
		u[set] = set.update()
	}
	return u[set]
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
func (s *Store) update(t *tx, r *row, c *request.Change) error {
	var set columnSet
	for effect := range c.Effects {
		set |= columnsOf[effect.Attribute]
	}
	if set == 0 {
		return nil
	}
	if c.Set.Result != nil {
		if err := r.writeBody(t, bodies[1]); err != nil {
			return err
		}
	}
	args := make([]any, 0, bits.OnesCount64(uint64(set))+len("key"))
	for n, c := range columns {
		if set&(1<<n) != 0 {
			args = append(args, c.value(r))
		}
	}
	args = append(args, r.Tenant, r.Subject, r.ID)
	if _, err := t.Exec(s.updates.of(set), args...); err != nil {
		return fmt.Errorf("update row: %w", err)
	}
	return nil
}

// insert writes all of a new row.
func (s *Store) insert(t *tx, r *request.Request) error {
	stored := &row{Request: r}
	for _, b := range bodies {
		if err := stored.writeBody(t, b); err != nil {
			return err
		}
	}
	args := make([]any, 0, len(columns))
	for _, c := range columns {
		args = append(args, c.value(stored))
	}
	if _, err := t.Exec(insertRequest, args...); err != nil {
		return fmt.Errorf("insert row: %w", err)
	}
	s.recent.put(stored)
	return nil
}
