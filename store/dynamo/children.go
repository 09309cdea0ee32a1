package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/request"
)

// counterKept is how long after its last move the counter of a request's children is
// kept. Where it has gone, the request is resumed too early and waits again.
const counterKept = 366 * 24 * time.Hour

// ListChildren implements [request.ChildLister] with one call for each megabyte of rows,
// and with one more for each child whose result is apart. The ids of a request's children lie side by side
// in its own partition, so no index is needed.
func (s *Store) ListChildren(ctx context.Context, q request.ChildQuery) ([]*request.Request, string, error) {
	ids := request.ChildIDs(q.Parent.ID)
	if q.Cursor != "" && !strings.HasPrefix(q.Cursor, ids) {
		return nil, "", errCursor()
	}
	in := input{
		KeyConditionExpression:   "#pk = :pk AND #id BETWEEN :from AND :last",
		ExpressionAttributeNames: map[string]string{"#pk": "pk", "#id": "id"},
		// "~" is behind all that an id can have.
		ExpressionAttributeValues: item{":pk": text(partition(q.Parent.Tenant, q.Parent.Subject)), ":from": text(ids), ":last": text(ids + "~")},
		ConsistentRead:            true, Limit: q.Limit,
	}
	if q.Cursor != "" {
		in.ExclusiveStartKey = keyOf(request.Key{Tenant: q.Parent.Tenant, Subject: q.Parent.Subject, ID: q.Cursor})
	}
	rows, last, err := s.query(ctx, s.requests, in, q.Limit, 0)
	if err != nil {
		return nil, "", fmt.Errorf("dynamo: list children: %w", err)
	}
	next := ""
	if len(last) > 0 {
		next = (&reader{item: last}).text("id")
	}
	page, undecodable := decoded(rows)
	page = slices.DeleteFunc(page, func(r *request.Request) bool { return r.Parent.ID != q.Parent.ID })
	for _, r := range page {
		if err := s.result(ctx, r, rows, q.Results); err != nil {
			return nil, "", fmt.Errorf("dynamo: list children: %w", err)
		}
	}
	if undecodable != nil {
		return page, next, fmt.Errorf("dynamo: list children: %w", undecodable)
	}
	return page, next, nil
}

// result leaves of a whole row what a list has, with the result if it is wanted.
func (s *Store) result(ctx context.Context, r *request.Request, rows []item, wanted bool) error {
	result := r.Result
	if wanted && result == nil && r.State == request.Succeeded {
		at := slices.IndexFunc(rows, func(row item) bool { return *row["id"].S == r.ID })
		whole := &request.Request{Key: r.Key, Payload: json.RawMessage{}} // so that it is not read
		if err := s.fill(ctx, whole, rows[at]); err != nil {
			return err
		}
		result = whole.Result
	}
	r.Payload, r.Checkpoint, r.Steps, r.StepTimes, r.StepOutput, r.Result = nil, nil, nil, nil, nil, nil
	if wanted {
		r.Result = result
	}
	return nil
}
