package wire

import "fmt"

// A Code says what kind of error a frame carries. Codes are stable: clients
// branch on them, never on a message's text.
type Code string

// The codes, each described by [Code.Advice].
const (
	ValidationError    Code = "VALIDATION_ERROR"
	InvalidMessage     Code = "INVALID_MESSAGE"
	InvalidAction      Code = "INVALID_ACTION"
	NotFound           Code = "NOT_FOUND"
	Unauthorized       Code = "UNAUTHORIZED"
	Forbidden          Code = "FORBIDDEN"
	RateLimited        Code = "RATE_LIMITED"
	DuplicateRequest   Code = "DUPLICATE_REQUEST"
	Cancelled          Code = "CANCELLED"
	Timeout            Code = "TIMEOUT"
	PayloadTooLarge    Code = "PAYLOAD_TOO_LARGE"
	ProcessingFailed   Code = "PROCESSING_FAILED"
	ServiceUnavailable Code = "SERVICE_UNAVAILABLE"
	InternalError      Code = "INTERNAL_ERROR"
	LeaseLost          Code = "LEASE_LOST" // only of an Attempt
)

type codeInfo struct {
	code      Code
	retryable bool
	status    int
	advice    string
}

// codes is the one table from which servers, clients and documents take what a
// code means. It is no map, which would be made whenever a function starts.
var codes = [...]codeInfo{
	{ValidationError, false, 400, "Correct the field that the message names and send again under a new id."},
	{InvalidMessage, false, 400, "Send one JSON object with an action, and an id of 1 to 128 characters of A-Z a-z 0-9 _ . : - if any."},
	{InvalidAction, false, 400, "Check the action's name; the server does not have it."},
	{NotFound, false, 404, "Check the id. It may be another principal's, or past its retention time."},
	{Unauthorized, false, 401, "Get a new token, then connect again or send streamer.authenticate."},
	{Forbidden, false, 403, "Use a token with the scope that the message names."},
	{RateLimited, true, 429, "Wait for the time in retry.after, then send the same message again."},
	{DuplicateRequest, false, 409, "Use a new id: this one belongs to a request with another action, payload or not_before."},
	{Cancelled, false, 409, "Nothing to do: the request was cancelled and will not run again."},
	{Timeout, true, 504, "The work passed its time limit. Ask for less at once, or raise the action's limit."},
	{PayloadTooLarge, false, 413, "Send less at once, or pass large input by reference."},
	{ProcessingFailed, false, 422, "The action refused its input; the message says why."},
	{ServiceUnavailable, true, 503, "Send the same message again, under the same id, after a short wait."},
	{InternalError, false, 500, "Report the correlation id in the details to the operator."},
	{LeaseLost, false, 500, "Nothing to do: the attempt's worker stopped without a word, and another takes the request up."},
}

// Codes returns every code, in the order of the protocol's table.
func Codes() []Code {
	all := make([]Code, len(codes))
	for i := range codes {
		all[i] = codes[i].code
	}
	return all
}

// info is what the table says of a code; that of InternalError for one that it
// has not.
func (c Code) info() (info *codeInfo, known bool) {
	for i := range codes {
		if codes[i].code == c {
			return &codes[i], true
		}
	}
	unknown, _ := InternalError.info()
	return unknown, false
}

// ParseCode returns the code that s spells. An unknown one is an error: a
// client that meets it is older than its server.
func ParseCode(s string) (Code, error) {
	if _, known := Code(s).info(); !known {
		return "", fmt.Errorf("unknown error code %q", s)
	}
	return Code(s), nil
}

// Retryable reports whether the same message may succeed when sent again. An
// unknown code is not retryable.
func (c Code) Retryable() bool {
	info, _ := c.info()
	return info.retryable
}

// HTTPStatus is the status with which an HTTP answer carries the code; 500 for
// an unknown one.
func (c Code) HTTPStatus() int {
	info, _ := c.info()
	return info.status
}

// Advice is one sentence that says what the client should do; empty for an
// unknown code.
func (c Code) Advice() string {
	if info, known := c.info(); known {
		return info.advice
	}
	return ""
}
