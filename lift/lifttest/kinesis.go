package lifttest

import (
	"cmp"
	"encoding/base64"
	"strconv"
)

// Kinesis is a batch of a Kinesis data stream.
type Kinesis struct {
	Stream  string // default example
	Records []KinesisRecord
}

// KinesisRecord is one record of it.
type KinesisRecord struct {
	Key            string // the partition key; default key
	SequenceNumber string // default: its place in the batch, from 1
	Data           []byte
}

// Payload returns the event.
func (k Kinesis) Payload() []byte {
	records := make([]any, len(k.Records))
	for i, r := range k.Records {
		number := cmp.Or(r.SequenceNumber, strconv.Itoa(i+1))
		records[i] = map[string]any{
			"kinesis": map[string]any{
				"kinesisSchemaVersion": "1.0", "partitionKey": cmp.Or(r.Key, "key"), "sequenceNumber": number,
				"data": base64.StdEncoding.EncodeToString(r.Data), "approximateArrivalTimestamp": float64(When.UnixMilli()) / 1000,
			},
			"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": "shardId-000000000006:" + number,
			"eventName": "aws:kinesis:record", "awsRegion": "us-east-1",
			"invokeIdentityArn": "arn:aws:iam::123456789012:role/example",
			"eventSourceARN":    "arn:aws:kinesis:us-east-1:123456789012:stream/" + cmp.Or(k.Stream, "example"),
		}
	}
	return encode(map[string]any{"Records": records})
}
