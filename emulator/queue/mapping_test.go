package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/emulator/queue"
)

func TestMappingFaultsAreNamed(t *testing.T) {
	t.Parallel()
	q := newQueue(t, queue.Config{Visibility: time.Minute})
	f := function(func(context.Context, []message) ([]byte, error) { return nil, nil })
	for name, tt := range map[string]struct {
		cfg  queue.MappingConfig
		want string
	}{
		"nothing":            {queue.MappingConfig{}, "Function is nil\nqueue: MappingConfig.Queue is nil"},
		"a long function":    {queue.MappingConfig{Timeout: time.Minute + 1}, "longer than the visibility timeout"},
		"a large batch":      {queue.MappingConfig{BatchSize: 11}, "Window must be at least 1 s"},
		"a huge batch":       {queue.MappingConfig{BatchSize: 10_001, Window: time.Second}, "not between 1 and 10000"},
		"a long window":      {queue.MappingConfig{Window: time.Hour}, "not between 0 and 5 min"},
		"a concurrency of 1": {queue.MappingConfig{MaximumConcurrency: 1}, "not between 2 and 1000"},
		"of more than 1000":  {queue.MappingConfig{MaximumConcurrency: 1001}, "not between 2 and 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "nothing" {
				tt.cfg.Queue, tt.cfg.Function = q, f
				if tt.cfg.Timeout == 0 {
					tt.cfg.Timeout = time.Minute
				}
			}
			if _, err := queue.NewMapping(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
}

// A taker remembers which messages its invocations had, when, and how many ran.
type taker struct {
	answer func(ctx context.Context, messages []message) ([]byte, error)

	mu            sync.Mutex
	batches       [][]string
	times         []time.Time
	running, most int
}

func (f *taker) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return function(func(ctx context.Context, messages []message) ([]byte, error) {
		f.mu.Lock()
		var batch []string
		for _, m := range messages {
			batch = append(batch, m.Body)
		}
		f.batches, f.times = append(f.batches, batch), append(f.times, time.Now())
		f.running++
		f.most = max(f.most, f.running)
		f.mu.Unlock()
		defer func() {
			f.mu.Lock()
			f.running--
			f.mu.Unlock()
		}()
		return f.answer(ctx, messages)
	}).Invoke(ctx, payload)
}

func (f *taker) seen() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.batches)
}

// The event is the one that Lambda sends; aws-lambda-go reads it to the last field.
func TestEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{ARN: "arn:aws:sqs:eu-west-1:123456789012:work"})
		got := make(chan []byte, 1)
		stop := run(t, queue.MappingConfig{Queue: q, Function: lambdaFunction(func(payload []byte) { got <- payload })})
		defer stop()
		if _, err := q.Send(queue.Entry{Body: `{"a": "<b>"}`, GroupID: "g",
			Attributes:       map[string]queue.Attribute{"kind": {DataType: "String", StringValue: "retry"}},
			SystemAttributes: map[string]queue.Attribute{"AWSTraceHeader": {DataType: "String", StringValue: "Root=1-2-3"}}}); err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(strings.NewReader(string(<-got)))
		decoder.DisallowUnknownFields()
		var event events.SQSEvent
		if err := decoder.Decode(&event); err != nil {
			t.Fatal(err)
		}
		r, now := event.Records[0], fmt.Sprint(time.Now().UnixMilli())
		r.MessageId, r.ReceiptHandle = "", ""
		kind := "retry"
		want := events.SQSMessage{Body: `{"a": "<b>"}`,
			Md5OfBody: "1f214299ea79d85e3eb55cd993955509", Md5OfMessageAttributes: "072e1d46c732ed12a3de17ebd92e1d59",
			EventSource:    "aws:sqs",
			EventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:work", AWSRegion: "eu-west-1",
			Attributes: map[string]string{"SenderId": "123456789012", "SentTimestamp": now, "ApproximateFirstReceiveTimestamp": now,
				"ApproximateReceiveCount": "1", "MessageGroupId": "g", "AWSTraceHeader": "Root=1-2-3"},
			MessageAttributes: map[string]events.SQSMessageAttribute{"kind": {StringValue: &kind, DataType: "String",
				StringListValues: []string{}, BinaryListValues: [][]byte{}}}}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("the record (-want +got):\n%s", diff)
		}
	})
}

