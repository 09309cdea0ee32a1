package dynamo

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pay-theory/streamer/request"
)

// ReadOutput implements [request.Store] with one call at the output's
// end, and otherwise with one more for each megabyte. A chunk that is no longer
// kept ends it.
func (s *Store) ReadOutput(ctx context.Context, key request.Key, from int64, limit int) ([]request.Chunk, error) {
	chunks, err := s.readOutput(ctx, key, from, limit)
	if err != nil {
		return nil, fmt.Errorf("dynamo: read output: %w", err)
	}
	return chunks, nil
}

func (s *Store) readOutput(ctx context.Context, key request.Key, from int64, limit int) ([]request.Chunk, error) {
	out, err := s.call(ctx, opGet, s.requests, input{
		Key: keyOf(key), ConsistentRead: true,
		ProjectionExpression: "#log, #output", ExpressionAttributeNames: map[string]string{"#log": attrLog, "#output": request.AttrOutput},
	})
	if err != nil || out.Item == nil {
		return nil, err
	}
	row := &reader{item: out.Item}
	end, log := min(row.number(request.AttrOutput), from+int64(limit)), row.text(attrLog)
	if row.err != nil || from >= end {
		return nil, row.err
	}
	entries, _, err := s.query(ctx, s.requests, input{
		KeyConditionExpression:   "#pk = :pk AND #id BETWEEN :from AND :last",
		ExpressionAttributeNames: map[string]string{"#pk": "pk", "#id": "id"},
		ExpressionAttributeValues: item{":pk": text(outputPartition(key, log)),
			":from": text(chunkID(from)), ":last": text(chunkID(end - 1))},
		ConsistentRead: true,
	}, int(end-from), 0)
	if err != nil {
		return nil, err
	}
	// A query may meet a transaction half way (Amazon DynamoDB Developer Guide,
	// "Isolation levels for DynamoDB transactions"): what is behind a gap waits.
	var chunks []request.Chunk
	for i, e := range entries {
		in := &reader{item: e}
		at := from + int64(i)
		if in.text("id") != chunkID(at) {
			break
		}
		chunks = append(chunks, request.Chunk{Offset: at, Data: in.binary("data")})
		if in.err != nil {
			return nil, fmt.Errorf("decode chunk %d: %w", at, in.err)
		}
	}
	return chunks, nil
}

// chunk is an item of the output of a request, whose row says which output that
// is.
func (s *Store) chunk(r *request.Request, row item, offset int64, data json.RawMessage) item {
	log := (&reader{item: row}).text(attrLog)
	return item{
		"pk": text(outputPartition(r.Key, log)), "id": text(chunkID(offset)),
		"data": binary(data), "ttl": ttl(r.UpdatedAt.Add(s.outputKept)),
	}
}

// outputPartition is the partition key of a request's output. It has three #,
// and a request's has one.
func outputPartition(k request.Key, log string) string {
	return partition(k.Tenant, k.Subject) + "#" + escape.Replace(k.ID) + "#" + log
}

// place is the sort key of a chunk.
func chunkID(offset int64) string { return fmt.Sprintf("%015d", offset) }
