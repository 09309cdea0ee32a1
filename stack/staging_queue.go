package stack

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// A Message is what Lambda sent to a queue, since a function did not take it.
type Message struct {
	Queue string // its name
	Body  string // JSON
}

// queues hold messages in memory.
type queues struct {
	mu       sync.Mutex
	messages []Message
}

func (q *queues) put(m Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages = append(q.messages, m)
}

func (q *queues) all() []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]Message(nil), q.messages...)
}

// An invocationRecord is the body of such a message:
//
//   - https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
type invocationRecord struct {
	Version   string           `json:"version"`
	Timestamp string           `json:"timestamp"`
	Request   requestContext   `json:"requestContext"`
	Payload   json.RawMessage  `json:"requestPayload,omitempty"`
	Response  *responseContext `json:"responseContext,omitempty"`
	Answer    json.RawMessage  `json:"responsePayload,omitempty"`
	Batch     *batchInfo       `json:"DDBStreamBatchInfo,omitempty"`
}

type requestContext struct {
	RequestID   string `json:"requestId,omitempty"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"`
	Invocations int    `json:"approximateInvokeCount"`
}

type responseContext struct {
	StatusCode int    `json:"statusCode"`
	Version    string `json:"executedVersion"`
	Error      string `json:"functionError,omitempty"`
}

type batchInfo struct {
	ShardID   string `json:"shardId"`
	First     string `json:"startSequenceNumber"`
	Last      string `json:"endSequenceNumber"`
	FirstCame string `json:"approximateArrivalOfFirstRecord"`
	LastCame  string `json:"approximateArrivalOfLastRecord"`
	Size      int    `json:"batchSize"`
	StreamARN string `json:"streamArn"`
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// ofEvent is the record of an asynchronous event that was given up.
func ofEvent(f lambda.Failure, function string, now time.Time) invocationRecord {
	r := invocationRecord{Version: "1.0", Timestamp: stamp(now), Payload: f.Payload, Answer: f.Response,
		Request: requestContext{RequestID: f.RequestID, FunctionARN: function + ":$LATEST", Condition: f.Condition, Invocations: f.Invocations}}
	if f.Invocations > 0 {
		r.Response = &responseContext{StatusCode: 200, Version: "$LATEST", Error: "Unhandled"}
	}
	return r
}

// ofBatch is the record of a batch of a stream that was given up. It has the
// batch's position in the stream, not the batch.
func ofBatch(d discarded, function, stream string, now time.Time) invocationRecord {
	first, last := d.batch[0], d.batch[len(d.batch)-1]
	r := invocationRecord{Version: "1.0", Timestamp: stamp(now),
		Request: requestContext{FunctionARN: function, Condition: d.condition, Invocations: d.invocations},
		Batch: &batchInfo{ShardID: first.shard, First: first.sequence, Last: last.sequence, Size: len(d.batch), StreamARN: stream,
			FirstCame: first.created.UTC().Format(time.RFC3339), LastCame: last.created.UTC().Format(time.RFC3339)}}
	if d.invocations > 0 {
		r.Response = &responseContext{StatusCode: 200, Version: "$LATEST"}
		if d.failed {
			r.Response.Error = "Unhandled"
		}
	}
	return r
}
