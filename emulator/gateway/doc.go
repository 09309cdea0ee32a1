// Package gateway is Amazon API Gateway on one machine: a WebSocket API with its
// routes, the @connections API, and an HTTP API, on one listener. Functions get
// the events that AWS sends them and their responses mean what they mean there;
// limits, close codes and errors are AWS's. It knows no frames of any product
// and no store.
//
//	ws://host/{stage}                    the WebSocket API
//	http://host/{stage}/@connections/ID  the @connections API
//	http://host/…                        the HTTP API
//
// Every behaviour, where it is documented or who measured it, and the test that
// holds it are in docs/gateway.md.
package gateway
