package lift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
)

// Reader returns a Stream that copies r to its end, and closes it if it is an
// [io.Closer].
func Reader(r io.Reader) func(io.Writer) error {
	return func(w io.Writer) (err error) {
		if c, ok := r.(io.Closer); ok {
			defer func() { err = errors.Join(err, c.Close()) }()
		}
		_, err = io.Copy(w, r)
		return err
	}
}

// Streams reports whether the answer is one that is written as it goes, after
// the handler has returned.
func (r *Response) Streams() bool { return r != nil && r.Stream != nil }

// AtEnd makes f run when a streamed answer has ended, with the bytes of the body
// that were sent and the error that the Stream ended with: for a middleware that
// looks at how an event ended. When the Stream panics, the error says so and the
// panic goes on.
func (r *Response) AtEnd(f func(sent int64, err error)) {
	run := r.Stream
	r.Stream = func(w io.Writer) (err error) {
		counter := &countingWriter{w: w}
		err = errStreamPanicked
		defer func() { f(counter.n, err) }()
		err = run(counter)
		return err
	}
}

var errStreamPanicked = errors.New("the stream panicked")

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Buffer writes a Stream into the Body, which then is the answer. A body of more
// bytes than Lambda takes, 6,291,556, is an error.
func (r *Response) Buffer() error {
	if !r.Streams() {
		return nil
	}
	run := r.Stream
	r.Stream = nil
	var buf limitedBuffer
	if err := run(&buf); err != nil {
		return err
	}
	r.Body = buf.kept
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	return nil
}

type limitedBuffer struct{ kept []byte }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if len(b.kept)+len(p) > runtimeapi.MaxAnswer {
		return 0, fmt.Errorf("an answer that is not streamed has at most %d bytes", runtimeapi.MaxAnswer)
	}
	b.kept = append(b.kept, p...)
	return len(p), nil
}

// WithStream returns a context in which [App.Invoke] writes HTTP answers to w,
// for a host that hands them on as they come, where the request came through one
// of [Config].Streaming: metadata as JSON, 8 NUL bytes, and the body. Invoke
// then returns nothing, or the error that the answer broke off with. Each Write
// is to be sent at once. [Start] needs no WithStream.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
func WithStream(ctx context.Context, w io.Writer) context.Context {
	return context.WithValue(ctx, runtimeapi.StreamKey{}, w)
}

// streamFor is where the answer to a request is streamed to, nil where it cannot
// be.
func (a *App) streamFor(ctx context.Context, g *Gateway) io.Writer {
	if !slices.Contains(a.cfg.Streaming, g.Kind) {
		return nil
	}
	w, _ := ctx.Value(runtimeapi.StreamKey{}).(io.Writer)
	return w
}

// buffered is the answer for a front that cannot stream. That a stream was meant
// is logged once a process.
func (a *App) buffered(ctx context.Context, e *Event, res *Response, err error) (*Response, error) {
	if err != nil || !res.Streams() {
		return res, err
	}
	if a.unstreamed.CompareAndSwap(false, true) {
		e.Logger().LogAttrs(ctx, slog.LevelWarn, "a streamed answer is buffered", slog.String("gateway", string(e.Gateway.Kind)),
			slog.String("hint", "function URLs and REST APIs can stream: set them up for it, name them in Config.Streaming, "+
				"and serve the app with lift.Start"))
	}
	if err := res.Buffer(); err != nil {
		return withoutContent(res), err
	}
	return res, nil
}

// withoutContent is what of an answer's headers still holds when its body is an
// error's.
func withoutContent(res *Response) *Response {
	header := res.Header.Clone()
	for _, name := range [...]string{"Content-Type", "Content-Encoding", "Content-Length", "Content-Disposition", "Etag", "Last-Modified"} {
		header.Del(name)
	}
	return &Response{Header: header}
}

// stream answers a request by writing to w: the answer's head by writeHead, and
// its body. An error before the first byte is answered like any other; after it,
// the answer breaks off, and stream returns the error as its caller may see it.
func (a *App) stream(ctx context.Context, e *Event, res *Response, err error, w io.Writer, writeHead func(Response) error) error {
	if err != nil || !res.Streams() {
		out := complete(ctx, a, e, res, err)
		return writeAll(w, out, writeHead)
	}
	body := &streamedBody{w: w}
	body.begin = func(first []byte) error {
		head := *res
		head.Body = first // whose type may be sniffed
		return writeHead(complete(ctx, a, e, &head, nil))
	}
	err = res.Stream(body)
	switch {
	case err == nil && !body.begun:
		return body.begin(nil)
	case err == nil:
		return nil
	case !body.begun:
		return writeAll(w, complete(ctx, a, e, withoutContent(res), err), writeHead)
	}
	return a.fail(ctx, e, err)
}

func writeAll(w io.Writer, out Response, writeHead func(Response) error) error {
	err := writeHead(out)
	if err == nil && len(out.Body) > 0 {
		_, err = w.Write(out.Body)
	}
	return err
}

// A streamedBody sends the head before the first byte.
type streamedBody struct {
	w     io.Writer
	begin func(first []byte) error
	begun bool
	fault error // of the head
}

func (b *streamedBody) Write(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		b.fault = b.begin(p)
	}
	if b.fault != nil {
		return 0, b.fault
	}
	return b.w.Write(p)
}

// prelude writes an answer's head as metadata.
func prelude(w io.Writer) func(Response) error {
	return func(out Response) error {
		out.Body = nil
		_, err := w.Write(append(appendProxy(make([]byte, 0, 512), formV2, out), 0, 0, 0, 0, 0, 0, 0, 0))
		return err
	}
}

// streamInvocation answers an invocation's request by a stream.
func (a *App) streamInvocation(ctx context.Context, e *Event, res *Response, err error, w io.Writer) error {
	if d, ok := w.(interface{ SetWriteDeadline(t time.Time) }); ok && !e.Deadline.IsZero() {
		d.SetWriteDeadline(e.Deadline)
	}
	return a.stream(ctx, e, res, err, w, prelude(w))
}

// errBodyUnwanted ends the Stream of an answer that has no body, as to HEAD.
var errBodyUnwanted = errors.New("the answer has no body")

type noBody struct{}

func (noBody) Write([]byte) (int, error) { return 0, errBodyUnwanted }

// withoutBody runs a Stream so far that it gives back what it holds.
func withoutBody(run func(io.Writer) error) func(io.Writer) error {
	return func(io.Writer) error {
		if err := run(noBody{}); err != nil && !errors.Is(err, errBodyUnwanted) {
			return err
		}
		return nil
	}
}
