package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/request"
)

// Requests come as batches of stream records, in order.
func TestFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var done, want []string
		invoke := func(_ context.Context, payload []byte) ([]byte, error) {
			var batch struct {
				Records []struct {
					EventName string                                  `json:"eventName"`
					Change    struct{ NewImage map[string]attribute } `json:"dynamodb"`
				}
			}
			if err := json.Unmarshal(payload, &batch); err != nil {
				t.Error(err)
			}
			for _, r := range batch.Records {
				if r.EventName != "MODIFY" || r.Change.NewImage["state"].S != "QUEUED" || r.Change.NewImage["tenant"].S != "t" {
					t.Errorf("record %+v", r)
				}
				done = append(done, r.Change.NewImage["id"].S)
			}
			return []byte(`{"batchItemFailures":[]}`), nil
		}
		f := newFeed(invoke, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { f.run(ctx); close(ended) }()
		for i := range 250 {
			id := fmt.Sprint("r", i)
			f.put(&request.Request{Key: request.Key{Tenant: "t", Subject: "s", ID: id}, State: request.Queued, DueAt: time.Now()})
			want = append(want, id)
		}
		synctest.Wait()
		if got := strings.Join(done, " "); got != strings.Join(want, " ") {
			t.Errorf("delivered %s", got)
		}
		cancel()
		<-ended
	})
}
