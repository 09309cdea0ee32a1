package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
)

// Backlog measures how many sweeps, and how long, it takes until a lost lease of one
// tenant is taken away beside n late requests of another that the sweep cannot help, and
// reports it; run it once, with -benchtime 1x. The store must be empty.
func Backlog(b *testing.B, s Store, n int) {
	b.Helper()
	at := time.Now().Add(-time.Hour)
	var all sync.WaitGroup
	for worker := range 64 {
		all.Go(func() {
			for i := worker; i < n; i += 64 {
				if _, _, err := s.CreateRequest(b.Context(), queued("globex", "eve", fmt.Sprint("r-", i), at)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	lost := queued("acme", "ada", "r-1", at)
	if _, _, err := s.CreateRequest(b.Context(), lost); err != nil {
		b.Fatal(err)
	}
	if _, err := s.ChangeRequest(b.Context(), lost.Key, request.Claim(at, time.Minute, "dead", nil).KeepLook()); err != nil {
		b.Fatal(err)
	}
	p, err := streamer.NewProcessor(streamer.ProcessorConfig{Store: s, Actions: streamer.NewRegistry(), Push: nowhere{}, Dispatch: busyQueue{},
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	sweeps, began := 0, time.Now()
	for taken := false; !taken; sweeps++ {
		if _, err := p.Sweep(b.Context()); err != nil {
			b.Fatal(err)
		}
		r, err := s.LoadRequest(b.Context(), lost.Key)
		if err != nil {
			b.Fatal(err)
		}
		taken = r.State == request.Queued
	}
	b.ReportMetric(float64(sweeps), "sweeps")
	b.ReportMetric(time.Since(began).Seconds(), "s")
	b.ReportMetric(0, "ns/op")
}

// nowhere is a pusher that reaches nobody.
type nowhere struct{}

func (nowhere) Push(context.Context, string, []byte) error { return streamer.ErrGone }

// busyQueue is a queue that has others to run first.
type busyQueue struct{}

func (busyQueue) Dispatch(context.Context, request.Key, time.Time) error { return nil }

func (busyQueue) DispatchAll(_ context.Context, all []request.Dispatch) []error {
	return make([]error, len(all))
}

func (busyQueue) Backlog(context.Context) (int, error) { return 1000, nil }
