// Package trace writes AWS X-Ray segment documents and sends them to the X-Ray
// daemon over UDP, and hands traces on to whom a handler calls. It waits for
// nothing and needs no SDK: a document that finds no daemon is lost.
//
// In a Lift app [github.com/pay-theory/streamer/lift/middleware.Trace] makes a
// segment for each event. A handler adds its own below it:
//
//	err := trace.Do(ctx, "price the order", func(ctx context.Context) error { … })
//
//	client := &http.Client{Transport: trace.Transport(nil)} // calls made with ctx
//
// A trace that was not sampled upstream costs no packet; its headers are passed
// on all the same.
package trace
