package lift_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// A journal notes what a batch's handler was called for.
type journal struct {
	mu     sync.Mutex
	bodies []string
	most   int // at the same time
	now    int
}

// handler handles a record for d, and fails those whose body begins with bad.
func (j *journal) handler(d time.Duration) lift.Handler {
	return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		j.mu.Lock()
		j.bodies = append(j.bodies, string(e.Body))
		j.now++
		j.most = max(j.most, j.now)
		j.mu.Unlock()
		defer func() {
			j.mu.Lock()
			j.now--
			j.mu.Unlock()
		}()
		if d > 0 {
			time.Sleep(d) // of a bubble's clock
		}
		if strings.HasPrefix(string(e.Body), "bad") {
			return nil, errors.New("no")
		}
		return nil, nil
	})
}

func messages(bodies ...string) []lifttest.SQSMessage {
	list := make([]lifttest.SQSMessage, len(bodies))
	for i, body := range bodies {
		list[i].Body = body
		list[i].ID = body
		if _, group, ok := strings.Cut(body, "@"); ok {
			list[i].Group = group
		}
	}
	return list
}

func data(records ...string) []lifttest.KinesisRecord {
	list := make([]lifttest.KinesisRecord, len(records))
	for i, text := range records {
		list[i] = lifttest.KinesisRecord{Data: []byte(text), SequenceNumber: text}
		if _, key, ok := strings.Cut(text, "@"); ok {
			list[i].Key = key
		}
	}
	return list
}

func TestBatchesReportWhatFailed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event   lifttest.Event
		handled []string
		failed  []string
	}{
		"a standard queue tries all": {
			lifttest.SQS{Messages: messages("1", "bad2", "3", "bad4", "5")},
			[]string{"1", "bad2", "3", "bad4", "5"}, []string{"bad2", "bad4"},
		},
		"groups of a standard queue are no order": {
			lifttest.SQS{Messages: messages("bad1@a", "2@a", "3@b")},
			[]string{"bad1@a", "2@a", "3@b"}, []string{"bad1@a"},
		},
		"a FIFO queue's group ends at a failure, others go on": {
			lifttest.SQS{Queue: "q.fifo", Messages: messages("1@a", "bad2@a", "3@b", "4@a", "5@b", "6@a", "bad7@c")},
			[]string{"1@a", "bad2@a", "3@b", "5@b", "bad7@c"}, []string{"bad2@a", "4@a", "6@a", "bad7@c"},
		},
		"a Kinesis shard ends at a failure": {
			lifttest.Kinesis{Records: data("1@a", "bad2@a", "3@b")},
			[]string{"1@a", "bad2@a"}, []string{"bad2@a"},
		},
		"all is well": {
			lifttest.SQS{Queue: "q.fifo", Messages: messages("1@a", "2@b")},
			[]string{"1@a", "2@b"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j journal
			var log lifttest.Log
			app := lift.New(lift.Config{Logger: log.Logger()})
			app.SQS(j.handler(0))
			app.Kinesis(j.handler(0))
			answer := lifttest.Invoke(t.Context(), t, app, tt.event)
			if answer.Err != nil || !slices.Equal(answer.Failed, tt.failed) || !slices.Equal(j.bodies, tt.handled) {
				t.Errorf("failed %q, %v after %q", answer.Failed, answer.Err, j.bodies)
			}
			bad := 0
			for _, body := range j.bodies {
				if strings.HasPrefix(body, "bad") {
					bad++
				}
			}
			if lines := log.Lines(t, "failed"); len(lines) != bad {
				t.Errorf("log:\n%s", log.String())
			}
		})
	}
}

