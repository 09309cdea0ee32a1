// Package streamer runs long work behind a WebSocket: short actions are
// answered at once, long ones become durable requests with live progress, which
// survive lost connections, crashes and the time limits of Lambda functions.
//
// This is the domain. An application declares actions with [NewAction] and
// gathers them in a [Registry]. The router function hands each message to a
// [Router]; the processor function hands runs and the schedule to a [Processor]. Both
// keep requests in a [request.Store] whose one conditional write, [request.Change],
// is every transition of a request's life.
//
// The package imports only the durable core, package request, and the wire protocol. Stores,
// senders and functions live in packages of their own.
package streamer
