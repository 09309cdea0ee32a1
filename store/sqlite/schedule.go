package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/pay-theory/streamer/request"
)

// LoadSchedules implements [request.ScheduleStore].
func (s *Store) LoadSchedules(ctx context.Context, names []string) ([]request.ScheduleState, error) {
	states := make([]request.ScheduleState, len(names))
	for i, name := range names {
		states[i].Name = name
		err := s.read.QueryRowContext(ctx, "SELECT rev, paused, since, fired, last FROM schedules WHERE name = ?", name).
			Scan(&states[i].Rev, &states[i].Paused, (*moment)(&states[i].Since), (*moment)(&states[i].Fired), &states[i].Last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("sqlite: load schedule %s: %w", name, err)
		}
	}
	return states, nil
}

// SaveSchedule implements [request.ScheduleStore].
func (s *Store) SaveSchedule(ctx context.Context, state request.ScheduleState) (saved bool, err error) {
	values := []any{state.Rev + 1, state.Paused, momentValue(state.Since), momentValue(state.Fired), state.Last, state.Name}
	statement := "INSERT INTO schedules (rev, paused, since, fired, last, name) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
	if state.Rev > 0 {
		statement = "UPDATE schedules SET rev = ?, paused = ?, since = ?, fired = ?, last = ? WHERE name = ? AND rev = ?"
		values = append(values, state.Rev)
	}
	err = s.inTx(ctx, func(t *tx) error {
		result, err := t.Exec(statement, values...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		saved = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("sqlite: save schedule %s: %w", state.Name, err)
	}
	return saved, nil
}

// momentValue is a time as a column of moments has it.
func momentValue(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UnixMilli()
}
