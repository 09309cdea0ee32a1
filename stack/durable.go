package stack

import (
	"context"
	"io"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// A durable function answers when what its answer tells survives a power cut: its work
// does not wait for the disk, its client does.
type durable struct {
	lambda.Handler
	sync func() error
}

// Invoke implements [lambda.Handler].
func (d durable) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if w := lambda.StreamFrom(ctx); w != nil {
		ctx = lambda.WithStream(ctx, durableWriter{w, d.sync})
	}
	answer, err := d.Handler.Invoke(ctx, payload)
	if err != nil {
		return answer, err
	}
	return answer, d.sync()
}

// A durableWriter is that of each part of a streamed answer.
type durableWriter struct {
	io.Writer
	sync func() error
}

// Write implements [io.Writer].
func (w durableWriter) Write(p []byte) (int, error) {
	if err := w.sync(); err != nil {
		return 0, err
	}
	return w.Writer.Write(p)
}
