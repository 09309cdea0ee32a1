// Package client talks to a Streamer server over one WebSocket, or over HTTP.
//
//	c, err := client.Dial(ctx, client.Config{URL: "wss://host/prod", Token: token})
//	…
//	defer c.Close()
//	result, err := c.Do(ctx, client.Request{Action: "generate_report", Payload: query}, showProgress)
//
// [Call] is the same with the Go types of an action's payload and result. [Client.Do] does
// not tell short actions from long ones: it returns the
// result, byte for byte as the server made it, or an [*Error]. [Client.Start]
// returns as soon as the server has the request, and [Client.Watch] picks up one
// that exists, from any process, at any time within its retention.
//
// # A lost connection
//
// A client over a WebSocket connects again by itself, with full-jitter backoff,
// until a call's context ends or the server refuses the token (401 or 403); a token
// that is refused while connecting again is asked for once more. On
// the new connection it subscribes again to what is acknowledged, and sends
// again what is not. That is safe for long actions: the id is the idempotency
// key, and every request has one. A short action is not stored, so when its
// connection is lost before its answer it runs again; one that must not is a
// long one.
//
// API Gateway answers a message that it could not hand on, because the function
// was throttled or failed, with a frame that does not say which message it was.
// What has no answer yet is then sent again in the same way, after a backoff and
// unless its answer comes first, five times in all; after that the call fails
// with SERVICE_UNAVAILABLE.
//
// Every frame of a request has a rev: one that is not newer than what a call has
// seen is dropped, and every call ends exactly once.
//
// # Operators
//
// [Client.OnBehalfOf] is for callers with the scope streamer:operator: it reads and
// changes the requests and connections of another subject of the tenant.
package client
