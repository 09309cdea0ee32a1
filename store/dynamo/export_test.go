package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
)

// DropTables deletes the store's tables, for tests that made them.
func (s *Store) DropTables(ctx context.Context) error {
	for _, table := range []string{s.requests, s.connections} {
		if _, err := s.api.call(ctx, "DeleteTable", input{TableName: table}); err != nil && !call.HasCode(err, "ResourceNotFoundException") {
			return err
		}
	}
	return nil
}

// PutRaw stores an attribute of a request as somebody else's program might.
func (s *Store) PutRaw(ctx context.Context, key request.Key, attribute, text string) error {
	_, err := s.call(ctx, opUpdate, s.requests, input{
		Key: keyOf(key), UpdateExpression: "SET #a = :v",
		ExpressionAttributeNames:  map[string]string{"#a": attribute},
		ExpressionAttributeValues: item{":v": value{S: &text}},
	})
	return err
}

// MakeOld makes of a request's row one of the version that wrote DueAt as due, and
// knew no kinds of looks.
func (s *Store) MakeOld(ctx context.Context, r *request.Request) error {
	_, err := s.call(ctx, opUpdate, s.requests, input{
		Key: keyOf(r.Key), UpdateExpression: "SET #due = :due, #shard = :shard REMOVE #ready",
		ExpressionAttributeNames:  map[string]string{"#due": "due", "#shard": "shard", "#ready": "ready"},
		ExpressionAttributeValues: item{":due": millis(r.DueAt), ":shard": number(s.shard(partition(r.Tenant, r.Subject) + "#" + r.ID))},
	})
	return err
}

// PutInline makes of a request's row one of the version that had each payload in it.
func (s *Store) PutInline(ctx context.Context, r *request.Request) error {
	_, err := s.call(ctx, opUpdate, s.requests, input{
		Key: keyOf(r.Key), UpdateExpression: "SET #payload = :payload REMOVE #id, #kept",
		ExpressionAttributeNames:  map[string]string{"#payload": "payload", "#id": "payload_id", "#kept": "kept"},
		ExpressionAttributeValues: item{":payload": binary(r.Payload)},
	})
	return err
}

// PayloadTTL is when DynamoDB may delete a payload that is apart from its row.
func (s *Store) PayloadTTL(ctx context.Context, key request.Key) (time.Time, error) {
	out, err := s.call(ctx, opGet, s.requests, input{Key: keyOf(key), ConsistentRead: true})
	if err != nil {
		return time.Time{}, err
	}
	body, err := s.call(ctx, opGet, s.requests, input{Key: bodyKey(key, *out.Item["payload_id"].S), ConsistentRead: true})
	in := &reader{item: body.Item}
	at := time.Unix(in.number("ttl"), 0)
	return at, errors.Join(err, in.err)
}

// AgeMark makes the mark of a throttling limit older.
func (s *Store) AgeMark(ctx context.Context, limit string, by time.Duration) error {
	_, err := s.call(ctx, opUpdate, s.requests, input{
		Key: permitKey(limit), UpdateExpression: "SET #due = #due - :by",
		ExpressionAttributeNames:  map[string]string{"#due": "due"},
		ExpressionAttributeValues: item{":by": number(by.Milliseconds())},
	})
	return err
}

// DropCounter deletes a slot's counter, as somebody might by hand.
func (s *Store) DropCounter(ctx context.Context, slot string) error {
	_, err := s.call(ctx, opDelete, s.requests, input{Key: permitKey(slot)})
	return err
}

// DropRequest deletes a request, as its time to live would.
func (s *Store) DropRequest(ctx context.Context, key request.Key) error {
	_, err := s.call(ctx, opDelete, s.requests, input{Key: keyOf(key)})
	return err
}

// DropChunk deletes a chunk of output, as its time to live would.
func (s *Store) DropChunk(ctx context.Context, key request.Key, offset int64) error {
	out, err := s.call(ctx, opGet, s.requests, input{Key: keyOf(key)})
	if err != nil {
		return err
	}
	log := *out.Item["log"].S
	_, err = s.call(ctx, opDelete, s.requests, input{Key: item{"pk": text(outputPartition(key, log)), "id": text(chunkID(offset))}})
	return err
}

// RowSize is the size of a request's item as the store reckons it.
func (s *Store) RowSize(r *request.Request) int { return s.row(r, newToken()).size() }

// SetCounting sets what one page of counts may read.
func (s *Store) SetCounting(entries, rows, open int) { s.counting = counting{entries, rows, open} }
