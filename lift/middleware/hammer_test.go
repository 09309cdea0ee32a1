package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/internal/schematest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/lift/middleware"
	"github.com/pay-theory/streamer/lift/trace"
)

// 64 invocations at a time through the whole stack of every trigger: none sees
// anything of another.
func TestHammer(t *testing.T) {
	t.Parallel()
	for _, s := range sources {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			log, metrics := new(lifttest.Log), new(lifttest.Metrics)
			rec, err := metric.New(metric.Config{Namespace: "hammer", Writer: metrics})
			if err != nil {
				t.Fatal(err)
			}
			tracer, err := trace.New(trace.Config{Daemon: lifttest.NewDaemon(t).Address()})
			if err != nil {
				t.Fatal(err)
			}
			app := lift.New(lift.Config{Logger: lift.NewLogger(lift.LogConfig{Writer: log})})
			app.Use(middleware.Correlation(), middleware.Trace(tracer), middleware.Metrics(rec), middleware.Log(),
				middleware.LogBuffer(middleware.LogBufferConfig{}), middleware.Recover(), middleware.Deadline(time.Minute))
			s.register(app, lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
				id := trace.From(ctx).ID()
				metric.Add(ctx, "Seen", 1, metric.Count)
				lift.Logger(ctx).Debug("seen", "id", id)
				err := trace.Do(ctx, "part", func(ctx context.Context) error {
					if trace.From(ctx).ID() != id || e.TraceID != id {
						t.Errorf("trace %s in the event of %s", trace.From(ctx).ID(), e.TraceID)
					}
					return nil
				})
				switch id[len(id)-1] % 3 {
				case 0:
					panic("boom")
				case 1:
					return nil, errors.New("failed")
				}
				return nil, err
			}))
			const invocations, rounds = 64, 2
			var wg sync.WaitGroup
			for i := range invocations {
				wg.Go(func() {
					for round := range rounds {
						ctx := lifttest.Traced(t.Context(), fmt.Sprintf("Root=1-5759e988-%024x;Parent=53995c3f42cd8ad8;Sampled=1", i*rounds+round))
						lifttest.Invoke(ctx, t, app, s.event(nil, `{"a":1}`))
					}
				})
			}
			wg.Wait()
			if n := len(metrics.Values(t, "Seen")); n != invocations*rounds {
				t.Errorf("%d events in the metrics", n)
			}
			for _, line := range log.Lines(t, "seen") {
				if line["id"] != line["trace_id"] {
					t.Errorf("a line of another event: %v", line)
				}
			}
		})
	}
}

// The records of one batch, eight at a time through the whole stack: each has
// its own lines, metrics, segment and outcome.
func TestRecordsAtTheSameTime(t *testing.T) {
	t.Parallel()
	log, metrics, daemon := new(lifttest.Log), new(lifttest.Metrics), lifttest.NewDaemon(t)
	rec, err := metric.New(metric.Config{Namespace: "records", Writer: metrics})
	if err != nil {
		t.Fatal(err)
	}
	tracer, err := trace.New(trace.Config{Daemon: daemon.Address()})
	if err != nil {
		t.Fatal(err)
	}
	app := lift.New(lift.Config{Logger: lift.NewLogger(lift.LogConfig{Writer: log, Level: slog.LevelInfo}), Parallel: 8})
	app.Use(middleware.Correlation(), middleware.Trace(tracer), middleware.Metrics(rec), middleware.Log(),
		middleware.LogBuffer(middleware.LogBufferConfig{}), middleware.Recover(), middleware.Deadline(time.Minute))
	var gate sync.WaitGroup // the first eight wait for one another
	gate.Add(8)
	var calls atomic.Int64
	app.SQS(lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		if calls.Add(1) <= 8 {
			gate.Done()
			gate.Wait()
		}
		metric.Add(ctx, "Seen", 1, metric.Count)
		lift.Logger(ctx).Debug("detail", "body", string(e.Body))
		if strings.HasSuffix(e.ID, "3") {
			panic("boom")
		}
		return nil, nil
	}))
	const n = 40
	var batch lifttest.SQS
	var want []string
	for i := range n {
		id := fmt.Sprintf("m%02d", i)
		batch.Messages = append(batch.Messages, lifttest.SQSMessage{ID: id, Body: id})
		if strings.HasSuffix(id, "3") {
			want = append(want, id)
		}
	}
	answer := lifttest.Invoke(lifttest.Traced(t.Context(), "Root="+traceRoot+";Parent=53995c3f42cd8ad8;Sampled=1"), t, app, batch)
	if !slices.Equal(answer.Failed, want) {
		t.Errorf("failed %q, want %q", answer.Failed, want)
	}
	if seen := metrics.Values(t, "Seen"); len(seen) != n {
		t.Errorf("%d metrics", len(seen))
	}
	for message, count := range map[string]int{"handled": n - len(want), "failed": len(want), "detail": len(want)} {
		t.Run(message, func(t *testing.T) {
			lines := log.Lines(t, message)
			if len(lines) != count {
				t.Errorf("%d lines %q, want %d", len(lines), message, count)
			}
			for _, line := range lines {
				id := line["correlation_id"]
				if message == "detail" && line["body"] != id || (message == "handled" || message == "failed") && line["message_id"] != id {
					t.Errorf("a line of another record: %v", line)
				}
			}
		})
	}
	segments := make(map[string]bool)
	for range n {
		document := daemon.Next(t)
		schematest.Segment(t, document)
		segments[string(document)] = true
	}
	if len(segments) != n {
		t.Errorf("%d segments", len(segments))
	}
}
