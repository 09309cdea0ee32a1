package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pay-theory/streamer/request"
)

// limitPrefix is what the partition keys of counters begin with.
const limitPrefix = "slot:"

// permitKey is the key of a limit's counter. No # is in its partition key, and one
// is in each request's.
func permitKey(name string) item {
	return item{"pk": text(limitPrefix + escape.Replace(name)), "id": text("taken")}
}

// ThrottledRequests implements [request.PermitLister] with one call, and one for
// each hundred requests that wait.
func (s *Store) ThrottledRequests(ctx context.Context, limit string, n int) ([]*request.Request, error) {
	if limit == "" {
		return nil, nil
	}
	entries, err := s.waitQueue(ctx, limit, n)
	var queue []*request.Request
	if err == nil {
		queue, err = s.fetch(ctx, entries)
	}
	if err != nil {
		err = fmt.Errorf("dynamo: list throttled requests: %w", err)
	}
	// The index may be older than the rows.
	queue = slices.DeleteFunc(queue, func(r *request.Request) bool { return r.ThrottledBy != limit })
	slices.SortStableFunc(queue, func(a, b *request.Request) int { return cmp.Compare(queueOrder(a), queueOrder(b)) })
	return queue, err
}

// waitQueue reads the first n entries of a limit's wait queue.
func (s *Store) waitQueue(ctx context.Context, limit string, n int) ([]item, error) {
	entries, _, err := s.query(ctx, s.requests, waiting(limit, n), n, 0)
	return entries, err
}

// waiting reads a limit's wait queue, n entries at a time.
func waiting(limit string, n int) input {
	return input{
		IndexName:                 indexBlocked,
		KeyConditionExpression:    "#blocked = :slot",
		ExpressionAttributeNames:  map[string]string{"#blocked": request.AttrThrottledBy},
		ExpressionAttributeValues: item{":slot": text(limit)},
		Limit:                     n,
	}
}

// PermitsHeld implements [request.PermitLister] with one call.
func (s *Store) PermitsHeld(ctx context.Context, limit string) (int, error) {
	out, err := s.call(ctx, opGet, s.requests, input{Key: permitKey(limit), ConsistentRead: true})
	taken := int64(0)
	if err == nil && out.Item != nil {
		in := &reader{item: out.Item}
		taken, err = in.number("taken"), in.err
	}
	if err != nil {
		return 0, fmt.Errorf("dynamo: count permits: %w", err)
	}
	return int(taken), nil
}
