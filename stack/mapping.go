package stack

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// A record is one of a stream's, as a function gets it.
type record struct {
	body     json.RawMessage
	shard    string
	sequence string
	item     string // that changed: records of one item are delivered in order
	created  time.Time
}

// A mapping is an event source mapping: it invokes a function with batches of a
// stream's records, those of one item in order.
//
//   - https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
type mapping struct {
	batchSize  int
	window     time.Duration // how long a batch that is not full is waited for
	partitions int           // how many batches are delivered at a time; Lambda's ParallelizationFactor
	filters    []filter      // none: every record is wanted
	partial    bool          // the function's answer says what failed
	bisect     bool          // a batch that the function failed on is delivered in halves
	retries    int           // -1: without end
	maxAge     time.Duration // of a record; below zero: any
	pause      time.Duration // before the first retry; it doubles, up to maxPause

	invoke  func(ctx context.Context, payload []byte) ([]byte, error)
	discard func(discarded) // what is given up; nil: only the log hears of it
	logger  *slog.Logger
}

// maxPause is how long a retry waits at most. AWS does not document its pauses.
const maxPause = 30 * time.Second

// maxBatch is how long the records of a batch are together.
const maxBatch = 6 << 20

// Why records are given up.
const (
	retriesExhausted = "RetryAttemptsExhausted"
	ageExceeded      = "RecordAgeExceeded"
)

// discarded are records that are given up.
type discarded struct {
	batch       []record
	condition   string
	invocations int
	failed      bool // the last invocation, and not only records of it
}

// A queue holds the records of one mapping and shard that wait for delivery.
type queue struct {
	*mapping
	partitions []*partition
}

func (m *mapping) queue() *queue {
	q := &queue{mapping: m}
	for range max(m.partitions, 1) {
		q.partitions = append(q.partitions, &partition{mapping: m, arrived: make(chan struct{}, 1)})
	}
	return q
}

// put adds the records that the filters want. It never waits for the function.
func (q *queue) put(records ...record) {
	for _, r := range records {
		if !wanted(q.filters, r.body) {
			continue
		}
		hash := fnv.New32a()
		hash.Write([]byte(r.item))
		q.partitions[int(hash.Sum32()%uint32(len(q.partitions)))].put(r)
	}
	for _, p := range q.partitions {
		p.signal()
	}
}

// run delivers until ctx ends.
func (q *queue) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range q.partitions {
		all.Go(func() { p.run(ctx) })
	}
	all.Wait()
}

// A partition delivers one batch after another. All records of an item are in
// the same one.
type partition struct {
	*mapping
	mu      sync.Mutex
	waiting []record
	arrived chan struct{}
}

func (p *partition) put(r record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, r)
}

func (p *partition) signal() {
	if p.length() > 0 {
		select {
		case p.arrived <- struct{}{}:
		default:
		}
	}
}

func (p *partition) length() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

// take returns the next batch.
func (p *partition) take() []record {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, bytes := 0, 0
	for n < len(p.waiting) && n < p.batchSize {
		if bytes += len(p.waiting[n].body) + 1; bytes > maxBatch && n > 0 {
			break
		}
		n++
	}
	batch := p.waiting[:n:n]
	if p.waiting = p.waiting[n:]; len(p.waiting) == 0 {
		p.waiting = nil
	}
	return batch
}

func (p *partition) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.arrived:
		}
		for p.length() > 0 && ctx.Err() == nil {
			p.gather(ctx)
			p.deliver(ctx, p.take(), 0)
		}
	}
}

// gather waits until a batch is full, or its window over.
func (p *partition) gather(ctx context.Context) {
	if p.window <= 0 {
		return
	}
	over := time.NewTimer(p.window)
	defer over.Stop()
	for p.length() < p.batchSize {
		select {
		case <-p.arrived:
		case <-over.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// deliver invokes the function until it is done with every record of the batch,
// or they are given up. Splitting a batch does not count as a retry; a retry counts for the
// record that is first, so it begins anew when those before it are done.
func (m *mapping) deliver(ctx context.Context, batch []record, failures int) {
	for invocations := 0; ctx.Err() == nil; {
		if batch = m.dropOld(batch, invocations); len(batch) == 0 {
			return
		}
		rest, err := m.attempt(ctx, batch)
		switch {
		case len(rest) == 0 || ctx.Err() != nil:
			return
		case errors.Is(err, lambda.ErrThrottled): // it was not invoked
			sleep(ctx, m.pause)
			continue
		case err != nil && m.bisect && len(batch) > 1:
			half := (len(batch) + 1) / 2
			m.deliver(ctx, batch[:half], failures)
			batch, invocations = batch[half:], 0
			continue
		case len(rest) < len(batch):
			failures, invocations = 1, 1
		default:
			failures, invocations = failures+1, invocations+1
		}
		if batch = rest; m.retries >= 0 && failures > m.retries {
			m.giveUp(discarded{batch: batch, condition: retriesExhausted, invocations: invocations, failed: err != nil})
			return
		}
		sleep(ctx, min(m.pause<<min(failures-1, 16), maxPause))
	}
}

// dropOld gives up the records that are too old.
func (m *mapping) dropOld(batch []record, invocations int) []record {
	n := 0
	for m.maxAge >= 0 && n < len(batch) && time.Since(batch[n].created) > m.maxAge {
		n++
	}
	if n > 0 {
		m.giveUp(discarded{batch: batch[:n], condition: ageExceeded, invocations: invocations})
	}
	return batch[n:]
}

func (m *mapping) giveUp(d discarded) {
	m.logger.Warn("stream records given up", "records", len(d.batch), "sequence", d.batch[0].sequence, "condition", d.condition)
	if m.discard != nil {
		m.discard(d)
	}
}

// attempt invokes the function once and returns the records that come again. The
// error is the invocation's.
func (m *mapping) attempt(ctx context.Context, batch []record) ([]record, error) {
	bodies := make([]json.RawMessage, len(batch))
	for i, r := range batch {
		bodies[i] = r.body
	}
	payload, err := json.Marshal(map[string]any{"Records": bodies})
	if err != nil {
		m.logger.ErrorContext(ctx, "stream batch does not encode", "error", err.Error())
		return nil, nil
	}
	answer, err := m.invoke(ctx, payload)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, lambda.ErrThrottled) {
			m.logger.WarnContext(ctx, "stream batch failed", "records", len(batch), "error", err.Error())
		}
		return batch, err
	}
	if !m.partial {
		return nil, nil
	}
	rest, err := afterCheckpoint(answer, batch)
	if err != nil {
		m.logger.WarnContext(ctx, "stream batch's answer does not decode", "error", err.Error())
	}
	return rest, nil
}

// afterCheckpoint reads a function's answer and returns the records that come
// again: the lowest failed sequence number is the checkpoint, and it and all after
// it do. An empty answer and an empty list are success. An identifier that is
// empty or no string is the failure of the whole batch, and so is one that is not
// in it, of which the documentation says nothing.
func afterCheckpoint(answer []byte, batch []record) ([]record, error) {
	if len(answer) == 0 {
		return nil, nil
	}
	var report struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &report); err != nil {
		return batch, err
	}
	first := len(batch)
	for _, failure := range report.Failures {
		at := 0
		for i, r := range batch {
			if r.sequence == failure.ID {
				at = i
				break
			}
		}
		first = min(first, at)
	}
	return batch[first:], nil
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
