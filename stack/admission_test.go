package stack_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/stack"
)

// A flood of large messages is refused where it would take more memory than the
// stack gives it, and the health check is answered at once meanwhile.
func TestAFloodIsRefusedAndTheHealthCheckIsNot(t *testing.T) {
	t.Parallel()
	const messages, size, inFlight = 60, 110_000, 2 << 20
	var held, highest atomic.Int64
	letGo := make(chan struct{})
	action := streamer.NewAction(streamer.ActionConfig{Name: "hold", Limit: 25 * time.Second},
		func(ctx context.Context, _ *streamer.Job, in string) (int, error) {
			now := held.Add(int64(len(in)))
			for most := highest.Load(); now > most && !highest.CompareAndSwap(most, now); most = highest.Load() {
			}
			defer held.Add(-int64(len(in)))
			select {
			case <-letGo:
			case <-ctx.Done():
			}
			return 1, nil
		})
	running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", InFlight: inFlight,
		Parts: functions.Parts{Logger: slog.New(slog.DiscardHandler), Actions: actionsOf(action)}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, running)
	token, err := running.Sign(stack.Grant{Tenant: "acme", Subject: "ada", TTL: time.Hour}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	message := `{"action":"hold","payload":"` + strings.Repeat("x", size) + `"}`

	var senders sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	refused := make(chan struct{}, messages)
	for range messages {
		senders.Go(func() {
			status := post(t.Context(), running.HTTPURL()+"/requests", token, message)
			mu.Lock()
			answers[status]++
			mu.Unlock()
			if strings.HasPrefix(status, "429") {
				refused <- struct{}{}
			}
		})
	}
	fit := inFlight / len(message)
	for range messages - fit {
		select {
		case <-refused:
		case <-time.After(20 * time.Second):
			t.Fatalf("%d bytes are in flight, want at most %d and the rest refused", highest.Load(), inFlight)
		}
	}
	began := time.Now()
	res, err := http.Get(running.HTTPURL() + "/health")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if took := time.Since(began); res.StatusCode != http.StatusOK || took > 2*time.Second {
		t.Errorf("the health check answered %d after %v, want 200 within 2s", res.StatusCode, took)
	}
	close(letGo)
	senders.Wait()
	if got := highest.Load(); got > inFlight {
		t.Errorf("%d bytes were in flight, want at most %d", got, inFlight)
	}
	if answers["201 "] != fit || answers["429 1"] != messages-fit {
		t.Errorf("answers by status and Retry-After are %v, want %d of 201 and %d of 429 with 1", answers, fit, messages-fit)
	}
}

// post sends a message and returns the status with the header Retry-After.
func post(ctx context.Context, url, token, message string) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(message))
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return fmt.Sprintf("%d %s", res.StatusCode, res.Header.Get("Retry-After"))
}
