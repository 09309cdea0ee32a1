// Package request is the durable core: the record of a request and of a
// connection, the [Change] that is the only write of a request, the transitions
// that a request's life is made of, and what a store has to do.
//
// Authors of actions do not meet it; they use package streamer. Who writes a store,
// an adapter or a tool for operators does. It imports only the wire protocol.
package request