type lambdaFunction func(payload []byte)

func (f lambdaFunction) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	f(payload)
	return nil, nil
}

func TestBatches(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		size   int
		window time.Duration
		want   string // the first batches
	}{
		"one by one":             {1, 0, "[[0] [1] [2] [3] [4]"},
		"ten by default":         {0, 0, "[[0 1 2 3 4 5 6 7 8 9] [10 11]]"},
		"with a window":          {11, time.Second, "[[0 1 2 3 4 5 6 7 8 9 10] [11]]"},
		"a window for all of it": {100, time.Minute, "[[0 1 2 3 4 5 6 7 8 9 10 11]]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t, queue.Config{Visibility: time.Hour})
				for i := range 12 {
					send(t, q, fmt.Sprint(i), "")
				}
				f := &taker{answer: func(context.Context, []message) ([]byte, error) { time.Sleep(time.Second); return nil, nil }}
				stop := run(t, queue.MappingConfig{Queue: q, Function: f, BatchSize: tt.size, Window: tt.window})
				time.Sleep(2 * time.Minute)
				stop()
				batches := f.seen()
				slices.SortFunc(batches, func(a, b []string) int { return len(b) - len(a) })
				if tt.size == 1 {
					slices.SortFunc(batches, func(a, b []string) int { return len(a[0])*100 - len(b[0])*100 + strings.Compare(a[0], b[0]) })
				}
				if got := fmt.Sprint(batches); !strings.HasPrefix(got, tt.want) {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if d := q.Depth(); d != (queue.Depth{}) {
					t.Errorf("got depth %+v, want none: all were taken", d)
				}
			})
		})
	}
}

// What an answer says about the messages "a" and "b".
func TestFailures(t *testing.T) {
	t.Parallel()
	ids := func(messages []message, body string) string {
		for _, m := range messages {
			if m.Body == body {
				return m.MessageID
			}
		}
		return ""
	}
	answer := func(text string) func([]message) ([]byte, error) {
		return func(messages []message) ([]byte, error) {
			return []byte(strings.ReplaceAll(text, "$b", ids(messages, "b"))), nil
		}
	}
	for name, tt := range map[string]struct {
		answer func([]message) ([]byte, error)
		report bool
		again  string // what comes again when the visibility timeout is over
	}{
		"an error":                     {func([]message) ([]byte, error) { return nil, errors.New("broken") }, true, "a b"},
		"an error, without reports":    {func([]message) ([]byte, error) { return nil, errors.New("broken") }, false, "a b"},
		"no answer":                    {answer(``), true, ""},
		"null":                         {answer(`null`), true, ""},
		"an object":                    {answer(`{}`), true, ""},
		"no list":                      {answer(`{"batchItemFailures":null}`), true, ""},
		"an empty list":                {answer(`{"batchItemFailures":[]}`), true, ""},
		"one of them":                  {answer(`{"batchItemFailures":[{"itemIdentifier":"$b"}]}`), true, "b"},
		"one of them, without reports": {answer(`{"batchItemFailures":[{"itemIdentifier":"$b"}]}`), false, ""},
		"not JSON":                     {answer(`oops`), true, "a b"},
		"an empty name":                {answer(`{"batchItemFailures":[{"itemIdentifier":""}]}`), true, "a b"},
		"a name of null":               {answer(`{"batchItemFailures":[{"itemIdentifier":null}]}`), true, "a b"},
		"another key":                  {answer(`{"batchItemFailures":[{"id":"$b"}]}`), true, "a b"},
		"another's message":            {answer(`{"batchItemFailures":[{"itemIdentifier":"x"}]}`), true, "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t, queue.Config{Visibility: time.Minute})
				send(t, q, "a", "")
				send(t, q, "b", "")
				f := &taker{answer: func(_ context.Context, messages []message) ([]byte, error) {
					if messages[0].Attributes["ApproximateReceiveCount"] == "1" {
						return tt.answer(messages)
					}
					return nil, nil
				}}
				stop := run(t, queue.MappingConfig{Queue: q, Function: f, ReportBatchItemFailures: tt.report})
				time.Sleep(time.Minute - 1)
				if got := fmt.Sprint(f.seen()); got != "[[a b]]" {
					t.Errorf("within the visibility timeout: got %s, want one batch of both", got)
				}
				time.Sleep(time.Second)
				stop()
				again := f.seen()[1:]
				if got := strings.Join(slices.Concat(again...), " "); got != tt.again {
					t.Errorf("afterwards: got %q, want %q", got, tt.again)
				}
				if d := q.Depth(); d != (queue.Depth{}) {
					t.Errorf("got depth %+v, want none", d)
				}
			})
		})
	}
}

