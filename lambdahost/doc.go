// Package lambdahost runs Lambda functions on one machine. An [InProcess] host
// calls a handler of this process, with the payloads, deadlines, retries and
// failures that Lambda gives it.
//
// It knows no event and no store: payloads pass through as bytes.
package lambdahost
