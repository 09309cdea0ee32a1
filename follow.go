package streamer

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// Follow sends the frames of a request as it moves on, until it has ended or ctx has:
// the snapshot first, then progress as often as it is stored, each chunk of output once,
// another snapshot when the state changes, and how it ended. With each frame goes the
// place to go on from after it, a rev and an offset of output: with those of the last
// frame that arrived, Follow sends what came since, without a gap. At once, it sends
// what there is and returns.
//
// It looks at the store after waits of 100 ms, which double up to 1 s while nothing
// moves. It returns nil when the request has ended, ctx has, or for at once; else the
// error of send, or an [*Error].
func (s *Requests) Follow(ctx context.Context, caller Caller, id string, rev, offset int64, atOnce bool,
	send func(frame wire.Frame, rev, offset int64) error) error {
	const fastest, slowest = 100 * time.Millisecond, time.Second
	f := follower{s, caller, send, rev, offset, ""}
	for pause := fastest; ; pause = min(2*pause, slowest) {
		before := f
		final, err := f.look(ctx, id)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // what fails at the end of ctx is that end
		case err != nil || final || atOnce:
			return err
		case f.rev != before.rev || f.offset != before.offset:
			pause = fastest
		}
		poll := time.NewTimer(pause)
		select {
		case <-poll.C:
		case <-ctx.Done():
		}
		poll.Stop()
	}
}

// A follower is how far a Follow has come.
type follower struct {
	*Requests
	caller Caller
	send   func(frame wire.Frame, rev, offset int64) error

	rev, offset int64
	state       request.State // of the last snapshot; empty: none was sent
}

// look sends what is new of the request, and reports whether that was all.
func (f *follower) look(ctx context.Context, id string) (final bool, err error) {
	r, err := f.load(ctx, f.caller, id)
	if err != nil {
		return false, err
	}
	switch {
	case f.state == "" && r.Rev == f.rev, f.state != "" && r.Rev <= f.rev:
		f.state = r.State // the client has seen it
	case r.State != f.state, r.State == request.Queued: // a progress frame is of one that runs
		f.state, f.rev = r.State, r.Rev
		err = f.send(f.caller.frame(r), f.rev, f.offset)
	default:
		f.rev = r.Rev
		err = f.send(wire.Frame{Type: wire.TypeProgress, RequestID: r.ID, Rev: r.Rev, Percentage: r.Progress.Percentage,
			Message: r.Progress.Message, Metadata: r.Progress.Metadata, Timestamp: r.UpdatedAt}, f.rev, f.offset)
	}
	for err == nil && f.offset < r.Output {
		err = f.output(ctx, r)
	}
	if err == nil && r.State.Final() {
		err = f.send(finalFrame(r), f.rev, f.offset)
	}
	return r.State.Final(), err
}

// output sends a piece of the output from the offset on.
func (f *follower) output(ctx context.Context, r *request.Request) error {
	const piece = 100 // chunks
	stored, err := f.Store.ReadOutput(ctx, r.Key, f.offset, piece)
	if err != nil {
		return unavailable("read output", err)
	}
	if len(stored) == 0 {
		f.offset = r.Output // its chunks have expired
	}
	chunks := make([]json.RawMessage, len(stored))
	for i, chunk := range stored {
		chunks[i] = chunk.Data
	}
	for _, frame := range outputFrames(r.ID, f.offset, chunks) {
		f.offset += int64(len(frame.Chunks))
		if err := f.send(frame, f.rev, f.offset); err != nil {
			return err
		}
	}
	return nil
}
