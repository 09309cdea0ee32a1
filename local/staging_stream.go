package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/lambdahost"
)

// A stream is an event source mapping: it polls a DynamoDB stream, drops what the
// filter does not want, and invokes a function with the rest, one batch of a shard
// at a time and in order:
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
//
// It reads the shards that there are at its start.
type stream struct {
	endpoint  string
	invoke    func(ctx context.Context, payload []byte) ([]byte, error)
	pollEvery time.Duration
	logger    *slog.Logger

	arn string
}

// A streamRecord is a record as DynamoDB gave it.
type streamRecord struct {
	fields   map[string]json.RawMessage
	sequence string
	wanted   bool // by the filter
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *streamRecord) UnmarshalJSON(data []byte) error {
	var seen struct {
		Change struct {
			SequenceNumber string
			NewImage       struct{ State attribute }
		} `json:"dynamodb"`
	}
	if err := json.Unmarshal(data, &seen); err != nil {
		return err
	}
	r.sequence = seen.Change.SequenceNumber
	r.wanted = seen.Change.NewImage.State.S == string(streamer.Queued)
	return json.Unmarshal(data, &r.fields)
}

// open finds the table's stream and returns its shards.
func (s *stream) open(ctx context.Context, table string) ([]string, error) {
	var description struct {
		Table struct{ LatestStreamArn string }
	}
	if err := s.call(ctx, "DynamoDB_20120810.DescribeTable", map[string]any{"TableName": table}, &description); err != nil {
		return nil, err
	}
	if s.arn = description.Table.LatestStreamArn; s.arn == "" {
		return nil, fmt.Errorf("table %s has no stream", table)
	}
	var shards struct {
		StreamDescription struct{ Shards []struct{ ShardId string } }
	}
	if err := s.call(ctx, "DynamoDBStreams_20120810.DescribeStream", map[string]any{"StreamArn": s.arn}, &shards); err != nil {
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

// run delivers a shard's records until ctx ends, or the shard.
func (s *stream) run(ctx context.Context, shard string) {
	iterator, after := "", ""
	for ctx.Err() == nil {
		var out struct {
			Records           []streamRecord
			NextShardIterator string
		}
		err := s.iterate(ctx, shard, after, &iterator)
		if err == nil {
			err = s.call(ctx, "DynamoDBStreams_20120810.GetRecords", map[string]any{"ShardIterator": iterator, "Limit": batchSize}, &out)
		}
		if err != nil {
			if ctx.Err() == nil {
				s.logger.WarnContext(ctx, "stream cannot be read", "error", err.Error())
			}
			iterator = "" // it may be too old
			sleep(ctx, s.pollEvery)
			continue
		}
		var batch []streamRecord
		for _, r := range out.Records {
			if after = r.sequence; r.wanted {
				batch = append(batch, r)
			}
		}
		s.deliver(ctx, batch)
		if iterator = out.NextShardIterator; iterator == "" {
			return
		}
		if len(out.Records) == 0 {
			sleep(ctx, s.pollEvery)
		}
	}
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
	err := s.call(ctx, "DynamoDBStreams_20120810.GetShardIterator", in, &out)
	*iterator = out.ShardIterator
	return err
}

// deliver invokes the function until it has done with every record of the batch.
// A record that fails too often is given up, those behind it are not.
func (s *stream) deliver(ctx context.Context, batch []streamRecord) {
	for failures := 0; len(batch) > 0 && ctx.Err() == nil; {
		rest := s.attempt(ctx, batch)
		switch {
		case len(rest) < len(batch):
			failures = min(len(rest), 1) // of the record that is first now
		case failures == batchRetries:
			s.logger.WarnContext(ctx, "stream record given up; the sweep will find its request", "sequence", batch[0].sequence)
			rest, failures = rest[1:], 0
		default:
			failures++
		}
		batch = rest
		if failures > 0 && !sleep(ctx, retryPause<<failures) {
			return
		}
	}
}

// attempt invokes the function once and returns the records that come again.
func (s *stream) attempt(ctx context.Context, batch []streamRecord) []streamRecord {
	records := make([]map[string]json.RawMessage, len(batch))
	for i, r := range batch {
		r.fields["eventSourceARN"] = json.RawMessage(`"` + s.arn + `"`)
		records[i] = r.fields
	}
	payload, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		s.logger.ErrorContext(ctx, "stream batch does not encode", "error", err.Error())
		return nil
	}
	answer, err := s.invoke(ctx, payload)
	// Being throttled is no failure of the batch.
	for errors.Is(err, lambdahost.ErrThrottled) && sleep(ctx, s.pollEvery) {
		answer, err = s.invoke(ctx, payload)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.logger.WarnContext(ctx, "stream batch failed", "records", len(batch), "error", err.Error())
		}
		return batch
	}
	rest, err := afterCheckpoint(answer, batch, func(r streamRecord) string { return r.sequence })
	if err != nil {
		s.logger.WarnContext(ctx, "stream batch's answer does not decode", "error", err.Error())
	}
	return rest
}

// streamCallTime bounds one call.
const streamCallTime = 5 * time.Second

// call makes one call of DynamoDB's or its streams' JSON API.
func (s *stream) call(ctx context.Context, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	ctx, cancel := context.WithTimeout(ctx, streamCallTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", target)
	who, err := stagingCredentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, who, req, hex.EncodeToString(hash[:]), "dynamodb", stagingRegion, time.Now()); err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", res.Status, raw)
	}
	if err == nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	return nil
}
