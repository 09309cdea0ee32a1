// Package lambda runs Lambda functions on one machine. An [InProcess] host
// calls a handler of this process; a [Processes] host starts a function's program
// and gives it a Runtime API to ask. Both have the payloads, deadlines, retries
// and failures that Lambda has. An [API] invokes functions over HTTP.
//
// It knows no event and no store: payloads pass through as bytes.
package lambda
