package worker_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/pay-theory/streamer/examples/worker"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// ledger keeps what it is given, and refuses the order "bad".
type ledger struct {
	mu      sync.Mutex
	entries []string
}

func (l *ledger) note(entry string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry)
}

func (l *ledger) Book(_ context.Context, key string, p worker.Payment) error {
	if p.Order == "bad" {
		return errors.New("the ledger is away")
	}
	l.note(key + " " + p.Order)
	return nil
}

func (l *ledger) Import(_ context.Context, bucket, key string) error {
	l.note(bucket + " " + key)
	return nil
}

func (l *ledger) Close(_ context.Context, day string) error {
	l.note(day)
	return nil
}

func TestWorker(t *testing.T) {
	t.Parallel()
	payment := func(order string) string { return `{"order":"` + order + `","cents":100}` }
	for name, tt := range map[string]struct {
		event   lifttest.Event
		entries []string
		failed  []string
	}{
		"queue": {
			lifttest.SQS{Queue: "payments.fifo", Messages: []lifttest.SQSMessage{
				{ID: "1", Group: "a", Body: payment("bad")}, {ID: "2", Group: "a", Body: payment("x")},
				{ID: "3", Group: "b", Body: payment("y")}, {ID: "4", Group: "c", Body: `{}`},
			}},
			[]string{"3 y"}, []string{"1", "2", "4"},
		},
		"bucket": {lifttest.S3{Bucket: "in", Objects: []lifttest.S3Object{{Key: "a b.csv"}, {Key: "c", Event: "ObjectRemoved:Delete"}}},
			[]string{"in a b.csv"}, nil},
		"bus": {lifttest.EventBridge{ID: "e1", DetailType: "Payment Received", Detail: worker.Payment{Order: "z", Cents: 1}},
			[]string{"e1 z"}, nil},
		"schedule": {lifttest.Schedule{}, []string{"2024-02-18"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l ledger
			app := worker.New(lift.Config{Logger: new(lifttest.Log).Logger()}, &l)
			answer := lifttest.Invoke(t.Context(), t, app, tt.event)
			if answer.Err != nil || !slices.Equal(answer.Failed, tt.failed) || !slices.Equal(l.entries, tt.entries) {
				t.Errorf("answer %+v, entries %q", answer, l.entries)
			}
		})
	}
}
