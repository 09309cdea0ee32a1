package stack

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func streamRecordJSON(sequence int, id, state string) string {
	return fmt.Sprintf(`{"eventID":"e%d","eventName":"MODIFY","dynamodb":{"ApproximateCreationDateTime":1760000000.5,"SequenceNumber":"%d","Keys":{"id":{"S":%q}},
		"NewImage":{"id":{"S":%[3]q},"state":{"S":%q},"payload":{"B":"e30="},"cancel":{"BOOL":false}}}}`, sequence, sequence, id, state)
}

// The reader goes on behind what it has read when its iterator is refused, and
// ends with its shard; what the filter does not want is left out, and the rest is
// as it was.
func TestStreamReadsOn(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		`DescribeTable {"TableName":"requests"}`:                                                                                     `{"Table":{"LatestStreamArn":"arn:table"}}`,
		`DescribeStream {"StreamArn":"arn:table"}`:                                                                                   `{"StreamDescription":{"Shards":[{"ShardId":"s1"}]}}`,
		`GetRecords {"Limit":1000,"ShardIterator":"i1"}`:                                                                             `{"Records":[` + streamRecordJSON(7, "a", "QUEUED") + `,` + streamRecordJSON(8, "b", "RUNNING") + `],"NextShardIterator":"i2"}`,
		`GetRecords {"Limit":1000,"ShardIterator":"i3"}`:                                                                             `{"Records":[],"NextShardIterator":"i4"}`,
		`GetRecords {"Limit":1000,"ShardIterator":"i4"}`:                                                                             `{"Records":[` + streamRecordJSON(9, "c", "QUEUED") + `]}`,
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
	var log strings.Builder
	tables, err := newDatabase(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{database: tables, logger: slog.New(slog.NewTextHandler(&log, nil)), pollEvery: time.Millisecond}
	shards, err := s.open(t.Context(), "requests")
	if err != nil || !slices.Equal(shards, []string{"s1"}) {
		t.Fatalf("shards %v, %v", shards, err)
	}
	queued, err := parseFilter(`{"dynamodb":{"NewImage":{"state":{"S":["QUEUED"]}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	to := (&mapping{batchSize: 10, filters: []filter{queued}}).queue()
	s.run(t.Context(), "s1", to)
	batch := to.partitions[0].take()
	var sequences []string
	for _, r := range batch {
		sequences = append(sequences, r.sequence)
		if r.shard != "s1" || r.created.UnixMilli() != 1760000000500 || !strings.HasPrefix(r.item, `{"id":{"S":"`) {
			t.Errorf("record %+v", r)
		}
	}
	if !slices.Equal(sequences, []string{"7", "9"}) || strings.Count(log.String(), "ExpiredIteratorException") != 1 {
		t.Fatalf("read %v; log: %s", sequences, log.String())
	}
	if got := string(batch[0].body); !strings.Contains(got, `"eventSourceARN":"arn:table"`) || !strings.Contains(got,
		`"payload":{"B":"e30="},"cancel":{"BOOL":false}`) {
		t.Errorf("the function gets %s", got)
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
		r, err := (&stream{arn: "arn:table"}).record(data, "s1")
		if err == nil && !json.Valid(r.body) {
			t.Errorf("what was read cannot be handed on: %s", r.body)
		}
	})
}