// With parallelism nothing changes but the time: order within a partition, and what
// is reported.
func TestBatchesInParallel(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		parallel int
		event    lifttest.Event
		most     int
		seconds  int // 0 where it depends on which of two ends first
		failed   []string
	}{
		"standard queue":             {3, lifttest.SQS{Messages: messages("1", "bad2", "3", "4", "5", "6")}, 3, 2, []string{"bad2"}},
		"more than there is to do":   {99, lifttest.SQS{Messages: messages("1", "2")}, 2, 1, nil},
		"FIFO groups":                {3, lifttest.SQS{Queue: "q.fifo", Messages: messages("1@a", "2@a", "3@a", "4@b", "5@b", "6@c")}, 3, 3, nil},
		"FIFO, one group":            {3, lifttest.SQS{Queue: "q.fifo", Messages: messages("1@a", "2@a", "bad3@a", "4@a")}, 1, 3, []string{"bad3@a", "4@a"}},
		"stream, by key":             {2, lifttest.Kinesis{Records: data("1@a", "2@a", "3@b", "4@b")}, 2, 2, nil},
		"stream, one key":            {2, lifttest.Kinesis{Records: data("1@a", "2@a", "3@a")}, 1, 3, nil},
		"stream, lowest failure":     {2, lifttest.Kinesis{Records: data("1@a", "bad2@b", "bad3@c", "4@d", "5@e")}, 2, 0, []string{"bad2@b"}},
		"stream, later failure":      {2, lifttest.Kinesis{Records: data("1@a", "2@a", "bad3@b", "4@a")}, 2, 2, []string{"bad3@b"}},
		"stream, a failure holds up": {1, lifttest.Kinesis{Records: data("1@a", "bad2@b", "3@c")}, 1, 2, []string{"bad2@b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var j journal
				app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger(), Parallel: tt.parallel})
				app.SQS(j.handler(time.Second))
				app.Kinesis(j.handler(time.Second))
				start := time.Now()
				answer := lifttest.Invoke(t.Context(), t, app, tt.event)
				if !slices.Equal(answer.Failed, tt.failed) || j.most != tt.most || tt.seconds > 0 && time.Since(start) != time.Duration(tt.seconds)*time.Second {
					t.Errorf("failed %q, %d at once, %s, handled %q", answer.Failed, j.most, time.Since(start), j.bodies)
				}
			})
		})
	}
}

