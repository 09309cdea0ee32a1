package streamer

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// pushTimeout bounds one push, so that one slow connection cannot hold up a
// heartbeat.
const pushTimeout = 5 * time.Second

// pushTries is how often a final frame is pushed at once; a sweep tries once each time.
const pushTries = 3

// finalFrame is the frame that ends a request.
func finalFrame(r *request.Request) wire.Frame {
	f := wire.Frame{RequestID: r.ID, Rev: r.Rev}
	if r.State == request.Succeeded {
		f.Type = wire.TypeComplete
		f.Result = r.Result
		if len(r.Result) > request.MaxInFrame {
			f.Result, f.ResultRef = nil, request.ResultPath(r.ID)
		}
		return f
	}
	f.Type, f.Error = wire.TypeError, r.Error
	return f
}

// waitingFrame is the frame of a request that waits, and for what.
func waitingFrame(r *request.Request) wire.Frame {
	return wire.Frame{Type: wire.TypeRequest, RequestID: r.ID, Request: r.Snapshot(true)}
}

// send pushes one frame to many connections, a few at a time, and returns those
// that are gone and those that it could not reach for now.
func send(ctx context.Context, push Pusher, logger *slog.Logger, key request.Key, to []string, frame []byte, tries int) (gone,
	failed []string) {
	const parallel = 16
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		free = make(chan struct{}, parallel)
	)
	one := func(id string) {
		err := pushTo(ctx, push, id, frame, tries)
		if err == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if errors.Is(err, ErrGone) {
			gone = append(gone, id)
			return
		}
		failed = append(failed, id)
		logger.WarnContext(ctx, "push failed", "request_id", key.ID, "connection_id", id, "error", err.Error())
	}
	if len(to) == 1 {
		one(to[0])
		return gone, failed
	}
	for _, id := range to {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			one(id)
		})
	}
	wg.Wait()
	return gone, failed
}

func pushTo(ctx context.Context, push Pusher, id string, frame []byte, tries int) error {
	pause := 50 * time.Millisecond
	for {
		attempt, cancel := context.WithTimeout(ctx, pushTimeout)
		err := push.Push(attempt, id, frame)
		cancel()
		tries--
		if err == nil || errors.Is(err, ErrGone) || tries <= 0 {
			return err
		}
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return err
		}
		pause *= 4
	}
}

// outputFrames puts chunks into frames, as many as fit.
func outputFrames(id string, from int64, chunks []json.RawMessage) []wire.Frame {
	var frames []wire.Frame
	for len(chunks) > 0 {
		n, size := 0, 0
		for n < len(chunks) && (n == 0 || size+len(chunks[n]) < request.MaxInFrame) {
			size += len(chunks[n]) + 1
			n++
		}
		frames = append(frames, wire.Frame{Type: wire.TypeOutput, RequestID: id, Offset: from, Chunks: chunks[:n]})
		from, chunks = from+int64(n), chunks[n:]
	}
	return frames
}

// logUndecodable names the rows that an answer of the store leaves out since they
// do not decode, and counts them. It returns any other error as it is.
func logUndecodable(ctx context.Context, logger *slog.Logger, err error) (int, error) {
	undecodable, some := errors.AsType[*request.UndecodableError](err)
	if !some {
		return 0, err
	}
	for _, row := range undecodable.Rows {
		logger.ErrorContext(ctx, "stored request does not decode", "tenant", row.Key.Tenant, "subject", row.Key.Subject,
			"request_id", row.Key.ID, "error", row.Err.Error())
	}
	return len(undecodable.Rows), nil
}
