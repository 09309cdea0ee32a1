package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
)

// transactional reports whether a change concerns more than the request's item.
func transactional(c request.Change) bool {
	return len(c.Set.Acquire)+len(c.Set.Release)+len(c.Set.Output) > 0
}

// changeTogether makes a change of a request, of the counters of its permits and of
// its output in one transaction. TransactWriteItems returns no item, so the row
// is read first, and the transaction holds for that very row: what comes of it is
// then known to the byte. When another writer was faster, the failed condition
// brings the row as it is now.
func (s *Store) changeTogether(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	token := newToken()
	if err := s.putResult(ctx, key, c, token); err != nil {
		return nil, err
	}
	out, err := s.call(ctx, opGet, s.requests, input{Key: keyOf(key), ConsistentRead: true})
	if err != nil {
		return nil, err
	}
	row := out.Item
	var uncounted []string
	for round := 1; ; round++ {
		if row == nil {
			return nil, request.ErrNotFound
		}
		r, err := row.request()
		if err != nil {
			return nil, err
		}
		held := r.Permits
		if err := c.Apply(r); err != nil {
			if conflict, ok := errors.AsType[*request.ConflictError](err); ok && !c.Brief {
				err = errors.Join(err, s.fill(ctx, conflict.Request, row))
			}
			return nil, err
		}
		moves := slices.DeleteFunc(counts(held, r.Permits, c.Set.Acquire),
			func(m count) bool { return slices.Contains(uncounted, m.permit.Name) })
		writes, err := s.writes(row, r, c, moves, token)
		if err != nil {
			return nil, err
		}
		err = s.transact(ctx, writes)
		there, moved := failedOn(err)
		if err == nil || moved && there.wrote(token) { // by an attempt whose answer was lost
			return s.together(ctx, row, r, c, token)
		}
		if moved {
			if round >= s.api.client.Attempts() || round > 1 && !call.Pause(ctx, round-1) {
				return nil, err
			}
			row = there
			continue
		}
		switch m, failed := failedCount(err, moves); {
		case !failed:
			return nil, err
		case m.takes:
			return nil, &request.LimitError{Permit: m.permit}
		default:
			uncounted = append(uncounted, m.permit.Name) // the counter was set by hand
		}
	}
}

// together is the answer of a change that made r of row.
func (s *Store) together(ctx context.Context, row item, r *request.Request, c request.Change, token string) (*request.Request, error) {
	changed, err := s.row(r, token).request() // with its times as they are kept
	if err != nil {
		return nil, err
	}
	if err := s.keepPayload(ctx, r, row, c); err != nil {
		return nil, fmt.Errorf("keep payload: %w", err)
	}
	changed.Payload, changed.Result = r.Payload, r.Result
	if c.Brief {
		return changed, nil
	}
	return changed, s.fill(ctx, changed, row)
}

// writes are those of a change that makes r of row, the request's first.
func (s *Store) writes(row item, r *request.Request, c request.Change, moves []count, token string) ([]transactItem, error) {
	if s.row(r, token).size() > maxItem {
		return nil, tooLarge(nil)
	}
	u, err := s.updateOf(r.Key, row.lastWrite(), c, r.Permits, token)
	if err != nil {
		return nil, err
	}
	writes := []transactItem{{Update: &input{
		Key: keyOf(r.Key), UpdateExpression: u.expression(), ConditionExpression: u.condition(),
		ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values, ReturnValuesOnConditionCheckFailure: "ALL_OLD",
	}}}
	for _, m := range moves {
		writes = append(writes, m.write())
	}
	for i, data := range c.Set.Output {
		chunk := s.chunk(r, row, *c.If.OutputAt+int64(i), data)
		if chunk.size() > maxItem {
			return nil, tooLarge(nil)
		}
		writes = append(writes, transactItem{Put: &input{Item: chunk}})
	}
	return writes, nil
}

// putTogether puts a new request and acquires its permits.
func (s *Store) putTogether(ctx context.Context, put input, acquire []request.Permit) error {
	var names []string
	for _, permit := range acquire {
		names = append(names, permit.Name)
	}
	moves := counts(nil, names, acquire)
	writes := []transactItem{{Put: &put}}
	for _, m := range moves {
		writes = append(writes, m.write())
	}
	err := s.transact(ctx, writes)
	if m, full := failedCount(err, moves); full {
		return &request.LimitError{Permit: m.permit}
	}
	return err
}

// transact makes writes of the requests table, all or none of them.
func (s *Store) transact(ctx context.Context, writes []transactItem) error {
	for _, w := range writes {
		for _, in := range []*input{w.Put, w.Update} {
			if in != nil {
				in.TableName = s.requests
			}
		}
	}
	if s.requests == "" {
		return errNoTable
	}
	_, err := s.api.call(ctx, opTransact, input{TransactItems: writes})
	return err
}

// A count is how a limit's counter moves.
type count struct {
	permit request.Permit
	takes  bool // a permit, so that the limit must hold behind it
	by     int
}

// counts are the moves that go with a change of the permits that a request holds,
// those that are acquired first and in their order.
func counts(before, after []string, acquire []request.Permit) []count {
	var moves []count
	of := func(name string) *count {
		n := slices.IndexFunc(moves, func(m count) bool { return m.permit.Name == name })
		if n < 0 {
			n = len(moves)
			moves = append(moves, count{permit: request.Permit{Name: name}})
		}
		return &moves[n]
	}
	for _, permit := range acquire {
		m := of(permit.Name)
		m.permit, m.takes = permit, true
	}
	for _, name := range before {
		of(name).by--
	}
	for _, name := range after {
		of(name).by++
	}
	return slices.DeleteFunc(moves, func(m count) bool { return !m.takes && m.by == 0 })
}

func (m count) write() transactItem {
	in := &input{
		Key:                       permitKey(m.permit.Name),
		UpdateExpression:          "ADD #taken :by",
		ExpressionAttributeNames:  map[string]string{"#taken": "taken"},
		ExpressionAttributeValues: item{":by": number(m.by)},
	}
	if m.takes {
		most := m.permit.Limit - m.by
		in.ConditionExpression = "#taken <= :most"
		if most >= 0 {
			in.ConditionExpression += " OR attribute_not_exists(#taken)"
		}
		in.ExpressionAttributeValues[":most"] = number(most)
	} else {
		in.ConditionExpression = "#taken >= :least"
		in.ExpressionAttributeValues[":least"] = number(-m.by)
	}
	if request.CountsChildren(m.permit.Name) { // which serves one request
		in.UpdateExpression += " SET #ttl = :ttl"
		in.ExpressionAttributeNames["#ttl"], in.ExpressionAttributeValues[":ttl"] = attrTTL, ttl(time.Now().Add(counterKept))
	}
	return transactItem{Update: in}
}
