package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// A Function is what a mapping invokes; both hosts of package lambda are one.
type Function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// A MappingConfig sets up an event source mapping. Queue, Function and Timeout are
// required; zero means Lambda's default:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
type MappingConfig struct {
	Queue    *Queue
	Function Function
	Timeout  time.Duration // the function's; a shorter visibility timeout of Queue is refused

	BatchSize int           // messages of an invocation, 1 to 10,000: 10. Above 10, Window is needed
	Window    time.Duration // how long a batch that is not full is waited for, up to 5 min: not at all

	// MaximumConcurrency is how many invocations run at a time at most, 2 to
	// 1,000: 1,000, and as many as the function's own concurrency.
	MaximumConcurrency int

	// ReportBatchItemFailures reads from the answer which messages failed. Without
	// it an answer means that none did.
	ReportBatchItemFailures bool

	Logger *slog.Logger // hears of invocations that failed; default: none
}

// How a mapping scales:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
const (
	firstConcurrency = 5
	perSecond        = 300.0 / 60
	mostConcurrency  = 1000
	leastConcurrency = 2
)

// maxPayload is how long the messages of one event are together.
const maxPayload = 6 << 20

// The pauses before a throttled batch is tried again double from one to the other.
// AWS does not document its own.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// A Mapping is the event source mapping of Lambda for a standard queue. It reads
// the queue and invokes the function with what it finds, a batch at a time each:
//
//   - what the function took is deleted, and what failed comes again when its
//     visibility timeout is over, or goes to the dead letters;
//   - a throttled batch is tried again as long as the visibility timeout lasts;
//   - five invocations run at first, and up to 300 a minute more while there are
//     messages left. Throttling halves that, and so does an error of the function
//     unless ReportBatchItemFailures is set.
type Mapping struct {
	cfg   MappingConfig
	queue *Queue
	clock Clock

	mu      sync.Mutex
	running int
	limit   float64       // of invocations at a time; whole ones count
	waiting time.Time     // since when invocations wait for the limit; zero: none does
	freed   chan struct{} // takes one when an invocation ends
}

// NewMapping returns a Mapping, or every fault of its config, among them a
// visibility timeout shorter than the function's timeout, which Lambda refuses:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func NewMapping(cfg MappingConfig) (*Mapping, error) {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("queue: MappingConfig."+format, args...))
	}
	if cfg.BatchSize == 0 {
		cfg.BatchSize = 10
	}
	if cfg.MaximumConcurrency == 0 {
		cfg.MaximumConcurrency = mostConcurrency
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Function == nil {
		fault("Function is nil")
	}
	if cfg.Queue == nil {
		fault("Queue is nil")
	} else if cfg.Timeout > cfg.Queue.cfg.Visibility {
		fault("Timeout of %v is longer than the visibility timeout of the queue, which is %v: raise the queue's",
			cfg.Timeout, cfg.Queue.cfg.Visibility)
	}
	if cfg.Timeout < time.Second || cfg.Timeout > 15*time.Minute {
		fault("Timeout of %v is not between 1 s and 15 min", cfg.Timeout)
	}
	if cfg.BatchSize < 1 || cfg.BatchSize > 10_000 {
		fault("BatchSize of %d is not between 1 and 10000", cfg.BatchSize)
	}
	if cfg.Window < 0 || cfg.Window > 5*time.Minute {
		fault("Window of %v is not between 0 and 5 min", cfg.Window)
	}
	if cfg.BatchSize > maxBatch && cfg.Window < time.Second {
		fault("BatchSize of %d is above 10, so Window must be at least 1 s, not %v", cfg.BatchSize, cfg.Window)
	}
	if cfg.MaximumConcurrency < leastConcurrency || cfg.MaximumConcurrency > mostConcurrency {
		fault("MaximumConcurrency of %d is not between 2 and 1000", cfg.MaximumConcurrency)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &Mapping{cfg: cfg, queue: cfg.Queue, clock: cfg.Queue.clock,
		limit: float64(min(firstConcurrency, cfg.MaximumConcurrency)), freed: make(chan struct{}, 1)}, nil
}

// Run reads the queue until ctx ends, and then waits for the invocations that still
// run. A throttled batch that it gives up then comes again when its visibility
// timeout is over. Call it once.
func (m *Mapping) Run(ctx context.Context) {
	var invocations sync.WaitGroup
	defer invocations.Wait()
	for m.acquire(ctx) {
		batch := m.gather(ctx)
		if len(batch) == 0 {
			m.scaleDown()
			m.release()
			continue
		}
		invocations.Go(func() {
			defer m.release()
			m.deliver(ctx, batch)
		})
	}
}

// acquire waits until one more invocation may run, and counts it.
func (m *Mapping) acquire(ctx context.Context) bool {
	for ctx.Err() == nil {
		wait, ok := m.tryAcquire()
		if ok {
			return true
		}
		due := make(chan struct{})
		stop := m.clock.AfterFunc(wait, func() { close(due) })
		select {
		case <-m.freed:
		case <-due:
		case <-ctx.Done():
		}
		stop()
	}
	return false
}

// tryAcquire counts an invocation if the limit has room for it, and else says when
// to look again. While an invocation waits for it, the limit grows.
func (m *Mapping) tryAcquire() (wait time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	if !m.waiting.IsZero() {
		m.limit = min(m.limit+now.Sub(m.waiting).Seconds()*perSecond, float64(m.cfg.MaximumConcurrency))
	}
	if m.running < int(m.limit) {
		m.running++
		m.waiting = time.Time{}
		return 0, true
	}
	m.waiting = now
	missing := math.Floor(m.limit) + 1 - m.limit
	return max(time.Duration(missing/perSecond*float64(time.Second)), time.Millisecond), false
}

func (m *Mapping) release() {
	m.mu.Lock()
	m.running--
	m.mu.Unlock()
	select {
	case m.freed <- struct{}{}:
	default:
	}
}

// scaleDown goes back to where a mapping begins, since the queue is empty.
func (m *Mapping) scaleDown() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = min(firstConcurrency, float64(m.cfg.MaximumConcurrency))
}

