package lambda

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"sync"
)

type streamKey struct{}

// WithStream returns a context in which Invoke hands a streamed answer to w as it
// comes, each part with one Write, as Lambda's InvokeWithResponseStream does. Invoke
// then returns no payload; an error after the first part is how the stream broke
// off. Without it a streamed answer is returned whole.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
func WithStream(ctx context.Context, w io.Writer) context.Context {
	return context.WithValue(ctx, streamKey{}, w)
}

// StreamFrom returns where a handler in this process may stream its answer to, nil
// where its caller wants it whole.
func StreamFrom(ctx context.Context) io.Writer {
	w, _ := ctx.Value(streamKey{}).(io.Writer)
	return w
}

// A callerStream is a caller's writer as long as the caller waits. A function goes
// on when its caller has gone, so later parts go nowhere.
type callerStream struct {
	mu sync.Mutex
	w  io.Writer // nil when the caller has gone
}

func newCallerStream(ctx context.Context) *callerStream {
	if w := StreamFrom(ctx); w != nil {
		return &callerStream{w: w}
	}
	return nil
}

func (s *callerStream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return len(p), nil
	}
	return s.w.Write(p)
}

func (s *callerStream) leave() {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.w = nil
	}
}

// streamed takes a response in the streaming mode of the Runtime API:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
func (e *environment) streamed(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	inv := e.current
	e.mu.Unlock()
	if inv == nil || inv.id != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	inv.streaming.Store(true)
	var whole []byte
	var err error
	if inv.stream != nil {
		_, err = io.Copy(inv.stream, r.Body)
	} else {
		whole, err = io.ReadAll(io.LimitReader(r.Body, maxSync+1))
	}
	a := answer{payload: whole}
	switch kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); {
	case err != nil:
		a = answer{err: newFunctionError("Runtime.TruncatedResponse", err.Error())}
	case kind != "":
		a = answer{err: trailerFault(kind, r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))}
	case len(whole) > maxSync:
		a = answer{err: newFunctionError("Function.ResponseSizeTooLarge",
			fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxSync))}
	}
	e.mu.Lock()
	e.current = nil
	e.mu.Unlock()
	inv.answer <- a
	if err == nil {
		accept(w)
	}
}

// trailerFault is the error that a stream ends with.
func trailerFault(kind, body string) *FunctionError {
	payload, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return newFunctionError(kind, body)
	}
	return &FunctionError{Type: kind, Payload: payload}
}
