package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pay-theory/streamer/request"
)

// slotKey is the key of a slot's counter. No # is in its partition key, and one
// is in each request's.
func slotKey(name string) item {
	return item{"pk": text("slot:" + escape.Replace(name)), "id": text("taken")}
}

// BlockedRequests implements [request.SlotLister] with one call, and one for
// each hundred requests that wait.
func (s *Store) BlockedRequests(ctx context.Context, slot string, limit int) ([]*request.Request, error) {
	if slot == "" {
		return nil, nil
	}
	entries, err := s.query(ctx, s.requests, input{
		IndexName:                 indexBlocked,
		KeyConditionExpression:    "#blocked = :slot",
		ExpressionAttributeNames:  map[string]string{"#blocked": "blocked"},
		ExpressionAttributeValues: item{":slot": text(slot)},
		Limit:                     limit,
	}, limit)
	var line []*request.Request
	if err == nil {
		line, err = s.fetch(ctx, entries)
	}
	if err != nil {
		return nil, fmt.Errorf("dynamo: list blocked requests: %w", err)
	}
	// The index may be older than the rows.
	line = slices.DeleteFunc(line, func(r *request.Request) bool { return r.Blocked != slot })
	slices.SortStableFunc(line, func(a, b *request.Request) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return line, nil
}

// PlacesTaken implements [request.SlotLister] with one call.
func (s *Store) PlacesTaken(ctx context.Context, slot string) (int, error) {
	out, err := s.call(ctx, opGet, s.requests, input{Key: slotKey(slot), ConsistentRead: true})
	taken := int64(0)
	if err == nil && out.Item != nil {
		in := &reader{item: out.Item}
		taken, err = in.number("taken"), in.err
	}
	if err != nil {
		return 0, fmt.Errorf("dynamo: count places: %w", err)
	}
	return int(taken), nil
}