// The stream's items, not the order of their attributes, are what is handled in
// order.
func TestStreamItemsInParallel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var seen []string
		app := lift.New(lift.Config{Parallel: 4})
		app.DynamoDB(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			time.Sleep(time.Second) // of the bubble's clock
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, e.DynamoDB.SequenceNumber)
			return nil, nil
		}))
		record := func(number, keys string) string {
			return fmt.Sprintf(`{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":%q,"Keys":%s}}`, number, keys)
		}
		start := time.Now()
		lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"Records":[`+strings.Join([]string{
			record("1", `{"pk":{"S":"a"},"sk":{"S":"x"}}`),
			record("2", `{"sk":{"S":"x"},"pk":{"S":"a"}}`),
			record("3", `{"pk":{"S":"x"},"sk":{"S":"a"}}`),
		}, ",")+`]}`))
		if time.Since(start) != 2*time.Second || slices.Index(seen, "1") > slices.Index(seen, "2") || len(seen) != 3 {
			t.Errorf("seen %q in %s", seen, time.Since(start))
		}
	})
}

// Whatever fails and however many run at once: no record is lost, none of a
// partition is handled before or after it should be.
func TestBatchesLoseNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		n, fifo := 1+random.IntN(40), random.IntN(2) == 0
		bad := make(map[string]bool)
		list := make([]lifttest.SQSMessage, n)
		records := make([]lifttest.KinesisRecord, n)
		for i := range n {
			id, partition := strconv.Itoa(i), strconv.Itoa(random.IntN(5))
			list[i] = lifttest.SQSMessage{ID: id, Body: id, Group: partition}
			records[i] = lifttest.KinesisRecord{SequenceNumber: id, Data: []byte(id), Key: partition}
			bad[id] = random.IntN(6) == 0
		}
		var mu sync.Mutex
		var seen []int
		h := lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			i, _ := strconv.Atoi(string(e.Body))
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, i)
			if bad[string(e.Body)] {
				return nil, lift.Errorf(lift.CodeUnavailable, "no")
			}
			return nil, nil
		})
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger(), Parallel: 1 + random.IntN(6)})
		app.SQS(h)
		app.Kinesis(h)
		event := lifttest.Event(lifttest.Kinesis{Records: records})
		if fifo {
			event = lifttest.SQS{Queue: "q.fifo", Messages: list}
		}
		answer := lifttest.Invoke(t.Context(), t, app, event)

		last := map[string]int{}
		for _, i := range seen {
			if before, ok := last[list[i].Group]; ok && before >= i {
				t.Fatalf("seed %d: %d of partition %s after %d", seed, i, list[i].Group, before)
			}
			last[list[i].Group] = i
		}
		again := make(map[int]bool)
		for _, id := range answer.Failed {
			i, _ := strconv.Atoi(id)
			again[i] = true
			for j := i; !fifo && j < n; j++ {
				again[j] = true
			}
		}
		for i := range n {
			if done := slices.Contains(seen, i) && !bad[strconv.Itoa(i)]; !done && !again[i] {
				t.Fatalf("seed %d: record %d of %d is lost; failed %q, seen %v", seed, i, n, answer.Failed, seen)
			}
			if fifo && again[i] != (bad[strconv.Itoa(i)] || !slices.Contains(seen, i)) {
				t.Fatalf("seed %d: record %d comes again: %t", seed, i, again[i])
			}
		}
	}
}

func TestBatchesLeaveTheRestWhenTimeIsUp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event  lifttest.Event
		failed []string
		err    bool
		left   float64
	}{
		"queue":  {lifttest.SQS{Messages: messages("1", "2", "3", "4", "5")}, []string{"3", "4", "5"}, false, 3},
		"FIFO":   {lifttest.SQS{Queue: "q.fifo", Messages: messages("1@a", "2@b", "3@a", "4@c")}, []string{"3@a", "4@c"}, false, 2},
		"stream": {lifttest.Kinesis{Records: data("1", "2", "3", "4")}, []string{"3"}, false, 2},
		"bucket": {lifttest.S3{Objects: make([]lifttest.S3Object, 3)}, nil, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log lifttest.Log
				app := lift.New(lift.Config{Logger: log.Logger(), Margin: time.Second})
				var j journal
				app.SQS(j.handler(4 * time.Second))
				app.Kinesis(j.handler(4 * time.Second))
				app.S3(j.handler(4 * time.Second))
				ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
				defer cancel()
				answer := lifttest.Invoke(ctx, t, app, tt.event)
				if !slices.Equal(answer.Failed, tt.failed) || (answer.Err != nil) != tt.err {
					t.Errorf("answer %+v", answer)
				}
				line := log.Line(t, "batch cut short by the deadline")
				if line["come_again"] != tt.left {
					t.Errorf("got %v records left in the log, want %v", line["come_again"], tt.left)
				}
			})
		})
	}
}

// A handler that heeds its context gives way to the deadline, and the batch is
// answered before Lambda would end it.
func TestBatchAnswersAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger(), Margin: time.Second, Parallel: 2})
		app.Use(middleware.Deadline(0))
		app.SQS(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			if string(e.Body) == "quick" {
				return nil, nil
			}
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		answer := lifttest.Invoke(ctx, t, app, lifttest.SQS{Messages: messages("quick", "slow", "slower", "late")})
		if !slices.Equal(answer.Failed, []string{"slow", "slower", "late"}) || time.Since(start) != 9*time.Second {
			t.Errorf("failed %q after %s", answer.Failed, time.Since(start))
		}
	})
}

// A record that does not decode comes again, or goes where the mapping sends
// what fails too often; it never counts as handled.
func TestRecordsThatDoNotDecode(t *testing.T) {
	t.Parallel()
	sqs := `{"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:r:1:q","messageId":"%s","body":"x"%s}`
	kinesis := `{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"%s","data":"%s"%s}}`
	for name, tt := range map[string]struct {
		records []string
		failed  []string
		err     bool
		handled int
	}{
		"SQS, a field's kind":     {[]string{fmt.Sprintf(sqs, "1", ""), fmt.Sprintf(sqs, "2", `,"receiptHandle":7`), fmt.Sprintf(sqs, "3", "")}, []string{"2"}, false, 2},
		"SQS, a number":           {[]string{fmt.Sprintf(sqs, "1", `,"attributes":{"SentTimestamp":"noon"}`)}, []string{"1"}, false, 0},
		"SQS, no id":              {[]string{fmt.Sprintf(sqs, "1", ""), `{"body":"x"}`}, nil, true, 0},
		"SQS, no record":          {[]string{fmt.Sprintf(sqs, "1", ""), `7`}, nil, true, 0},
		"Kinesis, base64":         {[]string{fmt.Sprintf(kinesis, "1", "YQ==", ""), fmt.Sprintf(kinesis, "2", "*", ""), fmt.Sprintf(kinesis, "3", "", "")}, []string{"2"}, false, 1},
		"Kinesis, a field's kind": {[]string{fmt.Sprintf(kinesis, "1", "", `,"approximateArrivalTimestamp":"x"`)}, []string{"1"}, false, 0},
		"Kinesis, no number":      {[]string{`{"eventSource":"aws:kinesis","kinesis":{}}`}, nil, true, 0},
		"SNS, a time":             {[]string{`{"EventSource":"aws:sns","Sns":{"MessageId":"1","Timestamp":"noon"}}`}, nil, true, 0},
		"SNS, a field's kind":     {[]string{`{"EventSource":"aws:sns","Sns":{"MessageId":1}}`}, nil, true, 0},
		"S3, escapes":             {[]string{`{"eventSource":"aws:s3","s3":{"object":{"key":"%zz"}}}`, `{"s3":{"object":{"key":"a"}}}`}, nil, true, 1},
		"S3, a field's kind":      {[]string{`{"eventSource":"aws:s3","s3":7}`}, nil, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			handled := 0
			h := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
				handled++
				return nil, nil
			})
			app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
			registerAll(app, h)
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"Records":[`+strings.Join(tt.records, ",")+`]}`))
			if !slices.Equal(answer.Failed, tt.failed) || (answer.Err != nil) != tt.err || handled != tt.handled {
				t.Errorf("%s: %+v, %d handled", name, answer, handled)
			}
			if answer.Err == nil && len(tt.failed) == 0 {
				t.Errorf("%s: passes for success", name)
			}
		})
	}
}