// Five invocations at first, then five more each second up to the maximum, as long
// as there are messages.
func TestScaling(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		maximum int
		after   time.Duration
		want    int
	}{
		"at first":         {0, 0, 5},
		"after a second":   {0, time.Second, 10},
		"after a minute":   {0, time.Minute, 305},
		"after 3 min 19 s": {0, 199 * time.Second, 1000},
		"after an hour":    {0, time.Hour, 1000},
		"with a maximum":   {100, time.Minute, 100},
		"of two":           {2, time.Minute, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t, queue.Config{Visibility: 12 * time.Hour})
				for range 1100 {
					send(t, q, "x", "")
				}
				hold := make(chan struct{})
				f := &taker{answer: func(context.Context, []message) ([]byte, error) { <-hold; return nil, nil }}
				stop := run(t, queue.MappingConfig{Queue: q, Function: f, BatchSize: 1, MaximumConcurrency: tt.maximum})
				time.Sleep(tt.after + 5*time.Millisecond)
				synctest.Wait()
				if got := len(f.seen()); got != tt.want {
					t.Errorf("got %d invocations at a time, want %d", got, tt.want)
				}
				close(hold)
				stop()
			})
		})
	}
}

// An event has at most 6 MiB of messages.
func TestABatchFitsAnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{})
		for range 10 {
			send(t, q, strings.Repeat("x", 1<<20), "")
		}
		f := &taker{answer: func(context.Context, []message) ([]byte, error) { return nil, nil }}
		stop := run(t, queue.MappingConfig{Queue: q, Function: f})
		synctest.Wait()
		stop()
		var sizes []int
		for _, batch := range f.seen() {
			sizes = append(sizes, len(batch))
		}
		slices.Sort(sizes)
		if diff := cmp.Diff([]int{4, 6}, sizes); diff != "" {
			t.Errorf("messages of the batches (-want +got):\n%s", diff)
		}
	})
}

// Invocations that run long are no reason for more of them, when no message waits.
func TestScalingNeedsABacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{Visibility: 12 * time.Hour})
		hold := make(chan struct{})
		f := &taker{answer: func(context.Context, []message) ([]byte, error) { <-hold; return nil, nil }}
		stop := run(t, queue.MappingConfig{Queue: q, Function: f, BatchSize: 1})
		for range 5 {
			send(t, q, "x", "")
		}
		time.Sleep(time.Minute)
		for range 100 {
			send(t, q, "x", "")
		}
		time.Sleep(time.Second)
		if got := len(f.seen()); got < 5 || got > 11 {
			t.Errorf("got %d invocations a second after the backlog came, want at most 11", got)
		}
		close(hold)
		stop()
	})
}

