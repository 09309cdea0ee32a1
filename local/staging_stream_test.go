package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/lambdahost"
)

func streamRecordJSON(sequence int, id, state string) string {
	return fmt.Sprintf(`{"eventID":"e%d","eventName":"MODIFY","dynamodb":{"SequenceNumber":"%d","Keys":{"id":{"S":%q}},
		"NewImage":{"id":{"S":%[3]q},"state":{"S":%q},"payload":{"B":"e30="},"cancel":{"BOOL":false}}}}`, sequence, sequence, id, state)
}

// A function that notes the records that it is done with.
type doing struct {
	throttled int // invocations that are refused first
	done      []string
	tries     map[string]int
	fail      func(id string, try int) bool // the record is reported
}

func (d *doing) invoke(_ context.Context, payload []byte) ([]byte, error) {
	if d.throttled > 0 {
		d.throttled--
		return nil, lambdahost.ErrThrottled
	}
	var batch struct {
		Records []struct {
			EventSourceARN string `json:"eventSourceARN"`
			Change         struct {
				SequenceNumber string
				NewImage       map[string]map[string]any
			} `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, err
	}
	for _, r := range batch.Records {
		id := fmt.Sprint(r.Change.NewImage["id"]["S"])
		d.tries[id]++
		if r.EventSourceARN != "arn:table" || r.Change.NewImage["payload"]["B"] != "e30=" || r.Change.NewImage["cancel"]["BOOL"] != false {
			return nil, errors.New("the record is not as it was")
		}
		if d.fail != nil && d.fail(id, d.tries[id]) {
			return fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q}]}`, r.Change.SequenceNumber), nil
		}
		d.done = append(d.done, id)
	}
	return []byte(`{"batchItemFailures":[]}`), nil
}

func TestStreamDelivers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &doing{throttled: 10, tries: map[string]int{}, fail: func(id string, try int) bool { return id == "r15" || id == "r3" && try < 3 }}
		s := &stream{arn: "arn:table", logger: slog.New(slog.DiscardHandler), invoke: f.invoke, pollEvery: time.Second}
		var batch []streamRecord
		var want []string
		for i := range 20 {
			id := fmt.Sprint("r", i)
			var r streamRecord
			if err := json.Unmarshal([]byte(streamRecordJSON(i, id, "QUEUED")), &r); err != nil {
				t.Fatal(err)
			}
			batch = append(batch, r)
			if i != 15 {
				want = append(want, id)
			}
		}
		s.deliver(t.Context(), batch)
		if !slices.Equal(f.done, want) {
			t.Errorf("done with %v", f.done)
		}
		if f.tries["r15"] != batchRetries+1 || f.tries["r3"] != 3 || f.tries["r16"] != 1 || f.throttled != 0 {
			t.Errorf("tries: %v", f.tries)
		}
	})
}

// The reader filters, goes on behind what it has read when its iterator is
// refused, and ends with its shard.
func TestStreamReadsOn(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		`DescribeTable {"TableName":"requests"}`:                                                                                     `{"Table":{"LatestStreamArn":"arn:table"}}`,
		`DescribeStream {"StreamArn":"arn:table"}`:                                                                                   `{"StreamDescription":{"Shards":[{"ShardId":"s1"}]}}`,
		`GetRecords {"Limit":100,"ShardIterator":"i1"}`:                                                                              `{"Records":[` + streamRecordJSON(7, "a", "QUEUED") + `,` + streamRecordJSON(8, "b", "RUNNING") + `],"NextShardIterator":"i2"}`,
		`GetRecords {"Limit":100,"ShardIterator":"i3"}`:                                                                              `{"Records":[],"NextShardIterator":"i4"}`,
		`GetRecords {"Limit":100,"ShardIterator":"i4"}`:                                                                              `{"Records":[` + streamRecordJSON(9, "c", "QUEUED") + `]}`,
		`GetShardIterator {"ShardId":"s1","ShardIteratorType":"TRIM_HORIZON","StreamArn":"arn:table"}`:                               `{"ShardIterator":"i1"}`,
		`GetShardIterator {"SequenceNumber":"8","ShardId":"s1","ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StreamArn":"arn:table"}`: `{"ShardIterator":"i3"}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		answer, known := answers[operation+" "+string(body)]
		if err != nil || !known || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
			w.WriteHeader(http.StatusBadRequest)
			answer = `{"__type":"ExpiredIteratorException"}`
		}
		io.WriteString(w, answer)
	}))
	defer server.Close()
	f := &doing{tries: map[string]int{}}
	var log strings.Builder
	s := &stream{endpoint: server.URL, logger: slog.New(slog.NewTextHandler(&log, nil)), invoke: f.invoke, pollEvery: time.Millisecond}
	shards, err := s.open(t.Context(), "requests")
	if err != nil || !slices.Equal(shards, []string{"s1"}) {
		t.Fatalf("shards %v, %v", shards, err)
	}
	s.run(t.Context(), "s1")
	if !slices.Equal(f.done, []string{"a", "c"}) || strings.Count(log.String(), "ExpiredIteratorException") != 1 {
		t.Errorf("done with %v; log: %s", f.done, log.String())
	}
	if _, err := s.open(t.Context(), "another"); err == nil {
		t.Error("a table that is not there has a stream")
	}
}

func FuzzStreamRecord(f *testing.F) {
	f.Add([]byte(streamRecordJSON(1, "a", "QUEUED")))
	f.Add([]byte(`{"dynamodb":{"NewImage":{"state":{"N":1}}}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r streamRecord
		if err := json.Unmarshal(data, &r); err != nil || r.fields == nil {
			return
		}
		if _, err := json.Marshal(r.fields); err != nil {
			t.Errorf("what was read cannot be handed on: %v", err)
		}
	})
}
