// Package middleware holds Lift's middlewares that need nothing but Lift, a
// file each. The usual order, outermost first:
//
//	app.Use(
//		middleware.Correlation(),  // one id for answers and logs
//		middleware.Log(),          // one line an event, with its outcome
//		middleware.Recover(),      // a panic becomes an error that Log sees
//		middleware.Deadline(0),    // an answer before the time is up
//	)
//
// Tokens are verified by package lift/auth, which has a dependency of its own.
package middleware
