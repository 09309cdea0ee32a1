package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// A doer is a function that notes the batches that it gets and fails as configured.
type doer struct {
	mu    sync.Mutex
	calls []string                      // the batches
	at    []time.Duration               // when they came
	start time.Time                     // of the test
	fail  func(batch []string) error    // the invocation fails
	item  func(batch []string) []string // sequence numbers of records that failed
	takes time.Duration
}

func (d *doer) invoke(_ context.Context, payload []byte) ([]byte, error) {
	var in struct {
		Records []struct {
			Change struct{ SequenceNumber string } `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, err
	}
	var batch []string
	for _, r := range in.Records {
		batch = append(batch, r.Change.SequenceNumber)
	}
	d.mu.Lock()
	d.calls, d.at = append(d.calls, strings.Join(batch, " ")), append(d.at, time.Since(d.start))
	d.mu.Unlock()
	time.Sleep(d.takes) // of the fake clock
	if d.fail != nil {
		if err := d.fail(batch); err != nil {
			return nil, err
		}
	}
	failed := []map[string]string{}
	if d.item != nil {
		for _, sequence := range d.item(batch) {
			failed = append(failed, map[string]string{"itemIdentifier": sequence})
		}
	}
	return json.Marshal(map[string]any{"batchItemFailures": failed})
}

func records(from, to int) []record {
	var all []record
	for n := from; n <= to; n++ {
		all = append(all, record{body: fmt.Appendf(nil, `{"dynamodb":{"SequenceNumber":"%d"}}`, n), shard: "s1",
			sequence: strconv.Itoa(n), item: fmt.Sprint("item", n), created: time.Now()})
	}
	return all
}

// deliver runs a mapping over records within a synctest bubble and returns what
// the function got and what was given up.
func deliver(t *testing.T, m mapping, d *doer, batch []record) (calls []string, given []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d.start = time.Now()
		for i := range batch {
			batch[i].created = time.Now()
		}
		m.invoke, m.logger, m.pause = d.invoke, slog.New(slog.DiscardHandler), 200*time.Millisecond
		m.discard = func(g discarded) {
			given = append(given, fmt.Sprintf("%s %s-%s %d %v", g.condition, g.batch[0].sequence, g.batch[len(g.batch)-1].sequence,
				g.invocations, g.failed))
		}
		m.deliver(t.Context(), batch, 0)
	})
	return d.calls, given
}

func has(sequence string) func([]string) error {
	return func(batch []string) error {
		if slices.Contains(batch, sequence) {
			return errors.New("broken")
		}
		return nil
	}
}

func itself(sequence string) func([]string) []string {
	return func(batch []string) []string {
		if slices.Contains(batch, sequence) {
			return []string{sequence}
		}
		return nil
	}
}

// once reports the first record once, and then always the second.
func once(first, second string) func([]string) []string {
	return func([]string) []string {
		failed := first
		first = second
		return []string{failed}
	}
}

func TestWhatComesAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mapping mapping
		doer    *doer
		calls   []string
		given   []string
	}{
		"a batch that succeeds": {mapping{retries: 1, maxAge: -1}, &doer{}, []string{"1 2 3 4"}, nil},
		"a failed batch comes again whole, then goes whole": {mapping{retries: 2, maxAge: -1}, &doer{fail: has("2")},
			[]string{"1 2 3 4", "1 2 3 4", "1 2 3 4"}, []string{"RetryAttemptsExhausted 1-4 3 true"}},
		"no retries": {mapping{retries: 0, maxAge: -1}, &doer{fail: has("2")}, []string{"1 2 3 4"},
			[]string{"RetryAttemptsExhausted 1-4 1 true"}},
		"halves are no retries": {mapping{retries: 1, maxAge: -1, bisect: true}, &doer{fail: has("2")},
			[]string{"1 2 3 4", "1 2", "1", "2", "2", "3 4"}, []string{"RetryAttemptsExhausted 2-2 2 true"}},
		"what was done before the failed record does not come again": {mapping{retries: 2, maxAge: -1, partial: true}, &doer{item: itself("3")},
			[]string{"1 2 3 4", "3 4", "3 4"}, []string{"RetryAttemptsExhausted 3-4 3 false"}},
		"tries count for the record that is first": {mapping{retries: 2, maxAge: -1, partial: true}, &doer{item: once("1", "3")},
			[]string{"1 2 3 4", "1 2 3 4", "3 4", "3 4"}, []string{"RetryAttemptsExhausted 3-4 3 false"}},
		"a partial failure is not halved": {mapping{retries: 1, maxAge: -1, partial: true, bisect: true}, &doer{item: itself("2")},
			[]string{"1 2 3 4", "2 3 4"}, []string{"RetryAttemptsExhausted 2-4 2 false"}},
		"the lowest is the checkpoint": {mapping{retries: 0, maxAge: -1, partial: true},
			&doer{item: func([]string) []string { return []string{"4", "2"} }},
			[]string{"1 2 3 4"}, []string{"RetryAttemptsExhausted 2-4 1 false"}},
		"an empty identifier is the whole batch": {mapping{retries: 0, maxAge: -1, partial: true},
			&doer{item: func([]string) []string { return []string{""} }},
			[]string{"1 2 3 4"}, []string{"RetryAttemptsExhausted 1-4 1 false"}},
		"failures without ReportBatchItemFailures": {mapping{retries: 0, maxAge: -1}, &doer{item: itself("1")}, []string{"1 2 3 4"}, nil},
		"without end, until they are too old": {mapping{retries: -1, maxAge: 3 * time.Second}, &doer{fail: has("1"), takes: time.Second},
			[]string{"1 2 3 4", "1 2 3 4", "1 2 3 4"}, []string{"RecordAgeExceeded 1-4 3 false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls, given := deliver(t, c.mapping, c.doer, records(1, 4))
			if !slices.Equal(calls, c.calls) || !slices.Equal(given, c.given) {
				t.Errorf("the function got %q, want %q; given up: %q, want %q", calls, c.calls, given, c.given)
			}
		})
	}
}

// Being throttled is no failure: the batch waits.
func TestThrottledBatchesWait(t *testing.T) {
	t.Parallel()
	throttled := 10
	d := &doer{fail: func([]string) error {
		if throttled--; throttled >= 0 {
			return lambda.ErrThrottled
		}
		return nil
	}}
	calls, given := deliver(t, mapping{retries: 0, maxAge: time.Minute}, d, records(1, 2))
	if len(calls) != 11 || len(given) != 0 {
		t.Errorf("%d invocations, given up %v", len(calls), given)
	}
}

// run feeds a line as the steps say, and returns when the function got what.
func run(t *testing.T, m mapping, d *doer, steps func(l *queue)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d.start = time.Now()
		m.invoke, m.logger, m.pause, m.maxAge, m.retries = d.invoke, slog.New(slog.DiscardHandler), 200*time.Millisecond, -1, 0
		l := m.queue()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { l.run(ctx); close(done) }()
		steps(l)
		time.Sleep(time.Hour) // of the fake clock
		synctest.Wait()
		cancel()
		<-done
	})
}

func TestBatches(t *testing.T) {
	t.Parallel()
	d := &doer{takes: time.Second}
	run(t, mapping{batchSize: 3}, d, func(l *queue) { l.put(records(1, 7)...) })
	if !slices.Equal(d.calls, []string{"1 2 3", "4 5 6", "7"}) || d.at[0] != 0 || d.at[1] != time.Second {
		t.Errorf("%q at %v", d.calls, d.at)
	}
	d = &doer{}
	run(t, mapping{batchSize: 3, window: 10 * time.Second}, d, func(l *queue) {
		l.put(records(1, 2)...)
		time.Sleep(9 * time.Second)
		l.put(records(3, 4)...) // the batch is full
		time.Sleep(4 * time.Second)
		l.put(records(5, 5)...)
	})
	if !slices.Equal(d.calls, []string{"1 2 3", "4 5"}) || d.at[0] != 9*time.Second || d.at[1] != 19*time.Second {
		t.Errorf("with a window: %q at %v", d.calls, d.at)
	}
	d = &doer{}
	long := records(1, 3)
	for i := range long {
		long[i].body = fmt.Appendf(nil, `{"dynamodb":{"SequenceNumber":"%d"},"x":"%s"}`, i+1, strings.Repeat("x", 3<<20))
	}
	run(t, mapping{batchSize: 100}, d, func(l *queue) { l.put(long...) })
	if !slices.Equal(d.calls, []string{"1", "2", "3"}) {
		t.Errorf("batches above 6 MB: %q", d.calls)
	}
}

// Batches of a shard run at the same time, records of an item one after another.
func TestParallelBatches(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	running, most := 0, 0
	last := map[string]int{}
	items := map[string]string{}
	d := &doer{fail: func(batch []string) error {
		mu.Lock()
		defer mu.Unlock()
		running--
		return nil
	}}
	var all []record
	for i, r := range records(1, 200) {
		r.item = fmt.Sprint("item", i%20)
		items[r.sequence] = r.item
		all = append(all, r)
	}
	run(t, mapping{batchSize: 5, partitions: 4}, d, func(l *queue) {
		inner := l.invoke
		l.mapping.invoke = func(ctx context.Context, payload []byte) ([]byte, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second) // of the fake clock
			return inner(ctx, payload)
		}
		l.put(all...)
	})
	count := 0
	for _, batch := range d.calls {
		for _, sequence := range strings.Fields(batch) {
			n, _ := strconv.Atoi(sequence)
			if item := items[sequence]; n < last[item] {
				t.Errorf("%s: %d came after %d", item, n, last[item])
			} else {
				last[item] = n
			}
			count++
		}
	}
	if most != 4 || count != 200 {
		t.Errorf("%d batches at a time, %d records", most, count)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	const image = `{"eventName":"MODIFY","dynamodb":{"NewImage":{"state":{"S":"QUEUED"},"n":{"N":"7"},"b":{"BOOL":true},"e":{"S":""},` +
		`"nul":{"NULL":null},"l":{"SS":["a","b"]}}}}`
	for pattern, want := range map[string]bool{
		`{"dynamodb":{"NewImage":{"state":{"S":["QUEUED"]}}}}`:                              true,
		`{"dynamodb":{"NewImage":{"state":{"S":["RUNNING","QUEUED"]}}}}`:                    true,
		`{"dynamodb":{"NewImage":{"state":{"S":["RUNNING"]}}}}`:                             false,
		`{"eventName":["INSERT"],"dynamodb":{"NewImage":{"state":{"S":["QUEUED"]}}}}`:       false,
		`{"dynamodb":{"NewImage":{"n":{"N":["7"]},"b":{"BOOL":[true]}}}}`:                   true,
		`{"dynamodb":{"NewImage":{"n":{"N":[7]}}}}`:                                         false,
		`{"dynamodb":{"NewImage":{"e":{"S":[""]},"nul":{"NULL":[null]}}}}`:                  true,
		`{"dynamodb":{"NewImage":{"state":{"S":[{"prefix":"QU"}]}}}}`:                       true,
		`{"dynamodb":{"NewImage":{"state":{"S":[{"suffix":"QU"}]}}}}`:                       false,
		`{"dynamodb":{"NewImage":{"state":{"S":[{"equals-ignore-case":"queued"}]}}}}`:       true,
		`{"dynamodb":{"NewImage":{"state":{"S":[{"anything-but":["RUNNING","FAILED"]}]}}}}`: true,
		`{"dynamodb":{"NewImage":{"state":{"S":[{"anything-but":"QUEUED"}]}}}}`:             false,
		`{"dynamodb":{"NewImage":{"state":{"S":[{"anything-but":{"prefix":"QU"}}]}}}}`:      false,
		`{"dynamodb":{"OldImage":{"state":{"S":[{"exists":false}]}}}}`:                      true,
		`{"dynamodb":{"NewImage":{"state":{"S":[{"exists":false}]}}}}`:                      false,
		`{"dynamodb":{"NewImage":{"l":{"SS":["b"]}}}}`:                                      true,
	} {
		t.Run(pattern, func(t *testing.T) {
			f, err := parseFilter(pattern)
			if err != nil {
				t.Errorf("%s: %v", pattern, err)
			} else if got := wanted([]filter{f}, []byte(image)); got != want {
				t.Errorf("%s: %v", pattern, got)
			}
		})
	}
	for _, pattern := range []string{``, `[]`, `{}`, `{"a":"b"}`, `{"a":[]}`, `{"a":{}}`, `{"a":[["b"]]}`,
		`{"a":[{"numeric":["=",1]}]}`, `{"a":[{"prefix":1}]}`, `{"$or":[{"a":["b"]}]}`} {
		if _, err := parseFilter(pattern); err == nil {
			t.Errorf("%s was accepted", pattern)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(`{"dynamodb":{"NewImage":{"state":{"S":["QUEUED",{"prefix":"x"},{"anything-but":[null]}]}}}}`,
		`{"dynamodb":{"NewImage":{"state":{"S":"QUEUED"}}}}`)
	f.Add(`{"a":[{"exists":false}]}`, `{"a":[1]}`)
	f.Fuzz(func(t *testing.T, pattern, body string) {
		p, err := parseFilter(pattern)
		if err != nil {
			return
		}
		first, second := wanted([]filter{p}, []byte(body)), wanted([]filter{p, p}, []byte(body))
		if first != second {
			t.Errorf("%s matches %s: %v, twice %v", pattern, body, first, second)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(`{"batchItemFailures":[{"itemIdentifier":"2"}]}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"batchItemFailures":[{"itemIdentifier":null}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		batch := records(1, 3)
		rest, err := afterCheckpoint(answer, batch)
		if len(rest) > 3 || err != nil && len(rest) != 3 || len(rest) > 0 && rest[len(rest)-1].sequence != "3" {
			t.Errorf("%s leaves %v, %v", answer, rest, err)
		}
	})
}
