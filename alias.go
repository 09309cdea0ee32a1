package streamer

import (
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// An Error is a public error: its code, message and details reach the client as
// they are. Make one with [Errorf].
type Error = request.Error

// Errorf makes an [Error] with the code's own answer to whether a retry helps.
// A %w verb sets the cause, whose text then is part of the message.
func Errorf(code wire.Code, format string, args ...any) *Error {
	return request.Errorf(code, format, args...)
}

// A Principal is who asks, as [Job.Principal] tells it and a [Verifier] proves it.
type Principal = request.Principal

// A Priority is a request's rank among those that wait for the same limit.
type Priority = request.Priority

// The priorities.
const (
	Low    = request.Low
	Normal = request.Normal
	High   = request.High
)
