// Package middleware holds Lift's middlewares that need nothing but Lift, a
// file each. One order is right for every trigger; what an app does not need it
// leaves out. Outermost first:
//
//	event                                                          answer
//	  │  Correlation      one id for answers, logs and traces        ▲
//	  │  Trace            the event's segment, with its outcome      │
//	  │  Metrics          its duration, and whether it failed        │
//	  │  Log              one line with the outcome                  │
//	  │  LogBuffer        the debug lines of what failed             │
//	  │  RetryHints       when to come back                          │
//	  │  Recover          a panic becomes an error                   │
//	  │  Deadline         an answer before the time is up            │
//	  │  SecurityHeaders  for HTTP, on errors of all below too       │
//	  │  CORS             for HTTP; answers preflights itself        │
//	  │  Compress         for HTTP                                   │
//	  │  RateLimit        here by address, behind auth by user       │
//	  │  auth.JWT, auth.Scopes                                       │
//	  │  BodyLimit                                                   │
//	  │  Idempotency      keys belong to the verified caller         │
//	  ▼  the route's own, and the handler                            │
//
// Those down to Deadline fit every trigger, RetryHints apart. A guard that
// cannot apply to a trigger panics when a handler of that trigger is registered,
// see [lift.Only]; in the stack of an app with several triggers [lift.Where]
// says where it belongs:
//
//	app.Use(
//		middleware.Correlation(), middleware.Log(), middleware.Recover(), middleware.Deadline(0),
//		lift.Where(middleware.SecurityHeaders(nil), lift.TriggerHTTP),
//	)
//
// Tokens are verified by package lift/auth, which has a dependency of its own.
package middleware
