// Package lift is a handler framework for AWS Lambda. It puts HTTP, WebSocket,
// stream, queue, topic, bucket, bus, schedule and direct events behind one
// [App], one [Handler] and one [Middleware] stack, at about the cost of the bare
// runtime library.
//
//	app := lift.New(lift.Config{})
//	app.Use(middleware.Correlation(), middleware.Log(), middleware.Recover())
//	app.HTTP("GET /hello/{name}", lift.HandlerFunc(hello))
//	app.DynamoDB(lift.HandlerFunc(changed))
//	lift.Start(app)
//
// Those who know net/http know most of it: patterns are those of
// [net/http.ServeMux], an HTTP event carries an [net/http.Request], and a
// middleware is a func(Handler) Handler. A batch reaches its handler one record
// at a time, through the same stack, and a record that fails is reported to AWS
// and comes again.
//
// A handler returns an error; Lift turns it into what the event's source
// understands: a problem document over HTTP, an error frame over a WebSocket, a
// failed record in a batch, a failed invocation elsewhere. Only an [Error] is
// shown to callers; every other error answers as an internal error with a
// correlation id, and its text goes to the log.
package lift
