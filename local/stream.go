package local

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/pay-theory/streamer"
)

// What an event source mapping would say: the batch size is Lambda's default
// for DynamoDB streams, and a record that fails so often is given up, since the
// sweep finds its request.
const (
	batchSize    = 100
	batchRetries = 3
	retryPause   = 200 * time.Millisecond
)

// tableARN is what stream records call the embedded store.
const tableARN = "arn:aws:dynamodb:local:000000000000:table/streamer/stream/2026-01-01T00:00:00.000"

// A feed is the embedded store's stream: it turns requests that became queued
// into batches of stream records and hands them to the processor function, one
// batch at a time and in order, as Lambda's poller does.
type feed struct {
	invoke func(ctx context.Context, payload []byte) ([]byte, error)
	logger *slog.Logger

	mu       sync.Mutex
	waiting  []record
	sequence int64
	bell     chan struct{}
}

func newFeed(invoke func(context.Context, []byte) ([]byte, error), logger *slog.Logger) *feed {
	return &feed{invoke: invoke, logger: logger, bell: make(chan struct{}, 1)}
}

// A record is one of a DynamoDB stream's:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
type record struct {
	EventID        string `json:"eventID"`
	EventName      string `json:"eventName"`
	EventVersion   string `json:"eventVersion"`
	EventSource    string `json:"eventSource"`
	AWSRegion      string `json:"awsRegion"`
	EventSourceARN string `json:"eventSourceARN"`
	Change         change `json:"dynamodb"`
}

type change struct {
	Created        float64              `json:"ApproximateCreationDateTime"`
	Keys           map[string]attribute `json:"Keys"`
	NewImage       map[string]attribute `json:"NewImage"`
	SequenceNumber string               `json:"SequenceNumber"`
	StreamViewType string               `json:"StreamViewType"`
}

// An attribute is a string or a number of DynamoDB's.
type attribute struct {
	S string `json:"S,omitempty"`
	N string `json:"N,omitempty"`
}

// put adds a record. It never waits for the function.
func (f *feed) put(r *streamer.Request) {
	keys := map[string]attribute{"tenant": {S: r.Tenant}, "subject": {S: r.Subject}, "id": {S: r.ID}}
	image := map[string]attribute{"state": {S: string(r.State)}, "due": {N: strconv.FormatInt(r.DueAt.UnixMilli(), 10)}}
	for name, value := range keys {
		image[name] = value
	}
	f.mu.Lock()
	f.sequence++
	number := strconv.FormatInt(f.sequence, 10)
	f.waiting = append(f.waiting, record{
		EventID: number, EventName: "MODIFY", EventVersion: "1.1", EventSource: "aws:dynamodb",
		AWSRegion: "local", EventSourceARN: tableARN,
		Change: change{Created: float64(r.UpdatedAt.Unix()), Keys: keys, NewImage: image,
			SequenceNumber: number, StreamViewType: "NEW_IMAGE"},
	})
	f.mu.Unlock()
	select {
	case f.bell <- struct{}{}:
	default:
	}
}

// take returns the next batch, or nil.
func (f *feed) take() []record {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(f.waiting), batchSize)
	batch := f.waiting[:n:n]
	if f.waiting = f.waiting[n:]; len(f.waiting) == 0 {
		f.waiting = nil
	}
	return batch
}

// run delivers batches until ctx ends.
func (f *feed) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.bell:
		}
		for batch := f.take(); len(batch) > 0 && ctx.Err() == nil; batch = f.take() {
			f.deliver(ctx, batch)
		}
	}
}

// deliver invokes the function until it has done with every record of the
// batch. A record that fails too often is given up, those behind it are not.
func (f *feed) deliver(ctx context.Context, batch []record) {
	for failures := 0; len(batch) > 0; {
		rest := f.attempt(ctx, batch)
		switch {
		case len(rest) < len(batch):
			failures = min(len(rest), 1) // of the record that is first now
		case failures == batchRetries:
			f.logger.WarnContext(ctx, "stream record given up; the sweep will find its request",
				"request_id", batch[0].Change.Keys["id"].S)
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
func (f *feed) attempt(ctx context.Context, batch []record) []record {
	payload, err := json.Marshal(map[string]any{"Records": batch})
	if err != nil {
		f.logger.ErrorContext(ctx, "stream batch does not encode", "error", err.Error())
		return nil
	}
	answer, err := f.invoke(ctx, payload)
	if err != nil {
		if ctx.Err() == nil {
			f.logger.WarnContext(ctx, "stream batch failed", "records", len(batch), "error", err.Error())
		}
		return batch
	}
	rest, err := afterCheckpoint(answer, batch, func(r record) string { return r.Change.SequenceNumber })
	if err != nil {
		f.logger.WarnContext(ctx, "stream batch's answer does not decode", "error", err.Error())
	}
	return rest
}

// sleep waits and reports whether ctx still lasts.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
