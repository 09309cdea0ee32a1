package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer"
)

// Batches come in order, a failed record comes again with all after it, and one
// that always fails is given up without those behind it.
func TestFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var done []string
		tries := map[string]int{}
		broken := true
		invoke := func(_ context.Context, payload []byte) ([]byte, error) {
			if broken {
				broken = false
				return nil, errors.New("the function failed")
			}
			var batch struct{ Records []record }
			if err := json.Unmarshal(payload, &batch); err != nil {
				t.Error(err)
			}
			if len(batch.Records) > batchSize {
				t.Errorf("a batch of %d", len(batch.Records))
			}
			for _, r := range batch.Records {
				id := r.Change.NewImage["id"].S
				tries[id]++
				if id == "r150" || id == "r30" && tries[id] < 3 {
					return fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q}]}`, r.Change.SequenceNumber), nil
				}
				done = append(done, id)
			}
			return []byte(`{"batchItemFailures":[]}`), nil
		}
		f := newFeed(invoke, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			f.run(ctx)
			close(ended)
		}()
		var want []string
		for i := range 250 {
			id := fmt.Sprint("r", i)
			f.put(&streamer.Request{Key: streamer.Key{Tenant: "t", Subject: "s", ID: id}, State: streamer.Queued, DueAt: time.Now()})
			if i != 150 {
				want = append(want, id)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := strings.Join(done, " "); got != strings.Join(want, " ") {
			t.Errorf("delivered %s", got)
		}
		if tries["r150"] != batchRetries+1 || tries["r30"] != 3 {
			t.Errorf("r150 was tried %d times, r30 %d times", tries["r150"], tries["r30"])
		}
		cancel()
		<-ended
	})
}
