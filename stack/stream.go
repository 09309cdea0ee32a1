package stack

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pay-theory/streamer/request"
)

// tableARN is what stream records call the embedded store.
const tableARN = "arn:aws:dynamodb:dev:000000000000:table/streamer/stream/2026-01-01T00:00:00.000"

// A feed is the embedded store's stream: it turns requests that became queued
// into stream records for the processor function.
type feed struct {
	*queue
	sequence atomic.Int64
}

// newFeed makes a feed whose mapping is the template's, but for parallel batches.
func newFeed(invoke func(context.Context, []byte) ([]byte, error), logger *slog.Logger) *feed {
	m := &mapping{batchSize: 100, partitions: 1, partial: true, bisect: true, retries: 5, maxAge: 5 * time.Minute, pause: retryPause,
		invoke: invoke, logger: logger}
	return &feed{queue: m.queue()}
}

// retryPause is before the first retry of a batch. AWS does not document its own.
const retryPause = 200 * time.Millisecond

// An attribute is a string or a number of DynamoDB's.
type attribute struct {
	S string `json:"S,omitempty"`
	N string `json:"N,omitempty"`
}

// put adds a record of a request:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
func (f *feed) put(r *request.Request) {
	keys := map[string]attribute{"tenant": {S: r.Tenant}, "subject": {S: r.Subject}, "id": {S: r.ID}}
	millis := func(t time.Time) attribute { return attribute{N: strconv.FormatInt(t.UnixMilli(), 10)} }
	image := map[string]attribute{"state": {S: string(r.State)}, request.AttrDueAt: millis(r.DueAt), "updated": millis(r.UpdatedAt)}
	for name, value := range keys {
		image[name] = value
	}
	number := strconv.FormatInt(f.sequence.Add(1), 10)
	body, err := json.Marshal(map[string]any{
		"eventID": number, "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
		"awsRegion": "dev", "eventSourceARN": tableARN,
		"dynamodb": map[string]any{"ApproximateCreationDateTime": r.UpdatedAt.Unix(), "Keys": keys, "NewImage": image,
			"SequenceNumber": number, "StreamViewType": "NEW_IMAGE"},
	})
	if err != nil {
		f.logger.Error("stream record does not encode", "error", err.Error())
		return
	}
	f.queue.put(record{body: body, sequence: number, item: r.Tenant + "/" + r.Subject + "/" + r.ID, created: time.Now()})
}