// backOff halves the limit, since invocations fail. How much Lambda takes away is
// not documented.
func (m *Mapping) backOff() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = max(m.limit/2, leastConcurrency)
}

// gather receives a batch: what there is, or, with a window, as much as comes until
// the window is over or the batch is full.
func (m *Mapping) gather(ctx context.Context) []Message {
	batch, err := m.queue.Receive(ctx, 1, maxWait)
	if err != nil && ctx.Err() == nil {
		m.cfg.Logger.Warn("receive", "queue", m.queue.Name(), "error", err.Error())
		m.pause(ctx, firstPause)
	}
	if len(batch) == 0 {
		return nil
	}
	until, size := m.clock.Now().Add(m.cfg.Window), len(batch[0].Body)
	for len(batch) < m.cfg.BatchSize && size+maxMessage <= maxPayload {
		more, err := m.queue.Receive(ctx, 1, min(max(until.Sub(m.clock.Now()), 0), maxWait))
		if err != nil || len(more) == 0 && !m.clock.Now().Before(until) {
			break
		}
		for _, message := range more {
			size += len(message.Body)
		}
		batch = append(batch, more...)
	}
	return batch
}

// deliver invokes the function with a batch and deletes what it took.
func (m *Mapping) deliver(ctx context.Context, batch []Message) {
	event := m.event(batch)
	until := m.clock.Now().Add(m.queue.cfg.Visibility)
	answer, err := m.cfg.Function.Invoke(context.WithoutCancel(ctx), event)
	for pause := firstPause; errors.Is(err, lambda.ErrThrottled); pause = min(2*pause, lastPause) {
		m.backOff()
		if !m.clock.Now().Add(pause).Before(until) || !m.pause(ctx, pause) {
			break
		}
		answer, err = m.cfg.Function.Invoke(context.WithoutCancel(ctx), event)
	}
	failed, fault := map[string]bool{}, err
	if err == nil && m.cfg.ReportBatchItemFailures {
		failed, fault = readFailures(answer, batch)
	}
	if fault != nil {
		m.cfg.Logger.Warn("batch failed", "queue", m.queue.Name(), "messages", len(batch), "error", fault.Error())
		if !m.cfg.ReportBatchItemFailures && !errors.Is(err, lambda.ErrThrottled) {
			m.backOff()
		}
		return
	}
	for _, message := range batch {
		if !failed[message.ID] {
			_ = m.queue.Delete(message.Receipt) // a receipt of this queue
		}
	}
}

// pause waits for d and reports whether ctx lasts.
func (m *Mapping) pause(ctx context.Context, d time.Duration) bool {
	due := make(chan struct{})
	stop := m.clock.AfterFunc(d, func() { close(due) })
	defer stop()
	select {
	case <-due:
		return true
	case <-ctx.Done():
		return false
	}
}
