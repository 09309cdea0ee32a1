package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"

	"github.com/pay-theory/streamer/wire"
)

// A Typed is a [Handle] whose result is an Out. Typed[Out]{handle} makes one of a request
// that [Client.Watch] picked up.
type Typed[Out any] struct{ *Handle }

// Call starts a request of an action that takes an In and gives an Out, and returns as
// [Client.Start] does. with changes the request before it is sent:
//
//	call, err := client.Call[Order, Receipt](ctx, c, "ship", order, func(r *client.Request) { r.ID = order.ID })
//	…
//	receipt, err := call.Wait(showProgress)
func Call[In, Out any](ctx context.Context, c *Client, action string, in In, with ...func(*Request)) (Typed[Out], error) {
	request := Request{Action: action, Payload: in}
	for _, change := range with {
		change(&request)
	}
	handle, err := c.Start(ctx, request)
	return Typed[Out]{handle}, err
}

// Wait is [Handle.Wait], with the result decoded. A result that does not decode is an
// error that wraps encoding/json's.
func (t Typed[Out]) Wait(onProgress func(Progress)) (Out, error) {
	var out Out
	result, err := t.Handle.Wait(onProgress)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(result, &out); err != nil {
		return out, fmt.Errorf("decode the result of %s: %w", t.ID(), err)
	}
	return out, nil
}

// Chunks decodes a request's output, as [Handle.Output] returns it. The loop ends with an
// error at a chunk that does not decode.
//
//	for line, err := range client.Chunks[Line](call.Output(ctx)) { … }
func Chunks[Chunk any](output iter.Seq2[json.RawMessage, error]) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		for raw, err := range output {
			var chunk Chunk
			if err == nil {
				if err = json.Unmarshal(raw, &chunk); err != nil {
					err = fmt.Errorf("decode a chunk: %w", err)
				}
			}
			if !yield(chunk, err) || err != nil {
				return
			}
		}
	}
}

// Actions returns what the caller may ask for, by name, with JSON Schemas. It is an HTTP
// call, also of a client that has a WebSocket.
func (c *Client) Actions(ctx context.Context) (wire.Catalog, error) {
	ctx, stop := c.bind(ctx)
	defer stop()
	var catalog wire.Catalog
	answer, err := c.http.do(ctx, http.MethodGet, "/actions", nil)
	err = decode("actions", answer, err, &catalog)
	return catalog, err
}
