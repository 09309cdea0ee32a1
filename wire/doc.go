// Package wire is Streamer's protocol: the JSON text frames that travel
// between a client and the router, over WebSocket and HTTP alike.
//
// A client sends a [Message]; the server answers with [Frame] values. Payloads,
// results and data pass through byte for byte, so large integers keep every
// digit. Nothing here does I/O, and nothing outside the standard library is
// imported, so that servers and clients can share it at no cost.
//
// The same frames as JSON files, one a case, are in testdata; every client in
// any language is tested against them.
package wire
