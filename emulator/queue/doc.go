// Package queue is Amazon SQS on one machine, for standard queues, and the event
// source mapping by which Lambda reads one. A [Queue] holds messages in memory; an
// [API] serves queues in both protocols of SQS, so any SDK sends to them; a
// [Mapping] invokes a function with what a queue holds.
//
// Time is a [Clock], so delays, visibility timeouts and retention of days pass at
// once in a test, as they do in a bubble of testing/synctest without one.
//
// It does what AWS documents and is no fairer, faster or kinder than that. Every
// behaviour and its source is in emulator/README.md.
package queue