// A mapping that has found its queue empty begins with five again.
func TestScalingDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Config{Visibility: 12 * time.Hour})
		f := &taker{answer: func(context.Context, []message) ([]byte, error) { time.Sleep(10 * time.Second); return nil, nil }}
		stop := run(t, queue.MappingConfig{Queue: q, Function: f, BatchSize: 1})
		for range 2 {
			f.mu.Lock()
			f.most = 0
			f.mu.Unlock()
			for range 30 {
				send(t, q, "x", "")
			}
			time.Sleep(time.Second / 2)
			f.mu.Lock()
			if f.most < 5 || f.most > 7 {
				t.Errorf("got %d invocations in the first half second, want 5 and a few", f.most)
			}
			f.mu.Unlock()
			time.Sleep(2 * time.Minute)
		}
		stop()
	})
}

// Errors of the function cut the concurrency, unless it reports its failures.
func TestErrorsCutTheConcurrency(t *testing.T) {
	t.Parallel()
	for _, report := range []bool{false, true} {
		t.Run(fmt.Sprint("reports ", report), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t, queue.Config{Visibility: 12 * time.Hour})
				for i := range 200 {
					send(t, q, fmt.Sprint(i), "")
				}
				failing := make(chan struct{})
				f := &taker{answer: func(context.Context, []message) ([]byte, error) { <-failing; return nil, errors.New("broken") }}
				stop := run(t, queue.MappingConfig{Queue: q, Function: f, BatchSize: 1, MaximumConcurrency: 20, ReportBatchItemFailures: report})
				time.Sleep(4 * time.Second)
				failing <- struct{}{}
				failing <- struct{}{}
				failing <- struct{}{}
				time.Sleep(100 * time.Millisecond)
				f.mu.Lock()
				got, want := f.running, 17
				f.mu.Unlock()
				if report {
					want = 20
				}
				if got != want {
					t.Errorf("got %d invocations after three errors, want %d", got, want)
				}
				close(failing)
				stop()
			})
		})
	}
}

// A throttled batch is tried again with the messages still in flight, and comes
// back to the queue when their visibility timeout is over.
func TestThrottling(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		free     time.Duration // when the function has room
		receives string        // of the message that it takes
	}{
		"for a while":     {10 * time.Second, "1"},
		"for too long":    {70 * time.Second, "2"},
		"for much longer": {200 * time.Second, "4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q, start := newQueue(t, queue.Config{Visibility: time.Minute}), time.Now()
				send(t, q, "x", "")
				took := make(chan string, 1)
				f := &taker{answer: func(_ context.Context, messages []message) ([]byte, error) {
					if time.Since(start) < tt.free {
						return nil, lambda.ErrThrottled
					}
					took <- messages[0].Attributes["ApproximateReceiveCount"]
					return nil, nil
				}}
				stop := run(t, queue.MappingConfig{Queue: q, Function: f})
				if got := <-took; got != tt.receives {
					t.Errorf("taken when it was received %s times, want %s", got, tt.receives)
				}
				stop()
				if d := q.Depth(); d != (queue.Depth{}) {
					t.Errorf("got depth %+v, want none", d)
				}
			})
		})
	}
}

// What always fails ends in the dead letters after so many invocations.
func TestPoisonEndsInTheDeadLetters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dead := newQueue(t, queue.Config{Name: "dead"})
		q := newQueue(t, queue.Config{DeadLetters: dead, MaxReceives: 3, Visibility: time.Minute})
		send(t, q, "x", "")
		f := &taker{answer: func(context.Context, []message) ([]byte, error) { return nil, errors.New("broken") }}
		stop := run(t, queue.MappingConfig{Queue: q, Function: f})
		defer stop()
		time.Sleep(10 * time.Minute)
		if got := len(f.seen()); got != 3 {
			t.Errorf("got %d invocations, want 3", got)
		}
		if got := receive(t, dead); got.Body != "x" {
			t.Errorf("got %+v in the dead letters, want x", got)
		}
	})
}
