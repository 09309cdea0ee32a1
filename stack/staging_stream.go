package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// A stream reads the stream of a table and puts what it finds into queues. It reads
// the shards that there are at its start, from their beginning.
type stream struct {
	database  database
	pollEvery time.Duration
	logger    *slog.Logger

	arn string
}

// readLimit is how many records are asked for at a time, the most that
// GetRecords takes.
const readLimit = 1000

// open finds the table's stream and returns its shards.
func (s *stream) open(ctx context.Context, table string) ([]string, error) {
	var description struct {
		Table struct{ LatestStreamArn string }
	}
	if err := s.database.call(ctx, "DynamoDB_20120810.DescribeTable", map[string]any{"TableName": table}, &description); err != nil {
		return nil, err
	}
	if s.arn = description.Table.LatestStreamArn; s.arn == "" {
		return nil, fmt.Errorf("table %s has no stream", table)
	}
	var shards struct {
		StreamDescription struct{ Shards []struct{ ShardId string } }
	}
	if err := s.database.call(ctx, "DynamoDBStreams_20120810.DescribeStream", map[string]any{"StreamArn": s.arn}, &shards); err != nil {
		return nil, err
	}
	var ids []string
	for _, shard := range shards.StreamDescription.Shards {
		ids = append(ids, shard.ShardId)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("the stream of table %s has no shards", table)
	}
	return ids, nil
}

// run hands a shard's records on until ctx ends, or the shard.
func (s *stream) run(ctx context.Context, shard string, to *queue) {
	iterator, after := "", ""
	for ctx.Err() == nil {
		var out struct {
			Records           []json.RawMessage
			NextShardIterator string
		}
		err := s.iterate(ctx, shard, after, &iterator)
		if err == nil {
			err = s.database.call(ctx, "DynamoDBStreams_20120810.GetRecords", map[string]any{"ShardIterator": iterator, "Limit": readLimit}, &out)
		}
		if err != nil {
			if ctx.Err() == nil {
				s.logger.WarnContext(ctx, "stream cannot be read", "error", err.Error())
			}
			iterator = "" // it may be too old
			sleep(ctx, s.pollEvery)
			continue
		}
		var records []record
		for _, raw := range out.Records {
			r, err := s.record(raw, shard)
			if err != nil {
				s.logger.ErrorContext(ctx, "stream record does not decode", "error", err.Error())
				continue
			}
			records, after = append(records, r), r.sequence
		}
		to.put(records...)
		if iterator = out.NextShardIterator; iterator == "" {
			return
		}
		if len(out.Records) == 0 {
			sleep(ctx, s.pollEvery)
		}
	}
}

// record reads a record of the stream's API. Lambda adds the stream's name.
func (s *stream) record(raw json.RawMessage, shard string) (record, error) {
	var fields map[string]json.RawMessage
	var change struct {
		SequenceNumber              string
		ApproximateCreationDateTime float64
		Keys                        map[string]any
	}
	err := json.Unmarshal(raw, &fields)
	if err == nil {
		err = json.Unmarshal(fields["dynamodb"], &change)
	}
	if err != nil {
		return record{}, err
	}
	if fields["eventSourceARN"], err = json.Marshal(s.arn); err != nil {
		return record{}, err
	}
	item, err := json.Marshal(change.Keys) // in order of their names
	if err != nil {
		return record{}, err
	}
	body, err := json.Marshal(fields)
	return record{body: body, shard: shard, sequence: change.SequenceNumber, item: string(item),
		created: time.UnixMilli(int64(change.ApproximateCreationDateTime * 1000))}, err
}

// iterate sets an iterator behind the last record read, when there is none.
func (s *stream) iterate(ctx context.Context, shard, after string, iterator *string) error {
	if *iterator != "" {
		return nil
	}
	in := map[string]any{"StreamArn": s.arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
	if after != "" {
		in["ShardIteratorType"], in["SequenceNumber"] = "AFTER_SEQUENCE_NUMBER", after
	}
	var out struct{ ShardIterator string }
	err := s.database.call(ctx, "DynamoDBStreams_20120810.GetShardIterator", in, &out)
	*iterator = out.ShardIterator
	return err
}