// A number that is not one is named, with its value.
func TestAnAttributeThatIsNotANumber(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.SQS(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil }))
	lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"x",
		"attributes":{"SentTimestamp":"1","ApproximateReceiveCount":"once"}}]}`))
	got := fmt.Sprint(log.Line(t, "failed"))
	if want := `its attribute ApproximateReceiveCount is "once", want a whole number`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

// Typed input that a record does not hold fails that record alone.
func TestTypedRecords(t *testing.T) {
	t.Parallel()
	var sum int64
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	h := lift.Typed(func(_ context.Context, in order) (struct{}, error) {
		sum += in.Count
		return struct{}{}, nil
	})
	app.SQS(h)
	app.Kinesis(h)
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.SQS{Messages: []lifttest.SQSMessage{
		{ID: "1", Body: `{"item":"tea","count":1}`}, {ID: "2", Body: `{"item":`}, {ID: "3", Body: `{"count":5}`}, {ID: "4", Body: `{"item":"tea","count":2}`},
	}})
	if !slices.Equal(answer.Failed, []string{"2", "3"}) || sum != 3 {
		t.Errorf("failed %q, sum %d", answer.Failed, sum)
	}
	answer = lifttest.Invoke(t.Context(), t, app, lifttest.Kinesis{Records: []lifttest.KinesisRecord{{Data: []byte(`{"item":"tea","count":4}`)}}})
	if answer.Failed != nil || sum != 7 {
		t.Errorf("failed %q, sum %d", answer.Failed, sum)
	}
}

// A panic that nobody recovers ends the process where Lambda sees it, in the
// goroutine that it called.
// Once a record has panicked, the invocation fails: whatever is begun then comes again,
// and has been done for nothing.
func TestNoRecordIsBegunBehindAPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var begun []string
		app := lift.New(lift.Config{Parallel: 2})
		app.SQS(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			mu.Lock()
			begun = append(begun, string(e.Body))
			mu.Unlock()
			if string(e.Body) == "1" {
				time.Sleep(time.Second) // of the bubble's clock, as below
				panic("lift: out of tea")
			}
			time.Sleep(2 * time.Second)
			return nil, nil
		}))
		mustPanic(t, "out of tea", func() {
			lifttest.Invoke(t.Context(), t, app, lifttest.SQS{Messages: messages("1", "2", "3", "4", "5")})
		})
		slices.Sort(begun)
		if want := []string{"1", "2"}; !slices.Equal(begun, want) {
			t.Errorf("got the records %q begun, want %q", begun, want)
		}
	})
}

// All behind the lowest record that failed comes again, so none of it is begun, also when
// a later one fails afterwards.
func TestNoRecordIsBegunBehindTheLowestFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var begun []string
		takes := map[string]time.Duration{"1": time.Second, "2": 3 * time.Second, "3": time.Second, "4": 2 * time.Second}
		app := lift.New(lift.Config{Parallel: 3, Logger: new(lifttest.Log).Logger()})
		app.Kinesis(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
			mu.Lock()
			begun = append(begun, string(e.Body))
			mu.Unlock()
			time.Sleep(takes[string(e.Body)]) // of the bubble's clock
			if string(e.Body) == "1" || string(e.Body) == "4" {
				return nil, lift.Errorf(lift.CodeUnavailable, "no")
			}
			return nil, nil
		}))
		answer := lifttest.Invoke(t.Context(), t, app, lifttest.Kinesis{Records: []lifttest.KinesisRecord{
			{SequenceNumber: "1", Key: "a", Data: []byte("1")}, {SequenceNumber: "2", Key: "b", Data: []byte("2")},
			{SequenceNumber: "3", Key: "b", Data: []byte("3")}, {SequenceNumber: "4", Key: "c", Data: []byte("4")},
		}})
		slices.Sort(begun)
		if want := []string{"1", "2", "4"}; !slices.Equal(begun, want) || !slices.Equal(answer.Failed, []string{"1"}) {
			t.Errorf("got the records %q begun and %q named, want %q and 1", begun, answer.Failed, want)
		}
	})
}

func TestPanicsOfParallelRecords(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Parallel: 4})
	app.SQS(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { panic("lift: out of tea") }))
	mustPanic(t, "out of tea", func() {
		lifttest.Invoke(t.Context(), t, app, lifttest.SQS{Messages: messages("1", "2", "3", "4", "5")})
	})
}
