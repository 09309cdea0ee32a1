package dynamo

import (
	"context"
	"fmt"

	"github.com/pay-theory/streamer/request"
)

// scheduleKey is the key of a schedule's item. No # is in its partition key, and one
// is in each request's.
func scheduleKey(name string) item {
	return item{"pk": text("schedule:" + escape.Replace(name)), "id": text("state")}
}

// LoadSchedules implements [request.ScheduleStore] with one call for each hundred.
func (s *Store) LoadSchedules(ctx context.Context, names []string) ([]request.ScheduleState, error) {
	if s.requests == "" {
		return nil, fmt.Errorf("dynamo: load schedules: %w", errNoTable)
	}
	keys := make([]item, len(names))
	for i, name := range names {
		keys[i] = scheduleKey(name)
	}
	rows, err := s.load(ctx, s.requests, keys, nil)
	if err != nil {
		return nil, fmt.Errorf("dynamo: load schedules: %w", err)
	}
	stored := make(map[string]*reader, len(rows))
	for _, row := range rows {
		in := &reader{item: row}
		stored[in.text("pk")] = in
	}
	states := make([]request.ScheduleState, len(names))
	for i, name := range names {
		states[i].Name = name
		in, ok := stored[*keys[i]["pk"].S]
		if !ok {
			continue
		}
		states[i] = request.ScheduleState{Name: name, Rev: in.number("rev"), Paused: in.boolean("paused"),
			Since: in.time("since"), Fired: in.time("fired"), Last: in.optional("last")}
		if in.err != nil {
			return nil, fmt.Errorf("dynamo: decode schedule %s: %w", name, in.err)
		}
	}
	return states, nil
}

// SaveSchedule implements [request.ScheduleStore] with one call.
func (s *Store) SaveSchedule(ctx context.Context, state request.ScheduleState) (saved bool, err error) {
	row := scheduleKey(state.Name)
	token := newToken()
	row["rev"], row["paused"], row["write"] = number(state.Rev+1), boolean(state.Paused), text(token)
	row.setTime("since", state.Since)
	row.setTime("fired", state.Fired)
	row.setText("last", state.Last)
	put := input{Item: row, ConditionExpression: "attribute_not_exists(#rev)", ExpressionAttributeNames: map[string]string{"#rev": "rev"},
		ReturnValuesOnConditionCheckFailure: "ALL_OLD"}
	if state.Rev > 0 {
		put.ConditionExpression, put.ExpressionAttributeValues = "#rev = :rev", item{":rev": number(state.Rev)}
	}
	_, err = s.call(ctx, opPut, s.requests, put)
	if there, failed := failedOn(err); failed {
		return (&reader{item: there}).optional("write") == token, nil // the answer to its first attempt was lost
	}
	if err != nil {
		return false, fmt.Errorf("dynamo: save schedule %s: %w", state.Name, err)
	}
	return true, nil
}
