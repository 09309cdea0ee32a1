package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
)

// A body is a payload or a result. What has more than maxInline bytes is an item of its
// own, which is written once, before the row that names it: each write of an item
// costs the whole item, and a transaction's twice.
const maxInline = 4 << 10

// bodySlack is how much longer than its request a body is kept.
const bodySlack = 24 * time.Hour

// A bodyPlace is where the rows have a kind of body.
type bodyPlace struct {
	inline request.Attribute
	apart  string // the id of an item of its own
	of     func(*request.Request) *json.RawMessage
}

var bodyPlaces = []bodyPlace{
	{request.AttrPayload, attrPayloadID, func(r *request.Request) *json.RawMessage { return &r.Payload }},
	{request.AttrResult, attrResultID, func(r *request.Request) *json.RawMessage { return &r.Result }},
}

// id names a body of the write with the token. No request that has the key later
// has the same, and no other worker's result.
func (p bodyPlace) id(token string) string { return p.inline + "#" + token }

// bodyKey is the key of a body. Its partition key has three #, and ends unlike that of
// any output.
func bodyKey(k request.Key, id string) item {
	return item{"pk": text(outputPartition(k, "bodies")), "id": text(id)}
}

// putBodies writes those of the bodies that are apart, for a row that the write with
// the token makes. Where that write fails, their time to live removes them.
func (s *Store) putBodies(ctx context.Context, r *request.Request, token string, until time.Time) error {
	for _, p := range bodyPlaces {
		data := *p.of(r)
		if len(data) <= maxInline {
			continue
		}
		body := bodyKey(r.Key, p.id(token))
		body["data"], body[attrTTL] = binary(data), ttl(until)
		if body.size() > maxItem {
			return tooLarge(nil)
		}
		if _, err := s.call(ctx, opPut, s.requests, input{Item: body}); err != nil {
			return fmt.Errorf("put %s: %w", p.inline, sized(err, len(data)))
		}
	}
	return nil
}

// whole reads a row, and what is apart from it unless the answer is to be brief.
func (s *Store) whole(ctx context.Context, row item, brief bool) (*request.Request, error) {
	r, err := row.request()
	if err != nil || brief {
		return r, err
	}
	return r, s.fill(ctx, r, row)
}

// fill reads the bodies that are apart from the row and that r lacks, in one call.
func (s *Store) fill(ctx context.Context, r *request.Request, row item) error {
	var wanted []item
	var places []bodyPlace
	in := &reader{item: row}
	for _, p := range bodyPlaces {
		if id := in.optional(p.apart); id != "" && *p.of(r) == nil {
			wanted, places = append(wanted, bodyKey(r.Key, id)), append(places, p)
		}
	}
	if len(wanted) == 0 {
		return in.err
	}
	found, err := s.load(ctx, s.requests, wanted, nil)
	if err != nil {
		return err
	}
	for n, p := range places {
		at := slices.IndexFunc(found, func(body item) bool { return *body["id"].S == *wanted[n]["id"].S })
		if at < 0 {
			return &request.RowError{Key: r.Key, Err: fmt.Errorf("its %s is no longer kept", p.inline)}
		}
		body := &reader{item: found[at]}
		*p.of(r) = body.binary("data")
		if body.err != nil {
			return &request.RowError{Key: r.Key, Err: body.err}
		}
	}
	return nil
}

// keepPayload has the payload's item live as long as its row, whose times may have moved
// on, and makes one for a claimed row of a version that had every payload inline.
// Both are rare, and can be done again.
func (s *Store) keepPayload(ctx context.Context, r *request.Request, row item, c request.Change) error {
	in := &reader{item: row}
	id, kept := in.optional(attrPayloadID), in.time(attrKept)
	until := slices.MaxFunc([]time.Time{r.UpdatedAt, r.DueAt, r.Look.At, r.ExpiresAt}, time.Time.Compare).Add(bodySlack)
	inline := id == "" && len(r.Payload) > maxInline && c.Set.AddFence > 0
	if in.err != nil || !inline && (id == "" || !kept.Before(until)) {
		return in.err
	}
	until = until.Add(s.outputKept)
	move := input{
		Key: keyOf(r.Key), UpdateExpression: "SET #kept = :kept", ConditionExpression: "#log = :log",
		ExpressionAttributeNames:  map[string]string{"#kept": attrKept, "#log": attrLog},
		ExpressionAttributeValues: item{":kept": millis(until), ":log": row[attrLog]},
	}
	var err error
	if inline {
		id = bodyPlaces[0].id(newToken())
		body := bodyKey(r.Key, id)
		body["data"], body[attrTTL] = binary(r.Payload), ttl(until)
		move.UpdateExpression += ", #id = :id REMOVE #payload"
		move.ExpressionAttributeNames["#id"], move.ExpressionAttributeNames["#payload"] = attrPayloadID, request.AttrPayload
		move.ExpressionAttributeValues[":id"] = text(id)
		_, err = s.call(ctx, opPut, s.requests, input{Item: body})
	} else {
		_, err = s.call(ctx, opUpdate, s.requests, input{
			Key: bodyKey(r.Key, id), UpdateExpression: "SET #ttl = :until", ConditionExpression: "attribute_exists(pk)",
			ExpressionAttributeNames:  map[string]string{"#ttl": attrTTL},
			ExpressionAttributeValues: item{":until": ttl(until)},
		})
	}
	if err == nil {
		_, err = s.call(ctx, opUpdate, s.requests, move)
	}
	if failure, ok := errors.AsType[*call.Error](err); ok && failure.Code == codeCondition {
		return nil // it has gone, or the request has
	}
	return err
}
