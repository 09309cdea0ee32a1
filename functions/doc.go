// Package functions holds Streamer's four Lambda functions as Lift apps over
// the domain: [Connect], [Disconnect], [Router] and [Processor]. It is the only
// package that knows both, and the same four run in one process, on the staging
// stack and on AWS.
//
// A function is built from the parts that it uses, so that a binary links
// nothing else: connect and disconnect know no actions and no queue.
package functions
